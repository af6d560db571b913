// Prices of GDMA commands. The vendor's estimate computes in single precision and cuts the fraction off; so does this,
// in the same order of operations.   source: CYCLES.md section 3 with the corrections of section 7
#include <algorithm>

#include "backends/bm1684x/cycles/cycles.h"
#include "backends/bm1684x/isa/memory_map.h"
#include "tpuc/support/int_math.h"

namespace tpuc::bm1684x {
namespace {

constexpr float kLoadBytesPerCycle = 58, kStoreBytesPerCycle = 44;
constexpr double kGigaPerGibi = 1.073741824;
constexpr uint64_t kFullBurstBytes = 255, kPageBytes = 4096, kChannels = 4;  // DDR channels change every 4 KiB
constexpr uint64_t kStaticEnd = kStaticBase + 0x4000;

enum class Direction : uint8_t { Load, Store, System, Local };

bool in_lanes(uint64_t addr) { return addr >= kLocalBase && addr < kStaticEnd; }
bool in_ddr(uint64_t addr) { return addr >= kDdrBase; }

Direction direction(uint64_t src, uint64_t dst, bool fill) {
  const bool from_lanes = !fill && in_lanes(src);
  if (in_lanes(dst)) return from_lanes ? Direction::Local : Direction::Load;
  return from_lanes ? Direction::Store : Direction::System;
}

// Bandwidth of bursts of so many bytes.
float scaled(float bandwidth, uint64_t burst_bytes) {
  if (burst_bytes > kFullBurstBytes) return bandwidth;
  return bandwidth * static_cast<float>(burst_bytes) * 0.00390625F;
}

uint64_t whole(float cycles) { return static_cast<uint64_t>(cycles); }

struct TensorShape {
  Dims4 size, src, dst;  // elements
};

uint64_t burst_elements(const TensorShape& t) {
  if (t.src.h == t.size.w && t.dst.h == t.size.w) return uint64_t{t.size.h} * t.size.w;
  return t.src.w == 1 && t.dst.w == 1 ? t.size.w : 1;
}

// DDR channels that the system side touches, taking its base address as 0.
uint64_t channels_touched(const Dims4& size, const Dims4& stride, uint64_t z) {
  const uint64_t pages = ceil_div(uint64_t{stride.h} * size.h * z, kPageBytes);
  uint32_t seen = 0;
  for (uint64_t n = 0; n < size.n; ++n) {
    for (uint64_t c = 0; c < size.c; ++c) {
      const uint64_t first = (n * stride.n + c * stride.c) * z / kPageBytes;
      for (uint64_t p = first; p < std::min(first + pages, kChannels); ++p) seen |= 1U << p;
      if (first >= kChannels || stride.c == 0 || seen == 0xf) break;  // nothing new comes further on
    }
    if (n * stride.n * z / kPageBytes >= kChannels || stride.n == 0 || seen == 0xf) break;
  }
  return static_cast<uint64_t>(__builtin_popcount(seen));
}

uint64_t tensor_cycles(TensorShape t, uint64_t z, Direction d, bool strided) {
  if (!strided) {  // the estimate's own idea of default strides
    const auto channel = static_cast<uint32_t>(ceil_div(uint64_t{t.size.h} * t.size.w * z, uint64_t{16}) * 16 / z);
    t.src = {t.src.n, channel, t.size.w, 1};
    t.dst = {t.dst.n, channel, t.size.w, 1};
  }
  if (d != Direction::Load && d != Direction::Store) return 0;
  const bool load = d == Direction::Load;
  const float bandwidth = scaled(load ? kLoadBytesPerCycle : kStoreBytesPerCycle, burst_elements(t) * z);
  const uint64_t channels = channels_touched(t.size, load ? t.src : t.dst, z);
  if (channels == 0) return 0;
  const float share = static_cast<float>(channels) * 0.25F * bandwidth;
  const auto bytes = static_cast<float>(uint64_t{t.size.n} * t.size.c * t.size.h * t.size.w * z);
  return whole(static_cast<float>(static_cast<double>(bytes / share) * kGigaPerGibi));
}

uint64_t fill_cycles(const TensorShape& t, uint64_t z) {
  const uint64_t run = t.dst.h == t.size.w ? uint64_t{t.size.h} * t.size.w : t.dst.w == 1 ? t.size.w : 1;
  const float bandwidth = scaled(kLoadBytesPerCycle, run * z);
  const float elements = static_cast<float>(t.size.n) * static_cast<float>(t.size.c) * static_cast<float>(t.size.h) *
                         static_cast<float>(t.size.w);
  return whole(elements * static_cast<float>(z) / bandwidth);
}

// One copy is read, however many lanes it goes to.
uint64_t broadcast_cycles(const TensorShape& t, uint64_t z) {
  const float bandwidth = scaled(kLoadBytesPerCycle, burst_elements(t) * z);
  return whole(static_cast<float>(t.size.n) * static_cast<float>(t.size.h) * static_cast<float>(t.size.w) *
               static_cast<float>(z) / bandwidth);
}

uint64_t simple_cycles(std::initializer_list<uint64_t> factors, uint64_t z, Direction d) {
  float x = 1;
  for (const uint64_t f : factors) x *= static_cast<float>(f);
  return whole(x * static_cast<float>(z) / (d == Direction::Local ? 32.0F : 64.0F));
}

Cost traffic(uint64_t cycles, uint64_t src, uint64_t dst, bool fill, uint64_t read_bytes, uint64_t written_bytes) {
  Cost cost{.cycles = cycles};
  if (!fill && in_ddr(src)) cost.ddr_read_bytes = read_bytes;
  if (in_ddr(dst)) cost.ddr_written_bytes = written_bytes;
  cost.ddr_source = src;
  return cost;
}

uint64_t count_of(const Dims4& d) { return uint64_t{d.n} * d.c * d.h * d.w; }

Cost price(const GdmaTensor& i) {
  const bool fill = i.head.fill_constant_en != 0, strided = i.head.stride_enable != 0;
  const auto f = static_cast<TensorMove>(i.head.function);
  const uint64_t z = size_of(i.head.format);
  const Direction d = direction(i.src_addr, i.dst_addr, fill);
  TensorShape t{i.src_size, i.src_stride, i.dst_stride};
  if (f != TensorMove::Copy) t.src.w = t.dst.w = 1;
  if (fill) {
    if (t.size.w == 0 && i.head.nchw_copy == 0) t.size = i.dst_size;
    if (!strided) t.dst = {0, 0, t.size.w, 1};
    return traffic(fill_cycles(t, z), i.src_addr, i.dst_addr, true, 0, count_of(t.size) * z);
  }
  const uint64_t one_channel = uint64_t{t.size.n} * t.size.h * t.size.w * z;
  if (f == TensorMove::FourBankBroadcast) {  // the estimate takes (n, h, w, lanes) for (n, c, h, w)
    const TensorShape mixed{
        {t.size.n, t.size.h, t.size.w, i.dst_size.c}, {t.src.n, 1, t.src.h, 1}, {t.dst.n, 1, t.dst.h, 1}};
    return traffic(tensor_cycles(mixed, z, d, strided), i.src_addr, i.dst_addr, false, one_channel, 0);
  }
  if (f == TensorMove::Broadcast) {
    if (!strided) t.src = t.dst = {0, 0, 0, 1};  // bursts of one row
    return traffic(broadcast_cycles(t, z), i.src_addr, i.dst_addr, false, one_channel, 0);
  }
  const uint64_t bytes = count_of(t.size) * z;
  return traffic(tensor_cycles(t, z, d, strided), i.src_addr, i.dst_addr, false, bytes, bytes);
}

Cost price(const GdmaCwTranspose& i) {
  const uint64_t z = size_of(i.head.format), bytes = count_of(i.src_size) * z;
  const Dims4& s = i.src_size;
  const bool fill = i.head.fill_constant_en != 0;
  const uint64_t cycles = simple_cycles({s.n, s.c, s.h, s.w}, z, direction(i.src_addr, i.dst_addr, fill));
  return traffic(cycles, i.src_addr, i.dst_addr, fill, bytes, bytes);
}

Cost matrix_cost(uint64_t rows, uint64_t columns, uint64_t section, const GdmaHead& head, uint64_t src, uint64_t dst) {
  const uint64_t z = size_of(head.format);
  const Direction d = direction(src, dst, head.fill_constant_en != 0);
  const float full = scaled(d == Direction::Load ? kLoadBytesPerCycle : kStoreBytesPerCycle, section * z);
  const float bandwidth = full * (head.function == 1 ? 0.75F : 1.0F);
  const float bytes = static_cast<float>(rows) * static_cast<float>(columns) * static_cast<float>(z);
  return traffic(whole(bytes / bandwidth), src, dst, false, rows * columns * z, rows * columns * z);
}

Cost price(const GdmaMatrix& i) {
  const bool store = direction(i.src_addr, i.dst_addr, i.head.fill_constant_en != 0) == Direction::Store;
  const Dims4 &sys = store ? i.dst_size : i.src_size, &local = store ? i.src_size : i.dst_size;
  return matrix_cost(sys.h, sys.w, local.w, i.head, i.src_addr, i.dst_addr);
}
Cost price(const GdmaShortMatrix& i) {
  return matrix_cost(i.sys_hsize, i.sys_wsize, i.local_wsize, i.head, i.src_addr, i.dst_addr);
}

Cost price(const GdmaGeneral& i) {
  const uint64_t z = size_of(i.head.format), copies = i.head.function == 1 ? i.dst_csize : 1, bytes = i.move_length * z;
  const uint64_t cycles = whole(static_cast<float>(i.move_length) * static_cast<float>(z) * 0.015625F);
  return traffic(cycles, i.src_addr, i.dst_addr, i.head.fill_constant_en != 0, bytes, bytes * copies);
}
Cost price(const GdmaShortGeneral& i) {
  return price(GdmaGeneral{i.head, i.constant, i.move_length, i.dst_csize, i.src_addr, i.dst_addr, i.lane_mask});
}

Cost packed_cost(const Dims4& s, uint64_t z, uint64_t result_bytes, uint64_t priced_bytes, uint64_t src, uint64_t dst) {
  const uint64_t elements = count_of(s);
  const uint64_t cycles = simple_cycles({s.n, s.c, s.h, s.w}, priced_bytes, direction(src, dst, false));
  return traffic(cycles, src, dst, false, elements * z, elements * result_bytes);
}
Cost price(const GdmaMaskedSelect& i) {
  const uint64_t z = size_of(i.head.format);
  return packed_cost(i.src_size, z, z, z, i.src_addr, i.dst_addr);
}
Cost price(const GdmaShortMaskedSelect& i) {
  const uint64_t z = size_of(i.head.format);
  return packed_cost(i.src_size, z, z, z, i.src_addr, i.dst_addr);
}
Cost price(const GdmaNonzero& i) {
  const uint64_t z = size_of(i.head.format), index = size_of(i.index_format);
  return packed_cost(i.src_size, z, index, std::max(z, index), i.src_addr, i.dst_addr);
}
Cost price(const GdmaShortNonzero& i) {
  const uint64_t z = size_of(i.head.format), index = size_of(i.index_format);
  return packed_cost(i.src_size, z, index, std::max(z, index), i.src_addr, i.dst_addr);
}

Cost price(const GdmaIndexed& i) {
  const uint64_t z = size_of(i.head.format), channels = std::max(i.src_size.c, i.index_size.c);
  const uint64_t rows = i.head.type == GdmaType::Gather ? i.dst_size.h : i.src_size.h,
                 bytes = channels * rows * i.src_size.w * z;
  const uint64_t cycles = simple_cycles({channels, rows, i.src_size.w}, z, direction(i.src_addr, i.dst_addr, false));
  return traffic(cycles, i.src_addr, i.dst_addr, false, bytes, bytes);
}

Cost price(const GdmaSys&) { return {}; }

}  // namespace

Cost cost_of(const GdmaInstr& instr) {
  return std::visit([](const auto& i) { return price(i); }, instr);
}

}  // namespace tpuc::bm1684x
