// Messages of the checks that families share: what was observed, the rule, a hint.
#include "ops/infer_check.h"

#include <algorithm>

namespace tpuc::ops {
namespace {

void require_rank_if(bool fits, const InferCtx& ctx, size_t input, std::string_view what, std::string_view rule) {
  if (fits) return;
  throw UserError(
      diagnostic(ErrorCode::E1201, "{}: {} has {} dimensions, expected {}", ctx.op, what, ctx.dims(input).size(), rule)
          .note(std::string(what), to_string(ctx.type(input))));
}

}  // namespace

void require_rank(const InferCtx& ctx, size_t input, std::string_view what, size_t rank) {
  require_rank_if(ctx.dims(input).size() == rank, ctx, input, what, fmt::format("{}", rank));
}

void require_min_rank(const InferCtx& ctx, size_t input, std::string_view what, size_t rank) {
  require_rank_if(ctx.dims(input).size() >= rank, ctx, input, what, fmt::format("at least {}", rank));
}

void require_floats(const InferCtx& ctx) {
  const DType first = ctx.type(0).dtype;
  if (!is_float(first))
    throw UserError(diagnostic(ErrorCode::E1202, "{}: input is {}, expected a float type", ctx.op, to_string(first))
                        .note("hint", "insert a cast before this operator"));
  for (size_t i = 1; i < ctx.count(); ++i) {
    if (!ctx.has(i)) continue;
    const DType t = ctx.type(i).dtype;
    if (t != first && t != DType::F32)
      throw UserError(diagnostic(ErrorCode::E1202, "{}: input {} is {}, expected {} as the first input, or f32", ctx.op,
                                 i, to_string(t), to_string(first)));
  }
}

void require_number(const InferCtx& ctx) { require_type(ctx, 0, is_number, "a float or an integer type"); }

void require_vector(const InferCtx& ctx, size_t input, std::string_view what, int64_t length, std::string_view why) {
  if (!ctx.has(input) || ctx.dims(input) == Dims{length}) return;
  throw UserError(diagnostic(ErrorCode::E1209, "{}: {} has dimensions {}, expected [{}]", ctx.op, what,
                             to_string(ctx.dims(input)), length)
                      .note("hint", fmt::format("one entry for each of the {} {}", length, why)));
}

void require_list(const InferCtx& ctx, std::string_view attr, const std::vector<int64_t>& list, size_t count,
                  int64_t low) {
  if (list.size() != count)
    throw UserError(
        diagnostic(ErrorCode::E1206, "{}: {} has {} entries, expected {}", ctx.op, attr, list.size(), count));
  for (const int64_t x : list)
    if (x < low || x > kMaxWindowAttr)
      throw UserError(diagnostic(ErrorCode::E1208, "{}: {} {} holds {}, expected {} to {}", ctx.op, attr,
                                 to_string(list), x, low, kMaxWindowAttr));
}

void require_axis(const InferCtx& ctx, size_t i, int64_t axis) {
  const auto rank = static_cast<int64_t>(ctx.dims(i).size());
  if (axis < 0 || axis >= rank)
    throw UserError(diagnostic(ErrorCode::E1206, "{}: axis {} of a tensor with {} dimensions", ctx.op, axis, rank)
                        .note("input", to_string(ctx.type(i))));
}

bool is_number(DType t) { return is_float(t) || (is_integer(t) && bit_width(t) >= 8); }
bool is_index_type(DType t) { return t == DType::I32 || t == DType::I64; }

Diagnostic&& with_inputs(Diagnostic&& d, const InferCtx& c) {
  for (size_t i = 0; i < std::min<size_t>(c.count(), 4); ++i)
    if (c.has(i)) d.notes.emplace_back("input", fmt::format("{}: {}", i, to_string(c.type(i))));
  return std::move(d);
}

void require_type(const InferCtx& c, size_t i, TypeTest test, std::string_view expected) {
  if (test(c.type(i).dtype)) return;
  throw UserError(with_inputs(
      diagnostic(ErrorCode::E1202, "{}: input {} is {}, expected {}", c.op, i, to_string(c.type(i).dtype), expected),
      c));
}

void require_same_type(const InferCtx& c, size_t i, size_t j) {
  if (c.type(i).dtype == c.type(j).dtype) return;
  throw UserError(with_inputs(diagnostic(ErrorCode::E1202, "{}: input {} is {} but input {} is {}", c.op, i,
                                         to_string(c.type(i).dtype), j, to_string(c.type(j).dtype))
                                  .note("hint", "both must have the same element type: insert a Cast"),
                              c));
}

Dims require_broadcast(const InferCtx& c, const Dims& a, const Dims& b) {
  if (auto dims = broadcast(a, b)) return *std::move(dims);
  throw UserError(diagnostic(ErrorCode::E1203, "{}: {} and {} do not broadcast", c.op, to_string(a), to_string(b))
                      .note("hint", "dimensions are matched from the last; each pair must be equal or hold a 1"));
}

void require_per_axis(const InferCtx& c, std::string_view attribute, size_t entries) {
  const size_t rank = c.dims(0).size();
  if (entries == rank) return;
  throw UserError(with_inputs(
      diagnostic(ErrorCode::E1206, "{}: {} has {} entries, expected {}, one per axis", c.op, attribute, entries, rank),
      c));
}

int64_t window_count(const InferCtx& ctx, std::string_view axis_name, int64_t size, int64_t pad_begin, int64_t pad_end,
                     int64_t kernel, int64_t stride, int64_t dilation) {
  const int64_t extent = (kernel - 1) * dilation + 1, padded = size + pad_begin + pad_end;
  if (kernel < 1 || extent > padded)
    throw UserError(
        diagnostic(ErrorCode::E1205, "{}: window of {} elements does not fit into {} of axis {}", ctx.op, extent,
                   padded, axis_name)
            .note("input", to_string(ctx.type(0)))
            .note("hint", fmt::format("window = (kernel {} - 1) * dilation {} + 1, axis = {} + pads {} and {}", kernel,
                                      dilation, size, pad_begin, pad_end)));
  return (padded - extent) / stride + 1;
}

TensorType like_input(const InferCtx& ctx, Dims dims) { return {ctx.type(0).dtype, std::move(dims), {}}; }

}  // namespace tpuc::ops
