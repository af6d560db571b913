// See the header. Shares do not change where all of a line is moved: where the exponentials of all 256 values are far
// from the ends of f32 one table for all lines will do; else it is of distances from the largest of each line.
#include "passes/quantize_softmax.h"

#include <algorithm>
#include <cmath>

#include "ops/eltwise.h"
#include "ops/softmax.h"
#include "ops/table_softmax.h"

namespace tpuc {
namespace {

constexpr double kWidest = 80;  // e^-80 and its reciprocal, times all that a sum or a scale may be, are normal numbers

// A mask, and no other term of the scores: some of it leads out of their range.
bool adds_mask(const Value* sum, const QuantizedValues& values) {
  const Value* opt_scores = masked_scores(values.graph(), sum);
  if (opt_scores == nullptr) return false;
  const QuantParams& mask = values.params(sum->def->in(sum->def->in(0) == opt_scores ? 1 : 0));
  return double(mask.scale) * (mask.lowest() - mask.zero) <= kMaskEnd / 2;
}

constexpr float kMasked = 1e-30F;  // nothing beside any score; lines that are masked throughout are shared out evenly

// Entry k: of the byte k, or of the distance k - 256, 0 being 0.
Tensor exponentials(const QuantParams& p, bool below_top, bool has_mask) {
  std::vector<float> entries(256);
  for (int byte = 0; byte < 256; ++byte) {
    const int q = p.dtype == DType::I8 && byte > 127 ? byte - 256 : byte;
    const int below = below_top ? (256 - byte) % 256 : p.highest() - q;
    const double distance = double(p.scale) * below;
    entries[static_cast<size_t>(byte)] = distance > kWidest ? 0.0F : static_cast<float>(std::exp(-distance));
  }
  if (has_mask && !below_top) entries[static_cast<uint8_t>(p.lowest())] = kMasked;
  return Tensor::from_f32({256}, entries);
}

}  // namespace

bool is_table_softmax(const Op& op) {
  if (!op.is<ops::Softmax>() || op.in(0)->is_constant()) return false;
  return op.in(0)->type.dims[static_cast<size_t>(op.attrs<ops::Softmax>().axis)] <= ops::TableSoftmax::kLongest;
}

const Value* masked_scores(const Graph& graph, const Value* v) {
  constexpr int64_t kMaskShare = 4;  // elements of scores to one of a mask at run time, which is cast first
  if (v->def == nullptr || !v->def->is<ops::Add>() || graph.is_output(v)) return nullptr;
  if (v->def->attrs<ops::Add>().activation != ops::Activation::None) return nullptr;
  const auto& uses = v->uses;
  if (!std::all_of(uses.begin(), uses.end(), [](const Op* user) { return is_table_softmax(*user); })) return nullptr;
  const int64_t count = element_count(v->type.dims);
  for (size_t i = 0; i < 2; ++i) {
    const Value *mask = v->def->in(i), *scores = v->def->in(1 - i);
    const bool is_small = mask->is_constant() || element_count(mask->type.dims) * kMaskShare <= count;
    if (is_small && !scores->is_constant() && element_count(scores->type.dims) == count) return scores;
  }
  return nullptr;
}

bool is_mask(const Graph& graph, const Value* v) {
  return !v->uses.empty() && std::all_of(v->uses.begin(), v->uses.end(), [&](const Op* user) {
    const Value* opt_scores = user->is<ops::Add>() ? masked_scores(graph, user->out(0)) : nullptr;
    return opt_scores != nullptr && opt_scores != v;
  });
}

void quantize_softmax(Op& op, QuantizedValues& values) {
  const QuantParams &x = values.params(op.in(0)), &y = values.params(op.out(0));
  const bool below_top = 255 * double(x.scale) > kWidest;
  Value* table = values.graph().constant(exponentials(x, below_top, adds_mask(op.in(0), values)), "exponentials");
  const ops::TableSoftmax::Attrs attrs{op.attrs<ops::Softmax>().axis, below_top, y.scale, y.zero, y.dtype};
  values.hold(op, values.graph().add<ops::TableSoftmax>({values.integer_of(op.in(0), &op), table}, attrs, {}, &op));
}

}  // namespace tpuc
