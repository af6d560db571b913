// For the tests of kernels: one op with random operands, run on the simulated chip in several tilings and compared with
// the operator's reference evaluation, which for halves gets operands of halves.
#pragma once

#include <catch2/catch.hpp>
#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "backends/bm1684x/kernel.h"
#include "backends/bm1684x/plan/kernel_harness.h"

namespace tpuc::bm1684x {

struct Operand {
  Dims dims;
  bool is_constant = false;
  double low = -2, high = 2;
  std::optional<DType> dtype{};  // without: that of the case
  bool absent = false;
  bool is_rq = false;  // [2,C]: scales of a requantization as above, offsets of up to 20
};

// Largest difference allowed: absolute plus relative to the expected value.
struct Tolerance {
  double absolute = 0, relative = 0;
};

// One tile; many of all axes; ragged edges.
inline const std::vector<Shape4>& tilings() {
  static const std::vector<Shape4> kAll{{0, 0, 0, 0}, {1, 64, 2, 3}, {0, 64, 5, 0}, {1, 128, 0, 7}};
  return kAll;
}

inline Tensor random_tensor(DType t, const Operand& o, std::mt19937& rng) {
  std::uniform_real_distribution<double> u(o.low, o.high);
  Tensor x(t, o.dims);
  std::vector<double> v(static_cast<size_t>(x.count()));
  for (double& e : v) e = is_float(t) ? u(rng) : std::floor(u(rng));
  for (size_t i = v.size() / 2; o.is_rq && i < v.size(); ++i) v[i] *= 20 / o.high;
  x.assign_f64(v);
  return x;
}

inline void compare(const Tensor& got, const Tensor& want, const Tolerance& tol) {
  REQUIRE(got.type == want.type);
  const auto a = got.to_f64(), b = want.to_f64();
  double worst = 0;
  size_t at = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i] == b[i]) continue;
    const double over = std::abs(a[i] - b[i]) / (tol.absolute + tol.relative * std::abs(b[i]) + 1e-300);
    if (!(over <= worst)) worst = std::isnan(over) ? INFINITY : over, at = i;
  }
  INFO("element " << at << ": " << (a.empty() ? 0 : a[at]) << " instead of " << (b.empty() ? 0 : b[at]));
  CHECK(worst <= 1);
}

// One case in one element type; all tilings, and the planner's own for a lane of `lane_bytes` where given. They give
// the same bytes: how an operator is cut does not show, but in f32 sums over an axis of which a tile has a part.
template <class S>
void check_case(DType t, const std::vector<Operand>& operands, const typename S::Attrs& attrs, const Tolerance& tol,
                unsigned seed = 1, int64_t lane_bytes = 0) {
  std::mt19937 rng(seed);
  ConstantStore store;
  Graph graph("case", store);
  std::vector<Value*> in;
  std::vector<Tensor> tensors;
  std::map<std::string, Tensor> inputs;
  tensors.reserve(operands.size());
  for (const Operand& o : operands) {
    tensors.push_back(o.absent ? Tensor() : random_tensor(o.dtype.value_or(t), o, rng));
    if (o.absent) {
      in.push_back(nullptr);
    } else if (o.is_constant) {
      in.push_back(graph.constant(tensors.back(), "c" + std::to_string(in.size())));
    } else {
      in.push_back(graph.input(tensors.back().type, "x" + std::to_string(in.size())));
      inputs[in.back()->name] = tensors.back();
    }
  }
  Op& op = graph.add<S>(in, attrs);
  graph.set_outputs({op.out(0)});
  std::vector<const Tensor*> args;
  for (size_t i = 0; i < in.size(); ++i) args.push_back(in[i] == nullptr ? nullptr : &tensors[i]);
  const Tensor want = std::move(evaluate(op, args).front());

  const Kernel* kernel = find_kernel(S::kName);
  REQUIRE(kernel != nullptr);
  const Support support = kernel->supports(op, t);
  INFO(S::kName << " " << to_string(op.in(0)->type) << " -> " << to_string(op.out(0)->type) << ": " << support.why);
  REQUIRE(support.ok);
  const bool cuts_sums = t == DType::F32 && kernel->axes != nullptr && kernel->axes(op).depth > 0;
  std::optional<Tensor> first;
  const auto judge = [&](Tensor got) {
    compare(got, want, tol);
    if (!cuts_sums) CHECK(identical(got, first.value_or(got)));
    first = std::move(got);
  };
  for (const Shape4& tile : kernel->emit_ddr != nullptr ? std::vector<Shape4>{{0, 0, 0, 0}} : tilings()) {
    INFO("tile " << tile[0] << "," << tile[1] << "," << tile[2] << "," << tile[3]);
    judge(run_op_on_chip(graph, inputs, tile));
  }
  if (lane_bytes == 0) return;
  INFO("lanes of " << lane_bytes << " bytes");
  PlanOptions options;
  options.lane_bytes = lane_bytes;
  judge(run_graph_on_chip(graph, inputs, options).front());
}

// The same case in f32, f16 and bf16; `half`: for f16, eight times as much for bf16, whose mantissa is three bits
// shorter.
template <class S>
void check_floats(const std::vector<Operand>& operands, const typename S::Attrs& attrs, const Tolerance& f32,
                  const Tolerance& half, int64_t lane_bytes = 0) {
  check_case<S>(DType::F32, operands, attrs, f32, 1, lane_bytes);
  check_case<S>(DType::F16, operands, attrs, half, 1, lane_bytes);
  check_case<S>(DType::BF16, operands, attrs, {half.absolute * 8, half.relative * 8}, 1, lane_bytes);
}

inline constexpr Tolerance kExact{0, 0};
inline constexpr Tolerance kHalfUlp{1e-7, 0.001};  // one unit of f16: a rounding that fell to the other side

}  // namespace tpuc::bm1684x
