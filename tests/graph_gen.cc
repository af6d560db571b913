// See graph_gen.h. Each step picks a value made so far and an operator that fits its type and rank.
#include "graph_gen.h"

#include <algorithm>
#include <numeric>
#include <random>

#include "ops/activation.h"
#include "ops/cast.h"
#include "ops/conv.h"
#include "ops/eltwise.h"
#include "ops/matmul.h"
#include "ops/norm.h"
#include "ops/pool.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/slice.h"

namespace tpuc::test {
namespace {

using namespace ops;

class Generator {
 public:
  Generator(Graph& graph, uint64_t seed, const GenOptions& options) : graph_(graph), random_(seed), options_(options) {}

  void run() {
    values_.push_back(graph_.input({DType::F32, image_dims(), {}}, "image"));
    values_.push_back(graph_.input({DType::F32, row_dims(), {}}, "rows"));
    for (int i = 0; i < options_.ops; ++i) {
      Value* v = step(*values_[static_cast<size_t>(below(static_cast<int64_t>(values_.size())))]);
      if (v == nullptr || element_count(v->type) > 4096 * options_.scale * options_.scale) continue;
      v->def->loc = {fmt::format("node_{}", i)};
      if (options_.with_odd_names && below(3) == 0)
        graph_.rename(v, fmt::format("odd \"name\" \\ {}\x01\xff:{}", i, below(100)));
      values_.push_back(v);
    }
    std::vector<Value*> outputs;
    for (Value* v : values_)
      if (v->uses.empty() && v->def != nullptr) outputs.push_back(v);
    graph_.set_outputs(std::move(outputs));
  }

 private:
  Dims image_dims() {
    const int64_t channels = 1 + below(3), height = 2 + below(4), width = 2 + below(4);
    return {1, channels, height * options_.scale, width * options_.scale};
  }
  Dims row_dims() {
    const int64_t rows = 2 + below(3), columns = 1 + below(4);
    return {rows * options_.scale, columns};
  }
  int64_t below(int64_t n) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(n)); }

  Value* constant(Dims dims) {
    std::vector<float> values(static_cast<size_t>(element_count(dims)));
    for (float& x : values) x = static_cast<float>(below(41) - 20) / 16.0f;
    return graph_.constant(Tensor::from_f32(std::move(dims), values));
  }
  Value* positive(int64_t n) {
    std::vector<float> values(static_cast<size_t>(n));
    for (float& x : values) x = static_cast<float>(1 + below(20)) / 8.0f;
    return graph_.constant(Tensor::from_f32({n}, values));
  }
  template <class S>
  Value* add(std::vector<Value*> in, typename S::Attrs attrs = {}) {
    return graph_.add<S>(std::move(in), std::move(attrs)).out(0);
  }

  Value* step(Value& x) {
    switch (below(6)) {
      case 0:
        return unary(x);
      case 1:
        return binary(x);
      case 2:
        return move(x);
      case 3:
        return cut(x);
      default:
        return x.type.dims.size() == 4 ? image_op(x) : x.type.dims.size() == 2 ? row_op(x) : unary(x);
    }
  }

  Value* unary(Value& x) {
    switch (below(6)) {
      case 0:
        return add<Relu>({&x});
      case 1:
        return add<Clip>({&x}, {.min = 0.0f, .max = below(2) == 0 ? 6.0f : std::numeric_limits<float>::max()});
      case 2:
        return add<Mul>({&x, add<Sigmoid>({&x})});
      case 3:
        return add<Cast>(
            {add<Cast>({&x}, {.to = DType::F16, .origin = below(2) == 0 ? Origin::Model : Origin::Lowering})});
      case 4:
        return add<HardSigmoid>({&x}, {.alpha = 1.0f / 6.0f});
      default:
        return add<LeakyRelu>({&x}, {.alpha = 0.1f});
    }
  }

