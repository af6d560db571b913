// The row every operator fills, and def<S>(), which makes it from the operator's struct (GUIDE: an operator is one
// struct).
#pragma once

#include <any>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tpuc/ir/attr.h"
#include "tpuc/ir/tensor.h"

namespace tpuc {

class Op;
class Builder;
struct Value;
struct NodeView;  // include/tpuc/frontend/node_view.h
using Values = std::vector<Value*>;

// What shape inference sees: input types, null where an optional input is absent.
struct InferCtx {
  std::string_view op;
  std::span<const TensorType* const> in;
  size_t count() const { return in.size(); }
  bool has(size_t i) const { return i < in.size() && in[i] != nullptr; }
  const TensorType& type(size_t i) const {
    TPUC_CHECK(has(i), "{}: input {} is read but absent", op, i);
    return *in[i];
  }
  const Dims& dims(size_t i) const { return type(i).dims; }
};

// Inputs of a reference evaluation, null where absent. Outputs come allocated, with the inferred types, zeroed.
struct EvalArgs {
  std::span<const Tensor* const> in;
  bool has(size_t i) const { return i < in.size() && in[i] != nullptr; }
  const Tensor& operator[](size_t i) const {
    TPUC_CHECK(has(i), "input {} is read but absent", i);
    return *in[i];
  }
  size_t count() const { return in.size(); }
};

// How an operator behaves under integer quantization.
enum class QuantTraits : uint8_t { SameScale, Requantize, Lut, FloatOnly };

// How nodes of a foreign operator become ops: `op` is "onnx.Conv"; opsets are inclusive (0: from the first).
struct ImportRule {
  std::string_view op;
  int first_opset, last_opset;
  Values (*fn)(const NodeView&, Builder&);
};
inline constexpr int kLastOpset = 21;

struct OpDef {
  std::string_view name, summary, source;
  int min_in, max_in;  // max_in == kVariadic: any number
  std::any (*default_attrs)();
  AttrList (*attrs)(const std::any&);
  AttrSet (*set_attr)(std::any&, std::string_view name, const AttrValue&);
  std::vector<TensorType> (*infer)(const InferCtx&, const std::any&);
  void (*eval)(EvalArgs, const std::any&, std::span<Tensor>);
  // The results made by simpler ops; empty: not possible for this one. Null: never needed or never possible.
  Values (*decompose)(const Op&, Builder&);
  std::span<const ImportRule> imports;
  QuantTraits quant;
};
inline constexpr int kVariadic = 1 << 20;

// The table row of operator struct S. Required: kName, kSummary, kSource, kMinIn, kMaxIn, Attrs, infer, eval.
// Optional: imports() -> span<const ImportRule>, decompose, kQuant.
template <class S>
OpDef def() {
  using A = typename S::Attrs;
  OpDef d{};
  d.name = S::kName;
  d.summary = S::kSummary;
  d.source = S::kSource;
  d.min_in = S::kMinIn;
  d.max_in = S::kMaxIn;
  d.default_attrs = [] { return std::any(A{}); };
  d.attrs = [](const std::any& a) { return attr_list(std::any_cast<const A&>(a)); };
  d.set_attr = [](std::any& a, std::string_view name, const AttrValue& v) {
    return tpuc::set_attr(std::any_cast<A&>(a), name, v);
  };
  d.infer = [](const InferCtx& ctx, const std::any& a) { return S::infer(ctx, std::any_cast<const A&>(a)); };
  d.eval = [](EvalArgs in, const std::any& a, std::span<Tensor> out) { S::eval(in, std::any_cast<const A&>(a), out); };
  if constexpr (requires { S::imports(); }) d.imports = S::imports();
  if constexpr (requires { &S::decompose; }) d.decompose = &S::decompose;
  d.quant = QuantTraits::FloatOnly;
  if constexpr (requires { S::kQuant; }) d.quant = S::kQuant;
  return d;
}

}  // namespace tpuc
