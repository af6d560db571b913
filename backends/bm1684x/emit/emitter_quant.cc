// Requantization, dequantization and table look-ups from typed operands.   source: TIU.md sections 6 and 12
#include <algorithm>
#include <bit>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/isa/isa.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

namespace {

constexpr uint32_t u32(int64_t v) { return static_cast<uint32_t>(v); }

Access access(const LocalTensor& t, bool write) { return {t.offset(), t.offset() + t.span_bytes(), write}; }

// Calls emit(out, in) on both, or batch by batch where they are parts of larger tensors.
template <class Fn>
void by_batch(const LocalTensor& out, const LocalTensor& in, Fn&& emit) {
  TPUC_CHECK(out.dims == in.dims, "operand and result of a command differ in shape");
  if (out.is_aligned() && in.is_aligned()) return emit(out, in);
  const Shape4 one{1, out.dims[1], out.dims[2], out.dims[3]};
  for (int64_t n = 0; n < out.dims[0]; ++n) {
    const LocalTensor y = out.at(n, 0, 0, 0, one), x = in.at(n, 0, 0, 0, one);
    TPUC_CHECK(y.is_aligned() && x.is_aligned(), "a batch is not in the aligned layout");
    emit(y, x);
  }
}

template <class I>
void set_shape(I& i, const Shape4& d) {
  for (const int64_t x : d) TPUC_CHECK(x >= 1 && x <= kMaxDim, "extent {} of a command leaves 1..65535", x);
  i.res0_n = u32(d[0]), i.res0_c = u32(d[1]), i.res0_h = u32(d[2]), i.res0_w = u32(d[3]);
}

RqDq rq_dq(RqOp op, const LocalTensor& out, const LocalTensor& in, bool in_signed, bool out_signed) {
  RqDq i;
  i.eu = op;
  i.res0_prec = out.prec;
  i.opd0_prec = in.prec;
  i.opd0_sign = in_signed;
  i.opd2_sign = out_signed;
  i.opd2_n_str = 0;  // conversions round to nearest even
  set_shape(i, out.dims);
  i.res0_addr = out.addr;
  i.opd0_addr = in.addr;
  return i;
}

// 64 channels of one batch as a row each, from `first` on.
LocalTensor row_part(const LocalTensor& t, int64_t n, int64_t channel, int64_t first, int64_t count) {
  const int64_t channels = std::min(kLanes, t.dims[1] - channel);
  LocalTensor part = t.at(n, channel, 0, 0, {1, channels, 1, count});
  part.addr += u32(first * t.elem_bytes());
  return part;
}

}  // namespace

void Emitter::requantize(const LocalTensor& result, const LocalTensor& sums, uint32_t rows, const RequantArgs& q) {
  by_batch(result, sums, [&](const LocalTensor& out, const LocalTensor& in) {
    RqDq i = rq_dq(RqOp::Rq0, out, in, q.in_signed, q.out_signed);
    i.opd1_addr = rows;
    const int64_t begin = rows & 0x3ffff;
    stream_->tiu(i, {access(in, false), {begin, begin + out.rows() * kRequantRowBytes, false}, access(out, true)});
  });
}

void Emitter::requantize(const LocalTensor& result, const LocalTensor& sums, float scale, float offset,
                         const RequantArgs& q) {
  by_batch(result, sums, [&](const LocalTensor& out, const LocalTensor& in) {
    RqDq i = rq_dq(RqOp::Rq0, out, in, q.in_signed, q.out_signed);
    i.opd1_const = 1;
    i.opd1_addr = std::bit_cast<uint32_t>(scale);
    i.opd2_addr = std::bit_cast<uint32_t>(offset);
    stream_->tiu(i, {access(in, false), access(out, true)});
  });
}

void Emitter::dequantize(const LocalTensor& result, const LocalTensor& bytes, float scale, int32_t zero,
                         bool in_signed) {
  by_batch(result, bytes, [&](const LocalTensor& out, const LocalTensor& in) {
    RqDq i = rq_dq(RqOp::Dq0, out, in, in_signed, true);
    i.opd1_const = 1;
    i.opd1_addr = u32(zero) & 0xffff;
    i.opd2_addr = std::bit_cast<uint32_t>(scale);
    stream_->tiu(i, {access(in, false), access(out, true)});
  });
}

// The rows of both are [n, c, 1, h * w]: aligned tensors have the same bytes so.
static Sg gather(SgOp op, const LocalTensor& out, const LocalTensor& in, const LocalTensor& table, const Shape4& rows) {
  Sg i;
  i.eu = op;
  i.res0_prec = i.opd0_prec = out.prec;
  i.opd1_prec = in.prec;
  i.opd0_str = Layout::SharedRow;
  set_shape(i, rows);
  i.opd0_w = u32(table.dims[3]);
  i.opd1_c = i.res0_c, i.opd1_w = i.res0_w;
  i.res0_addr = out.addr, i.opd0_addr = table.addr, i.opd1_addr = in.addr;
  return i;
}

void Emitter::look_up(const LocalTensor& result, const LocalTensor& index, const LocalTensor& table) {
  constexpr int64_t kLongestRow = 65472;  // a multiple of the 64 bytes that rows begin at
  const auto emit = [&](const LocalTensor& out, const LocalTensor& in, const Shape4& rows) {
    const int64_t begin = table.offset();
    stream_->tiu(gather(SgOp::PesGather, out, in, table, rows),
                 {access(in, false), {begin, begin + table.dims[3] * table.elem_bytes(), false}, access(out, true)});
  };
  by_batch(result, index, [&](const LocalTensor& out, const LocalTensor& in) {
    const int64_t row = out.dims[2] * out.dims[3];
    if (row <= kLongestRow) return emit(out, in, {out.dims[0], out.dims[1], 1, row});
    for (int64_t n = 0; n < out.dims[0]; ++n)
      for (int64_t c = 0; c < out.dims[1]; c += kLanes)
        for (int64_t at = 0; at < row; at += kLongestRow) {
          const int64_t count = std::min(kLongestRow, row - at);
          const LocalTensor y = row_part(out, n, c, at, count);
          emit(y, row_part(in, n, c, at, count), y.dims);
        }
  });
}

void Emitter::look_up_banked(const LocalTensor& out, const LocalTensor& index, const LocalTensor& table) {
  TPUC_CHECK(out.is_aligned() && index.is_aligned(), "the four-bank gather wants aligned tensors");
  const int64_t row = out.dims[2] * out.dims[3], bytes = table.dims[3] * table.elem_bytes();
  const bool one_command = out.dims[1] % kLanes == 0 && out.dims[0] * out.dims[1] <= kMaxDim;  // batches are rows
  const int64_t count = one_command ? out.dims[0] : 1;
  for (int64_t n = 0; n < out.dims[0]; n += count) {
    const Shape4 part{count, out.dims[1], out.dims[2], out.dims[3]};
    const LocalTensor y = out.at(n, 0, 0, 0, part), x = index.at(n, 0, 0, 0, part);
    std::vector<Access> accesses{access(x, false), access(y, true)};
    for (int64_t k = 0; k < kTableCopies; ++k) {
      const int64_t begin = table.offset() + k * kTableCopyStride;
      accesses.push_back({begin, begin + bytes, false});
    }
    stream_->tiu(gather(SgOp::PemGather, y, x, table, {1, count * out.dims[1], 1, row}), accesses);
  }
}

}  // namespace tpuc::bm1684x
