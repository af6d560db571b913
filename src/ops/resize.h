// Resampling of axes (resize) and moves between channels and space (depth_to_space, space_to_depth).
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <tuple>
#include <vector>

#include "tpuc/ir/op_def.h"

namespace tpuc::ops {

enum class ResizeMode : uint8_t { Nearest, Linear, Cubic };
// How an output index becomes an input coordinate. TfHalfPixel is opset 11's tf_half_pixel_for_nn.
enum class Coordinates : uint8_t {
  HalfPixel,
  Asymmetric,
  AlignCorners,
  PytorchHalfPixel,
  TfHalfPixel,
  HalfPixelSymmetric
};
// How a coordinate becomes the index of the nearest element. Simple is ONNX's rule before opset 11: round up when
// shrinking, truncate when growing.
enum class NearestMode : uint8_t { RoundPreferFloor, RoundPreferCeil, Floor, Ceil, Simple };

// Resamples every axis of x to sizes[axis]; an axis whose size and scale stay is untouched. Linear takes bytes too:
// exact sums by integer weights, rounded once to nearest even.
//   errors: E1202 types, E1206 one entry per axis, E1208 a size or scale <= 0
struct Resize {
  static constexpr std::string_view kName = "resize", kSummary = "resample axes to other lengths",
                                    kSource = "ONNX Resize-19";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::Requantize;
  struct Attrs {
    ResizeMode mode = ResizeMode::Nearest;
    Coordinates coordinates = Coordinates::HalfPixel;
    NearestMode nearest_mode = NearestMode::RoundPreferFloor;
    std::vector<int64_t> sizes;
    std::vector<float> scales;
    float cubic_a = -0.75f;
    bool exclude_outside = false;
    bool antialias = false;
    static constexpr auto fields() {
      return std::tuple{field("mode", &Attrs::mode, "nearest | linear | cubic"),
                        field("coordinates", &Attrs::coordinates, "how an output index becomes an input coordinate"),
                        field("nearest_mode", &Attrs::nearest_mode, "how a coordinate is rounded"),
                        field("sizes", &Attrs::sizes, "dimensions of the result"),
                        field("scales", &Attrs::scales, "output / input length per axis, used for the coordinates"),
                        field("cubic_a", &Attrs::cubic_a, "coefficient of the cubic kernel"),
                        field("exclude_outside", &Attrs::exclude_outside, "cubic taps outside x get weight 0"),
                        field("antialias", &Attrs::antialias, "linear and cubic kernels widen when shrinking")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
  static Values decompose(const Op&, Builder&);  // axis by axis, for ranks other than 4
};

// One axis of a resize as a sparse matrix: y[i] = sum_k weight[i*taps+k] * x[index[i*taps+k]]. Nearest has one tap of
// weight 1. Shared by the reference, the fast version and kernels.
struct ResizeAxis {
  int64_t taps = 1;
  std::vector<int64_t> index;
  std::vector<float> weight;
};
ResizeAxis resize_axis(const Resize::Attrs& attrs, size_t axis, int64_t in_size);

// The weights of linear axes for bytes: 2^7 each line together, so that a zero point stays. All are 0 or more.
inline constexpr int kResizeWeightBits = 7;
std::vector<int64_t> integer_weights(const ResizeAxis& axis);

enum class DepthMode : uint8_t { Dcr, Crd };

// Moves blocks of channels into space. dcr: channel = (row, column, depth); crd: (depth, row, column).
//   x [N,C*b*b,H,W]  ->  y [N,C,H*b,W*b]      errors: E1201 rank, E1208 block does not divide the channels
struct DepthToSpace {
  static constexpr std::string_view kName = "depth_to_space", kSummary = "move blocks of channels into space",
                                    kSource = "ONNX DepthToSpace-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::SameScale;
  struct Attrs {
    int64_t block = 1;
    DepthMode mode = DepthMode::Dcr;
    static constexpr auto fields() {
      return std::tuple{field("block", &Attrs::block, "edge of a block, elements"),
                        field("mode", &Attrs::mode, "dcr | crd: order within the channel")};
    }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

// The inverse of depth_to_space in dcr mode.      errors: E1201 rank, E1208 block does not divide H and W
struct SpaceToDepth {
  static constexpr std::string_view kName = "space_to_depth", kSummary = "move blocks of space into channels",
                                    kSource = "ONNX SpaceToDepth-13";
  static constexpr int kMinIn = 1, kMaxIn = 1;
  static constexpr QuantTraits kQuant = QuantTraits::SameScale;
  struct Attrs {
    int64_t block = 1;
    static constexpr auto fields() { return std::tuple{field("block", &Attrs::block, "edge of a block, elements")}; }
  };
  static std::vector<TensorType> infer(const InferCtx&, const Attrs&);
  static void eval(EvalArgs, const Attrs&, std::span<Tensor>);
  static std::span<const ImportRule> imports();
};

}  // namespace tpuc::ops

template <>
struct tpuc::EnumNames<tpuc::ops::ResizeMode> {
  static constexpr std::array<std::string_view, 3> kNames{"nearest", "linear", "cubic"};
};
template <>
struct tpuc::EnumNames<tpuc::ops::Coordinates> {
  static constexpr std::array<std::string_view, 6> kNames{
      "half_pixel", "asymmetric", "align_corners", "pytorch_half_pixel", "tf_half_pixel", "half_pixel_symmetric"};
};
template <>
struct tpuc::EnumNames<tpuc::ops::NearestMode> {
  static constexpr std::array<std::string_view, 5> kNames{"round_prefer_floor", "round_prefer_ceil", "floor", "ceil",
                                                          "simple"};
};
template <>
struct tpuc::EnumNames<tpuc::ops::DepthMode> {
  static constexpr std::array<std::string_view, 2> kNames{"dcr", "crd"};
};
