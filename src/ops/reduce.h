// Reductions over axes, and the index of the largest or smallest element. Integers work too (shape arithmetic).
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

enum class ReduceKind : uint8_t { Sum, Mean, Max, Min, Prod, L1, L2, SumSquare };

// y = kind over `axes` (ascending, never empty) of x.      errors: E1202 types, E1208 axes, max or min of nothing
struct Reduce {
  static constexpr std::string_view kName = "reduce", kSummary = "sum, mean, max, ... over axes",
                                    kSource = "ONNX ReduceSum-13 and its siblings";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Requantize;
  struct Attrs {
    ReduceKind kind = ReduceKind::Sum;
    std::vector<int64_t> axes;
    bool keep_dims = true;
    static constexpr auto fields() {
      return std::tuple{field("kind", &Attrs::kind, "sum | mean | max | min | prod | l1 | l2 | sum_square"),
                        field("axes", &Attrs::axes, "axes to reduce, ascending"),
                        field("keep_dims", &Attrs::keep_dims, "reduced axes stay with length 1")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);  // several groups of axes, or one too long, into steps
};

struct ArgAttrs {
  int64_t axis = 0;
  bool keep_dims = true, select_last = false;
  DType index = DType::I64;
  static constexpr auto fields() {
    return std::tuple{field("axis", &ArgAttrs::axis, "axis searched"),
                      field("keep_dims", &ArgAttrs::keep_dims, "the axis stays with length 1"),
                      field("select_last", &ArgAttrs::select_last, "of equal elements the last one counts"),
                      field("index", &ArgAttrs::index, "element type of the result, i64 | i32")};
  }
};

// y = index of the largest element along `axis`.      errors: E1202 types, E1208 axis or nothing to search
struct ArgMax {
  static constexpr std::string_view kName = "arg_max", kSummary = "index of the largest element along an axis",
                                    kSource = "ONNX ArgMax-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  using Attrs = ArgAttrs;
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);  // a long axis in parts
};

struct ArgMin {
  static constexpr std::string_view kName = "arg_min", kSummary = "index of the smallest element along an axis",
                                    kSource = "ONNX ArgMin-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  using Attrs = ArgAttrs;
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);  // a long axis in parts
};

}  // namespace tpuc::ops

template <>
struct tpuc::EnumNames<tpuc::ops::ReduceKind> {
  static constexpr std::array<std::string_view, 8> kNames{"sum",  "mean", "max", "min",
                                                          "prod", "l1",   "l2",  "sum_square"};
};
