// Draws of operators that sum or search: convolutions, products, pools, normalizations, softmax, reductions.
#include "backends/bm1684x/kernels/kernel_draws.h"
#include "ops/conv.h"
#include "ops/matmul.h"
#include "ops/norm.h"
#include "ops/pool.h"
#include "ops/reduce.h"
#include "ops/softmax.h"
#include "ops/weight_matmul.h"

namespace tpuc::bm1684x {

namespace {

using namespace ops;

Tolerance sum_error(DType t) { return {rounding(t).absolute * 10, rounding(t).relative}; }

void convolve(Draws& d) {
  const DType t = d.float_type();
  const int64_t group = d.any<int64_t>({1, 1, 2, 3}), per_group = d.between(1, 20), out = group * d.between(1, 30);
  const int64_t kh = d.between(1, 3), kw = d.between(1, 3);
  Conv2d::Attrs a;
  a.group = group;
  a.strides = {d.between(1, 3), d.between(1, 3)};
  a.pads = {d.between(0, kh - 1), d.between(0, kw - 1), d.between(0, kh - 1), d.between(0, kw - 1)};
  a.dilations = {d.between(1, 2), d.between(1, 2)};
  a.activation = d.any<Activation>({Activation::None, Activation::Relu, Activation::Relu6});
  const Operand bias{{out}, true, -1, 1, DType::F32};
  d.run<Conv2d>(t,
                {{{d.between(1, 2), group * per_group, d.between(5, 14), d.between(5, 14)}},
                 {{out, per_group, kh, kw}, true, -1, 1},
                 d.chance(50) ? bias : Operand{.dims = {}, .absent = true}},
                a, sum_error(t));
}

void convolve_back(Draws& d) {
  const DType t = d.float_type();
  const int64_t group = d.any<int64_t>({1, 1, 2}), per_group = d.between(1, 16), out = d.between(1, 20);
  const int64_t kh = d.between(1, 4), kw = d.between(1, 4);
  ConvTranspose2d::Attrs a;
  a.group = group;
  a.strides = {d.between(1, 3), d.between(1, 3)};
  a.pads = {d.between(0, (kh - 1) / 2), d.between(0, (kw - 1) / 2), 0, 0};
  a.output_pads = {d.between(0, a.strides[0] - 1), d.between(0, a.strides[1] - 1)};
  d.run<ConvTranspose2d>(t,
                         {{{d.between(1, 2), group * per_group, d.between(2, 8), d.between(2, 8)}},
                          {{group * per_group, out, kh, kw}, true, -1, 1}},
                         a, sum_error(t));
}

// Weights of 8 and 4 bits.
void multiply_weights(Draws& d) {
  const DType t = d.float_type(), from = d.chance(40) ? DType::I8 : DType::U8;
  const int64_t depth = d.extent(200), columns = d.extent(60), planes = d.between(1, 2);
  WeightMatMul::Attrs a;
  a.bits = from == DType::U8 && d.chance(60) ? 4 : 8;
  a.group = d.any<int64_t>({0, 16, 32, 64, 128});
  a.zero = d.chance(50) ? 0 : a.bits == 4 ? 8 : 100;
  const int64_t groups = a.group == 0 ? 1 : (depth + a.group - 1) / a.group;
  std::vector<Operand> in{{{d.between(1, 90), depth}, false, -1, 1},
                          {{stored_rows(depth, a.bits), columns},
                           true,
                           from == DType::I8 ? -128. : 0.,
                           from == DType::I8 ? 128. : 256.,
                           from},
                          {{groups, planes, columns}, true, 0.001, 0.005, DType::F32}};
  if (d.chance(50)) in.push_back({{columns}, true, -1, 1, DType::F32});
  d.run<WeightMatMul>(t, in, a, sum_error(t));
}

void multiply(Draws& d) {
  const DType t = d.float_type();
  const int64_t m = d.extent(80), k = d.extent(90), n = d.extent(80);
  MatMul::Attrs a;
  a.transpose_a = d.chance(30);
  a.transpose_b = d.chance(40);
  Dims x = d.dims(static_cast<size_t>(d.between(0, 2))), y = d.chance(50) ? x : Dims{};
  for (Dims* s : {&x, &y})
    for (int64_t& i : *s) i = std::min<int64_t>(i, 3);
  if (d.chance(30) && !y.empty()) y.back() = 1;
  x.insert(x.end(), {a.transpose_a ? k : m, a.transpose_a ? m : k});
  y.insert(y.end(), {a.transpose_b ? n : k, a.transpose_b ? k : n});
  d.run<MatMul>(t, {{x}, {y, d.chance(40)}}, a, sum_error(t));
}

template <class S>
typename S::Attrs pool_attrs(Draws& d, const Dims& x) {
  typename S::Attrs a;
  for (size_t i = 0; i < 2; ++i) {
    a.kernel[i] = d.between(1, std::min<int64_t>(x[i + 2], 5));
    a.strides[i] = d.between(1, 3);
    a.pads[i] = d.between(0, a.kernel[i] - 1);
    a.pads[i + 2] = d.between(0, a.kernel[i] - 1);
  }
  return a;
}

void pool_max(Draws& d) {
  const Dims x = d.image();
  const DType t = d.any<DType>({DType::F32, DType::F16, DType::BF16, DType::I8, DType::U8});
  d.run<MaxPool2d>(t, {{x, false, t == DType::U8 ? 0.0 : -90, 90}}, pool_attrs<MaxPool2d>(d, x), kExact);
}
void pool_average(Draws& d) {
  const DType t = d.float_type();
  const Dims x = d.image();
  auto a = pool_attrs<AvgPool2d>(d, x);
  a.count_include_pad = d.chance(50);
  d.run<AvgPool2d>(t, {{x}}, a, rounding(t));
}

// The mean of one element is no variance to divide by: rows are at least 4 long.
Dims long_rows(Draws& d, size_t rank) {
  Dims x = d.dims(rank);
  x.back() = std::max<int64_t>(x.back(), 4);
  return x;
}

template <class S>
void normalize_rows(Draws& d) {
  const DType t = d.float_type();
  const Dims x = long_rows(d, static_cast<size_t>(d.between(2, 4)));
  const int64_t axis = d.between(1, static_cast<int64_t>(x.size()) - 1);
  const Operand vector{Dims(x.begin() + axis, x.end()), d.chance(70), -2, 2};
  std::vector<Operand> in{{x}};
  if (d.chance(70)) in.push_back(vector);
  if (S::kMaxIn == 3 && in.size() == 2 && d.chance(50)) in.push_back(vector);
  d.run<S>(t, in, {.axis = axis, .epsilon = 1e-2f}, sum_error(t));
}

void normalize_groups(Draws& d) {
  const DType t = d.float_type();
  const int64_t groups = d.between(1, 9), c = groups * d.between(1, 8);
  const Operand vector{{c}, true, -2, 2};
  d.run<GroupNorm>(t, {{{d.between(1, 2), c, d.between(2, 9), d.between(2, 9)}}, vector, vector},
                   {.groups = groups, .epsilon = 1e-2f}, sum_error(t));
}
void normalize_planes(Draws& d) {
  const DType t = d.float_type();
  Dims x = d.image();
  x[2] += 2;
  const Operand vector{{x[1]}, true, -2, 2};
  d.run<InstanceNorm>(t, {{x}, vector, vector}, {.epsilon = 1e-2f}, sum_error(t));
}

template <class S>
void exponentials(Draws& d) {
  const DType t = d.float_type();
  const Dims x = d.dims(static_cast<size_t>(d.between(1, 5)));
  d.run<S>(t, {{x, false, -9, 9}}, {.axis = d.between(0, static_cast<int64_t>(x.size()) - 1)}, rounding(t));
}

void reduce_any(Draws& d) {
  const DType t = d.float_type();
  const Dims x = d.dims(static_cast<size_t>(d.between(1, 5)));
  Reduce::Attrs a;
  a.kind = d.any<ReduceKind>({ReduceKind::Sum, ReduceKind::Mean, ReduceKind::Max, ReduceKind::Min, ReduceKind::Prod,
                              ReduceKind::L1, ReduceKind::L2, ReduceKind::SumSquare});
  a.keep_dims = d.chance(50);
  for (size_t i = 0; i < x.size(); ++i)
    if (d.chance(50)) a.axes.push_back(static_cast<int64_t>(i));
  if (a.axes.empty()) a.axes.push_back(d.between(0, static_cast<int64_t>(x.size()) - 1));
  const bool multiplies = a.kind == ReduceKind::Prod;
  d.run<Reduce>(t, {{x, false, multiplies ? 0.9 : -2, multiplies ? 1.1 : 2}}, a, sum_error(t));
}

template <class S>
void search(Draws& d) {
  const Dims x = d.dims(static_cast<size_t>(d.between(1, 5)));
  const int64_t axis = d.between(0, static_cast<int64_t>(x.size()) - 1);
  d.run<S>(d.float_type(), {{x, false, 0, 0.02}}, {axis, d.chance(50), d.chance(50), DType::I32}, kExact);
}

}  // namespace

std::vector<Draw> window_draws() {
  return {{Conv2d::kName, convolve},
          {ConvTranspose2d::kName, convolve_back},
          {MatMul::kName, multiply},
          {WeightMatMul::kName, multiply_weights},
          {MaxPool2d::kName, pool_max},
          {AvgPool2d::kName, pool_average},
          {LayerNorm::kName, normalize_rows<LayerNorm>},
          {RmsNorm::kName, normalize_rows<RmsNorm>},
          {GroupNorm::kName, normalize_groups},
          {InstanceNorm::kName, normalize_planes},
          {Softmax::kName, exponentials<Softmax>},
          {LogSoftmax::kName, exponentials<LogSoftmax>},
          {Reduce::kName, reduce_any},
          {ArgMax::kName, search<ArgMax>},
          {ArgMin::kName, search<ArgMin>}};
}

}  // namespace tpuc::bm1684x
