// Where calibration has decided which weights are rounded up and which down, so that a layer's results and not each of
// its weights err least, the weights take these values, as real numbers: what makes integers of them keeps them.
#include "passes/round_weights.h"

#include "passes/correct_bias.h"
#include "passes/filter_layout.h"
#include "passes/integer_weights.h"
#include "passes/passes.h"
#include "passes/quantize_plan.h"
#include "passes/weight_grid.h"
#include "tpuc/support/check.h"

namespace tpuc {
namespace {

struct Task {
  Op* op = nullptr;
  const WeightRounding* rounding = nullptr;
  int bits = 8;
  const ChannelValues* opt_means = nullptr;
};

UserError foreign_weights(const Op& op) {
  return UserError(diagnostic(ErrorCode::E3031,
                              "the calibration table rounds the weights of `{}`, and this network has others",
                              op.out(0)->name)
                       .note("hint",
                             "`tpuc calibrate --round` anew, with the same model, --outputs and shapes; or "
                             "--disable-pass round-weights"));
}

bool is_up(const std::vector<uint8_t>& bits, size_t i) { return (bits[i / 8] >> (i % 8) & 1) != 0; }

// exact: products of integers and f32 steps, rounded to f32 once: what they are made of can be found again.
std::vector<double> rounded(const std::vector<double>& weights, const WeightGrid& grid,
                            const std::vector<uint8_t>& bits) {
  std::vector<double> out;
  for (size_t i = 0; i < weights.size(); ++i) {
    const Choice choice = choice_at(grid, i, weights[i]);
    out.push_back(((is_up(bits, i) ? choice.high : choice.low) - grid.zeros[i]) * grid.steps[i]);
  }
  return out;
}

bool round(Graph& graph, const Task& task) {
  Op& op = *task.op;
  const std::vector<uint8_t>& bits = task.bits == 4 ? task.rounding->up4 : task.rounding->up8;
  const std::optional<FilterLayout> layout = filter_layout(op);
  if (bits.empty() || !layout) return false;
  const Tensor& old = op.in(1)->tensor();
  const auto count = static_cast<size_t>(old.count());
  if (task.rounding->weights != weights_name(op) || bits.size() != (count + 7) / 8) throw foreign_weights(op);
  const std::optional<WeightGrid> grid = weight_grid(op, *layout, task.bits);
  if (!grid) return false;
  Tensor made(old.dtype(), old.dims());
  made.assign_f64(rounded(old.to_f64(), *grid, bits));
  if (identical(made, old)) return false;
  std::optional<Tensor> bias;
  if (task.opt_means != nullptr) bias = corrected_bias(op, *task.opt_means, made.to_f64());
  graph.set_input(op, 1, graph.constant(std::move(made), op.in(1)->name));
  if (bias) set_bias(graph, op, *bias);
  return true;
}

}  // namespace

std::string weights_name(const Op& op) {
  const Hash& hash = op.in(1)->data->hash;
  return fmt::format("{:016x}{:016x}", hash.hi, hash.lo);
}

bool run_round_weights(Graph& graph, PassCtx& ctx) {
  if (ctx.options.roundings.empty() || states_quantization(graph)) return false;
  Quantization how;
  QuantizePlan plan;
  if (ctx.options.quantization) {
    how = ctx.options.quantization(graph);
    plan = plan_quantization(graph, how);
  }
  std::vector<Task> tasks;
  for (Op& op : graph.ops()) {
    const auto found = ctx.options.roundings.find(op.out(0)->name);
    if (found == ctx.options.roundings.end()) continue;
    const int wanted = ctx.options.weight_bits && takes_integer_weights(op) ? ctx.options.weight_bits(op) : 0;
    if (wanted == 0 && !plan.form_of(op)) continue;
    const auto means = how.means.find(op.in(0)->name);
    const bool knows_means = wanted == 0 && means != how.means.end();
    tasks.push_back({&op, &found->second, wanted == 0 ? 8 : wanted, knows_means ? &means->second : nullptr});
  }
  bool changed = false;
  for (const Task& task : tasks) changed |= round(graph, task);
  return changed;
}

}  // namespace tpuc
