// Operators that rearrange or repeat elements and compute nothing: reshape, permute, expand, tile.
#pragma once

#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

// y has the elements of x in the same row-major order.      errors: E1207 element counts differ
struct Reshape {
  static constexpr std::string_view kName = "reshape", kSummary = "the same elements under other dimensions",
                                    kSource = "ONNX Reshape-21";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::SameScale;
  struct Attrs {
    std::vector<int64_t> shape;
    static constexpr auto fields() { return std::tuple{field("shape", &Attrs::shape, "dimensions of the result")}; }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

// y's axis i is x's axis order[i].      errors: E1206 not a permutation of the axes
struct Permute {
  static constexpr std::string_view kName = "permute", kSummary = "reorder the axes", kSource = "ONNX Transpose-21";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::SameScale;
  struct Attrs {
    std::vector<int64_t> order;
    static constexpr auto fields() { return std::tuple{field("order", &Attrs::order, "y's axis i is x's order[i]")}; }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

// Broadcasts x to `shape`, which has at least x's rank.      errors: E1203 a dimension that is neither 1 nor the wanted
struct Expand {
  static constexpr std::string_view kName = "expand", kSummary = "repeat axes of length 1", kSource = "ONNX Expand-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::SameScale;
  struct Attrs {
    std::vector<int64_t> shape;
    static constexpr auto fields() { return std::tuple{field("shape", &Attrs::shape, "dimensions of the result")}; }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

// Each axis repeats as a whole: y[i] = x[i mod d].      errors: E1208 a negative count, E1206 one count per axis
struct Tile {
  static constexpr std::string_view kName = "tile", kSummary = "repeat the whole tensor along its axes",
                                    kSource = "ONNX Tile-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::SameScale;
  struct Attrs {
    std::vector<int64_t> repeats;
    static constexpr auto fields() { return std::tuple{field("repeats", &Attrs::repeats, "copies per axis")}; }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

}  // namespace tpuc::ops
