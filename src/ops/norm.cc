// Normalizations: shape inference and reference evaluation. Import rules: norm_import.cc.
// Sums run in double so that the reference is better than what it judges.
#include "ops/norm.h"

#include <algorithm>
#include <cmath>

#include "ops/eval_elements.h"
#include "ops/families.h"
#include "ops/infer_check.h"

namespace tpuc::ops {
namespace {

std::vector<TensorType> infer_channels(const InferCtx& ctx, std::initializer_list<std::string_view> vectors) {
  require_floats(ctx);
  require_min_rank(ctx, 0, "input", 2);
  size_t i = 1;
  for (const std::string_view name : vectors) require_vector(ctx, i++, name, ctx.dims(0)[1], "channels");
  return {like_input(ctx, ctx.dims(0))};
}

// y = fn(channel, x) over x [N,C,...].
template <class T, class Fn>
void for_channels(const Tensor& x, Tensor& out, Fn&& fn) {
  std::vector<T> y = elements<T>(x);
  const size_t channels = static_cast<size_t>(x.dims()[1]);
  const size_t plane = y.empty() ? 1 : y.size() / static_cast<size_t>(x.dims()[0]) / channels;
  for (size_t i = 0; i < y.size(); ++i) y[i] = fn(i / plane % channels, y[i]);
  store(out, y);
}

template <class T>
void eval_scale(const EvalArgs& in, const Scale::Attrs& a, Tensor& out) {
  const std::vector<T> s = elements<T>(in[1]), t = in.has(2) ? elements<T>(in[2]) : std::vector<T>(s.size());
  for_channels<T>(in[0], out, [&](size_t c, T x) {
    const T y = x * s[c] + t[c];
    return a.activation == Activation::None ? y : static_cast<T>(apply(a.activation, static_cast<float>(y)));
  });
}

template <class T>
void eval_batch_norm(const EvalArgs& in, const BatchNorm::Attrs& a, Tensor& out) {
  const std::vector<T> gamma = elements<T>(in[1]), beta = elements<T>(in[2]);
  const std::vector<T> mean = elements<T>(in[3]), var = elements<T>(in[4]);
  for_channels<T>(in[0], out, [&](size_t c, T x) {
    return (x - mean[c]) / std::sqrt(var[c] + static_cast<T>(a.epsilon)) * gamma[c] + beta[c];
  });
}

enum class Centre : uint8_t { Mean, Zero };

// Each run of `length` elements is shifted by its mean (or not) and divided by its root mean square.
template <class T>
void normalize_runs(std::vector<T>& x, size_t length, float epsilon, Centre centre) {
  for (auto run = x.begin(); length > 0 && run != x.end(); run += static_cast<std::ptrdiff_t>(length)) {
    const auto end = run + static_cast<std::ptrdiff_t>(length);
    double mean = 0, square = 0;
    if (centre == Centre::Mean) {
      for (auto it = run; it != end; ++it) mean += static_cast<double>(*it);
      mean /= static_cast<double>(length);
    }
    for (auto it = run; it != end; ++it)
      square += (static_cast<double>(*it) - mean) * (static_cast<double>(*it) - mean);
    const double factor = 1.0 / std::sqrt(square / static_cast<double>(length) + static_cast<double>(epsilon));
    for (auto it = run; it != end; ++it) *it = static_cast<T>((static_cast<double>(*it) - mean) * factor);
  }
}

// gamma and beta of one entry per element of a run (or one for all): y = y * gamma + beta.
template <class T>
void affine_runs(const EvalArgs& in, std::vector<T>& y) {
  if (in.has(1)) {
    const std::vector<T> gamma = elements<T>(in[1]);
    for (size_t i = 0; i < y.size(); ++i) y[i] *= gamma[i % gamma.size()];
  }
  if (in.has(2)) {
    const std::vector<T> beta = elements<T>(in[2]);
    for (size_t i = 0; i < y.size(); ++i) y[i] += beta[i % beta.size()];
  }
}

template <class T>
void eval_trailing(const EvalArgs& in, const LayerNorm::Attrs& a, Centre centre, Tensor& out) {
  std::vector<T> y = elements<T>(in[0]);
  const Dims& d = in[0].dims();
  normalize_runs(y, static_cast<size_t>(element_count(Dims(d.begin() + a.axis, d.end()))), a.epsilon, centre);
  affine_runs(in, y);
  store(out, y);
}

template <class T>
void eval_groups(const EvalArgs& in, int64_t groups, float epsilon, Tensor& out) {
  std::vector<T> y = elements<T>(in[0]);
  const Dims& d = in[0].dims();
  normalize_runs(y, d[0] == 0 ? 0 : y.size() / static_cast<size_t>(d[0] * groups), epsilon, Centre::Mean);
  const size_t channels = static_cast<size_t>(d[1]);
  const size_t plane = std::max<size_t>(1, y.size() / std::max<size_t>(1, static_cast<size_t>(d[0]) * channels));
  const std::vector<T> gamma = in.has(1) ? elements<T>(in[1]) : std::vector<T>(channels, T{1});
  const std::vector<T> beta = in.has(2) ? elements<T>(in[2]) : std::vector<T>(channels);
  for (size_t i = 0; i < y.size(); ++i) y[i] = y[i] * gamma[i / plane % channels] + beta[i / plane % channels];
  store(out, y);
}

// gamma and beta: the trailing dimensions (leading ones do not matter), or one element.
void require_trailing(const InferCtx& ctx, size_t input, std::string_view what, const LayerNorm::Attrs& a) {
  if (!ctx.has(input) || element_count(ctx.dims(input)) == 1) return;
  auto without_leading_ones = [](Dims d) {
    d.erase(d.begin(), std::find_if(d.begin(), d.end(), [](int64_t n) { return n != 1; }));
    return d;
  };
  const Dims& x = ctx.dims(0);
  const Dims trailing(x.begin() + a.axis, x.end());
  if (without_leading_ones(ctx.dims(input)) == without_leading_ones(trailing)) return;
  throw UserError(diagnostic(ErrorCode::E1209, "{}: {} has dimensions {}, expected {}", ctx.op, what,
                             to_string(ctx.dims(input)), to_string(trailing))
                      .note("input", to_string(ctx.type(0)))
                      .note("hint", "it has the axes that are normalized over, or one element"));
}

std::vector<TensorType> infer_trailing(const InferCtx& ctx, const LayerNorm::Attrs& a) {
  require_floats(ctx);
  require_axis(ctx, 0, a.axis);
  require_trailing(ctx, 1, "gamma", a);
  require_trailing(ctx, 2, "beta", a);
  return {like_input(ctx, ctx.dims(0))};
}

template <class T>
void eval_lrn(const Tensor& x, const Lrn::Attrs& a, Tensor& out) {
  const std::vector<T> in = elements<T>(x);
  std::vector<T> y(in.size());
  const int64_t channels = x.dims()[1], plane = channels == 0 ? 0 : x.count() / x.dims()[0] / channels;
  for (int64_t i = 0; i < x.count(); ++i) {
    const int64_t c = i / plane % channels;
    const int64_t from = std::max<int64_t>(0, c - (a.size - 1) / 2), to = std::min(channels - 1, c + a.size / 2);
    T sum = 0;
    for (int64_t k = from; k <= to; ++k) {
      const T v = in[static_cast<size_t>(i + (k - c) * plane)];
      sum += v * v;
    }
    const T base = static_cast<T>(a.bias) + static_cast<T>(a.alpha) / static_cast<T>(a.size) * sum;
    y[static_cast<size_t>(i)] = in[static_cast<size_t>(i)] / std::pow(base, static_cast<T>(a.beta));
  }
  store(out, y);
}

// Calls fn(T{}) with float, or double for f64: all operators here take floats only.
template <class Fn>
void with_float(const Tensor& x, Fn&& fn) {
  if (x.dtype() == DType::F64) return fn(double{});
  fn(float{});
}

}  // namespace

std::vector<TensorType> Scale::infer(const InferCtx& ctx, const Attrs&) { return infer_channels(ctx, {"s", "t"}); }
void Scale::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  with_float(in[0], [&](auto t) { eval_scale<decltype(t)>(in, a, out[0]); });
}

