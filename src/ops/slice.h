// Operators that cut and join tensors: slice, concat, pad. ONNX Split imports as slices.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

// y[i...] = x[starts + i * steps]: one entry per axis; every element taken lies inside x.
//   errors: E1206 an entry per axis, E1208 step 0, E1209 elements outside x
struct Slice {
  static constexpr std::string_view kName = "slice", kSummary = "take a strided block", kSource = "ONNX Slice-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::SameScale;
  struct Attrs {
    std::vector<int64_t> starts, steps, sizes;
    static constexpr auto fields() {
      return std::tuple{field("starts", &Attrs::starts, "first element, per axis"),
                        field("steps", &Attrs::steps, "distance in elements, may be negative, per axis"),
                        field("sizes", &Attrs::sizes, "dimensions of the result")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

// The inputs one after the other along `axis`; their other dimensions and their types agree.
//   errors: E1202 types, E1206 axis, E1209 dimensions
struct Concat {
  static constexpr std::string_view kName = "concat", kSummary = "join along an axis", kSource = "ONNX Concat-13";
  static constexpr int kMinIn = 1, kMaxIn = kVariadic;
  static constexpr QuantTraits kQuant = QuantTraits::SameScale;
  struct Attrs {
    int64_t axis = 0;
    static constexpr auto fields() { return std::tuple{field("axis", &Attrs::axis, "the axis that grows")}; }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

enum class PadMode : uint8_t { Constant, Reflect, Edge, Wrap };

// Adds begin[i] elements before and end[i] after axis i; both >= 0 (cutting is a slice).
//   errors: E1206 an entry per axis, E1208 negative, E1209 reflect or wrap beyond the input's size
struct Pad {
  static constexpr std::string_view kName = "pad", kSummary = "surround with a value or with its own elements",
                                    kSource = "ONNX Pad-19";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::SameScale;
  struct Attrs {
    std::vector<int64_t> begin, end;
    PadMode mode = PadMode::Constant;
    double value = 0;
    static constexpr auto fields() {
      return std::tuple{field("begin", &Attrs::begin, "elements added before, per axis"),
                        field("end", &Attrs::end, "elements added after, per axis"),
                        field("mode", &Attrs::mode, "constant | reflect | edge | wrap"),
                        field("value", &Attrs::value, "what `constant` writes")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

}  // namespace tpuc::ops

template <>
struct tpuc::EnumNames<tpuc::ops::PadMode> {
  static constexpr std::array<std::string_view, 4> kNames{"constant", "reflect", "edge", "wrap"};
};
