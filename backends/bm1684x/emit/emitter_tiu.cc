// TIU commands from typed operands.   source: TIU.md sections 3, 4, 5, 9, 10, 11
#include <algorithm>
#include <bit>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/isa/isa.h"
#include "tpuc/numerics/half.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

namespace {

constexpr uint32_t u32(int64_t v) { return static_cast<uint32_t>(v); }

void add(std::vector<Access>& list, const LocalTensor& t, bool write) {
  list.push_back({t.offset(), t.offset() + t.span_bytes(), write});
}
void add(std::vector<Access>& list, const Arg& a) {
  if (!a.is_constant) add(list, a.tensor, false);
}
void add_bytes(std::vector<Access>& list, uint32_t addr, int64_t bytes) {
  const int64_t begin = addr & 0x3ffff;
  list.push_back({begin, begin + bytes, false});
}

// Strides of an operand for a result of shape `out`: repeated axes get 0.
Shape4 strides_for(const LocalTensor& t, const Shape4& out) {
  Shape4 s = t.strides;
  for (size_t i = 0; i < 4; ++i) {
    if (t.dims[i] == out[i]) continue;
    TPUC_CHECK(t.dims[i] == 1 && (i != 1 || t.shared), "operand extent {} on axis {} against {}", t.dims[i], i, out[i]);
    s[i] = 0;
  }
  return s;
}

struct Operand {
  Layout layout = Layout::Aligned;
  Shape4 strides{0, 0, 0, 0};
};

// Strides that lead nowhere are written as 0: their fields are narrow.
Operand describe(const LocalTensor& t, const Shape4& out) {
  const bool same = t.dims == out;
  if (same && t.is_aligned()) return {};
  Operand o{Layout::Free, strides_for(t, out)};
  if (out[0] == 1) o.strides[0] = 0;
  if (t.rows() == 1) o.strides[1] = 0;
  if (out[2] == 1) o.strides[2] = 0;
  if (out[3] == 1) o.strides[3] = 1;
  return o;
}

bool fits(const Operand& o) {
  return o.strides[0] <= kMaxStride16 && o.strides[1] <= kMaxStride16 && o.strides[2] <= kMaxStride20 &&
         o.strides[3] <= kMaxStride20;
}

// The part of operand `t` that goes with a box of the result: batch n, or channels from c on.
LocalTensor part(const LocalTensor& t, const Shape4& out, int64_t n, int64_t c, const Shape4& extent) {
  Shape4 e = extent;
  for (size_t i = 0; i < 4; ++i)
    if (t.dims[i] == 1 && out[i] > 1) e[i] = 1;
  return t.at(t.dims[0] == 1 ? 0 : n, t.shared ? 0 : c, 0, 0, e);
}

// Calls emit(out, a, b) on boxes small enough for the 16-bit stride fields.
template <class Fn>
void in_boxes(const LocalTensor& out, const Arg& a, const Arg& b, Fn&& emit) {
  auto ok = [&](const Arg& x) { return x.is_constant || fits(describe(x.tensor, out.dims)); };
  if (ok(a) && ok(b) && fits(describe(out, out.dims))) return emit(out, a, b);
  const bool by_batch = out.dims[0] > 1;
  TPUC_CHECK(by_batch || out.rows() > 1, "stride fields overflow on one channel row");
  const int64_t count = by_batch ? out.dims[0] : ceil_div(out.dims[1], kLanes);
  for (int64_t i = 0; i < count; ++i) {
    Shape4 e = out.dims;
    const int64_t n = by_batch ? i : 0, c = by_batch ? 0 : i * kLanes;
    by_batch ? e[0] = 1 : e[1] = std::min(kLanes, out.dims[1] - c);
    auto cut = [&](const Arg& x) { return x.is_constant ? x : Arg(part(x.tensor, out.dims, n, c, e)); };
    in_boxes(part(out, out.dims, n, c, e), cut(a), cut(b), emit);
  }
}

template <class I>
void set_shape(I& i, const Shape4& d) {
  for (const int64_t x : d) TPUC_CHECK(x >= 1 && x <= kMaxDim, "extent {} of a command leaves 1..65535", x);
  i.res0_n = u32(d[0]);
  i.res0_c = u32(d[1]);
  i.res0_h = u32(d[2]);
  i.res0_w = u32(d[3]);
}

void set_result(Ar& i, const LocalTensor& t) {
  const Operand r = describe(t, t.dims);
  i.res0_str = r.layout;
  i.res0_addr = t.addr;
  i.res0_n_str = u32(r.strides[0]), i.res0_c_str = u32(r.strides[1]);
  i.res0_h_str = u32(r.strides[2]), i.res0_w_str = u32(r.strides[3]);
}
void set_first(Ar& i, const Arg& a, const Shape4& shape) {
  i.opd0_const = a.is_constant;
  i.opd0_addr = a.is_constant ? a.bits : a.tensor.addr;
  if (a.is_constant) return;
  const Operand x = describe(a.tensor, shape);
  i.opd0_str = x.layout;
  i.opd0_n_str = u32(x.strides[0]), i.opd0_c_str = u32(x.strides[1]);
  i.opd0_h_str = u32(x.strides[2]), i.opd0_w_str = u32(x.strides[3]);
}
void set_second(Ar& i, const Arg& a, const Shape4& shape) {
  i.opd1_const = a.is_constant;
  i.opd1_addr = a.is_constant ? a.bits : a.tensor.addr;
  if (a.is_constant) return;
  const Operand x = describe(a.tensor, shape);
  i.opd1_str = x.layout;
  i.opd1_n_str = u32(x.strides[0]), i.opd1_c_str = u32(x.strides[1]);
  i.opd1_h_str = u32(x.strides[2]), i.opd1_w_str = u32(x.strides[3]);
}

void set_types(Ar& i, const LocalTensor& out, const Arg& a, const Arg& b, const ArOptions& o) {
  i.tsk_opd_num = 2;
  i.res0_prec = out.prec;
  i.opd0_prec = a.is_constant ? (b.is_constant ? out.prec : b.tensor.prec) : a.tensor.prec;
  i.opd1_prec = b.is_constant ? o.b_prec.value_or(i.opd0_prec) : b.tensor.prec;
  i.opd0_sign = o.a_signed;
  i.opd1_sign = o.b_signed;
  i.opd2_sign = o.out_signed;
  i.opd2_n_str = o.rounding;
  if (o.shift == 0 && i.eu != ArOp::Mac) return;
  i.tsk_opd_num = 3;  // the third one is the shift count
  i.opd2_const = 1;
  i.opd2_addr = static_cast<uint8_t>(o.shift);
  i.opd2_prec = i.eu == ArOp::Mac ? Prec::I16 : Prec::I8;
  i.opd2_sign = 1;
}

void need_aligned(const LocalTensor& t, const char* what) {
  TPUC_CHECK(t.is_aligned(), "{} is not in the aligned layout", what);
}
void need_aligned(const Arg& a, const char* what) {
  if (!a.is_constant) need_aligned(a.tensor, what);
}

void move_channels(Stream& stream, TransOp op, const LocalTensor& out, const LocalTensor& in) {
  need_aligned(out, "result of a move between lanes");
  need_aligned(in, "operand of a move between lanes");
  TransBc i;
  i.eu = op;
  i.res0_prec = out.prec;
  set_shape(i, out.dims);
  i.opd0_c = u32(in.dims[1]);
  i.opd0_w = u32(in.dims[3]);
  i.res0_addr = out.addr;
  i.opd0_addr = in.addr;
  std::vector<Access> accesses;
  add(accesses, in, false);
  add(accesses, out, true);
  stream.tiu(i, accesses);
}

}  // namespace

