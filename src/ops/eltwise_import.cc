// ONNX rules of the elementwise operators. Variadic Sum, Min, Max and Mean become chains of two-input operators.
#include <limits>

#include "ops/axis_import.h"
#include "ops/eltwise.h"
#include "ops/import.h"
#include "ops/unary.h"

namespace tpuc::ops {

namespace {

// Before opset 7 the second input was repeated only where `broadcast` said so, from `axis` on.
Value* old_second_input(const NodeView& n, Builder& b) {
  const auto& to = n.input(0)->type.dims;
  Value* y = n.input(1);
  if (n.opset >= 7 || n.get_int("broadcast", 0) == 0 || !n.has_attr("axis")) return y;
  const int64_t axis = wrap_axis(n, n.get_int("axis", 0), to.size());
  Dims dims = y->type.dims;
  while (static_cast<size_t>(axis) + dims.size() < to.size()) dims.push_back(1);
  return reshape(b, y, std::move(dims));
}

template <class S>
Values import_binary(const NodeView& n, Builder& b) {
  return {b.add<S>({n.input(0), old_second_input(n, b)})};
}

template <class S>
Value* chain(const NodeView& n, Builder& b) {
  Value* result = n.input(0);
  for (size_t i = 1; i < n.in.size(); ++i) result = b.add<S>({result, n.input(i)});
  return result;
}
template <class S>
Values import_chain(const NodeView& n, Builder& b) {
  return {chain<S>(n, b)};
}

Values import_mean(const NodeView& n, Builder& b) {
  Value* sum = chain<Add>(n, b);
  if (n.in.size() == 1) return {sum};
  return {b.add<Div>({sum, scalar_like(b, sum, static_cast<double>(n.in.size()))})};
}

Values import_pow(const NodeView& n, Builder& b) { return {b.add<Pow>({n.input(0), old_second_input(n, b)})}; }

Values import_mod(const NodeView& n, Builder& b) {
  return {b.add<Mod>({n.input(0), n.input(1)}, {.fmod = n.get_int("fmod", 0) != 0})};
}

// Every size but that of NaN is above -1. (x != x would not do: a chip may find equal what has equal bits.)
Values import_is_nan(const NodeView& n, Builder& b) {
  Value* size = b.add<Abs>({n.input(0)});
  return {b.add<Not>({b.add<Greater>({size, scalar_like(b, size, -1)})})};
}

// Beyond the largest number of the type that computes.
Values import_is_inf(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  constexpr double kLargest = std::numeric_limits<float>::max();
  Value* above = b.add<Greater>({x, scalar_like(b, x, kLargest)});
  Value* below = b.add<Less>({x, scalar_like(b, x, -kLargest)});
  if (n.get_int("detect_negative", 1) == 0) return {above};
  return {n.get_int("detect_positive", 1) == 0 ? below : b.add<Or>({above, below})};
}

}  // namespace

std::span<const ImportRule> Add::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Add", 1, kLastOpset, import_binary<Add>},
                                          {"onnx.Sum", 1, kLastOpset, import_chain<Add>},
                                          {"onnx.Mean", 1, kLastOpset, import_mean},
                                          {"onnx.CumSum", 11, kLastOpset, import_cum_sum}};
  return kRules;
}
std::span<const ImportRule> Sub::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Sub", 1, kLastOpset, import_binary<Sub>}};
  return kRules;
}
std::span<const ImportRule> Mul::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Mul", 1, kLastOpset, import_binary<Mul>}};
  return kRules;
}
std::span<const ImportRule> Div::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Div", 1, kLastOpset, import_binary<Div>}};
  return kRules;
}
std::span<const ImportRule> Min::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Min", 1, kLastOpset, import_chain<Min>}};
  return kRules;
}
std::span<const ImportRule> Max::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Max", 1, kLastOpset, import_chain<Max>}};
  return kRules;
}
std::span<const ImportRule> Pow::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Pow", 1, kLastOpset, import_pow}};
  return kRules;
}
std::span<const ImportRule> Mod::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Mod", 10, kLastOpset, import_mod}};
  return kRules;
}
std::span<const ImportRule> Equal::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Equal", 1, kLastOpset, import_binary<Equal>}};
  return kRules;
}
std::span<const ImportRule> Less::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Less", 1, kLastOpset, import_binary<Less>}};
  return kRules;
}
std::span<const ImportRule> Greater::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Greater", 1, kLastOpset, import_binary<Greater>}};
  return kRules;
}
std::span<const ImportRule> LessOrEqual::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.LessOrEqual", 12, kLastOpset, import_binary<LessOrEqual>}};
  return kRules;
}
std::span<const ImportRule> GreaterOrEqual::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.GreaterOrEqual", 12, kLastOpset, import_binary<GreaterOrEqual>}};
  return kRules;
}
std::span<const ImportRule> And::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.And", 1, kLastOpset, import_binary<And>}};
  return kRules;
}
std::span<const ImportRule> Or::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Or", 1, kLastOpset, import_binary<Or>}};
  return kRules;
}
std::span<const ImportRule> Xor::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Xor", 1, kLastOpset, import_binary<Xor>}};
  return kRules;
}
std::span<const ImportRule> Not::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Not", 1, kLastOpset, import_plain<Not>},
                                          {"onnx.IsNaN", 9, kLastOpset, import_is_nan},
                                          {"onnx.IsInf", 10, kLastOpset, import_is_inf}};
  return kRules;
}
std::span<const ImportRule> Select::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Where", 9, kLastOpset, import_plain<Select>}};
  return kRules;
}

}  // namespace tpuc::ops
