// grid_sample: shapes, reference values and the ONNX rule. Places are computed in f32 in the order of ONNX's formulas,
// which its decomposition keeps.
#include "ops/grid_sample.h"

#include <algorithm>
#include <cmath>

#include "ops/eval_elements.h"
#include "ops/import.h"
#include "ops/infer_check.h"

namespace tpuc::ops {

namespace {

// A coordinate -1..1 as a place between pixels of an axis.
float place_of(float g, int64_t size, const GridSample::Attrs& a) {
  const auto n = static_cast<float>(size);
  float at = a.align_corners ? (g + 1) * ((n - 1) * 0.5F) : ((g + 1) * n - 1) * 0.5F;
  if (a.padding == GridPadding::Reflection) {
    const float low = a.align_corners ? 0 : -0.5F, span = a.align_corners ? n - 1 : n;
    at = span == 0 ? 0 : low + (span - std::abs(std::fmod(std::abs(at - low), 2 * span) - span));
  }
  // Beyond two pixels outside nothing is left to weigh; the numbers stay small ones.
  const bool is_zeros = a.padding == GridPadding::Zeros;
  return std::min(std::max(at, is_zeros ? -2.0F : 0.0F), is_zeros ? n + 1 : n - 1);
}

struct Picture {
  const float* pixels;
  int64_t height, width;
  float at(float y, float x, bool zeros_outside) const {
    const auto h = static_cast<float>(height - 1), w = static_cast<float>(width - 1);
    if (zeros_outside && (y < 0 || y > h || x < 0 || x > w)) return 0;
    return pixels[static_cast<int64_t>(std::clamp(y, 0.0F, h)) * width + static_cast<int64_t>(std::clamp(x, 0.0F, w))];
  }
};

float sample(const Picture& p, float gx, float gy, const GridSample::Attrs& a) {
  const float x = place_of(gx, p.width, a), y = place_of(gy, p.height, a);
  const bool zeros = a.padding == GridPadding::Zeros;
  if (a.mode == GridMode::Nearest) return p.at(std::nearbyint(y), std::nearbyint(x), zeros);
  const float x0 = std::floor(x), y0 = std::floor(y), right = x - x0, down = y - y0;
  return p.at(y0, x0, zeros) * ((1 - down) * (1 - right)) + p.at(y0, x0 + 1, zeros) * ((1 - down) * right) +
         p.at(y0 + 1, x0, zeros) * (down * (1 - right)) + p.at(y0 + 1, x0 + 1, zeros) * (down * right);
}

}  // namespace

std::vector<TensorType> GridSample::infer(const InferCtx& ctx, const Attrs&) {
  require_rank(ctx, 0, "input", 4);
  require_rank(ctx, 1, "grid", 4);
  require_floats(ctx);
  const Dims &x = ctx.dims(0), &g = ctx.dims(1);
  if (g[0] != x[0] || g[3] != 2 || x[2] < 1 || x[3] < 1)
    throw UserError(with_inputs(diagnostic(ErrorCode::E1209, "{}: a grid {} for pictures {}, expected [{},P,Q,2]",
                                           ctx.op, to_string(g), to_string(x), x[0]),
                                ctx));
  return {{ctx.type(0).dtype, {x[0], x[1], g[1], g[2]}, {}}};
}

void GridSample::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  const std::vector<float> x = in[0].to_f32(), grid = in[1].to_f32();
  const Dims &d = in[0].dims(), &g = in[1].dims();
  const int64_t places = g[1] * g[2];
  std::vector<float> y(static_cast<size_t>(out[0].count()));
  for (int64_t plane = 0; plane < d[0] * d[1]; ++plane) {
    const Picture p{x.data() + plane * d[2] * d[3], d[2], d[3]};
    const float* at = grid.data() + plane / d[1] * places * 2;
    for (int64_t i = 0; i < places; ++i)
      y[static_cast<size_t>(plane * places + i)] = sample(p, at[2 * i], at[2 * i + 1], a);
  }
  store(out[0], y);
}

namespace {

template <class T, size_t N>
T by_name(const NodeView& n, std::string_view key, std::string_view fallback,
          const std::pair<std::string_view, T> (&names)[N], std::string_view hint) {
  const std::string name = n.get_string(key, fallback);
  for (const auto& [known, value] : names)
    if (known == name) return value;
  refuse(n, fmt::format("{} is `{}`", key, name), hint);
}

Values import_grid_sample(const NodeView& n, Builder& b) {
  static constexpr std::pair<std::string_view, GridMode> kModes[] = {
      {"bilinear", GridMode::Linear}, {"linear", GridMode::Linear}, {"nearest", GridMode::Nearest}};
  static constexpr std::pair<std::string_view, GridPadding> kPaddings[] = {
      {"zeros", GridPadding::Zeros}, {"border", GridPadding::Border}, {"reflection", GridPadding::Reflection}};
  GridSample::Attrs a;
  a.mode = by_name(n, "mode", "linear", kModes, "linear (bilinear) and nearest are supported");
  a.padding = by_name(n, "padding_mode", "zeros", kPaddings, "ONNX knows zeros, border and reflection");
  a.align_corners = n.get_int("align_corners", 0) != 0;
  if (n.input(0)->type.dims.size() == 5)
    refuse(n, "the input has 3 spatial axes", "pictures are supported, volumes are not");
  return {b.add<GridSample>({n.input(0), n.input(1)}, a)};
}

}  // namespace

std::span<const ImportRule> GridSample::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.GridSample", 16, kLastOpset, import_grid_sample}};
  return kRules;
}

}  // namespace tpuc::ops
