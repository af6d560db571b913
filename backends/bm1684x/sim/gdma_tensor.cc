// Tensor functions of the DMA: copy, transposes, broadcast, four-bank forms, constant fill.
#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "backends/bm1684x/sim/gdma_exec.h"
#include "backends/bm1684x/sim/gdma_operand.h"

namespace tpuc::bm1684x {
namespace {

// The four-bank forms write each element four times, this far apart, starting in the lane's third quarter.
constexpr uint64_t kBankCopies = 4, kBankStepBytes = 0x8000, kBankAreaBegin = 0x20000, kBankAreaEnd = 0x28000;

constexpr bool is_broadcast(TensorMove f) { return f == TensorMove::Broadcast || f == TensorMove::FourBankBroadcast; }
constexpr bool is_four_bank(TensorMove f) {
  return f == TensorMove::FourBankCopy || f == TensorMove::FourBankBroadcast;
}
constexpr bool swaps_cw(TensorMove f) { return f == TensorMove::Collect || f == TensorMove::Distribute; }

// Everything that the functions differ in.
struct TensorJob {
  GdmaOperand src, dst;            // src is unused by a fill
  AxisOrder dst_order = kNchw;     // the source is walked in NCHW order
  uint64_t lanes = 1, copies = 1;  // each run is written to so many lanes, so many times
  uint64_t lane_mask = ~uint64_t{0};
  const uint8_t* fill = nullptr;  // element_bytes bytes
};

void fill_run(uint8_t* out, uint64_t elements, const uint8_t* value, uint64_t element_bytes) {
  if (element_bytes == 1) {
    std::memset(out, *value, elements);
    return;
  }
  for (uint64_t k = 0; k < elements; ++k) std::memcpy(out + k * element_bytes, value, element_bytes);
}

bool ranges_overlap(const GdmaOperand& a, const GdmaOperand& b) {
  if (a.space != b.space) return false;
  return a.start < b.start + b.extent_bytes() && b.start < a.start + a.extent_bytes();
}

void write_run(const TensorJob& job, const Walk& to, const uint8_t* from, uint64_t elements, Machine& m) {
  const uint64_t bytes = elements * job.dst.element_bytes;
  Memory& out = m.memory(job.dst.space);
  for (uint64_t lane = 0; lane < job.lanes; ++lane) {
    if (job.dst.is_local() && (job.lane_mask >> ((to.lane() + lane) % kLaneCount) & 1) == 0) continue;
    for (uint64_t copy = 0; copy < job.copies; ++copy) {
      const uint64_t at = to.offset() + lane * kLaneBytes + copy * kBankStepBytes;
      if (job.fill != nullptr) {
        fill_run(out.data() + at, elements, job.fill, job.dst.element_bytes);
      } else {
        std::memmove(out.data() + at, from, bytes);
      }
      out.mark_written(at, bytes);
    }
  }
}

void run_job(const TensorJob& job, Machine& m) {
  Walk to(job.dst, job.dst_order);
  uint64_t left = job.dst.element_count();
  if (job.fill != nullptr) {
    while (left > 0) {
      const uint64_t n = std::min(left, to.run());
      write_run(job, to, nullptr, n, m);
      left -= n;
      to.advance(n);
    }
    return;
  }
  Walk from(job.src, kNchw);
  // Where source and destination overlap, the chip's order of single elements shows.
  const uint64_t longest = ranges_overlap(job.src, job.dst) ? 1 : ~uint64_t{0};
  const Memory& in = m.memory(job.src.space);
  while (left > 0) {
    const uint64_t n = std::min({left, longest, from.run(), to.run()});
    const uint64_t at = from.offset();
    m.check_written(job.src.space, at, n * job.src.element_bytes);
    write_run(job, to, in.data() + at, n, m);
    left -= n;
    from.advance(n);
    to.advance(n);
  }
}

void check_broadcast(const GdmaTensor& i, const TensorJob& job, const Machine& m) {
  if (!job.dst.is_local()) m.trap(ErrorCode::E6102, "a broadcast writes to local memory only");
  if (job.dst.lane + job.lanes > kLaneCount)
    m.trap(ErrorCode::E6102,
           fmt::format("a broadcast to {} lanes from lane {} passes lane 63", job.lanes, job.dst.lane));
  if (i.lane_mask != ~uint64_t{0})
    m.trap(ErrorCode::E6102, "a broadcast has a lane mask, which the chip applies to the wrong lanes");
}

void check_four_bank(const TensorJob& job, const Machine& m) {
  const uint64_t begin = job.dst.start, end = begin + job.dst.extent_bytes() + (kBankCopies - 1) * kBankStepBytes;
  if (!job.dst.is_local() || begin < kBankAreaBegin || begin >= kBankAreaEnd || end > kLaneBytes)
    m.trap(ErrorCode::E6102, fmt::format("four-bank data at offset {:#x}..{:#x} of a lane; it starts in [{:#x}, {:#x})",
                                         begin, end, kBankAreaBegin, kBankAreaEnd));
}

// Destination sizes as the function makes them from the fields.
Dims4 destination_size(const GdmaTensor& i, TensorMove f, bool fill) {
  const Dims4& s = i.src_size;
  Dims4 d = i.dst_size;
  if (i.head.nchw_copy != 0) d = {s.n, is_broadcast(f) ? d.c : s.c, s.h, s.w};
  if (f == TensorMove::NcTranspose && (i.head.nchw_copy != 0 || !fill)) {
    d.n = s.c;
    d.c = s.n;
  }
  if (swaps_cw(f)) d = {s.n, s.w, s.h, s.c};
  return d;
}

void execute_any(const GdmaTensor& i, TensorMove f, Machine& m) {
  const bool fill = i.head.fill_constant_en != 0;
  if (fill && swaps_cw(f)) m.trap(ErrorCode::E6102, "a transpose of C and W cannot fill");
  const Strides use = i.head.stride_enable != 0 ? Strides::Given : Strides::Default;
  Dims4 src_size = i.src_size, src_stride = i.src_stride, dst_stride = i.dst_stride;
  if (is_broadcast(f)) src_size.c = 1;
  if (f != TensorMove::Copy || i.head.type != GdmaType::Tensor) src_stride.w = dst_stride.w = 1;
  Dims4 dst_size = destination_size(i, f, fill);
  TensorJob job;
  job.lane_mask = i.lane_mask;
  if (!fill) job.src = make_operand(i.src_addr, src_size, src_stride, use, i.head.format, m);
  job.dst = make_operand(i.dst_addr, dst_size, dst_stride, use, i.head.format, m);
  if (is_broadcast(f)) {
    job.lanes = dst_size.c;
    job.dst.size[kAxisC] = 1;
    check_broadcast(i, job, m);
  }
  if (is_four_bank(f)) {
    job.copies = kBankCopies;
    check_four_bank(job, m);
  }
  if (f == TensorMove::NcTranspose && !fill) job.dst_order = kCnhw;
  if (swaps_cw(f)) job.dst_order = kNwhc;
  if (!fill && job.src.element_count() != job.dst.element_count())
    m.trap(ErrorCode::E6102,
           fmt::format("source has {} elements, destination {}", job.src.element_count(), job.dst.element_count()));
  if (i.head.type == GdmaType::CwTranspose && !job.dst.is_local() && ranges_overlap(job.src, job.dst))
    m.trap(ErrorCode::E6102, "source and destination of a transpose overlap");
  uint8_t value[4];
  std::memcpy(value, &i.constant, sizeof value);
  if (fill) job.fill = value;
  run_job(job, m);
}

}  // namespace

void execute_tensor(const GdmaTensor& i, Machine& m) { execute_any(i, static_cast<TensorMove>(i.head.function), m); }

void execute_cw_transpose(const GdmaCwTranspose& i, Machine& m) {
  GdmaTensor t;
  t.head = i.head;
  t.constant = i.constant;
  t.src_stride = i.src_stride;
  t.dst_stride = i.dst_stride;
  t.src_size = i.src_size;
  t.dst_size = i.dst_size;
  t.src_addr = i.src_addr;
  t.dst_addr = i.dst_addr;
  t.lane_mask = i.lane_mask;
  execute_any(t, TensorMove::Collect, m);
}

}  // namespace tpuc::bm1684x
