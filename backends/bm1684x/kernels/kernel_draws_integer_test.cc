// Draws of convolutions and products of 8-bit integers: zero points, biases and scales of each kind.
#include <cmath>

#include "backends/bm1684x/kernels/kernel_draws.h"
#include "ops/conv.h"
#include "ops/matmul.h"

namespace tpuc::bm1684x {

namespace {

using namespace ops;

DType byte_type(Draws& d) { return d.any<DType>({DType::I8, DType::U8}); }
Operand bytes(DType t, Dims dims, bool is_constant) {
  const bool is_signed = t == DType::I8;
  return {std::move(dims), is_constant, is_signed ? -128.0 : 0, is_signed ? 128.0 : 256, t};
}
int64_t zero_of(Draws& d, DType t) {
  if (d.chance(40)) return 0;
  return t == DType::I8 ? d.between(-128, 127) : d.between(0, 255);
}

// Bias and scales of `terms` products, each there or not; `columns`: of the scales.
template <class Attrs>
void add_finish(Draws& d, std::vector<Operand>& in, Attrs& attrs, int64_t channels, int64_t columns, int64_t terms) {
  const Operand bias{{channels}, true, -9000, 9000, DType::I32};
  in.push_back(d.chance(50) ? bias : Operand{.dims = {}, .absent = true});
  if (d.chance(30)) return;
  const double scale = 0.01 / std::sqrt(static_cast<double>(terms));
  in.push_back(
      {.dims = {2, columns}, .is_constant = true, .low = -scale, .high = scale, .dtype = DType::F32, .is_rq = true});
  attrs.to = byte_type(d);
}

void convolve(Draws& d) {
  const DType t = byte_type(d);
  const bool by_channel = d.chance(25);
  const int64_t group = by_channel ? d.extent(20) : d.any<int64_t>({1, 1, 2, 3});
  const int64_t per_group = by_channel ? 1 : d.extent(20), out = group * (by_channel ? 1 : d.between(1, 30));
  const int64_t kh = d.between(1, 4), kw = d.between(1, 4);
  Conv2d::Attrs a;
  a.group = group;
  a.strides = {d.between(1, 3), d.between(1, 3)};
  a.pads = {d.between(0, kh), d.between(0, kw), d.between(0, kh), d.between(0, kw)};
  a.dilations = {d.between(1, 2), d.between(1, 2)};
  a.pad_value = zero_of(d, t);
  if (group == 1) a.filter_zero = zero_of(d, DType::I8);
  std::vector<Operand> in{bytes(t, {d.between(1, 2), group * per_group, d.between(7, 14), d.between(7, 14)}, false),
                          bytes(DType::I8, {out, per_group, kh, kw}, d.chance(80))};
  add_finish(d, in, a, out, out, per_group * kh * kw);
  d.run<Conv2d>(t, in, a, kExact);
}

void convolve_back(Draws& d) {
  const DType t = byte_type(d);
  const int64_t group = d.any<int64_t>({1, 1, 2}), per_group = d.extent(16), out = d.between(1, 20);
  const int64_t kh = d.between(1, 4), kw = d.between(1, 4);
  ConvTranspose2d::Attrs a;
  a.group = group;
  a.strides = {d.between(1, 3), d.between(1, 3)};
  a.pads = {d.between(0, (kh - 1) / 2), d.between(0, (kw - 1) / 2), 0, 0};
  a.output_pads = {d.between(0, a.strides[0] - 1), d.between(0, a.strides[1] - 1)};
  a.pad_value = zero_of(d, t);
  std::vector<Operand> in{bytes(t, {d.between(1, 2), group * per_group, d.between(2, 8), d.between(2, 8)}, false),
                          bytes(DType::I8, {group * per_group, out, kh, kw}, true)};
  add_finish(d, in, a, group * out, group * out, per_group * kh * kw);
  d.run<ConvTranspose2d>(t, in, a, kExact);
}

void multiply(Draws& d) {
  const DType ta = byte_type(d), tb = byte_type(d);
  const int64_t m = d.extent(80), k = d.extent(90), n = d.extent(80);
  MatMul::Attrs a;
  a.transpose_a = d.chance(30);
  a.transpose_b = d.chance(40);
  a.zero_a = zero_of(d, ta), a.zero_b = zero_of(d, tb);
  Dims x, y;
  if (d.chance(40)) x.push_back(d.between(1, 3));
  if (d.chance(50)) y = x;
  x.insert(x.end(), {a.transpose_a ? k : m, a.transpose_a ? m : k});
  y.insert(y.end(), {a.transpose_b ? n : k, a.transpose_b ? k : n});
  std::vector<Operand> in{bytes(ta, x, false), bytes(tb, y, d.chance(50))};
  add_finish(d, in, a, n, d.chance(50) ? n : 1, k);
  d.run<MatMul>(ta, in, a, kExact);
}

}  // namespace

std::vector<Draw> integer_sum_draws() {
  return {{Conv2d::kName, convolve}, {ConvTranspose2d::kName, convolve_back}, {MatMul::kName, multiply}};
}

}  // namespace tpuc::bm1684x