  Value* binary(Value& x) {
    Dims dims = x.type.dims;
    for (int64_t& d : dims)
      if (below(2) == 0) d = 1;
    dims.erase(dims.begin(), dims.begin() + below(static_cast<int64_t>(dims.size())));
    Value* c = below(4) == 0 ? &x : constant(dims);
    switch (below(4)) {
      case 0:
        return add<Add>({&x, c});
      case 1:
        return add<Sub>({&x, c});
      case 2:
        return add<Max>({c, &x});
      default:
        return add<Mul>({c->is_constant() ? c : add<Sigmoid>({&x}), &x});
    }
  }

  Value* move(Value& x) {
    const auto& dims = x.type.dims;
    Permute::Attrs permute{std::vector<int64_t>(dims.size())};
    std::iota(permute.order.begin(), permute.order.end(), 0);
    switch (below(3)) {
      case 0:
        std::shuffle(permute.order.begin(), permute.order.end(), random_);
        return add<Permute>({&x}, permute);
      case 1:
        return add<Reshape>({&x}, {.shape = {dims[0], element_count(dims) / dims[0]}});
      default:
        return add<Reshape>({&x}, {.shape = {1, 1, dims[0], element_count(dims) / dims[0]}});
    }
  }

  Value* cut(Value& x) {
    const Dims& dims = x.type.dims;
    const auto axis = static_cast<size_t>(below(static_cast<int64_t>(dims.size())));
    if (below(3) == 0) return add<Concat>({&x, &x}, {.axis = static_cast<int64_t>(axis)});
    Slice::Attrs slice{Dims(dims.size(), 0), Dims(dims.size(), 1), dims};
    slice.sizes[axis] = 1 + below(dims[axis]);
    slice.starts[axis] = below(dims[axis] - slice.sizes[axis] + 1);
    if (below(3) == 0 && slice.sizes[axis] > 1) {
      slice.starts[axis] += slice.sizes[axis] - 1;
      slice.steps[axis] = -1;
    }
    return add<Slice>({&x}, slice);
  }

  Value* image_op(Value& x) {
    const Dims& d = x.type.dims;
    const int64_t out = 1 + below(3);
    switch (below(6)) {
      case 0:
        return add<Conv2d>({&x, constant({out, d[1], 1, 1}), constant({out})});
      case 1:
        return add<Conv2d>({pad(x), constant({d[1], 1, 3, 3})}, {.group = d[1]});
      case 2:
        return add<ConvTranspose2d>({&x, constant({d[1], out, 2, 2})}, {.strides = {2, 2}});
      case 3:
        return add<BatchNorm>({&x, constant({d[1]}), constant({d[1]}), constant({d[1]}), positive(d[1])});
      case 4:
        return below(2) == 0 ? add<AvgPool2d>({pad(x)}, {.kernel = {2, 2}})
                             : add<MaxPool2d>({pad(x)}, {.kernel = {2, 2}});
      default:
        return add<Reduce>({&x}, {.kind = ReduceKind::Mean, .axes = {2, 3}, .keep_dims = below(2) == 0});
    }
  }
  Value* pad(Value& x) { return add<Pad>({&x}, {.begin = {0, 0, 1, 1}, .end = {0, 0, 1, 1}}); }

  Value* row_op(Value& x) {
    const Dims& d = x.type.dims;
    const int64_t columns = 1 + below(4);
    switch (below(3)) {
      case 0:
        return add<MatMul>({&x, constant({d[1], columns})});
      case 1:
        return add<Add>({add<MatMul>({&x, constant({columns, d[1]})}, {.transpose_b = true}), constant({columns})});
      default:
        return add<MatMul>({&x, add<Permute>({&x}, {.order = {1, 0}})});
    }
  }

  Graph& graph_;
  std::mt19937_64 random_;
  const GenOptions& options_;
  std::vector<Value*> values_;
};

}  // namespace

Module random_module(uint64_t seed, const GenOptions& options) {
  Module m;
  m.nets.push_back({"random", {}});
  m.nets[0].stages.push_back(std::make_unique<Graph>("random", *m.constants));
  Generator(*m.nets[0].stages[0], seed, options).run();
  return m;
}

}  // namespace tpuc::test
