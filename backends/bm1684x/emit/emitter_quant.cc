// Requantization commands from typed operands.   source: TIU.md section 6
#include <bit>

#include "backends/bm1684x/emit/emitter.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

namespace {

constexpr uint32_t u32(int64_t v) { return static_cast<uint32_t>(v); }

Access access(const LocalTensor& t, bool write) { return {t.offset(), t.offset() + t.span_bytes(), write}; }

RqDq rq0(const LocalTensor& out, const LocalTensor& in, const RequantArgs& q) {
  TPUC_CHECK(out.is_aligned() && in.is_aligned(), "requantization wants aligned tensors");
  for (const int64_t x : out.dims) TPUC_CHECK(x >= 1 && x <= kMaxDim, "extent {} of a command leaves 1..65535", x);
  RqDq i;
  i.eu = RqOp::Rq0;
  i.res0_prec = out.prec;
  i.opd0_prec = in.prec;
  i.opd0_sign = q.in_signed;
  i.opd2_sign = q.out_signed;
  i.opd2_n_str = 0;  // both conversions to nearest even
  i.res0_n = u32(out.dims[0]), i.res0_c = u32(out.dims[1]), i.res0_h = u32(out.dims[2]), i.res0_w = u32(out.dims[3]);
  i.res0_addr = out.addr;
  i.opd0_addr = in.addr;
  return i;
}

}  // namespace

void Emitter::requantize(const LocalTensor& out, const LocalTensor& in, uint32_t rows, const RequantArgs& q) {
  RqDq i = rq0(out, in, q);
  i.opd1_addr = rows;
  const int64_t begin = rows & 0x3ffff;
  stream_->tiu(i, {access(in, false), {begin, begin + out.rows() * kRequantRowBytes, false}, access(out, true)});
}

void Emitter::requantize(const LocalTensor& out, const LocalTensor& in, float scale, float offset,
                         const RequantArgs& q) {
  RqDq i = rq0(out, in, q);
  i.opd1_const = 1;
  i.opd1_addr = std::bit_cast<uint32_t>(scale);
  i.opd2_addr = std::bit_cast<uint32_t>(offset);
  stream_->tiu(i, {access(in, false), access(out, true)});
}

}  // namespace tpuc::bm1684x
