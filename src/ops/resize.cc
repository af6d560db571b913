// Resampling and depth/space moves: shape inference and reference evaluation. Import rules: resize_import.cc.
// Coordinates are computed in f32, step by step as ONNX Runtime does: nearest indices depend on it.
#include "ops/resize.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "ops/eval_elements.h"
#include "ops/families.h"
#include "ops/grid_sample.h"
#include "ops/infer_check.h"
#include "ops/integer_sum.h"
#include "tpuc/numerics/fixed_point.h"

namespace tpuc::ops {
namespace {

constexpr float kMaxScale = 1 << 22, kMinScale = 1.0f / kMaxScale;

float coordinate(const Resize::Attrs& a, int64_t in_size, int64_t out_size, float scale, int64_t i) {
  const auto x = static_cast<float>(i), in = static_cast<float>(in_size), out = static_cast<float>(out_size);
  switch (a.coordinates) {
    case Coordinates::HalfPixel:
      return (x + 0.5f) / scale - 0.5f;
    case Coordinates::Asymmetric:
      return x / scale;
    case Coordinates::AlignCorners:
      return out_size == 1 ? 0.0f : x * (in - 1) / (out - 1);
    case Coordinates::PytorchHalfPixel:
      return out_size > 1 ? (x + 0.5f) / scale - 0.5f : 0.0f;
    case Coordinates::TfHalfPixel:
      return (x + 0.5f) / scale;
    case Coordinates::HalfPixelSymmetric: {
      const float adjustment = out / (scale * in), centre = in / 2;
      return centre * (1 - adjustment) + (x + 0.5f) / scale - 0.5f;
    }
  }
  return 0;
}

float round_nearest(NearestMode mode, float x, bool shrinks) {
  switch (mode) {
    case NearestMode::RoundPreferFloor:
      return x == std::trunc(x) + 0.5f ? std::floor(x) : std::round(x);
    case NearestMode::RoundPreferCeil:
      return std::round(x);
    case NearestMode::Floor:
      return std::floor(x);
    case NearestMode::Ceil:
      return std::ceil(x);
    case NearestMode::Simple:
      return shrinks ? std::ceil(x) : std::trunc(x);
  }
  return 0;
}

// source: Keys, "Cubic convolution interpolation" (1981), with coefficient a
float cubic_kernel(float a, float x) {
  x = std::abs(x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return 0;
}

float kernel_at(const Resize::Attrs& a, float x) {
  if (a.mode == ResizeMode::Cubic) return cubic_kernel(a.cubic_a, x);
  return std::max(0.0f, 1 - std::abs(x));
}

// Weights of `taps` elements from `first` on around coordinate x; `stretch` <= 1 widens the kernel.
void fill_taps(const Resize::Attrs& a, ResizeAxis& axis, int64_t in_size, int64_t first, float x, float stretch) {
  const size_t base = axis.weight.size();
  float sum = 0;
  for (int64_t k = first; k < first + axis.taps; ++k) {
    const bool outside = k < 0 || k >= in_size;
    const float w = outside && a.exclude_outside ? 0.0f : kernel_at(a, (static_cast<float>(k) - x) * stretch);
    axis.index.push_back(std::clamp<int64_t>(k, 0, in_size - 1));
    axis.weight.push_back(w);
    sum += w;
  }
  const bool renormalize = a.exclude_outside || stretch < 1;
  for (size_t i = base; renormalize && sum != 0 && i < axis.weight.size(); ++i) axis.weight[i] /= sum;
}

}  // namespace

ResizeAxis resize_axis(const Resize::Attrs& a, size_t axis, int64_t in_size) {
  const int64_t out_size = a.sizes[axis];
  const float scale = a.scales[axis];
  ResizeAxis result;
  const float stretch = a.antialias ? std::min(scale, 1.0f) : 1.0f;
  const float support = (a.mode == ResizeMode::Cubic ? 2.0f : 1.0f) / stretch;
  if (a.mode != ResizeMode::Nearest) result.taps = static_cast<int64_t>(2 * std::ceil(support)) + (stretch < 1 ? 1 : 0);
  for (int64_t i = 0; i < out_size; ++i) {
    float x = coordinate(a, in_size, out_size, scale, i);
    if (a.mode == ResizeMode::Nearest) {
      const auto nearest = static_cast<int64_t>(round_nearest(a.nearest_mode, x, scale < 1));
      result.index.push_back(std::clamp<int64_t>(nearest, 0, in_size - 1));
      result.weight.push_back(1);
    } else {
      const auto last = static_cast<float>(in_size - 1);
      if (a.mode == ResizeMode::Linear && stretch == 1) x = std::clamp(x, 0.0f, last);
      const auto first = static_cast<int64_t>(std::floor(x - support)) + 1;
      fill_taps(a, result, in_size, first, x, stretch);
    }
  }
  return result;
}

std::vector<int64_t> integer_weights(const ResizeAxis& axis) {
  constexpr int64_t kSum = int64_t{1} << kResizeWeightBits;
  const auto taps = static_cast<size_t>(axis.taps);
  std::vector<int64_t> weights;
  for (size_t first = 0; first < axis.weight.size(); first += taps) {
    int64_t left = kSum;
    float before = 0;  // rounding the sums keeps their total
    for (size_t k = first; k < first + taps; ++k) {
      before += axis.weight[k];
      const bool is_last = k + 1 == first + taps;
      const int64_t upto = is_last ? kSum : std::clamp<int64_t>(std::llrint(before * kSum), kSum - left, kSum);
      weights.push_back(upto - (kSum - left));
      left = kSum - upto;
    }
  }
  return weights;
}

namespace {

// Resamples one axis of x, whose dimensions become `dims`.
template <class T>
std::vector<T> resample(const std::vector<T>& x, Dims& dims, size_t axis, const ResizeAxis& r) {
  const auto inner =
      static_cast<size_t>(element_count(Dims(dims.begin() + static_cast<int64_t>(axis) + 1, dims.end())));
  const auto in_size = static_cast<size_t>(dims[axis]), taps = static_cast<size_t>(r.taps);
  const size_t out_size = r.index.size() / taps, outer = x.size() / inner / in_size;
  std::vector<T> y(outer * out_size * inner);
  for (size_t o = 0; o < outer; ++o)
    for (size_t i = 0; i < out_size; ++i)
      for (size_t k = 0; k < taps; ++k) {
        const T* from = x.data() + (o * in_size + static_cast<size_t>(r.index[i * taps + k])) * inner;
        const T weight = static_cast<T>(r.weight[i * taps + k]);
        T* to = y.data() + (o * out_size + i) * inner;
        for (size_t j = 0; j < inner; ++j) to[j] += from[j] * weight;
      }
  dims[axis] = static_cast<int64_t>(out_size);
  return y;
}

template <class T>
void eval_resize(const Tensor& in, const Resize::Attrs& a, Tensor& out) {
  std::vector<T> x = elements<T>(in);
  Dims dims = in.dims();
  for (size_t axis = 0; axis < dims.size(); ++axis)
    if (a.sizes[axis] != dims[axis] || a.scales[axis] != 1.0f)
      x = resample(x, dims, axis, resize_axis(a, axis, dims[axis]));
  store(out, x);
}

void eval_bytes(const Tensor& in, const Resize::Attrs& a, Tensor& out) {
  std::vector<int64_t> x = in.to_i64();
  Dims dims = in.dims();
  int bits = 0;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (a.sizes[axis] == dims[axis] && a.scales[axis] == 1.0f) continue;
    ResizeAxis r = resize_axis(a, axis, dims[axis]);
    const std::vector<int64_t> weights = integer_weights(r);
    std::copy(weights.begin(), weights.end(), r.weight.begin());
    x = resample(x, dims, axis, r);
    bits += kResizeWeightBits;
  }
  for (int64_t& v : x) v = shift_right_round(v, bits, Round::NearestEven);
  store(out, x);
}

// Copies elements between the two arrangements: deep is [N,C*b*b,H,W], wide is [N,C,H*b,W*b].
// to_wide: from deep to wide, else back.
void move_blocks(const Tensor& from, Tensor& to, int64_t block, DepthMode mode, bool to_wide) {
  const Dims& deep = to_wide ? from.dims() : to.dims();
  const int64_t c_deep = deep[1], h_deep = deep[2], w_deep = deep[3], channels = c_deep / (block * block);
  const size_t item = static_cast<size_t>(size_bytes(from.dtype()));
  const std::byte* src = from.bytes().data();
  std::byte* dst = to.mutable_bytes().data();
  int64_t at = 0;  // position in deep, row-major
  for (int64_t n = 0; n < deep[0]; ++n)
    for (int64_t cd = 0; cd < c_deep; ++cd) {
      const int64_t cell = mode == DepthMode::Dcr ? cd / channels : cd % (block * block);
      const int64_t c = mode == DepthMode::Dcr ? cd % channels : cd / (block * block);
      for (int64_t h = 0; h < h_deep; ++h)
        for (int64_t w = 0; w < w_deep; ++w, ++at) {
          const int64_t row = (n * channels + c) * h_deep * block + h * block + cell / block;
          const auto wide_at = static_cast<size_t>(row * w_deep * block + w * block + cell % block) * item;
          const size_t deep_at = static_cast<size_t>(at) * item;
          std::memcpy(dst + (to_wide ? wide_at : deep_at), src + (to_wide ? deep_at : wide_at), item);
        }
    }
}

void check_block(const InferCtx& ctx, int64_t block, bool divides, std::string_view rule) {
  if (block >= 1 && divides) return;
  throw UserError(diagnostic(ErrorCode::E1208, "{}: block is {}, expected one whose {}", ctx.op, block, rule)
                      .note("input", to_string(ctx.type(0))));
}

void check_movable(const InferCtx& ctx) {
  require_rank(ctx, 0, "input", 4);
  if (ctx.type(0).dtype != DType::Bool) require_number(ctx);
}

void check_resize_entry(const InferCtx& ctx, const Resize::Attrs& a, size_t axis) {
  const int64_t in = ctx.dims(0)[axis], out = a.sizes[axis];
  if (in == out && a.scales[axis] == 1.0f) return;
  const bool scale_fits = a.scales[axis] >= kMinScale && a.scales[axis] <= kMaxScale;
  if (in >= 1 && out >= 1 && scale_fits) return;
  throw UserError(diagnostic(ErrorCode::E1208, "{}: axis {} goes from {} to {} elements by a scale of {}", ctx.op, axis,
                             in, out, a.scales[axis])
                      .note("hint", fmt::format("lengths are at least 1, scales {} to {}", kMinScale, kMaxScale)));
}

}  // namespace

std::vector<TensorType> Resize::infer(const InferCtx& ctx, const Attrs& a) {
  require_number(ctx);
  const bool takes_bytes = a.mode == ResizeMode::Linear && is_byte(ctx.type(0).dtype);
  if (a.mode != ResizeMode::Nearest && !takes_bytes) require_floats(ctx);
  const size_t rank = ctx.dims(0).size();
  if (a.sizes.size() != rank || a.scales.size() != rank)
    throw UserError(diagnostic(ErrorCode::E1206, "{}: {} sizes and {} scales for a tensor with {} dimensions", ctx.op,
                               a.sizes.size(), a.scales.size(), rank));
  for (size_t axis = 0; axis < rank; ++axis) check_resize_entry(ctx, a, axis);
  return {{ctx.type(0).dtype, a.sizes, a.mode == ResizeMode::Cubic ? std::nullopt : ctx.type(0).quant}};
}

void Resize::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  if (a.mode != ResizeMode::Nearest && is_byte(in[0].dtype())) return eval_bytes(in[0], a, out[0]);
  with_compute_type(in[0].dtype(), [&](auto t) { eval_resize<decltype(t)>(in[0], a, out[0]); });
}

