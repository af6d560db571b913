// Rounded weights are off by a little, and what they multiply is seldom zero on average: the sum is off by its mean,
// E[x] * (W - Wq), in every position alike. That much is added to the bias, which costs nothing on the chip. The border
// of a padded image sees a little too much of it.
#include "passes/correct_bias.h"

#include <algorithm>

#include "ops/conv.h"
#include "ops/matmul.h"
#include "passes/filter_layout.h"
#include "passes/passes.h"
#include "passes/quantize_plan.h"

namespace tpuc {
namespace {

using namespace ops;

// What the rounding of the weights takes from each output channel, on average.
std::vector<double> expected_loss(const Op& op, const FilterLayout& layout, const std::vector<float>& means,
                                  const std::vector<double>& rounded) {
  const std::vector<double> weights = op.in(1)->tensor().to_f64();
  std::vector<double> loss(static_cast<size_t>(layout.outputs));
  for (size_t i = 0; i < weights.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    loss[static_cast<size_t>(layout.output(at))] +=
        (weights[i] - rounded[i]) * means[static_cast<size_t>(layout.input(at))];
  }
  return loss;
}

bool fits(const FilterLayout& layout, const ChannelValues& means) {
  return layout.input_axis == means.axis && layout.inputs == static_cast<int64_t>(means.values.size());
}

}  // namespace

std::optional<Tensor> corrected_bias(const Op& op, const ChannelValues& means) {
  const std::optional<FilterLayout> layout = filter_layout(op);
  if (!layout || !fits(*layout, means)) return {};
  return corrected_bias(op, means, real_weights(quantized_weights(op, *layout, false), *layout));
}

std::optional<Tensor> corrected_bias(const Op& op, const ChannelValues& means, const std::vector<double>& rounded) {
  const std::optional<FilterLayout> layout = filter_layout(op);
  if (!layout || !fits(*layout, means)) return {};
  std::vector<double> bias = expected_loss(op, *layout, means.values, rounded);
  if (std::all_of(bias.begin(), bias.end(), [](double x) { return x == 0; })) return {};
  std::vector<float> own;
  if (op.in(2) != nullptr) {
    own = op.in(2)->tensor().to_f32();
    for (size_t i = 0; i < bias.size(); ++i) bias[i] += own[i];
  }
  const std::vector<float> sums(bias.begin(), bias.end());
  if (sums == own) return {};  // a bias so large that the loss is less than its last bit
  return Tensor::from_f32({layout->outputs}, sums);
}

Op& set_bias(Graph& graph, Op& op, const Tensor& bias) {
  Value* corrected = graph.constant(bias, "bias");
  if (op.in().size() > 2) {
    graph.set_input(op, 2, corrected);
    return op;
  }
  std::vector<Value*> in = op.in();
  in.push_back(corrected);
  Op& made = graph.add_op(op.def(), op.any_attrs(), std::move(in), {}, &op);
  made.loc = op.loc;
  const std::string name = op.out(0)->name;
  graph.replace_uses(op.out(0), made.out(0));
  graph.erase(op);
  graph.rename(made.out(0), name);
  return made;
}

bool run_correct_bias(Graph& graph, PassCtx& ctx) {
  if (!ctx.options.quantization) return false;
  const Quantization how = ctx.options.quantization(graph);
  if (how.means.empty() || states_quantization(graph)) return false;
  const QuantizePlan plan = plan_quantization(graph, how);
  std::vector<Op*> ops;
  for (Op& op : graph.ops())
    if (plan.form_of(op)) ops.push_back(&op);
  bool changed = false;
  for (Op* op : ops) {
    const auto means = how.means.find(op->in(0)->name);
    if (means == how.means.end()) continue;
    const std::optional<Tensor> bias = corrected_bias(*op, means->second);
    if (!bias) continue;
    set_bias(graph, *op, *bias);
    changed = true;
  }
  return changed;
}

}  // namespace tpuc
