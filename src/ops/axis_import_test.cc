// CumSum, TopK, Hardmax and ReverseSequence against plain loops.
#include "ops/axis_import.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <random>

#include "ops/import_case.h"
#include "ops/op_case.h"

namespace tpuc::ops::test {
namespace {

// Whole numbers, so that sums are exact; few, so that some are equal.
Tensor whole_numbers(std::mt19937& rng, Dims dims, DType t = DType::F32) {
  std::uniform_int_distribution<int> u(-5, 5);
  std::vector<double> v(static_cast<size_t>(element_count(dims)));
  for (double& e : v) e = u(rng);
  return typed(t, std::move(dims), v);
}

// Calls visit with the positions of each line of elements along the axis.
template <class Visit>
void for_lines(const Dims& d, size_t axis, Visit visit) {
  const int64_t inner = element_count(Dims(d.begin() + static_cast<std::ptrdiff_t>(axis) + 1, d.end()));
  for (int64_t line = 0; line < element_count(d) / d[axis]; ++line) {
    std::vector<size_t> at;
    for (int64_t i = 0; i < d[axis]; ++i)
      at.push_back(static_cast<size_t>((line / inner * d[axis] + i) * inner + line % inner));
    visit(at);
  }
}

Reals running_sums(const Tensor& x, size_t axis, bool exclusive, bool reverse) {
  const Reals in = x.to_f64();
  Reals y(in.size());
  for_lines(x.dims(), axis, [&](std::vector<size_t> at) {
    if (reverse) std::reverse(at.begin(), at.end());
    double sum = 0;
    for (const size_t i : at) {
      y[i] = exclusive ? sum : sum + in[i];
      sum += in[i];
    }
  });
  return y;
}

TEST_CASE("CumSum adds what came before", "[op]") {
  std::mt19937 rng(3);
  for (int i = 0; i < 40; ++i) {
    const Dims d{1 + i % 3, 1 + i % 11, 1 + i % 4};
    const int64_t axis = i % 3;
    const bool exclusive = i % 2 != 0, reverse = i % 4 > 1;
    const Tensor x = whole_numbers(rng, d, i % 5 == 0 ? DType::I64 : DType::F32);
    ImportCase c("CumSum", 14);
    c.input(x).constant(i64({}, {axis - (i % 2) * 3}));
    c.attr("exclusive", int64_t{exclusive}).attr("reverse", int64_t{reverse});
    INFO(to_string(d) << " axis " << axis << " exclusive " << exclusive << " reverse " << reverse);
    CHECK(c.values() == running_sums(x, static_cast<size_t>(axis), exclusive, reverse));
  }
}

TEST_CASE("CumSum keeps an infinity from what comes before it", "[op]") {
  const float inf = std::numeric_limits<float>::infinity();
  CHECK(ImportCase("CumSum", 14).input(f32({4}, {1, 2, inf, 3})).constant(i64({}, {0})).values() ==
        Reals{1, 3, inf, inf});
}

TEST_CASE("CumSum refuses an axis that is not known or not there", "[op]") {
  CHECK(ImportCase("CumSum", 14).input(f32({2}, {1, 2})).input(i64({}, {0})).error() == 1012);
  CHECK(ImportCase("CumSum", 14).input(f32({2}, {1, 2})).constant(i64({}, {1})).error() == 1206);
  CHECK(ImportCase("CumSum", 14).input(f32({2}, {1, 2})).constant(i64({2}, {0, 0})).error() == 1209);
}

ImportCase top_k(const Tensor& x, int64_t k, int64_t axis, bool largest) {
  ImportCase c("TopK", 11);
  c.input(x).constant(i64({1}, {k})).attr("axis", axis).attr("largest", int64_t{largest}).output("indices");
  return c;
}

TEST_CASE("TopK gives the first of equal elements first", "[op]") {
  std::mt19937 rng(4);
  for (int i = 0; i < 30; ++i) {
    const Dims d{1 + i % 3, 1 + i % 9, 1 + i % 4};
    const auto axis = static_cast<size_t>(i % 3);
    const int64_t k = 1 + i % d[axis];
    const bool largest = i % 2 == 0;
    const Tensor x = whole_numbers(rng, d);
    const Reals in = x.to_f64();
    Dims out = d;
    out[axis] = k;
    Reals values(static_cast<size_t>(element_count(out))), indices = values;
    std::vector<std::vector<size_t>> places;
    for_lines(out, axis, [&](const std::vector<size_t>& at) { places.push_back(at); });
    size_t line = 0;
    for_lines(d, axis, [&](const std::vector<size_t>& at) {
      std::vector<size_t> order(at.size());
      std::iota(order.begin(), order.end(), size_t{0});
      std::stable_sort(order.begin(), order.end(),
                       [&](size_t a, size_t b) { return largest ? in[at[a]] > in[at[b]] : in[at[a]] < in[at[b]]; });
      for (size_t j = 0; j < places[line].size(); ++j) {
        values[places[line][j]] = in[at[order[j]]];
        indices[places[line][j]] = static_cast<double>(order[j]);
      }
      ++line;
    });
    INFO(to_string(d) << " axis " << axis << " k " << k);
    CHECK(top_k(x, k, i % 3, largest).values(0) == values);
    CHECK(top_k(x, k, i % 3 - 3, largest).values(1) == indices);
  }
}

TEST_CASE("TopK of elements that are infinite", "[op]") {
  const float inf = std::numeric_limits<float>::infinity();
  const Tensor x = f32({4}, {-inf, 3, -inf, inf});
  CHECK(top_k(x, 4, 0, true).values(0) == Reals{inf, 3, -inf, -inf});
  CHECK(top_k(x, 4, 0, true).values(1) == Reals{3, 1, 0, 2});
  CHECK(top_k(x, 4, 0, false).values(1) == Reals{0, 2, 1, 3});
}

TEST_CASE("TopK refuses what it cannot pick", "[op]") {
  CHECK(top_k(f32({3}, {1, 2, 3}), 4, 0, true).error() == 1208);
  CHECK(top_k(f32({3}, {1, 2, 3}), 0, 0, true).error() == 1208);
  CHECK(top_k(Tensor(DType::F32, {3000}), 2000, 0, true).error() == 1024);
  CHECK(top_k(i64({3}, {1, 2, 3}), 1, 0, true).error() == 1202);
  CHECK(ImportCase("TopK", 11).input(f32({2}, {1, 2})).input(i64({1}, {1})).error() == 1012);
}

TEST_CASE("Hardmax marks the first of the largest", "[op]") {
  const Tensor x = f32({2, 3}, {1, 5, 5, 4, 0, -1});
  CHECK(ImportCase("Hardmax", 13).input(x).values() == Reals{0, 1, 0, 1, 0, 0});
  CHECK(ImportCase("Hardmax", 13).input(x).attr("axis", int64_t{0}).values() == Reals{0, 1, 1, 1, 0, 0});
  CHECK(ImportCase("Hardmax", 11).input(x).attr("axis", int64_t{0}).values() == Reals{0, 1, 0, 0, 0, 0});
  CHECK(ImportCase("Hardmax", 11).input(f32({1, 2, 3}, {1, 5, 5, 7, 2, 7})).values() == Reals{0, 0, 0, 1, 0, 0});
}

TEST_CASE("ReverseSequence turns the beginning of each sequence round", "[op]") {
  const auto reversed = [](int64_t time, std::vector<int64_t> lengths) {
    ImportCase c("ReverseSequence", 10);
    const auto count = static_cast<int64_t>(lengths.size());
    c.input(counting({2, 3})).constant(i64({count}, lengths));
    return std::move(c.attr("time_axis", time).attr("batch_axis", 1 - time));
  };
  CHECK(reversed(1, {2, 3}).values() == Reals{1, 0, 2, 5, 4, 3});
  CHECK(reversed(0, {2, 1, 0}).values() == Reals{3, 1, 2, 0, 4, 5});
  CHECK(reversed(1, {2, 4}).error() == 1210);
  CHECK(reversed(1, {2}).error() == 1209);
  CHECK(reversed(2, {2, 3}).error() == 1206);
}

}  // namespace
}  // namespace tpuc::ops::test
