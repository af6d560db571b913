// Mean and scale are easily given in the wrong unit: for pixels of 0..1, as a deviation, or twice. Their values tell.
#include <fmt/core.h>

#include <algorithm>
#include <cmath>

#include "runtime/image/picture.h"

namespace tpuc::image {
namespace {

constexpr float kLargestUsual = 16;      // of normalised values: 255 pixels are at most a few deviations
constexpr float kSmallestUsual = 0.05f;  // what is left of 255 when it was divided twice
constexpr double kFarFromZero = 3;       // deviations

bool is_plain(const std::vector<float>& list, float value) {
  return std::all_of(list.begin(), list.end(), [&](float x) { return x == value; });
}
float largest_of(const std::vector<float>& list, float otherwise) {
  if (list.empty()) return otherwise;
  float most = 0;
  for (const float x : list) most = std::max(most, std::fabs(x));
  return most;
}

}  // namespace

std::optional<std::string> doubt_about(const Preprocess& how, std::span<const float> values) {
  double sum = 0, squares = 0;
  float largest = 0;
  for (const float x : values) {
    sum += x;
    squares += static_cast<double>(x) * x;
    largest = std::max(largest, std::fabs(x));
  }
  const auto n = static_cast<double>(std::max<size_t>(1, values.size()));
  const double mean = sum / n, deviation = std::sqrt(std::max(0.0, squares / n - mean * mean));
  const bool has_mean = !is_plain(how.mean, 0), has_scale = !is_plain(how.scale, 1);
  const float most_mean = largest_of(how.mean, 0), most_scale = largest_of(how.scale, 1);
  if (values.size() > 1 && deviation == 0)
    return fmt::format("every value is {:.4g}: ranges of such data say nothing", mean);
  if (has_mean && most_mean <= 1 && (most_scale <= 1 / 16.f || !has_scale))
    return fmt::format("--mean (at most {}) looks made for pixels of 0..1; pixels are 0..255 here: multiply it by 255",
                       most_mean);
  if (has_scale && largest > kLargestUsual)
    return fmt::format(
        "values reach {:.4g}: --scale is a factor for pixels of 0..255, so a deviation of 0.229 for 0..1 "
        "is given as 1 / (0.229 * 255)",
        largest);
  if (has_scale && largest > 0 && largest < kSmallestUsual)
    return fmt::format("no value is beyond {:.4g}: --scale looks too small, as if pixels were divided by 255 twice",
                       largest);
  if (has_mean && deviation > 0 && std::fabs(mean) > kFarFromZero * deviation)
    return fmt::format(
        "after --mean and --scale the values are {:.4g} on average, {:.1f} deviations from 0: the mean "
        "does not suit these pictures",
        mean, std::fabs(mean) / deviation);
  return {};
}

}  // namespace tpuc::image
