// Sampling of pictures at places that another tensor holds (spatial transformers, optical flow).
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

enum class GridMode : uint8_t { Linear, Nearest };
// What lies outside the picture: zeros, its edge, or the picture reflected.
enum class GridPadding : uint8_t { Zeros, Border, Reflection };

// y[n,c,p,q] = x[n,c] at the place grid[n,p,q] = (x, y), where -1 and 1 are the outer edges of the outermost pixels, or
// with align_corners their centres. Linear: of the four pixels around it. Nearest: halves round to even.
//   x float [N,C,H,W]   grid float [N,P,Q,2]   ->  y [N,C,P,Q]      errors: E1201 rank, E1202 types, E1209 dimensions
struct GridSample {
  static constexpr std::string_view kName = "grid_sample", kSummary = "sample pictures at given places",
                                    kSource = "ONNX GridSample-20";
  static constexpr int kMinIn = 2, kMaxIn = 2;
  struct Attrs {
    GridMode mode = GridMode::Linear;
    GridPadding padding = GridPadding::Zeros;
    bool align_corners = false;
    static constexpr auto fields() {
      return std::tuple{field("mode", &Attrs::mode, "linear | nearest"),
                        field("padding", &Attrs::padding, "zeros | border | reflection"),
                        field("align_corners", &Attrs::align_corners, "-1 and 1 are centres of pixels, not edges")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);  // rows of channels by index, weighted
};

}  // namespace tpuc::ops

template <>
struct tpuc::EnumNames<tpuc::ops::GridMode> {
  static constexpr std::array<std::string_view, 2> kNames{"linear", "nearest"};
};
template <>
struct tpuc::EnumNames<tpuc::ops::GridPadding> {
  static constexpr std::array<std::string_view, 3> kNames{"zeros", "border", "reflection"};
};
