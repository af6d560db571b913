// Operators that pick or place elements by index tensors. Indices known at import become slices where they form one.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

// gather(x, indices): y[a..., i..., b...] = x[a..., indices[i...], b...] at `axis`; a negative index counts from the
// end.
//   indices i32|i64      errors: E1202, E1206 axis; an index out of range is E1210 when it is evaluated
struct Gather {
  static constexpr std::string_view kName = "gather", kSummary = "pick slices of an axis by index",
                                    kSource = "ONNX Gather-13";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  struct Attrs {
    int64_t axis = 0;
    bool non_negative = false;
    static constexpr auto fields() {
      return std::tuple{field("axis", &Attrs::axis, "the axis that is indexed"),
                        field("non_negative", &Attrs::non_negative, "no index is: the chip has none to wrap")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);  // a long axis in parts
};

// gather_elements(x, indices): y[..., i, ...] = x[..., indices[..., i, ...], ...] at `axis`; y has the indices' shape.
struct GatherElements {
  static constexpr std::string_view kName = "gather_elements", kSummary = "pick single elements along an axis",
                                    kSource = "ONNX GatherElements-13";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  struct Attrs {
    int64_t axis = 0;
    bool non_negative = false;
    static constexpr auto fields() {
      return std::tuple{field("axis", &Attrs::axis, "the axis that is indexed"),
                        field("non_negative", &Attrs::non_negative, "no index is: the chip has none to wrap")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

// gather_nd(x, indices[..., K]): the last axis of indices addresses the K axes of x after `batch_dims`.
struct GatherNd {
  static constexpr std::string_view kName = "gather_nd", kSummary = "pick slices by index tuples",
                                    kSource = "ONNX GatherND-13";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  struct Attrs {
    int64_t batch_dims = 0;
    static constexpr auto fields() {
      return std::tuple{field("batch_dims", &Attrs::batch_dims, "leading axes that x and indices share")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

enum class ScatterKind : uint8_t { Replace, Add, Mul, Min, Max };

// scatter_nd(x, indices[..., K], updates): a copy of x whose slices at the index tuples are combined with the updates.
struct ScatterNd {
  static constexpr std::string_view kName = "scatter_nd", kSummary = "place slices by index tuples",
                                    kSource = "ONNX ScatterND-18";
  static constexpr int kMinIn = 3, kMaxIn = 3;
  struct Attrs {
    ScatterKind kind = ScatterKind::Replace;
    bool non_negative = false;
    static constexpr auto fields() {
      return std::tuple{field("kind", &Attrs::kind, "replace | add | mul | min | max"),
                        field("non_negative", &Attrs::non_negative, "no index is: the chip has none to wrap")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);
};

// An index into an axis of so many elements, whose negative values count from the end, as one from its begin.
Value* wrapped_index(Builder& b, Value* index, int64_t length);

}  // namespace tpuc::ops

template <>
struct tpuc::EnumNames<tpuc::ops::ScatterKind> {
  static constexpr std::array<std::string_view, 5> kNames{"replace", "add", "mul", "min", "max"};
};
