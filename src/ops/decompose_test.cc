// What an operator is spelled out as has the operator's value: every decomposition against the reference.
#include <catch2/catch.hpp>
#include <map>
#include <random>

#include "ops/eltwise.h"
#include "ops/gather.h"
#include "ops/grid_sample.h"
#include "ops/norm.h"
#include "ops/op_case.h"
#include "ops/pool.h"
#include "ops/reduce.h"
#include "ops/resize.h"
#include "ops/softmax.h"

namespace tpuc::ops::test {
namespace {

Tensor noise(Dims dims, double low = -2, double high = 2) {
  static std::mt19937 rng(5);
  std::uniform_real_distribution<double> u(low, high);
  std::vector<double> v(static_cast<size_t>(element_count(dims)));
  for (double& x : v) x = u(rng);
  return typed(DType::F32, std::move(dims), v);
}

Tensor computed(const Graph& g, const Value* v, std::map<const Value*, Tensor> known) {
  for (const Op& op : g.ops()) {
    std::vector<const Tensor*> in;
    for (const Value* x : op.in())
      in.push_back(x == nullptr ? nullptr : x->is_constant() ? &x->tensor() : &known.at(x));
    known.insert_or_assign(op.out(0), std::move(evaluate(op, in).front()));
  }
  return known.at(v);
}

// Names of the parts, once each is spelled out for itself as often as `depth` says; the value is compared.
template <class S>
std::string parts_of(const std::vector<Tensor>& in, typename S::Attrs attrs, double tolerance = 1e-5) {
  Module module;
  Graph g("g", *module.constants);
  Values inputs;
  std::map<const Value*, Tensor> known;
  for (const Tensor& t : in) {
    inputs.push_back(g.input(t.type, "x"));
    known.emplace(inputs.back(), t);
  }
  Op& op = g.add<S>(inputs, attrs, "y");
  Builder b(g, {}, &op);
  const Values parts = op.def().decompose(op, b);
  if (parts.empty()) return "none";
  CHECK(parts[0]->type == op.out(0)->type);
  const Reals got = computed(g, parts[0], known).to_f64(), want = eval<S>(in, attrs).to_f64();
  for (size_t i = 0; i < want.size(); ++i) {
    INFO(S::kName << " element " << i << ": " << got[i] << " instead of " << want[i]);
    CHECK(std::abs(got[i] - want[i]) <= tolerance * (1 + std::abs(want[i])));
  }
  std::string names;
  for (const Op& o : g.ops())
    if (&o != &op) names += (names.empty() ? "" : " ") + std::string(o.name());
  return names;
}

TEST_CASE("a reduction runs group by group, and a long one in parts", "[op]") {
  using K = ReduceKind;
  for (const K kind : {K::Sum, K::Mean, K::Max, K::Min, K::Prod, K::L1, K::L2, K::SumSquare}) {
    const double low = kind == K::Prod ? 0.99 : -2, high = kind == K::Prod ? 1.01 : 2;
    parts_of<Reduce>({noise({3, 4, 5, 6, 2}, low, high)}, {kind, {0, 2, 3}, false});
    parts_of<Reduce>({noise({3, 20000}, low * 0.9999, high)}, {K::Sum == kind ? K::Sum : kind, {1}, true}, 1e-3);
    parts_of<Reduce>({noise({3, 10007}, low, high)}, {kind, {1}, true}, 1e-3);  // a prime
  }
  CHECK(parts_of<Reduce>({noise({2, 16384})}, {K::Sum, {1}, true}) == "reshape reduce reshape reduce reshape");
  CHECK(parts_of<Reduce>({noise({2, 3, 4})}, {K::Sum, {1}, true}) == "none");
  CHECK(parts_of<Reduce>({i64({2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8})}, {K::Sum, {0, 2}, true}) == "none");
}

TEST_CASE("integers are reduced by halves, and searched by comparing with the extreme", "[op]") {
  const Tensor x = typed(DType::I32, {2, 5, 3}, {3,  -7, 0,  9,  9, 1, -2, 4, 9,  9, -7, 5, 16777217, 16777216, 2,
                                                 -1, -1, -1, -5, 0, 7, 7,  2, -5, 3, 3,  3, 1,        -5,       7});
  using K = ReduceKind;
  for (const K kind : {K::Sum, K::Mean, K::Max, K::Min, K::L1}) {
    parts_of<Reduce>({x}, {kind, {1}, true}, 0);
    parts_of<Reduce>({x}, {kind, {0, 2}, false}, 0);
    parts_of<Reduce>({x}, {kind, {0, 1, 2}, false}, 0);
  }
  const Tensor small = typed(DType::I32, {2, 3}, {3, -7, 5, 2, 4, -1});
  for (const K kind : {K::Prod, K::SumSquare}) parts_of<Reduce>({small}, {kind, {1}, false}, 0);
  CHECK(parts_of<Reduce>({small}, {K::L2, {1}, true}) == "none");
  for (const int64_t axis : {0, 1, 2})
    for (const bool last : {false, true}) {
      parts_of<ArgMax>({x}, {axis, true, last, DType::I32}, 0);
      parts_of<ArgMin>({x}, {axis, false, last, DType::I32}, 0);
    }
}

TEST_CASE("normalizations by reductions and elementwise operators", "[op]") {
  parts_of<InstanceNorm>({noise({2, 3, 5, 7}), noise({3}), noise({3})}, {});
  parts_of<GroupNorm>({noise({2, 6, 5, 7}), noise({6}), noise({6})}, {.groups = 2});
  parts_of<GroupNorm>({noise({2, 6, 9})}, {.groups = 3});
  parts_of<LayerNorm>({noise({2, 3, 20}), noise({3, 20}), noise({1})}, {.axis = 1});
  parts_of<LayerNorm>({noise({2, 3, 20}), noise({20})}, {.axis = 2});
  parts_of<RmsNorm>({noise({4, 20}), noise({20})}, {.axis = 1});
}

TEST_CASE("lrn by a pool over channels", "[op]") {
  for (const int64_t size : {1, 3, 4, 5})
    parts_of<Lrn>({noise({2, 7, 3, 5})}, {.size = size, .alpha = 0.5f, .beta = 0.6f, .bias = 1.5f});
  parts_of<Lrn>({noise({2, 7})}, {.size = 3, .alpha = 0.5f});
  parts_of<Lrn>({noise({2, 7, 4})}, {.size = 3, .alpha = 0.5f});
  CHECK(parts_of<Lrn>({noise({1, 2, 2, 2})}, {.size = 5}) == "none");
}

TEST_CASE("a power with exponents that differ or are computed", "[op]") {
  parts_of<Pow>({noise({3, 4}, 0.01, 5), noise({3, 4})}, {});
  parts_of<Pow>({f32({6}, {-2, -2, -2, 0, 0, 3}), f32({6}, {3, 2, -1, 0, 2, 0})}, {});
  parts_of<Pow>({noise({2, 3}), f32({3}, {1, 2, 3})}, {});
  parts_of<Pow>({noise({2, 3}, 0.1, 2), i64({3}, {-1, 0, 5})}, {});
  CHECK(parts_of<Pow>({i64({2}, {2, 3}), i64({2}, {2, 3})}, {}) == "none");
}

TEST_CASE("grid_sample by rows of channels", "[op]") {
  for (const GridMode mode : {GridMode::Linear, GridMode::Nearest})
    for (const GridPadding padding : {GridPadding::Zeros, GridPadding::Border, GridPadding::Reflection})
      for (const bool corners : {false, true}) {
        parts_of<GridSample>({noise({2, 3, 5, 4}), noise({2, 6, 7, 2})}, {mode, padding, corners});
        parts_of<GridSample>({noise({1, 2, 1, 4}), noise({1, 3, 3, 2}, -9, 9)}, {mode, padding, corners});
      }
}

TEST_CASE("softmax and global pools by reductions", "[op]") {
  for (const int64_t axis : {0, 1, 2}) {
    parts_of<Softmax>({noise({3, 4, 5})}, {axis});
    parts_of<LogSoftmax>({noise({3, 4, 5})}, {axis});
  }
  CHECK(parts_of<AvgPool2d>({noise({2, 3, 5, 7})}, {.kernel = {5, 7}}) == "reduce");
  CHECK(parts_of<MaxPool2d>({noise({2, 3, 5, 7})}, {.kernel = {5, 7}}) == "reduce");
  CHECK(parts_of<MaxPool2d>({noise({2, 3, 5, 7})}, {.kernel = {3, 7}}) == "none");
}

TEST_CASE("index operators by rows and last axes", "[op]") {
  const auto index = [](Dims dims, const std::vector<double>& v) { return typed(DType::I32, std::move(dims), v); };
  parts_of<GatherElements>({noise({3, 4}), index({2, 4}, {0, 2, -1, 1, 2, 1, 0, -3})}, {.axis = 0});
  parts_of<GatherElements>({noise({3, 4}), index({2, 3}, {0, 3, -1, 1, 2, 0})}, {.axis = 1});
  CHECK(parts_of<GatherElements>({noise({1, 4}), index({1, 2}, {0, 3})}, {.axis = 1}) == "none");
  parts_of<GatherNd>({noise({3, 4, 5}), index({2, 2}, {0, -1, 2, 3})}, {});
  parts_of<GatherNd>({noise({3, 4}), index({2, 1, 2}, {0, 3, -2, 1})}, {});
  CHECK(parts_of<GatherNd>({noise({2, 4}), index({2, 1}, {0, 3})}, {.batch_dims = 1}) == "none");
  parts_of<ScatterNd>({noise({3, 4, 5}), index({2, 2}, {0, -1, 2, 3}), noise({2, 5})}, {});
  CHECK(parts_of<ScatterNd>({noise({3, 4}), index({2, 2}, {0, 1, 2, 3}), noise({2})}, {ScatterKind::Add}) == "none");
}

TEST_CASE("tables of more rows than 16 bits count come in parts", "[op]") {
  const auto index = [](Dims dims, const std::vector<double>& v) { return typed(DType::I32, std::move(dims), v); };
  const std::vector<double> places{0, 65535, -1, 65534, -65536, 66000, -70001, 50000};
  parts_of<Gather>({noise({70001, 2}), index({2, 4}, places)}, {.axis = 0}, 0);
  parts_of<Gather>({noise({2, 70001}), index({8}, places)}, {.axis = 1}, 0);
  parts_of<Gather>({noise({140000}), index({3}, {139999, 46667, 93334})}, {.axis = 0, .non_negative = true}, 0);
  parts_of<GatherElements>({noise({2, 70001}), index({2, 4}, places)}, {.axis = 1}, 0);
  parts_of<ScatterNd>({noise({70001, 2}), index({8, 1}, places), noise({8, 2})}, {}, 0);
  parts_of<ScatterNd>({noise({140000}), index({3, 1}, {5, 5, 100000}), noise({3})}, {.non_negative = true}, 0);
  CHECK(parts_of<Gather>({noise({65535, 1}), index({1}, {3})}, {}) == "none");
  CHECK(parts_of<ScatterNd>({noise({65535}), index({1, 1}, {3}), noise({1})}, {}) == "none");
}

TEST_CASE("a long search goes through parts, the first or last of equal extremes wins", "[op]") {
  for (const int64_t length : {16384, 10007}) {  // divisors, and a prime
    Tensor x = noise({2, length, 3});
    std::vector<double> v = x.to_f64();
    for (double& e : v) e = std::round(e);  // many extremes
    x.assign_f64(v);
    for (const bool select_last : {false, true}) {
      parts_of<ArgMax>({x}, {.axis = 1, .select_last = select_last}, 0);
      parts_of<ArgMin>({x}, {.axis = 1, .keep_dims = false, .select_last = select_last}, 0);
    }
  }
  CHECK(parts_of<ArgMax>({noise({2, 8192})}, {}) == "none");
}

TEST_CASE("broadcasts repeat operands, resizes go axis by axis", "[op]") {
  CHECK(parts_of<Add>({noise({2, 1, 3, 1, 2}), noise({1, 4, 1, 2, 1})}, {Activation::Relu}) == "expand expand add");
  CHECK(parts_of<Add>({noise({2, 3}), noise({2, 3})}, {}) == "none");
  for (const ResizeMode mode : {ResizeMode::Nearest, ResizeMode::Linear, ResizeMode::Cubic}) {
    Resize::Attrs a;
    a.mode = mode;
    a.sizes = {2, 3, 5, 2, 6};
    a.scales = {1, 1, 1.25f, 0.5f, 2};
    parts_of<Resize>({noise({2, 3, 4, 4, 3})}, a);
  }
}

}  // namespace
}  // namespace tpuc::ops::test
