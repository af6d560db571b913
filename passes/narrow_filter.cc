// See the header.
#include "passes/narrow_filter.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "passes/narrow_floats.h"
#include "tpuc/support/thread_pool.h"

namespace tpuc {
namespace {

constexpr int64_t kFewWeights = int64_t{1} << 16;  // not worth a thread
// Of long filters those weights are enough whose error is at least this share of a step; looking at all takes time.
constexpr size_t kLongFilter = 256;
constexpr double kNearMiddle = 0.4;

// A weight as it is rounded now, and its neighbour on the other side of what it should be.
struct Rounded {
  uint16_t bits = 0, other = 0;
  double error = 0, step = 0;  // to the other one; 0 where there is none
};

std::vector<double> to_f64(std::span<const uint16_t> bits, DType type) {
  return Tensor::borrow({type, {static_cast<int64_t>(bits.size())}, {}}, std::as_bytes(bits)).to_f64();
}

std::vector<Rounded> look_at(std::span<const float> wanted, std::span<const uint16_t> nearest, DType type) {
  const std::vector<double> values = to_f64(nearest, type);
  std::vector<uint16_t> neighbours(nearest.begin(), nearest.end());
  // One more in the bits of a half is one step away from zero.
  for (size_t k = 0; k < neighbours.size(); ++k) {
    const double size = std::abs(static_cast<double>(wanted[k])), rounded = std::abs(values[k]);
    neighbours[k] = static_cast<uint16_t>(neighbours[k] + (rounded < size) - (rounded > size));
  }
  const std::vector<double> others = to_f64(neighbours, type);
  std::vector<Rounded> weights(nearest.size());
  for (size_t k = 0; k < weights.size(); ++k) {
    const double step = std::isfinite(others[k]) ? others[k] - values[k] : 0;
    weights[k] = {nearest[k], neighbours[k], values[k] - static_cast<double>(wanted[k]), step};
  }
  return weights;
}

// Brings the sum of the errors as near to 0 as taking other neighbours can, those first whose own error grows least.
void cancel_errors(std::span<Rounded> weights) {
  double sum = 0, least_step = std::numeric_limits<double>::infinity();
  for (const Rounded& w : weights) sum += w.error;
  struct Change {
    double growth;
    size_t weight;
  };
  const double least_error = weights.size() > kLongFilter ? kNearMiddle : 0;
  std::vector<Change> changes;
  for (size_t k = 0; k < weights.size(); ++k) {
    const Rounded& w = weights[k];
    if (std::abs(w.error) < least_error * std::abs(w.step) || std::abs(sum + w.step) >= std::abs(sum)) continue;
    changes.push_back({std::abs(w.error + w.step) - std::abs(w.error), k});
    least_step = std::min(least_step, std::abs(w.step));
  }
  const auto comes_later = [](const Change& a, const Change& b) {
    return a.growth != b.growth ? a.growth > b.growth : a.weight > b.weight;
  };
  std::make_heap(changes.begin(), changes.end(), comes_later);
  for (; !changes.empty() && 2 * std::abs(sum) > least_step; changes.pop_back()) {
    std::pop_heap(changes.begin(), changes.end(), comes_later);
    Rounded& w = weights[changes.back().weight];
    if (std::abs(sum + w.step) >= std::abs(sum)) continue;
    sum += w.step;
    w.error += w.step;
    w.step = -w.step;
    std::swap(w.bits, w.other);
  }
}

}  // namespace

Tensor narrow_filter(const Tensor& filter, DType to) {
  Tensor out = narrow_floats(filter, to);
  if (filter.dtype() != DType::F32 || out.count() == 0) return out;
  const Dims& d = filter.dims();
  const auto filters = static_cast<size_t>(d[0]), size = static_cast<size_t>(filter.count()) / filters;
  ThreadPool(filter.count() < kFewWeights ? 1 : 0).parallel_for(filters, [&](size_t o) {
    const std::span<uint16_t> bits = out.as_mutable<uint16_t>().subspan(o * size, size);
    std::vector<Rounded> weights = look_at(filter.as<float>().subspan(o * size, size), bits, to);
    cancel_errors(weights);
    for (size_t k = 0; k < size; ++k) bits[k] = weights[k].bits;
  });
  return out;
}

}  // namespace tpuc
