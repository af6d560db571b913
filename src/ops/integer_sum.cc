// See the header.
#include "ops/integer_sum.h"

#include "ops/infer_check.h"
#include "tpuc/numerics/fixed_point.h"

namespace tpuc::ops {

namespace {

void require_type_of(const InferCtx& ctx, size_t input, std::string_view what, DType wanted) {
  if (!ctx.has(input) || ctx.type(input).dtype == wanted) return;
  throw UserError(with_inputs(diagnostic(ErrorCode::E1202, "{}: {} is {}, expected {}", ctx.op, what,
                                         to_string(ctx.type(input).dtype), to_string(wanted)),
                              ctx));
}

}  // namespace

DType require_integer_sum(const InferCtx& ctx, DType to, Activation activation, int64_t channels, bool one_for_all) {
  require_type_of(ctx, 2, "bias", DType::I32);
  require_vector(ctx, 2, "bias", channels, "output channels");
  require_type_of(ctx, 3, "rq", DType::F32);
  if (activation != Activation::None)
    throw UserError(diagnostic(ErrorCode::E1208, "{}: integers take no activation", ctx.op)
                        .note("hint", "the range of the 8-bit result cuts off what an activation would"));
  const bool is_requantized = ctx.has(3);
  if (is_requantized ? !is_byte(to) : to != DType::I32)
    throw UserError(diagnostic(ErrorCode::E1208, "{}: to is {}, expected {}", ctx.op, to_string(to),
                               is_requantized ? "i8 or u8" : "i32 without rq"));
  if (is_requantized && ctx.dims(3) != Dims{2, channels} && !(one_for_all && ctx.dims(3) == Dims{2, 1}))
    throw UserError(diagnostic(ErrorCode::E1209, "{}: rq has dimensions {}, expected [2,{}]", ctx.op,
                               to_string(ctx.dims(3)), channels)
                        .note("hint", "a scale and an offset for each output channel"));
  return to;
}

void require_no_integer_operands(const InferCtx& ctx, DType to) {
  if (!ctx.has(3) && to == DType::I32) return;
  throw UserError(with_inputs(diagnostic(ErrorCode::E1202, "{}: rq and to belong to 8-bit integers, input 0 is {}",
                                         ctx.op, to_string(ctx.type(0).dtype)),
                              ctx));
}

void require_byte(const InferCtx& ctx, std::string_view attr, int64_t value, DType t) {
  const int64_t low = is_byte(t) ? lowest_of(8, t == DType::I8) : 0;
  const int64_t high = is_byte(t) ? highest_of(8, t == DType::I8) : 0;
  if (value >= low && value <= high) return;
  throw UserError(
      diagnostic(ErrorCode::E1208, "{}: {} is {}, expected {} to {}", ctx.op, attr, value, low, high)
          .note("hint", is_byte(t) ? "a value of the input's type" : "only 8-bit integers have zero points"));
}

void requantize_sums(const EvalArgs& in, std::span<int64_t> sums, int64_t channels, int64_t inner, DType to) {
  if (!in.has(3)) return;
  const auto rq = in[3].as<float>();
  const size_t columns = rq.size() / 2;
  for (size_t i = 0; i < sums.size(); ++i) {
    const size_t c = columns == 1 ? 0 : i / static_cast<size_t>(inner) % static_cast<size_t>(channels);
    const auto sum = static_cast<int32_t>(static_cast<uint64_t>(sums[i]));
    sums[i] = requantize_float(sum, rq[c], rq[columns + c], 8, to == DType::I8);
  }
}

}  // namespace tpuc::ops
