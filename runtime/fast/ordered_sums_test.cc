// Convolutions in front of a quantize against their order written out, bit for bit; means against theirs.
#include <cmath>

#include "ops/activation.h"
#include "ops/conv.h"
#include "ops/pool.h"
#include "ops/quantize.h"
#include "runtime/fast/fast_case.h"

namespace tpuc {
namespace {

// Sums of the products of one output element, in order.
float fused(const std::vector<float>& w, const std::vector<float>& x, size_t part) {
  float y = 0;
  for (size_t first = 0; first < w.size(); first += part) {
    float sum = 0;
    for (size_t k = first; k < std::min(w.size(), first + part); ++k) sum = std::fma(w[k], x[k], sum);
    y = first == 0 ? sum : y + sum;
  }
  return y;
}
float fours(const std::vector<float>& w, const std::vector<float>& x) {
  float y = 0;
  for (size_t k = 0; k < w.size();) {
    const size_t rest = w.size() - k, count = rest >= 4 ? 4 : rest >= 2 ? 2 : 1;
    float sum = w[k] * x[k];
    for (size_t i = 1; i < count; ++i) sum += w[k + i] * x[k + i];
    y = k == 0 ? sum : y + sum;
    k += count;
  }
  return y;
}

// What output element (o, p, q) multiplies, in row-major order of its filter.
struct Terms {
  std::vector<float> w, x;
};
Terms terms(const Tensor& x, const Tensor& w, const ops::Conv2d::Attrs& a, int64_t o, int64_t p, int64_t q) {
  const Dims &xd = x.dims(), &wd = w.dims();
  const auto xs = x.as<float>(), ws = w.as<float>();
  Terms t;
  for (int64_t i = 0; i < wd[1]; ++i)
    for (int64_t r = 0; r < wd[2]; ++r)
      for (int64_t s = 0; s < wd[3]; ++s) {
        const int64_t channel = o / (wd[0] / a.group) * wd[1] + i;
        const int64_t h = p * a.strides[0] + r * a.dilations[0] - a.pads[0],
                      v = q * a.strides[1] + s * a.dilations[1] - a.pads[1];
        const bool inside = h >= 0 && h < xd[2] && v >= 0 && v < xd[3];
        t.w.push_back(ws[static_cast<size_t>(((o * wd[1] + i) * wd[2] + r) * wd[3] + s)]);
        t.x.push_back(inside ? xs[static_cast<size_t>((channel * xd[2] + h) * xd[3] + v)] : 0.0f);
      }
  return t;
}

// The largest difference of the convolution's result, behind which a quantize stands, from the order written out.
void check(const Dims& x_dims, const Dims& w_dims, const ops::Conv2d::Attrs& attrs, size_t part) {
  Random r;
  Case c;
  const Tensor x = r.tensor(DType::F32, x_dims), w = r.tensor(DType::F32, w_dims),
               bias = r.tensor(DType::F32, {w_dims[0]});
  Op& conv = c.graph.add<ops::Conv2d>({c.operand(x), c.operand(w, true), c.operand(bias, true)}, attrs);
  c.graph.set_outputs({c.graph.add<ops::Quantize>({conv.out(0)}, {.scale = 0.1f, .divides = true}).out(0)});
  Tensor y;
  ExecOptions options;
  options.hook = [&](const Value& v, const Tensor& t) {
    if (v.def == &conv) y = t;
  };
  Executor(c.graph, options).run(c.inputs);
  const Dims& d = y.dims();
  size_t at = 0, wrong = 0;
  for (int64_t o = 0; o < d[1]; ++o)
    for (int64_t p = 0; p < d[2]; ++p)
      for (int64_t q = 0; q < d[3]; ++q, ++at) {
        const Terms t = terms(x, w, attrs, o, p, q);
        const float sum = w_dims[0] == attrs.group ? fours(t.w, t.x) : fused(t.w, t.x, part);
        if (y.as<float>()[at] != ops::apply(attrs.activation, sum + bias.as<float>()[static_cast<size_t>(o)])) ++wrong;
      }
  CHECK(wrong == 0);
}

TEST_CASE("sums of products that are rounded next have their order", "[op]") {
  check({1, 3, 17, 13}, {8, 3, 3, 3}, {.strides = {2, 2}, .pads = {0, 0, 1, 1}}, 128);
  check({1, 40, 12, 15}, {6, 40, 3, 3}, {.pads = {1, 1, 1, 1}, .activation = ops::Activation::Relu}, 128);
  check({1, 200, 15, 15}, {7, 200, 1, 1}, {.activation = ops::Activation::Relu6}, 128);
  check({1, 300, 7, 7}, {5, 300, 1, 1}, {}, 256);
  check({1, 600, 4, 5}, {5, 600, 1, 1}, {}, 512);
  check({1, 12, 9, 9}, {6, 4, 3, 3}, {.dilations = {2, 1}, .group = 3}, 128);
  check({1, 5, 9, 9}, {5, 1, 3, 3}, {.pads = {1, 1, 1, 1}, .group = 5}, 128);
  check({1, 3, 9, 9}, {3, 1, 1, 7}, {.group = 3}, 128);
}

TEST_CASE("a mean adds in four lanes", "[op]") {
  Case c;
  const std::vector<float> values{1e8f, 1, -1e8f, 3, 5, 7};
  const Tensor x = Tensor::from_f32({1, 1, 2, 3}, values);
  c.graph.set_outputs({c.graph.add<ops::AvgPool2d>({c.operand(x)}, {.kernel = {2, 3}}).out(0)});
  CHECK(Executor(c.graph).run(c.inputs).begin()->second.as<float>()[0] == (4.0f + 5 + 7) / 6);
}

TEST_CASE("a long chain of bounds is prepared in the time that it takes to run", "[op]") {
  Case c;
  Value* v = c.operand(Tensor::from_f32({1, 1, 1, 1}, std::vector<float>{-1}));
  for (int i = 0; i < 100'000; ++i) v = c.graph.add<ops::Relu>({v}).out(0);
  c.graph.set_outputs({v});
  CHECK(Executor(c.graph).run(c.inputs).begin()->second.as<float>()[0] == 0);
}

}  // namespace
}  // namespace tpuc