std::vector<TensorType> DepthToSpace::infer(const InferCtx& ctx, const Attrs& a) {
  check_movable(ctx);
  const Dims& x = ctx.dims(0);
  const bool sane = a.block >= 1 && a.block <= kMaxWindowAttr;
  check_block(ctx, a.block, sane && x[1] % (a.block * a.block) == 0, "square divides the channels");
  return {{ctx.type(0).dtype, {x[0], x[1] / (a.block * a.block), x[2] * a.block, x[3] * a.block}, ctx.type(0).quant}};
}

void DepthToSpace::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  move_blocks(in[0], out[0], a.block, a.mode, true);
}

std::vector<TensorType> SpaceToDepth::infer(const InferCtx& ctx, const Attrs& a) {
  check_movable(ctx);
  const Dims& x = ctx.dims(0);
  const bool sane = a.block >= 1 && a.block <= kMaxWindowAttr;
  check_block(ctx, a.block, sane && x[2] % a.block == 0 && x[3] % a.block == 0, "length divides height and width");
  return {{ctx.type(0).dtype, {x[0], x[1] * a.block * a.block, x[2] / a.block, x[3] / a.block}, ctx.type(0).quant}};
}

void SpaceToDepth::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  move_blocks(in[0], out[0], a.block, DepthMode::Dcr, false);
}

std::span<const OpDef> resize_ops() {
  static const OpDef table[] = {def<Resize>(), def<GridSample>(), def<DepthToSpace>(), def<SpaceToDepth>()};
  return table;
}

}  // namespace tpuc::ops