Arg Arg::constant(uint32_t bits) {
  Arg a(LocalTensor{});
  a.is_constant = true;
  a.bits = bits;
  return a;
}
Arg Arg::f32(float value) { return constant(std::bit_cast<uint32_t>(value)); }
Arg Arg::real(Prec p, double value) {
  const auto x = static_cast<float>(value);
  if (p == Prec::F32) return f32(x);
  return constant(p == Prec::F16 ? f32_to_f16(x) : f32_to_bf16(x));
}

void Emitter::ar(ArOp op, const LocalTensor& result, const Arg& left, const Arg& right, const ArOptions& o) {
  in_boxes(result, left, right, [&](const LocalTensor& out, const Arg& a, const Arg& b) {
    Ar i;
    i.eu = op;
    set_types(i, out, a, b, o);
    set_shape(i, out.dims);
    set_result(i, out);
    std::vector<Access> accesses;
    set_first(i, a, out.dims);
    set_second(i, b, out.dims);
    add(accesses, a);
    add(accesses, b);
    if (op == ArOp::Mac) add(accesses, out, false);
    add(accesses, out, true);
    stream_->tiu(i, accesses);
  });
}

void Emitter::mac(const LocalTensor& out, const Arg& a, const Arg& b, const ArOptions& o) {
  TPUC_CHECK(out.prec == Prec::I16 && o.shift == 0, "a multiplication that adds gives int16 and does not shift");
  ar(ArOp::Mac, out, a, b, o);
}

void Emitter::select(ArOp op, const LocalTensor& result, const Arg& left, const Arg& right, uint32_t value_bits,
                     bool is_signed) {
  in_boxes(result, left, right, [&](const LocalTensor& out, const Arg& a, const Arg& b) {
    Ar i;
    i.eu = op;
    i.tsk_opd_num = 3;
    i.res0_prec = i.opd2_prec = out.prec;
    i.opd0_prec = i.opd1_prec = a.is_constant ? b.tensor.prec : a.tensor.prec;
    TPUC_CHECK(size_of(out.prec) <= size_of(i.opd0_prec), "the result of a select is wider than its operands");
    i.opd0_sign = i.opd1_sign = i.opd2_sign = is_signed;
    i.opd2_const = 1;
    i.opd2_addr = value_bits;
    set_shape(i, out.dims);
    set_result(i, out);
    set_first(i, a, out.dims);
    set_second(i, b, out.dims);
    std::vector<Access> accesses;
    add(accesses, a);
    add(accesses, b);
    add(accesses, out, true);
    stream_->tiu(i, accesses);
  });
}

