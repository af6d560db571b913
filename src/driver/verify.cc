// Three levels on one sample. Overflow is looked for in the lowered graph, whose values carry the names of the float
// one's.
#include "driver/verify.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "driver/chip_arithmetic.h"
#include "driver/report.h"
#include "tpuc/runtime/executor.h"
#include "tpuc/support/check.h"

namespace tpuc {
namespace {

// Infinite where an element is infinite or NaN.
double largest_magnitude(const Tensor& t) {
  double largest = 0;
  for (const float x : t.to_f32()) {
    if (!std::isfinite(x)) return std::numeric_limits<double>::infinity();
    largest = std::max(largest, std::fabs(static_cast<double>(x)));
  }
  return largest;
}

// The value of the float graph that a value of the lowered one stands for: its own, or, where lowering made it (a
// cast), the one it was made from.
const std::string* float_name(const Value& v, const FloatResult& reference) {
  for (const Value* at = &v; at != nullptr; at = at->def == nullptr ? nullptr : at->def->in(0))
    if (const auto found = reference.largest.find(at->name); found != reference.largest.end()) return &found->first;
  return nullptr;
}

Diagnostic overflow_of(const Value& v, const FloatResult& reference) {
  const std::string* name = float_name(v, reference);
  const double largest = name != nullptr ? reference.largest.at(*name) : 0;
  std::string at;
  if (v.def != nullptr)
    for (const std::string& node : v.def->loc) at += (at.empty() ? "node '" : ", '") + node + "'";
  Diagnostic d =
      diagnostic(ErrorCode::E7002, "tensor `{}` is not finite in {}: its largest value in the float graph is {:.6g}",
                 name != nullptr ? *name : v.name, to_string(v.type.dtype), largest);
  if (!at.empty()) d.notes.emplace_back("at", at);
  if (name != nullptr) d.notes.emplace_back("table", precision_row(*name, DType::F32));
  return std::move(d).note("hint",
                           "it is the first such tensor on the sample: this row of a --precision-table, or --precision "
                           "f32, keeps it in range");
}

bool has_lost_output(const NamedTensors& outputs, const NamedTensors& reference) {
  return std::any_of(outputs.begin(), outputs.end(), [&](const auto& output) {
    const auto& [name, tensor] = output;
    const auto want = reference.find(name);
    return is_float(tensor.dtype()) && want != reference.end() && !std::isfinite(largest_magnitude(tensor)) &&
           std::isfinite(largest_magnitude(want->second));
  });
}

}  // namespace

FloatResult run_float(const Graph& graph, const NamedTensors& sample, unsigned threads) {
  FloatResult result;
  ExecOptions options;
  options.threads = threads;
  options.hook = [&](const Value& v, const Tensor& t) {
    if (is_float(t.dtype())) result.largest.emplace(v.name, largest_magnitude(t));
  };
  result.outputs = Executor(graph, options).run(feed(inputs_of(graph), sample, false));
  return result;
}

LoweredResult run_lowered(const Graph& graph, const Backend& backend, const NamedTensors& sample,
                          const FloatResult& reference, unsigned threads) {
  LoweredResult result;
  ExecOptions options;
  options.threads = threads;
  options.hook = [&](const Value& v, const Tensor& t) {
    if (result.overflow || !is_float(t.dtype()) || std::isfinite(largest_magnitude(t))) return;
    const std::string* name = float_name(v, reference);
    if (name == nullptr || std::isfinite(reference.largest.at(*name))) result.overflow = overflow_of(v, reference);
  };
  take_chip_arithmetic(graph, backend, options);
  result.outputs = results_of(graph, Executor(graph, options).run(feed(inputs_of(graph), sample, false)), false);
  // A mask's infinity that a softmax makes zero again does no harm.
  if (!has_lost_output(result.outputs, reference.outputs)) result.overflow.reset();
  return result;
}

Verification verify_artifact(std::span<const std::byte> artifact, const Backend& backend, const NamedTensors& sample,
                             const FloatResult& reference, const LoweredResult& lowered, const Tolerance& tolerance,
                             unsigned threads) {
  ArtifactRun how;
  how.threads = threads;
  const ArtifactNet net = backend.nets(artifact, false).front();
  how.net = net.name;
  how.stage = 0;
  const RunOutcome outcome = backend.run(artifact, feed(net.stages.front().inputs, sample, false), how);
  const std::vector<Comparison> pairs[] = {compare_all(lowered.outputs, reference.outputs),
                                           compare_all(outcome.tensors, lowered.outputs),
                                           compare_all(outcome.tensors, reference.outputs)};
  constexpr std::string_view kTitles[] = {"lowered graph against float graph", "bmodel against lowered graph",
                                          "bmodel against float graph"};
  Verification v;
  for (size_t i = 0; i < std::size(pairs); ++i) {
    v.table += fmt::format("{}:\n{}", kTitles[i], to_text(pairs[i], tolerance));
    v.failing += count_failing(pairs[i], tolerance);
  }
  return v;
}

}  // namespace tpuc
