// The functions whose destinations depend on data: masked select, nonzero, gather, scatter.
#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "backends/bm1684x/sim/gdma_exec.h"
#include "backends/bm1684x/sim/gdma_operand.h"

namespace tpuc::bm1684x {
namespace {

constexpr uint64_t kIndexBytes = 4;

uint32_t load_element(const uint8_t* at, uint64_t bytes) {
  uint32_t v = 0;
  std::memcpy(&v, at, bytes);
  return v;
}

// Integers exactly; f16 +-0 only; f32 and bf16 with exponent 0 count as zero, since the chip's model flushes denormals.
bool is_zero(uint32_t bits, GdmaFormat format) {
  switch (format) {
    case GdmaFormat::F16:
      return (bits & 0x7fff) == 0;
    case GdmaFormat::BF16:
      return (bits & 0x7f80) == 0;
    case GdmaFormat::F32:
      return (bits & 0x7f800000) == 0;
    case GdmaFormat::I8:
    case GdmaFormat::I16:
    case GdmaFormat::I32:
      return bits == 0;
  }
  return false;
}

void check_system_destination(uint64_t address, const Machine& m) {
  const Space space = m.place(address, 1).space;
  if (space == Space::Local || space == Space::Static)
    m.trap(ErrorCode::E6102, "packed results go to DDR or L2 SRAM only");
}

uint32_t read_element(const GdmaOperand& o, uint64_t offset, Machine& m) {
  m.check_written(o.space, offset, o.element_bytes);
  return load_element(m.memory(o.space).data() + offset, o.element_bytes);
}

void append(uint64_t address, uint32_t index, uint32_t value, uint64_t bytes, Machine& m) {
  std::memcpy(m.write(address + index * bytes, bytes).data(), &value, bytes);
}

// Row moves between the three operands of gather and scatter.
struct IndexedJob {
  GdmaOperand src, dst, index;
  uint64_t channels = 0, rows = 0;  // of the index
  uint64_t row_bytes = 0;

