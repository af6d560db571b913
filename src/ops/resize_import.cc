// ONNX rules of Resize (opset 10, 11 and later), Upsample (7, 9), DepthToSpace and SpaceToDepth.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/import_window.h"
#include "ops/resize.h"

namespace tpuc::ops {
namespace {

// A value of an enum by its name in ONNX; refused with the list of what is known.
template <class E, size_t kCount>
E by_name(const NodeView& node, std::string_view key, const std::string& value,
          const std::pair<std::string_view, E> (&names)[kCount], std::string hint) {
  for (const auto& [name, e] : names)
    if (name == value) return e;
  refuse(node, fmt::format("{} is `{}`", key, value), std::move(hint));
}

ResizeMode mode_of(const NodeView& node) {
  constexpr std::pair<std::string_view, ResizeMode> kNames[] = {{"nearest", ResizeMode::Nearest},
                                                                {"linear", ResizeMode::Linear},
                                                                {"bilinear", ResizeMode::Linear},
                                                                {"cubic", ResizeMode::Cubic}};
  return by_name(node, "mode", node.get_string("mode", "nearest"), kNames, "known are nearest, linear and cubic");
}

Coordinates coordinates_of(const NodeView& node) {
  constexpr std::pair<std::string_view, Coordinates> kNames[] = {
      {"half_pixel", Coordinates::HalfPixel},
      {"asymmetric", Coordinates::Asymmetric},
      {"align_corners", Coordinates::AlignCorners},
      {"pytorch_half_pixel", Coordinates::PytorchHalfPixel},
      {"tf_half_pixel_for_nn", Coordinates::TfHalfPixel},
      {"half_pixel_symmetric", Coordinates::HalfPixelSymmetric}};
  return by_name(node, "coordinate_transformation_mode",
                 node.get_string("coordinate_transformation_mode", "half_pixel"), kNames,
                 "crop by a Slice before the Resize instead of by a region of interest");
}

NearestMode nearest_mode_of(const NodeView& node) {
  constexpr std::pair<std::string_view, NearestMode> kNames[] = {{"round_prefer_floor", NearestMode::RoundPreferFloor},
                                                                 {"round_prefer_ceil", NearestMode::RoundPreferCeil},
                                                                 {"floor", NearestMode::Floor},
                                                                 {"ceil", NearestMode::Ceil}};
  return by_name(node, "nearest_mode", node.get_string("nearest_mode", "round_prefer_floor"), kNames,
                 "known are round_prefer_floor, round_prefer_ceil, floor and ceil");
}

// The axes that scales and sizes speak of: all of them, or (from opset 18) those named.
std::vector<size_t> axes_of(const NodeView& node, size_t rank) {
  std::vector<size_t> axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  if (!node.has_attr("axes")) return axes;
  axes.clear();
  for (const int64_t axis : node.get_ints("axes")) {
    const int64_t positive = axis < 0 ? axis + static_cast<int64_t>(rank) : axis;
    if (positive < 0 || positive >= static_cast<int64_t>(rank))
      throw UserError(diagnostic(ErrorCode::E1206, "{}: axis {} of a tensor with {} dimensions", node.op, axis, rank));
    axes.push_back(static_cast<size_t>(positive));
  }
  return axes;
}

void require_entries(const NodeView& node, std::string_view what, size_t given, size_t expected) {
  if (given == expected) return;
  throw UserError(diagnostic(ErrorCode::E1206, "{}: {} {} for {} axes", node.op, given, what, expected)
                      .note("input", to_string(node.input(0)->type)));
}

// source: ONNX Resize-10: output length = floor(input length * scale), in f32 as ONNX Runtime computes it
void set_scales(const NodeView& node, Resize::Attrs& a, const std::vector<size_t>& axes,
                const std::vector<float>& scales) {
  require_entries(node, "scales", scales.size(), axes.size());
  for (size_t i = 0; i < axes.size(); ++i) {
    const float length = std::floor(scales[i] * static_cast<float>(a.sizes[axes[i]]));
    a.scales[axes[i]] = scales[i];
    a.sizes[axes[i]] = length >= 0 && length < 1e12f ? static_cast<int64_t>(length) : -1;  // inference reports it
  }
}

// source: ONNX Resize-18: not_larger and not_smaller keep the aspect ratio of the axes by one common scale
void set_sizes(const NodeView& node, Resize::Attrs& a, const std::vector<size_t>& axes,
               const std::vector<int64_t>& sizes) {
  require_entries(node, "sizes", sizes.size(), axes.size());
  const Dims in = a.sizes;
  for (size_t i = 0; i < axes.size(); ++i) {
    a.sizes[axes[i]] = sizes[i];
    a.scales[axes[i]] = static_cast<float>(sizes[i]) / static_cast<float>(in[axes[i]]);
  }
  const std::string policy = node.get_string("keep_aspect_ratio_policy", "stretch");
  if (policy == "stretch" || axes.empty()) return;
  if (policy != "not_larger" && policy != "not_smaller")
    refuse(node, fmt::format("keep_aspect_ratio_policy is `{}`", policy),
           "known are stretch, not_larger and not_smaller");
  float scale = a.scales[axes[0]];
  for (const size_t axis : axes)
    scale = policy == "not_larger" ? std::min(scale, a.scales[axis]) : std::max(scale, a.scales[axis]);
  for (const size_t axis : axes) {
    a.scales[axis] = scale;
    a.sizes[axis] = static_cast<int64_t>(std::round(scale * static_cast<float>(in[axis])));
  }
}

Resize::Attrs untouched(const NodeView& node) {
  Resize::Attrs a;
  a.sizes = node.input(0)->type.dims;
  a.scales.assign(a.sizes.size(), 1.0f);
  return a;
}

// Upsample and Resize-10: a coordinate is index / scale, and nearest truncates.
Values import_by_scales(const NodeView& node, Builder& b, const std::vector<float>& scales) {
  Resize::Attrs a = untouched(node);
  a.mode = mode_of(node);
  a.coordinates = Coordinates::Asymmetric;
  a.nearest_mode = NearestMode::Simple;
  set_scales(node, a, axes_of(node, a.sizes.size()), scales);
  return {b.add<Resize>({node.input(0)}, a)};
}

Values import_upsample_7(const NodeView& node, Builder& b) {
  return import_by_scales(node, b, node.get_floats("scales"));
}

Values import_scales_input(const NodeView& node, Builder& b) {
  return import_by_scales(node, b, node.constant_input(1).to_f32());
}

Values import_resize(const NodeView& node, Builder& b) {
  Resize::Attrs a = untouched(node);
  a.mode = mode_of(node);
  a.coordinates = coordinates_of(node);
  a.nearest_mode = nearest_mode_of(node);
  a.cubic_a = node.get_float("cubic_coeff_a", -0.75f);
  a.exclude_outside = node.get_int("exclude_outside", 0) != 0;
  a.antialias = node.get_int("antialias", 0) != 0 && a.mode != ResizeMode::Nearest;
  const std::vector<size_t> axes = axes_of(node, a.sizes.size());
  const std::vector<float> scales = node.has_input(2) ? node.constant_input(2).to_f32() : std::vector<float>{};
  if (!scales.empty()) {
    set_scales(node, a, axes, scales);
  } else {
    set_sizes(node, a, axes, node.constant_ints(3));
  }
  return {b.add<Resize>({node.input(0)}, a)};
}

Values import_depth_to_space(const NodeView& node, Builder& b) {
  constexpr std::pair<std::string_view, DepthMode> kNames[] = {{"DCR", DepthMode::Dcr}, {"CRD", DepthMode::Crd}};
  const DepthMode mode = by_name(node, "mode", node.get_string("mode", "DCR"), kNames, "ONNX knows DCR and CRD");
  return {b.add<DepthToSpace>({node.input(0)}, {.block = node.get_int("blocksize", 0), .mode = mode})};
}

Values import_space_to_depth(const NodeView& node, Builder& b) {
  return {b.add<SpaceToDepth>({node.input(0)}, {.block = node.get_int("blocksize", 0)})};
}

}  // namespace

std::span<const ImportRule> Resize::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Upsample", 7, 8, import_upsample_7},
                                          {"onnx.Upsample", 9, kLastOpset, import_scales_input},
                                          {"onnx.Resize", 10, 10, import_scales_input},
                                          {"onnx.Resize", 11, kLastOpset, import_resize}};
  return kRules;
}

std::span<const ImportRule> DepthToSpace::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.DepthToSpace", 1, kLastOpset, import_depth_to_space}};
  return kRules;
}

std::span<const ImportRule> SpaceToDepth::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.SpaceToDepth", 1, kLastOpset, import_space_to_depth}};
  return kRules;
}

}  // namespace tpuc::ops