std::vector<TensorType> BatchNorm::infer(const InferCtx& ctx, const Attrs&) {
  return infer_channels(ctx, {"gamma", "beta", "mean", "variance"});
}
void BatchNorm::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  with_float(in[0], [&](auto t) { eval_batch_norm<decltype(t)>(in, a, out[0]); });
}

std::vector<TensorType> LayerNorm::infer(const InferCtx& ctx, const Attrs& a) { return infer_trailing(ctx, a); }
void LayerNorm::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  with_float(in[0], [&](auto t) { eval_trailing<decltype(t)>(in, a, Centre::Mean, out[0]); });
}

std::vector<TensorType> RmsNorm::infer(const InferCtx& ctx, const Attrs& a) { return infer_trailing(ctx, a); }
void RmsNorm::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  with_float(in[0], [&](auto t) { eval_trailing<decltype(t)>(in, a, Centre::Zero, out[0]); });
}

std::vector<TensorType> GroupNorm::infer(const InferCtx& ctx, const Attrs& a) {
  std::vector<TensorType> types = infer_channels(ctx, {"gamma", "beta"});
  const int64_t channels = ctx.dims(0)[1];
  if (a.groups < 1 || channels % a.groups != 0)
    throw UserError(
        diagnostic(ErrorCode::E1208, "{}: {} channels do not divide into {} groups", ctx.op, channels, a.groups)
            .note("input", to_string(ctx.type(0))));
  return types;
}
void GroupNorm::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  with_float(in[0], [&](auto t) { eval_groups<decltype(t)>(in, a.groups, a.epsilon, out[0]); });
}

std::vector<TensorType> InstanceNorm::infer(const InferCtx& ctx, const Attrs&) {
  return infer_channels(ctx, {"gamma", "beta"});
}
void InstanceNorm::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  with_float(in[0], [&](auto t) { eval_groups<decltype(t)>(in, in[0].dims()[1], a.epsilon, out[0]); });
}

std::vector<TensorType> Lrn::infer(const InferCtx& ctx, const Attrs& a) {
  if (a.size < 1 || a.size > kMaxWindowAttr)
    throw UserError(diagnostic(ErrorCode::E1208, "{}: size is {}, expected 1 to {}", ctx.op, a.size, kMaxWindowAttr));
  return infer_channels(ctx, {});
}
void Lrn::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  with_float(in[0], [&](auto t) { eval_lrn<decltype(t)>(in[0], a, out[0]); });
}

std::span<const OpDef> norm_ops() {
  static const OpDef table[] = {def<Scale>(),     def<BatchNorm>(),    def<LayerNorm>(), def<RmsNorm>(),
                                def<GroupNorm>(), def<InstanceNorm>(), def<Lrn>()};
  return table;
}

}  // namespace tpuc::ops