  uint32_t index_at(uint64_t c, uint64_t h, Machine& m) const {
    return read_element(index, index.offset(0, index.size[kAxisC] > 1 ? c : 0, h, 0), m);
  }
  uint64_t src_row(uint64_t c, uint64_t h) const { return src.offset(0, src.size[kAxisC] > 1 ? c : 0, h, 0); }
};

IndexedJob make_job(const GdmaIndexed& i, Machine& m) {
  const bool gather = i.head.type == GdmaType::Gather;
  const uint32_t src_c = i.src_size.c, index_c = i.index_size.c, channels = std::max(src_c, index_c);
  if (src_c != index_c && src_c != 1 && index_c != 1)
    m.trap(ErrorCode::E6102, fmt::format("source has {} channels, index {}", src_c, index_c));
  const uint32_t dst_h = i.head.nchw_copy != 0 ? i.src_size.h : i.dst_size.h;
  if (gather && i.head.nchw_copy != 0 && i.src_size.h != i.dst_size.h)
    m.trap(ErrorCode::E6102,
           fmt::format("nchw_copy with {} source and {} destination rows", i.src_size.h, i.dst_size.h));
  const uint32_t rows = gather ? i.dst_size.h : i.src_size.h;
  const Strides use = i.head.stride_enable != 0 ? Strides::Given : Strides::Default;
  const auto with_w = [](Dims4 d) { return Dims4{0, d.c, d.h, 1}; };
  IndexedJob job;
  job.src =
      make_operand(i.src_addr, {1, src_c, i.src_size.h, i.src_size.w}, with_w(i.src_stride), use, i.head.format, m);
  job.dst = make_operand(i.dst_addr, {1, channels, dst_h, i.src_size.w}, with_w(i.dst_stride), use, i.head.format, m);
  job.index = make_operand(i.index_addr, {1, index_c, rows, 1}, with_w(i.index_stride), use, GdmaFormat::I32, m);
  job.channels = channels;
  job.rows = rows;
  job.row_bytes = i.src_size.w * job.src.element_bytes;
  return job;
}

bool lane_is_open(const GdmaOperand& dst, uint64_t c, uint64_t mask) {
  return !dst.is_local() || (mask >> ((dst.lane + c) % kLaneCount) & 1) != 0;
}

void copy_row(const IndexedJob& job, uint64_t from, uint64_t to, Machine& m) {
  m.check_written(job.src.space, from, job.row_bytes);
  std::memmove(m.memory(job.dst.space).data() + to, m.memory(job.src.space).data() + from, job.row_bytes);
  m.mark_written(job.dst.space, to, job.row_bytes);
}

}  // namespace

uint32_t execute_masked_select(const GdmaMaskedSelect& i, Machine& m) {
  const GdmaOperand src = make_operand(i.src_addr, i.src_size, {}, Strides::Default, i.head.format, m);
  const GdmaOperand mask = make_operand(i.mask_addr, i.src_size, {}, Strides::Default, i.mask_format, m);
  check_system_destination(i.dst_addr, m);
  if (i.dst_addr % src.element_bytes != 0)
    m.trap(ErrorCode::E6102, fmt::format("address {:#x} is not aligned", i.dst_addr));
  Walk at(src, kNchw), mask_at(mask, kNchw);
  uint32_t count = 0;
  for (uint64_t left = src.element_count(); left > 0; --left, at.advance(1), mask_at.advance(1)) {
    if (is_zero(read_element(mask, mask_at.offset(), m), i.mask_format)) continue;
    append(i.dst_addr, count++, read_element(src, at.offset(), m), src.element_bytes, m);
  }
  return count;
}

uint32_t execute_nonzero(const GdmaNonzero& i, Machine& m) {
  const GdmaOperand src = make_operand(i.src_addr, i.src_size, {}, Strides::Default, i.head.format, m);
  if (!is_int(i.index_format))
    m.trap(ErrorCode::E6102, fmt::format("index format {} is no integer", static_cast<uint32_t>(i.index_format)));
  const uint64_t index_bytes = size_of(i.index_format);
  check_system_destination(i.dst_addr, m);
  if (i.dst_addr % std::max(index_bytes, src.element_bytes) != 0)
    m.trap(ErrorCode::E6102, fmt::format("address {:#x} is not aligned", i.dst_addr));
  Walk at(src, kNchw);
  uint32_t count = 0, position = i.index_base;
  for (uint64_t left = src.element_count(); left > 0; --left, at.advance(1), ++position)
    if (!is_zero(read_element(src, at.offset(), m), i.head.format))
      append(i.dst_addr, count++, position, index_bytes, m);
  return count;
}

void execute_gather(const GdmaIndexed& i, Machine& m) {
  const IndexedJob job = make_job(i, m);
  uint8_t value[4];
  std::memcpy(value, &i.constant, sizeof value);
  const uint64_t z = job.src.element_bytes;
  for (uint64_t c = 0; c < job.channels; ++c) {
    if (!lane_is_open(job.dst, c, i.lane_mask)) continue;
    for (uint64_t h = 0; h < job.rows; ++h) {
      const uint64_t k = job.index_at(c, h, m), to = job.dst.offset(0, c, h, 0);
      if (k < job.src.size[kAxisH]) {
        copy_row(job, job.src_row(c, k), to, m);
        continue;
      }
      uint8_t* out = m.memory(job.dst.space).data() + to;
      for (uint64_t b = 0; b < job.row_bytes; b += z) std::memcpy(out + b, value, z);
      m.mark_written(job.dst.space, to, job.row_bytes);
    }
  }
}

void execute_scatter(const GdmaIndexed& i, Machine& m) {
  const IndexedJob job = make_job(i, m);
  for (uint64_t c = 0; c < job.channels; ++c) {
    if (!lane_is_open(job.dst, c, i.lane_mask)) continue;
    for (uint64_t h = 0; h < job.rows; ++h) {
      const uint64_t k = job.index_at(c, h, m);
      if (k < job.dst.size[kAxisH]) copy_row(job, job.src_row(c, h), job.dst.offset(0, c, k, 0), m);
    }
  }
}

}  // namespace tpuc::bm1684x
