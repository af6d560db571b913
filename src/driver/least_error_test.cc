// Rounding by what results lose: on inputs that go together it errs less than the nearest integers do, on other samples
// too; and it never leaves the two integers next to a weight.
#include "driver/least_error.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <random>

namespace tpuc {
namespace {

// Rows whose elements share `sources` random numbers, and a little of their own.
Tensor correlated_rows(int64_t rows, int64_t inputs, int64_t sources, unsigned seed) {
  std::mt19937 mixing(3), random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> mix(static_cast<size_t>(inputs * sources)), out;
  for (float& x : mix) x = normal(mixing);
  for (int64_t r = 0; r < rows; ++r) {
    std::vector<float> source(static_cast<size_t>(sources));
    for (float& x : source) x = normal(random) + 0.5F;
    for (size_t k = 0; k < static_cast<size_t>(inputs); ++k) {
      float x = 0.1F * normal(random);
      for (size_t s = 0; s < source.size(); ++s) x += source[s] * mix[k * source.size() + s];
      out.push_back(x);
    }
  }
  return Tensor::from_f32({rows, inputs}, out);
}

std::vector<WeightColumn> random_columns(size_t count, int64_t inputs) {
  std::mt19937 random(5);
  std::uniform_real_distribution<double> uniform(-4, 4);
  std::vector<WeightColumn> columns(count);
  for (WeightColumn& column : columns)
    for (int64_t k = 0; k < inputs; ++k) {
      const double x = uniform(random);
      column.weights.push_back({std::floor(x), std::ceil(x), x, false});
    }
  return columns;
}

double squared_error(const Tensor& samples, const WeightColumn& column, bool nearest) {
  const auto x = samples.as<float>();
  double sum = 0;
  for (size_t row = 0; row < static_cast<size_t>(samples.dims()[0]); ++row) {
    double error = 0;
    for (size_t k = 0; k < column.weights.size(); ++k) {
      const WeightColumn::Weight& w = column.weights[k];
      const bool is_up = nearest ? w.high - w.value < w.value - w.low : w.is_up;
      error += (w.value - (is_up ? w.high : w.low)) * static_cast<double>(x[row * column.weights.size() + k]);
    }
    sum += error * error;
  }
  return sum;
}

}  // namespace

TEST_CASE("results err less than with the nearest integers, of one block of inputs and of several", "[round]") {
  for (const int64_t inputs : {9, 60, 1500}) {
    INFO(inputs << " inputs");
    const Tensor samples = correlated_rows(2000, inputs, 4, 1), others = correlated_rows(200, inputs, 4, 2);
    std::vector<WeightColumn> columns = random_columns(3, inputs);
    round_for_least_error(samples, columns);
    double now = 0, before = 0;
    for (const WeightColumn& column : columns) {
      CHECK(squared_error(samples, column, false) <= squared_error(samples, column, true));
      now += squared_error(others, column, false), before += squared_error(others, column, true);
    }
    CHECK(now < 0.5 * before);
  }
}

TEST_CASE("inputs that know nothing of each other, or are zero, leave the nearest integers", "[round]") {
  std::vector<float> diagonal(16);
  for (size_t k = 0; k < 3; ++k) diagonal[5 * k] = static_cast<float>(k + 1);  // the fourth input is always 0
  for (const Tensor& samples : {Tensor::from_f32({4, 4}, diagonal), Tensor(DType::F32, {0, 4})}) {
    std::vector<WeightColumn> columns = random_columns(5, 4);
    round_for_least_error(samples, columns);
    for (const WeightColumn& column : columns)
      for (const WeightColumn::Weight& w : column.weights) CHECK(w.is_up == (w.high - w.value < w.value - w.low));
  }
}

TEST_CASE("a weight without a choice stays, and others make up for it", "[round]") {
  const Tensor samples = Tensor::from_f32({3, 2}, std::vector<float>{1, 1, 2, 2, -3, -3});  // the inputs are one
  std::vector<WeightColumn> columns(1);
  columns[0].weights = {{127, 127, 127.4, false}, {2, 3, 2.3, false}};
  round_for_least_error(samples, columns);
  CHECK(columns[0].weights[1].is_up);  // 127 + 3 is nearer to 129.7 than 127 + 2
}

}  // namespace tpuc