void Emitter::unary(ArOp op, const LocalTensor& result, const Arg& in, const ArOptions& o) {
  in_boxes(result, in, Arg::constant(0), [&](const LocalTensor& out, const Arg& a, const Arg&) {
    Ar i;
    i.eu = op;
    i.tsk_opd_num = 1;
    i.res0_prec = out.prec;
    i.opd0_prec = a.is_constant ? out.prec : a.tensor.prec;
    i.opd0_sign = o.a_signed;
    i.opd2_sign = o.out_signed;
    i.opd2_n_str = o.rounding;
    set_shape(i, out.dims);
    set_result(i, out);
    set_first(i, a, out.dims);
    std::vector<Access> accesses;
    add(accesses, a);
    add(accesses, out, true);
    stream_->tiu(i, accesses);
  });
}

void Emitter::lin(const LocalTensor& out, const LocalTensor& a, const Arg& b, const Arg& c) {
  need_aligned(out, "result of lin");
  need_aligned(a, "operand of lin");
  Lin i;
  i.res0_prec = out.prec;
  set_shape(i, out.dims);
  i.res0_addr = out.addr;
  i.opd0_addr = a.addr;
  i.opd1_const = b.is_constant;
  i.opd1_addr = b.is_constant ? b.bits : b.tensor.addr;
  i.opd2_const = c.is_constant;
  i.opd2_addr = c.is_constant ? c.bits : c.tensor.addr;
  std::vector<Access> accesses;
  add(accesses, a, false);
  add(accesses, b);
  add(accesses, c);
  add(accesses, out, true);
  stream_->tiu(i, accesses);
}

void Emitter::cmp(CmpOp op, const LocalTensor& out, const Arg& a, const Arg& b, const Arg& c, const Arg& d) {
  need_aligned(out, "result of a comparison");
  for (const Arg* x : {&a, &b, &c, &d}) need_aligned(*x, "operand of a comparison");
  Cmp i;
  i.eu = op;
  i.opd0_prec = a.is_constant ? b.tensor.prec : a.tensor.prec;
  i.opd2_prec = out.prec;
  i.opd0_sign = 1;
  set_shape(i, out.dims);
  i.res0_addr = out.addr;
  i.opd0_const = a.is_constant, i.opd0_addr = a.is_constant ? a.bits : a.tensor.addr;
  i.opd1_const = b.is_constant, i.opd1_addr = b.is_constant ? b.bits : b.tensor.addr;
  i.opd2_const = c.is_constant, i.opd2_addr = c.is_constant ? c.bits : c.tensor.addr;
  i.opd3_const = d.is_constant, i.opd3_addr = d.is_constant ? d.bits : d.tensor.addr;
  std::vector<Access> accesses;
  for (const Arg* x : {&a, &b, &c, &d}) add(accesses, *x);
  add(accesses, out, true);
  stream_->tiu(i, accesses);
}

void Emitter::taylor(const LocalTensor& out, const LocalTensor& in, uint32_t coefficients, int64_t count) {
  need_aligned(out, "result of a polynomial");
  need_aligned(in, "operand of a polynomial");
  Sfu i;
  i.eu = SfuOp::Taylor;
  i.res0_prec = out.prec;
  i.opd0_prec = in.prec;
  set_shape(i, out.dims);
  i.opd1_n = u32(count);
  i.res0_addr = out.addr;
  i.opd0_addr = in.addr;
  i.opd1_addr = coefficients;
  std::vector<Access> accesses;
  add(accesses, in, false);
  add_bytes(accesses, coefficients, count * in.elem_bytes());
  add(accesses, out, true);
  stream_->tiu(i, accesses);
}

void Emitter::rsqrt(const LocalTensor& out, const LocalTensor& in) {
  need_aligned(out, "result of rsqrt");
  need_aligned(in, "operand of rsqrt");
  TPUC_CHECK(in.prec == Prec::F32, "rsqrt works in f32 only");
  Sfu i;
  i.eu = SfuOp::Rsqrt;
  i.res0_prec = out.prec;
  i.opd0_prec = in.prec;
  i.opd2_n_str = 3;
  set_shape(i, out.dims);
  i.res0_addr = out.addr;
  i.opd0_addr = in.addr;
  std::vector<Access> accesses;
  add(accesses, in, false);
  add(accesses, out, true);
  stream_->tiu(i, accesses);
}

void Emitter::transpose_wc(const LocalTensor& out, const LocalTensor& in) {
  move_channels(*stream_, TransOp::Wc, out, in);
}

void Emitter::copy_to_lanes(const LocalTensor& out, const LocalTensor& in) {
  move_channels(*stream_, TransOp::LaneCopy, out, in);
}

}  // namespace tpuc::bm1684x
