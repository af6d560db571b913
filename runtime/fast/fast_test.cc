// Every fast version against the operator's own `eval`, on random shapes and attributes, in f32 and f16.
#include <cmath>

#include "ops/activation.h"
#include "ops/conv.h"
#include "ops/eltwise.h"
#include "ops/matmul.h"
#include "ops/norm.h"
#include "ops/pool.h"
#include "ops/reduce.h"
#include "ops/resize.h"
#include "ops/shape.h"
#include "ops/slice.h"
#include "ops/softmax.h"
#include "ops/weight_matmul.h"
#include "runtime/fast/fast_case.h"

namespace tpuc {
namespace {

ops::Activation pick_activation(Random& r) { return static_cast<ops::Activation>(r.between(0, 2)); }

TEST_CASE("fast convolutions equal their meaning", "[op]") {
  Random r;
  for (int i = 0; i < kRounds; ++i) {
    Case c;
    const DType t = pick_type(r);
    const int64_t group = r.coin() ? 1 : r.between(1, 4), in = r.between(1, 5), out = r.between(1, 5);
    const int64_t k = r.between(1, 3), h = r.between(7, 12), w = r.between(7, 12);
    ops::Conv2d::Attrs a;
    a.strides = {r.between(1, 3), r.between(1, 3)};
    a.dilations = {r.between(1, 2), r.between(1, 2)};
    a.pads = {r.between(0, 2), r.between(0, 2), r.between(0, 2), r.between(0, 2)};
    a.group = group;
    a.activation = pick_activation(r);
    std::vector<Value*> operands{c.operand(r.tensor(t, {r.between(1, 2), in * group, h, w})),
                                 c.operand(r.tensor(t, {out * group, in, k, r.between(1, 3)}), r.coin())};
    if (r.coin()) operands.push_back(c.operand(r.tensor(DType::F32, {out * group}), r.coin()));
    c.graph.add<ops::Conv2d>(operands, a);
    c.check(tolerance(t));
  }
}

TEST_CASE("fast transposed convolutions equal their meaning", "[op]") {
  Random r;
  for (int i = 0; i < kRounds; ++i) {
    Case c;
    const int64_t group = r.coin() ? 1 : r.between(1, 3), in = r.between(1, 5), out = r.between(1, 5);
    ops::ConvTranspose2d::Attrs a;
    a.strides = {r.between(1, 3), r.between(1, 3)};
    a.dilations = {r.between(1, 2), r.between(1, 2)};
    a.pads = {r.between(0, 1), r.between(0, 1), r.between(0, 1), r.between(0, 1)};
    a.output_pads = {r.between(0, 1), r.between(0, 1)};
    a.group = group;
    a.activation = pick_activation(r);
    a.filter = r.coin() ? ops::FilterOrder::Iohw : ops::FilterOrder::Oihw;
    const bool iohw = a.filter == ops::FilterOrder::Iohw;
    const Dims filter{(iohw ? in : out) * group, iohw ? out : in, r.between(2, 4), r.between(2, 4)};
    std::vector<Value*> operands{c.operand(r.tensor(DType::F32, {r.between(1, 2), in * group, 5, 6})),
                                 c.operand(r.tensor(DType::F32, filter), r.coin())};
    if (r.coin()) operands.push_back(c.operand(r.tensor(DType::F32, {out * group})));
    c.graph.add<ops::ConvTranspose2d>(operands, a);
    c.check(kClose);
  }
}

TEST_CASE("fast matrix products equal their meaning", "[op]") {
  Random r;
  for (int i = 0; i < kRounds; ++i) {
    Case c;
    const DType t = pick_type(r);
    const int64_t m = r.between(1, 9), k = r.between(1, 40), n = r.between(1, 20);
    ops::MatMul::Attrs at{r.coin(), r.coin(), pick_activation(r)};
    auto dims = [&](Dims batch, bool transposed, int64_t rows, int64_t cols) {
      batch.insert(batch.end(), {transposed ? cols : rows, transposed ? rows : cols});
      return batch;
    };
    const Dims batches[] = {{}, {3}, {2, 3}, {2, 1}, {1, 3}};
    const Dims left = batches[r.between(0, 4)], right = r.coin() ? Dims{} : batches[r.between(0, 4)];
    std::vector<Value*> operands{c.operand(r.tensor(t, dims(left, at.transpose_a, m, k))),
                                 c.operand(r.tensor(t, dims(right, at.transpose_b, k, n)), r.coin())};
    if (r.coin()) operands.push_back(c.operand(r.tensor(DType::F32, {n})));
    c.graph.add<ops::MatMul>(operands, at);
    c.check(tolerance(t));
  }
}

TEST_CASE("fast products with integer weights equal their meaning", "[op]") {
  Random r;
  for (int i = 0; i < kRounds; ++i) {
    Case c;
    const DType t = pick_type(r);
    const int64_t k = r.between(1, 200), n = r.between(1, 20), planes = r.between(1, 2);
    const ops::WeightMatMul::Attrs at{
        .bits = r.coin() ? 8 : 4, .group = r.coin() ? 0 : 32, .zero = 5, .activation = pick_activation(r)};
    Tensor q(DType::U8, {ops::stored_rows(k, at.bits), n});
    for (uint8_t& byte : q.as_mutable<uint8_t>()) byte = static_cast<uint8_t>(r.between(0, 255));
    Tensor steps = r.tensor(DType::F32, {at.group == 0 ? 1 : (k + 31) / 32, planes, n});
    std::vector<float> values = steps.to_f32();
    for (float& v : values) v *= 0.01f;
    steps.assign_f32(values);
    std::vector<Value*> operands{c.operand(r.tensor(t, {2, r.between(1, 9), k})), c.operand(q, true),
                                 c.operand(steps, true)};
    if (r.coin()) operands.push_back(c.operand(r.tensor(DType::F32, {n}), true));
    c.graph.add<ops::WeightMatMul>(operands, at);
    c.check(tolerance(t));
  }
}

TEST_CASE("fast products that read and write heads between rows and columns equal their meaning", "[op]") {
  Random r;
  for (int i = 0; i < kRounds; ++i) {
    Case c;
    const DType t = pick_type(r);
    const int64_t m = r.between(1, 9), k = r.between(1, 40), n = r.between(1, 20), heads = r.between(1, 4);
    ops::MatMul::Attrs at;
    at.transpose_b = r.coin();
    const std::vector<int64_t> swap{1, 0, 2};
    at.order_a = swap;
    if (r.coin()) at.order_b = swap;
    if (r.coin()) at.order_y = swap;
    Dims b{heads, at.transpose_b ? n : k, at.transpose_b ? k : n};
    if (!at.order_b.empty()) std::swap(b[0], b[1]);
    c.graph.add<ops::MatMul>({c.operand(r.tensor(t, {m, heads, k})), c.operand(r.tensor(t, b))}, at);
    c.check(tolerance(t));
  }
}

TEST_CASE("fast pools equal their meaning", "[op]") {
  Random r;
  for (int i = 0; i < kRounds; ++i) {
    Case c;
    const DType t = pick_type(r);
    Value* x = c.operand(r.tensor(t, {2, 3, r.between(6, 20), r.between(6, 40)}));
    const std::vector<int64_t> kernel{r.between(1, 3), r.between(1, 3)}, strides{r.between(1, 3), r.between(1, 3)};
    const std::vector<int64_t> pads{r.between(0, 1), r.between(0, 1), r.between(0, 2), r.between(0, 2)};
    const std::vector<int64_t> dilations{r.between(1, 2), r.between(1, 2)};
    if (r.coin()) {
      c.graph.add<ops::MaxPool2d>({x}, {.kernel = kernel, .strides = strides, .pads = pads, .dilations = dilations});
    } else if (r.coin()) {
      c.graph.add<ops::AvgPool2d>({x}, {.kernel = {x->type.dims[2], x->type.dims[3]}});
    } else {
      c.graph.add<ops::AvgPool2d>({x}, {.kernel = kernel,
                                        .strides = strides,
                                        .pads = pads,
                                        .dilations = dilations,
                                        .end_extra = {pads[2] / 2, pads[3] / 2},
                                        .count_include_pad = r.coin()});
    }
    c.check(tolerance(t));
  }
}

// Two shapes that broadcast to four axes.
std::pair<Dims, Dims> broadcast_pair(Random& r) {
  Dims a, b;
  for (int axis = 0; axis < 4; ++axis) {
    const int64_t n = r.between(1, 9), which = r.between(0, 3);
    a.push_back(which == 1 ? 1 : n);
    b.push_back(which == 2 ? 1 : n);
  }
  if (r.coin()) b.erase(b.begin(), b.begin() + r.between(1, 4));
  return {a, b};
}

TEST_CASE("fast elementwise operators equal their meaning", "[op]") {
  Random r;
  for (int i = 0; i < 4 * kRounds; ++i) {
    Case c;
    const DType t = pick_type(r);
    const auto [a, b] = broadcast_pair(r);
    Value* x = c.operand(r.tensor(t, a));
    Value* y = c.operand(r.tensor(t, b, 0.5f, 2.0f), r.coin());
    if (r.coin()) std::swap(x, y);
    const int64_t which = r.between(0, 5);
    if (which == 0) c.graph.add<ops::Add>({x, y}, {.activation = pick_activation(r)});
    if (which == 1) c.graph.add<ops::Sub>({x, y});
    if (which == 2) c.graph.add<ops::Mul>({x, y});
    if (which == 3) c.graph.add<ops::Div>({x, y});
    if (which == 4) c.graph.add<ops::Min>({x, y});
    if (which == 5) c.graph.add<ops::Max>({x, y});
    c.check(which == 3 ? kHalfClose : tolerance(t));
  }
}

template <class S>
void check_unary(typename S::Attrs attrs = {}, float low = -12, float high = 12) {
  Random r;
  for (const DType t : {DType::F32, DType::F16}) {
    Case c;
    c.graph.add<S>({c.operand(r.tensor(t, {3, 100, 77}, low, high))}, attrs);
    c.check(tolerance(t));
  }
}

TEST_CASE("fast activations equal their meaning", "[op]") {
  check_unary<ops::Relu>();
  check_unary<ops::Clip>({.min = -1, .max = 3});
  check_unary<ops::LeakyRelu>({.alpha = 0.1f});
  check_unary<ops::Sigmoid>();
  check_unary<ops::Tanh>();
  check_unary<ops::Silu>();
  check_unary<ops::HardSigmoid>();
  check_unary<ops::HardSwish>();
  check_unary<ops::Exp>({}, -10, 10);
  check_unary<ops::Log>({}, 0.1f, 9);
  check_unary<ops::Sqrt>({}, 0, 9);
  check_unary<ops::Erf>();
  check_unary<ops::Elu>({.alpha = 0.7f});
  check_unary<ops::Gelu>({.approximate = false});
  check_unary<ops::Gelu>({.approximate = true});
  check_unary<ops::Softplus>();
}

TEST_CASE("fast norms equal their meaning", "[op]") {
  Random r;
  for (int i = 0; i < kRounds; ++i) {
    const DType t = pick_type(r);
    const Dims dims{2, 6, r.between(1, 7), r.between(1, 7)};
    auto run = [&](auto&& add, int64_t length, size_t vectors) {
      Case c;
      std::vector<Value*> operands{c.operand(r.tensor(t, dims))};
      for (size_t v = 0; v < vectors; ++v) operands.push_back(c.operand(r.tensor(DType::F32, {length}, 0.5f, 1.5f)));
      add(c.graph, operands);
      c.check(10 * tolerance(t));
    };
    run([&](Graph& g, const auto& in) { g.add<ops::Scale>(in, {.activation = pick_activation(r)}); }, 6,
        static_cast<size_t>(r.between(1, 2)));
    run([](Graph& g, const auto& in) { g.add<ops::BatchNorm>(in); }, 6, 4);
    run([](Graph& g, const auto& in) { g.add<ops::LayerNorm>(in, {.axis = 3}); }, dims[3], 2);
    run([](Graph& g, const auto& in) { g.add<ops::LayerNorm>(in, {.axis = 1}); }, 1, 0);
    run([](Graph& g, const auto& in) { g.add<ops::RmsNorm>(in, {.axis = 3}); }, dims[3], 1);
    run([](Graph& g, const auto& in) { g.add<ops::GroupNorm>(in, {.groups = 2}); }, 6, 2);
    run([](Graph& g, const auto& in) { g.add<ops::InstanceNorm>(in); }, 6, dims[2] * dims[3] > 2 ? 2 : 0);
  }
}

TEST_CASE("fast softmax and reductions equal their meaning", "[op]") {
  Random r;
  for (int i = 0; i < 2 * kRounds; ++i) {
    Case c;
    const DType t = pick_type(r);
    Value* x = c.operand(r.tensor(t, {r.between(1, 4), r.between(1, 80), r.between(1, 9), r.between(1, 80)}));
    const int64_t which = r.between(0, 2);
    if (which == 0) c.graph.add<ops::Softmax>({x}, {.axis = r.between(0, 3)});
    if (which == 1) c.graph.add<ops::LogSoftmax>({x}, {.axis = r.between(0, 3)});
    if (which == 2) {
      const int64_t first = r.between(0, 3), last = r.between(first, 3);
      std::vector<int64_t> axes;
      for (int64_t axis = first; axis <= last; ++axis) axes.push_back(axis);
      auto kind = static_cast<ops::ReduceKind>(r.between(0, 7));
      if (t == DType::F16 || kind == ops::ReduceKind::Prod) kind = ops::ReduceKind::Mean;
      c.graph.add<ops::Reduce>({x}, {.kind = kind, .axes = axes, .keep_dims = r.coin()});
    }
    c.check(which == 2 ? 10 * tolerance(t) : tolerance(t));
  }
}

TEST_CASE("fast searches equal their meaning", "[op]") {
  Random r;
  for (int i = 0; i < kRounds; ++i) {
    Case c;
    Value* x = c.operand(r.tensor(pick_type(r), {r.between(1, 3), r.between(1, 40), r.between(1, 30)}, -4, 4));
    // Whole numbers have equal elements to choose from.
    if (r.coin()) x = c.graph.add<ops::Round>({x}).out(0);
    const ops::ArgAttrs a{r.between(0, 2), r.coin(), r.coin()};
    if (r.coin()) {
      c.graph.add<ops::ArgMax>({x}, a);
    } else {
      c.graph.add<ops::ArgMin>({x}, a);
    }
    c.check(kExact);
  }
}

TEST_CASE("fast moves equal their meaning bit for bit", "[op]") {
  Random r;
  for (int i = 0; i < 4 * kRounds; ++i) {
    Case c;
    const DType t = i % 3 == 0 ? DType::F16 : i % 3 == 1 ? DType::F32 : DType::I64;
    const Dims d{r.between(1, 4), r.between(1, 20), r.between(2, 20), r.between(2, 20)};
    Value* x = c.operand(r.tensor(t, d, -100, 100));
    std::vector<int64_t> order{0, 1, 2, 3};
    for (size_t k = 3; k > 0; --k)
      std::swap(order[k], order[static_cast<size_t>(r.between(0, static_cast<int64_t>(k)))]);
    const int64_t which = r.between(0, 5), axis = r.between(0, 3);
    if (which == 0) c.graph.add<ops::Permute>({x}, {.order = order});
    if (which == 1)
      c.graph.add<ops::Slice>({x}, {.starts = {0, d[1] - 1, 1, 0},
                                    .steps = {1, -1, 1, 2},
                                    .sizes = {d[0], r.between(1, d[1]), d[2] - 1, d[3] / 2}});
    if (which == 2) c.graph.add<ops::Concat>({x, x, x}, {.axis = axis});
    if (which == 3) c.graph.add<ops::Pad>({x}, {.begin = {0, 1, 2, 0}, .end = {1, 0, 0, 3}, .value = 7});
    if (which == 4) c.graph.add<ops::Reshape>({x}, {.shape = {element_count(d)}});
    if (which == 5) c.graph.add<ops::Expand>({x}, {.shape = {2, d[0], d[1], d[2], d[3]}});
    c.check(kExact);
  }
}

TEST_CASE("fast depth and space moves equal their meaning bit for bit", "[op]") {
  Random r;
  for (const auto mode : {ops::DepthMode::Dcr, ops::DepthMode::Crd}) {
    Case c;
    c.graph.add<ops::DepthToSpace>({c.operand(r.tensor(DType::F32, {2, 18, 4, 5}))}, {.block = 3, .mode = mode});
    c.check(kExact);
  }
  Case c;
  c.graph.add<ops::SpaceToDepth>({c.operand(r.tensor(DType::F32, {2, 3, 4, 6}))}, {.block = 2});
  c.check(kExact);
}

TEST_CASE("fast resizing equals its meaning", "[op]") {
  Random r;
  for (int i = 0; i < 4 * kRounds; ++i) {
    Case c;
    const Dims d{1, r.between(1, 3), r.between(2, 12), r.between(2, 12)};
    ops::Resize::Attrs a;
    a.mode = static_cast<ops::ResizeMode>(r.between(0, 2));
    a.coordinates = static_cast<ops::Coordinates>(r.between(0, 5));
    a.nearest_mode = static_cast<ops::NearestMode>(r.between(0, 4));
    a.exclude_outside = r.coin();
    a.antialias = r.coin();
    a.sizes = {1, d[1], r.between(1, 25), r.between(1, 25)};
    for (size_t k = 0; k < 4; ++k) a.scales.push_back(static_cast<float>(a.sizes[k]) / static_cast<float>(d[k]));
    c.graph.add<ops::Resize>({c.operand(r.tensor(DType::F32, d))}, a);
    c.check(kClose);
  }
}

}  // namespace
}  // namespace tpuc
