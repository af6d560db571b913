// One op becomes a network of its own, which the back end compiles and simulates like any other.
#include "driver/chip_arithmetic.h"

#include <algorithm>
#include <array>

#include "ops/cast.h"
#include "ops/norm.h"
#include "ops/quantize.h"

namespace tpuc {
namespace {

// Operators of float results that round each element once, or only move elements. Whatever has no float result is exact
// too: integers, comparisons, indices.
constexpr std::array<std::string_view, 26> kExact{
    "abs",     "add",    "cast",   "ceil",    "clip",  "concat", "depth_to_space", "dequantize", "expand",
    "floor",   "gather", "lut",    "max",     "mul",   "min",    "max_pool2d",     "neg",        "pad",
    "permute", "relu",   "select", "reshape", "scale", "slice",  "space_to_depth", "sub"};

bool is_exact_on_host(const Op& op) {
  const DType t = op.out(0)->type.dtype;
  if (!is_float(t)) return true;
  if (op.is<ops::Scale>() && t != DType::F32) return false;  // the chip rounds the product of halves, too
  return std::find(kExact.begin(), kExact.end(), op.name()) != kExact.end();
}

bool has_bool(const Op& op) {
  const auto is_bool = [](const Value* v) { return v != nullptr && v->type.dtype == DType::Bool; };
  return std::any_of(op.in().begin(), op.in().end(), is_bool);
}

// Whether some value is held in 8 bits with a scale, as the chip rounds to it.
bool is_quantized(const Graph& graph) {
  const bool is_foreign = std::any_of(graph.ops().begin(), graph.ops().end(), [](const Op& op) {
    return op.is<ops::Quantize>() && op.attrs<ops::Quantize>().divides;
  });
  return !is_foreign && std::any_of(graph.ops().begin(), graph.ops().end(), [](const Op& op) {
    const TensorType& t = op.out(0)->type;
    return (t.dtype == DType::I8 || t.dtype == DType::U8) && t.quant.has_value();
  });
}

// Whether a lowering made halves of its floats.
bool has_lowered_halves(const Graph& graph) {
  const auto is_half = [](const Value* v) { return v->type.dtype == DType::F16 || v->type.dtype == DType::BF16; };
  return std::any_of(graph.ops().begin(), graph.ops().end(), [&](const Op& op) {
    return op.is<ops::Cast>() && op.attrs<ops::Cast>().origin == ops::Origin::Lowering &&
           (is_half(op.in(0)) || is_half(op.out(0)));
  });
}

// Runs the op alone on the chip's simulator, unless the host's arithmetic gives the same bits: then false, and nothing
// is done.
bool compute_as_chip(const Backend& backend, const Op& op, EvalArgs in, std::span<Tensor> out) {
  const DType precision = op.out(0)->type.dtype;
  if (out.size() != 1 || is_exact_on_host(op) || has_bool(op) || !backend.supports(op, precision).ok) return false;
  ConstantStore constants;
  Graph graph("op", constants);
  std::map<std::string, Tensor> inputs;
  std::vector<Value*> operands;
  for (size_t i = 0; i < op.in().size(); ++i) {
    if (op.in(i) == nullptr) {
      operands.push_back(nullptr);
    } else if (op.in(i)->is_constant()) {
      operands.push_back(graph.constant(in[i]));
    } else {
      operands.push_back(graph.input(op.in(i)->type, fmt::format("x{}", i)));
      inputs.emplace(operands.back()->name, in[i]);
    }
  }
  Op& copy = graph.add_op(op.def(), op.any_attrs(), std::move(operands), "y");
  graph.set_outputs({copy.out(0)});
  BackendOptions options;
  options.precision = precision;
  options.net_name = "op";
  ArtifactRun how;
  how.net = options.net_name;
  how.stage = 0;
  how.raw = true;
  RunOutcome outcome = backend.run(backend.compile(graph, options).bytes, inputs, how);
  out[0] = std::move(outcome.tensors.at(copy.out(0)->name)).reshaped(op.out(0)->type.dims);
  return true;
}

void compute_on_chip(const Backend& backend, ExecOptions& options) {
  options.flush_denormals = true;
  options.compute = [&backend](const Op& op, EvalArgs in, std::span<Tensor> out) {
    return compute_as_chip(backend, op, in, out);
  };
}

}  // namespace

void take_chip_arithmetic(const Graph& graph, const Backend& backend, ExecOptions& options) {
  if (is_quantized(graph)) compute_on_chip(backend, options);
}

void take_chip_arithmetic_of_halves(const Graph& graph, const Backend& backend, ExecOptions& options) {
  if (is_quantized(graph) || has_lowered_halves(graph)) compute_on_chip(backend, options);
}

}  // namespace tpuc
