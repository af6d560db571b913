// Convolutions and pools over three axes against loops over all of them.
#include "ops/volume_import.h"

#include <cmath>
#include <random>

#include "ops/import_case.h"
#include "ops/op_case.h"

namespace tpuc::ops::test {
namespace {

struct Box {
  std::vector<int64_t> kernel, strides{1, 1, 1}, pads{0, 0, 0, 0, 0, 0}, dilations{1, 1, 1};
  int64_t results(const Dims& x, size_t i) const {
    return (x[i + 2] + pads[i] + pads[i + 3] - (kernel[i] - 1) * dilations[i] - 1) / strides[i] + 1;
  }
  Dims out(const Dims& x, int64_t channels) const {
    return {x[0], channels, results(x, 0), results(x, 1), results(x, 2)};
  }
};

int64_t offset(const Dims& d, const std::vector<int64_t>& at) {
  int64_t o = 0;
  for (size_t i = 0; i < d.size(); ++i) o = o * d[i] + at[i];
  return o;
}

// Calls visit(places) for all index tuples of `d`.
template <class Visit>
void for_all(const Dims& d, Visit visit) {
  std::vector<int64_t> at(d.size(), 0);
  for (int64_t i = 0; i < element_count(d); ++i) {
    visit(at);
    for (size_t a = d.size(); a-- > 0 && ++at[a] == d[a];) at[a] = 0;
  }
}

// Calls visit(tap, place in x or nothing outside) for the taps under result `y` = [n,c,d,h,w].
template <class Visit>
void for_taps(const Box& box, const Dims& x, const std::vector<int64_t>& y, Visit visit) {
  for_all(box.kernel, [&](const std::vector<int64_t>& tap) {
    std::vector<int64_t> at{0, 0, 0};
    bool inside = true;
    for (size_t i = 0; i < 3; ++i) {
      at[i] = y[i + 2] * box.strides[i] + tap[i] * box.dilations[i] - box.pads[i];
      inside = inside && at[i] >= 0 && at[i] < x[i + 2];
    }
    visit(tap, at, inside);
  });
}

Reals conv_by_loops(const Tensor& x, const Tensor& w, const Tensor& bias, const Box& box, int64_t group) {
  const Dims &xd = x.dims(), &wd = w.dims();
  const Reals in = x.to_f64(), filter = w.to_f64(), b = bias.to_f64();
  Reals out;
  for_all(box.out(xd, wd[0]), [&](const std::vector<int64_t>& y) {
    double sum = b[static_cast<size_t>(y[1])];
    for (int64_t c = 0; c < wd[1]; ++c)
      for_taps(box, xd, y, [&](const auto& tap, const auto& at, bool inside) {
        if (!inside) return;
        const int64_t channel = y[1] / (wd[0] / group) * wd[1] + c;
        sum += in[static_cast<size_t>(offset(xd, {y[0], channel, at[0], at[1], at[2]}))] *
               filter[static_cast<size_t>(offset(wd, {y[1], c, tap[0], tap[1], tap[2]}))];
      });
    out.push_back(sum);
  });
  return out;
}

Tensor noise(std::mt19937& rng, Dims dims) {
  std::uniform_real_distribution<double> u(-1, 1);
  std::vector<double> v(static_cast<size_t>(element_count(dims)));
  for (double& e : v) e = u(rng);
  return typed(DType::F32, std::move(dims), v);
}

Box draw(std::mt19937& rng, bool pads_below_half) {
  const auto pick = [&](int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(rng); };
  Box box{{pick(1, 3), pick(1, 3), pick(1, 3)}};
  for (size_t i = 0; i < 3; ++i) {
    box.strides[i] = pick(1, 2);
    for (const size_t end : {i, i + 3}) box.pads[end] = pick(0, pads_below_half ? box.kernel[i] / 2 : 2);
    if (!pads_below_half) box.dilations[i] = pick(1, 2);
  }
  return box;
}

ImportCase with_box(ImportCase c, const Box& box) {
  c.attr("strides", box.strides).attr("pads", box.pads).attr("kernel_shape", box.kernel);
  if (box.dilations != std::vector<int64_t>{1, 1, 1}) c.attr("dilations", box.dilations);
  return c;
}

void close(const Reals& got, const Reals& want) {
  REQUIRE(got.size() == want.size());
  for (size_t i = 0; i < want.size(); ++i) CHECK(got[i] == Approx(want[i]).margin(1e-5));
}

TEST_CASE("a convolution over three axes", "[op]") {
  std::mt19937 rng(5);
  for (int i = 0; i < 40; ++i) {
    const int64_t group = i % 3 == 0 ? 2 : 1, n = 1 + i % 2, c = group * (1 + i % 2), o = group * (1 + i % 3);
    Box box = draw(rng, false);
    if (i % 4 == 1) box.kernel[0] = 1;
    if (i % 4 == 2) box.kernel = {3, 1, 1}, box.strides = {2, 1, 1}, box.pads = {1, 0, 0, 1, 0, 0};
    const Tensor x = noise(rng, {n, c, 5, 6, 7}),
                 w = noise(rng, {o, c / group, box.kernel[0], box.kernel[1], box.kernel[2]});
    const Tensor bias = noise(rng, {o});
    INFO("case " << i << " group " << group << " kernel " << to_string(box.kernel));
    ImportCase node("Conv", 13);
    node.input(x).constant(w).constant(bias).attr("group", group);
    const Tensor y = with_box(std::move(node), box).run();
    CHECK(y.dims() == box.out(x.dims(), o));
    close(y.to_f64(), conv_by_loops(x, w, bias, box, group));
  }
}

TEST_CASE("a convolution over three axes is one over two", "[op]") {
  const auto ops = [](const Dims& filter, const std::vector<int64_t>& pads) {
    ImportCase c("Conv", 13);
    c.input(Tensor(DType::F32, {1, 4, 5, 6, 7})).constant(Tensor(DType::F32, filter)).attr("pads", pads);
    return c.ops();
  };
  CHECK(ops({2, 4, 3, 1, 1}, {1, 0, 0, 1, 0, 0}) == "reshape reshape conv2d reshape");
  CHECK(ops({2, 4, 1, 1, 1}, {0, 0, 0, 0, 0, 0}) == "reshape reshape conv2d reshape");
  CHECK(ops({2, 4, 1, 3, 3}, {0, 1, 1, 0, 1, 1}) == "permute reshape reshape reshape conv2d reshape permute");
}

TEST_CASE("convolutions over three axes that are refused", "[op]") {
  const auto error = [](const Dims& filter, const std::vector<int64_t>& pads) {
    ImportCase c("Conv", 13);
    c.input(Tensor(DType::F32, {1, 4, 5, 6, 7})).constant(Tensor(DType::F32, filter)).attr("pads", pads);
    return c.error();
  };
  CHECK(error({2, 3, 3, 3, 3}, {0, 0, 0, 0, 0, 0}) == 1204);
  CHECK(error({2, 4, 7, 3, 3}, {0, 0, 0, 0, 0, 0}) == 1205);
  CHECK(error({2, 4, 3, 7, 3}, {0, 0, 0, 0, 0, 0}) == 1205);
  CHECK(error({2, 4, 2000, 3, 3}, {1000, 0, 0, 1000, 0, 0}) == 1024);
  CHECK(error({2, 4, 3, 3, 3}, {0, 0, 0, 0}) == 1206);
  CHECK(error({2, 4, 3, 3, 3}, {-1, 0, 0, 0, 0, 0}) == 1208);
  ImportCase transposed("ConvTranspose", 13);
  CHECK(transposed.input(Tensor(DType::F32, {1, 4, 5, 6, 7})).constant(Tensor(DType::F32, {4, 2, 3, 3, 3})).error() ==
        1024);
}

TEST_CASE("pools over three axes", "[op]") {
  std::mt19937 rng(6);
  for (int i = 0; i < 30; ++i) {
    const Box box = draw(rng, true);
    const Tensor x = noise(rng, {1 + i % 2, 2, 5, 6, 7});
    const bool counts_pads = i % 2 != 0;
    const Reals in = x.to_f64();
    Reals largest, mean;
    for_all(box.out(x.dims(), 2), [&](const std::vector<int64_t>& y) {
      double best = -INFINITY, sum = 0;
      int64_t count = 0;
      for_taps(box, x.dims(), y, [&](const auto&, const auto& at, bool inside) {
        count += inside || counts_pads;
        if (!inside) return;
        const double v = in[static_cast<size_t>(offset(x.dims(), {y[0], y[1], at[0], at[1], at[2]}))];
        best = std::max(best, v);
        sum += v;
      });
      largest.push_back(best);
      mean.push_back(sum / static_cast<double>(count));
    });
    INFO("case " << i);
    CHECK(with_box(std::move(ImportCase("MaxPool", 12).input(x)), box).values() == largest);
    ImportCase average("AveragePool", 19);
    average.input(x).attr("count_include_pad", int64_t{counts_pads});
    close(with_box(std::move(average), box).values(), mean);
  }
}

TEST_CASE("global pools take in all axes", "[op]") {
  const Tensor x = counting({1, 2, 2, 2, 3});
  CHECK(ImportCase("GlobalMaxPool", 13).input(x).values() == Reals{11, 23});
  CHECK(ImportCase("GlobalAveragePool", 13).input(x).run().dims() == Dims{1, 2, 1, 1, 1});
  close(ImportCase("GlobalAveragePool", 13).input(x).values(), {5.5, 17.5});
  CHECK(ImportCase("GlobalMaxPool", 13).input(counting({2, 3})).error() == 1201);
}

}  // namespace
}  // namespace tpuc::ops::test
