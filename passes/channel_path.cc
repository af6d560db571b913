// See the header.
#include "passes/channel_path.h"

#include <algorithm>

#include "ops/activation.h"
#include "ops/conv.h"
#include "ops/matmul.h"
#include "ops/norm.h"
#include "ops/pool.h"
#include "passes/filter_layout.h"

namespace tpuc {
namespace {

using namespace ops;

bool is_private(const Graph& graph, const Value& v) { return v.uses.size() == 1 && !graph.is_output(&v); }

bool keeps_scales(const Op& op) {
  if (op.is<PRelu>()) return op.in(1)->is_constant();
  return op.is<Relu>() || op.is<LeakyRelu>() || op.is<MaxPool2d>() || op.is<AvgPool2d>();
}

bool is_constant_or_absent(const Value* v) { return v == nullptr || v->is_constant(); }

// The axis of its channels, where the producer can divide them.
std::optional<int64_t> divided_axis(const Op& op) {
  const int64_t last = static_cast<int64_t>(op.out(0)->type.dims.size()) - 1;
  const auto is_linear = [](Activation a) { return a != Activation::Relu6; };
  if (op.is<LayerNorm>() || op.is<RmsNorm>()) {
    const int64_t axis = op.is<LayerNorm>() ? op.attrs<LayerNorm>().axis : op.attrs<RmsNorm>().axis;
    const bool has_gamma =
        op.in(1) != nullptr && op.in(1)->is_constant() && op.in(1)->tensor().count() == op.out(0)->type.dims.back();
    const bool has_beta = is_constant_or_absent(op.in(2)) &&
                          (op.in(2) == nullptr || op.in(2)->tensor().count() == op.in(1)->tensor().count());
    return axis == last && has_gamma && has_beta ? std::optional(last) : std::nullopt;
  }
  if (op.is<Scale>()) {
    const bool fits = op.in(1)->is_constant() && is_constant_or_absent(op.in(2));
    return fits && is_linear(op.attrs<Scale>().activation) ? std::optional<int64_t>(1) : std::nullopt;
  }
  if (!filter_layout(op) || !is_constant_or_absent(op.in(2))) return {};
  if (op.is<Conv2d>()) return is_linear(op.attrs<Conv2d>().activation) ? std::optional<int64_t>(1) : std::nullopt;
  if (op.is<ConvTranspose2d>())
    return is_linear(op.attrs<ConvTranspose2d>().activation) ? std::optional<int64_t>(1) : std::nullopt;
  const auto& attrs = op.attrs<MatMul>();
  return attrs.order_y.empty() && is_linear(attrs.activation) ? std::optional(last) : std::nullopt;
}

using FactorOf = std::function<double(size_t)>;  // of an element

Value* multiplied(Graph& graph, const Value& v, const FactorOf& factor) {
  std::vector<double> values = v.tensor().to_f64();
  for (size_t i = 0; i < values.size(); ++i) values[i] *= factor(i);
  Tensor t(v.type.dtype, v.type.dims);
  t.assign_f64(values);
  return graph.constant(std::move(t), v.name);
}

void divide_results(Graph& graph, Op& op, const std::vector<double>& scales) {
  const auto by_vector = [&](size_t i) { return 1 / scales[i]; };
  const std::optional<FilterLayout> layout = filter_layout(op);
  const auto by_output = [&](size_t i) {
    return 1 / scales[static_cast<size_t>(layout->output(static_cast<int64_t>(i)))];
  };
  graph.set_input(op, 1, multiplied(graph, *op.in(1), layout ? FactorOf(by_output) : FactorOf(by_vector)));
  if (op.in(2) != nullptr) graph.set_input(op, 2, multiplied(graph, *op.in(2), by_vector));
}

}  // namespace

std::optional<ChannelPath> channel_path(const Graph& graph, Value& v) {
  if (v.def == nullptr || v.type.dtype != DType::F32 || graph.is_output(&v) || v.uses.empty()) return {};
  ChannelPath path;
  path.read = &v;
  for (Op* user : v.uses) {
    const std::optional<FilterLayout> layout = filter_layout(*user);
    if (!layout || user->in(0) != &v || user->in(1)->type.dtype != DType::F32) return {};
    if (!path.readers.empty() && layout->input_axis != path.axis) return {};
    path.readers.push_back(user);
    path.axis = layout->input_axis, path.channels = layout->inputs;
  }
  path.producer = v.def;
  while (keeps_scales(*path.producer)) {
    Value* before = path.producer->in(0);
    if (path.axis != 1 || before->def == nullptr || !is_private(graph, *before)) return {};
    path.producer = before->def;
  }
  const auto is_f32 = [](const Value* c) { return c == nullptr || c->type.dtype == DType::F32; };
  const std::optional<int64_t> axis = divided_axis(*path.producer);
  if (!axis || *axis != path.axis || !is_f32(path.producer->in(1)) || !is_f32(path.producer->in(2))) return {};
  return path;
}

void divide_channels(Graph& graph, const ChannelPath& path, const std::vector<double>& scales) {
  TPUC_CHECK(static_cast<int64_t>(scales.size()) == path.channels, "{}: {} scales for {} channels", path.read->name,
             scales.size(), path.channels);
  divide_results(graph, *path.producer, scales);
  for (Op* reader : path.readers) {
    const FilterLayout layout = *filter_layout(*reader);
    graph.set_input(*reader, 1, multiplied(graph, *reader->in(1), [&](size_t i) {
      return scales[static_cast<size_t>(layout.input(static_cast<int64_t>(i)))];
    }));
  }
}

}  // namespace tpuc
