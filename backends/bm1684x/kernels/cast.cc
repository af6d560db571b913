// cast between the chip's types.   source: TIU.md section 3 (cast), COOKBOOK.md section 7
// Float to float: one rounding to nearest even; f16 <-> bf16 go through f32, which holds both exactly. Float to integer
// truncates and saturates. i32 <-> halves go through f32. To bool: a byte that says whether the element is not 0.
#include "ops/cast.h"

#include <fmt/core.h>

#include <optional>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "backends/bm1684x/kernels/families.h"

namespace tpuc::bm1684x {

namespace {

constexpr uint32_t kNearestEven = 0, kTowardZero = 2;

bool is_chip_type(DType t) {
  return is_chip_float(t) || t == DType::I8 || t == DType::U8 || t == DType::I16 || t == DType::U16 ||
         t == DType::I32 || t == DType::U32 || t == DType::Bool;
}

// What the lowering makes of types the chip lacks, when the op is asked about before it.
DType lowered(DType t) { return t == DType::I64 ? DType::I32 : t == DType::F64 ? DType::F32 : t; }

bool is_to_bool(const Op& op) { return op.out(0)->type.dtype == DType::Bool && op.in(0)->type.dtype != DType::Bool; }

bool is_wide_int(Prec p) { return p == Prec::I32 || p == Prec::I16; }

// The type between the two where the chip has no direct way.
std::optional<Prec> step_between(Prec from, Prec to) {
  if (is_half(from) && is_half(to) && from != to) return Prec::F32;
  if ((is_half(from) && is_wide_int(to)) || (is_wide_int(from) && is_half(to)))
    return from == Prec::I16 ? Prec::I32 : Prec::F32;
  if ((from == Prec::I16 && to == Prec::F32) || (from == Prec::F32 && to == Prec::I16)) return Prec::I32;
  return std::nullopt;
}

Support supports(const Op& op, DType) {
  const TensorType &from = op.in(0)->type, &to = op.out(0)->type;
  for (const TensorType* t : {&from, &to})
    if (!is_chip_type(lowered(t->dtype))) return {false, fmt::format("the chip has no {}", to_string(t->dtype))};
  return {};
}

Footprint footprint(const Op& op, const Region& out) {
  if (is_to_bool(op)) return {.scratch = {aligned_bytes(Prec::I8, out.extent)}};
  const auto between = step_between(prec_of(op.in(0)->type.dtype), prec_of(op.out(0)->type.dtype));
  Footprint f;
  if (between) f.scratch.push_back(aligned_bytes(*between, out.extent));
  return f;
}

void convert(const LocalTensor& out, const LocalTensor& in, bool in_signed, bool out_signed, Emitter& e) {
  if (out.prec == in.prec) return e.copy(out, in);
  const bool truncates = is_float(in.prec) && is_int(out.prec);
  e.unary(ArOp::Cast, out, in,
          {.rounding = truncates ? kTowardZero : kNearestEven, .a_signed = in_signed, .out_signed = out_signed});
}

void emit(const Op& op, const TileCtx& t, Emitter& e) {
  const DType from = op.in(0)->type.dtype, to = op.out(0)->type.dtype;
  const bool from_signed = is_float(from) || is_signed(from), to_signed = is_float(to) || is_signed(to);
  const LocalTensor in = t.input(0, t.region), out = t.output();
  if (is_to_bool(op)) {  // "equal to 0" turned round: so not-a-number is true
    const LocalTensor is_zero = aligned(t.scratch[0], Prec::I8, out.dims);
    e.select(ArOp::SelectEqual, is_zero, in, Arg::constant(0), 1);
    return e.ar(ArOp::Xor, out, is_zero, Arg::constant(1));
  }
  const auto between = step_between(in.prec, out.prec);
  if (!between) return convert(out, in, from_signed, to_signed, e);
  const LocalTensor middle = aligned(t.scratch[0], *between, out.dims);
  convert(middle, in, from_signed, true, e);
  convert(out, middle, true, to_signed, e);
}

}  // namespace

std::span<const Kernel> cast_kernels() {
  static const Kernel kTable[] = {{.op = ops::Cast::kName,
                                   .supports = supports,
                                   .views = one_operand_views,
                                   .axes = all_axes,
                                   .needs = one_operand_needs,
                                   .footprint = footprint,
                                   .emit = emit}};
  return kTable;
}

}  // namespace tpuc::bm1684x
