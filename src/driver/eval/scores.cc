// The arithmetic of the metrics.
#include "driver/eval/scores.h"

#include <algorithm>
#include <cmath>

#include "tpuc/runtime/compare.h"

namespace tpuc::eval {
namespace {

constexpr double kMostDecibel = 100;

double share(int64_t part, int64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0;
}

}  // namespace

int64_t winner(std::span<const float> scores) {
  int64_t best = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (std::isnan(scores[i])) return -1;
    if (scores[i] > scores[static_cast<size_t>(best)]) best = static_cast<int64_t>(i);
  }
  return best;
}

void ClassScore::add(std::span<const float> scores, int64_t truth) {
  ++count_;
  if (truth < 0 || truth >= static_cast<int64_t>(scores.size()) || winner(scores) < 0) return;
  const float own = scores[static_cast<size_t>(truth)];
  int64_t better = 0;
  for (size_t i = 0; i < scores.size(); ++i)  // of equal scores the first counts as the larger
    better += scores[i] > own || (scores[i] == own && static_cast<int64_t>(i) < truth) ? 1 : 0;
  first_ += better == 0 ? 1 : 0;
  among_five_ += better < 5 ? 1 : 0;
}

std::vector<Figure> ClassScore::figures() const {
  return {{"top-1", share(first_, count_)}, {"top-5", share(among_five_, count_)}};
}

double psnr_db(std::span<const float> got, std::span<const float> want, double peak) {
  double sum = 0;
  for (size_t i = 0; i < want.size(); ++i) {
    const double d = static_cast<double>(got[i]) - want[i];
    sum += d * d;
  }
  if (!std::isfinite(sum) || want.empty()) return 0;
  const double mean = sum / static_cast<double>(want.size());
  return mean > 0 ? std::min(kMostDecibel, 10 * std::log10(peak * peak / mean)) : kMostDecibel;
}

void ImageScore::add(double psnr) {
  least_ = count_ == 0 ? psnr : std::min(least_, psnr);
  sum_ += psnr;
  ++count_;
}

std::vector<Figure> ImageScore::figures() const {
  return {{"PSNR (dB)", count_ > 0 ? sum_ / static_cast<double>(count_) : 0}, {"least PSNR (dB)", least_}};
}

void CosineScore::add(const NamedTensors& got, const NamedTensors& want) {
  double cosine = 1, euclidean = 1;
  for (const Comparison& c : compare_all(got, want)) {
    cosine = std::min(cosine, c.problem.empty() ? c.cosine : -1);
    euclidean = std::min(euclidean, c.problem.empty() ? c.euclidean : -1);
  }
  ++count_;
  cosine_sum_ += cosine;
  euclidean_sum_ += euclidean;
  least_cosine_ = std::min(least_cosine_, cosine);
  least_euclidean_ = std::min(least_euclidean_, euclidean);
}

std::vector<Figure> CosineScore::figures() const {
  const double n = static_cast<double>(std::max<int64_t>(1, count_));
  return {{"cosine", cosine_sum_ / n},
          {"least cosine", least_cosine_},
          {"Euclidean", euclidean_sum_ / n},
          {"least Euclidean", least_euclidean_}};
}

std::vector<Figure> detection_figures(std::span<const Detections> pictures, const Decoder& decoder) {
  double sum = 0;
  for (int i = 0; i < 10; ++i) sum += mean_average_precision(pictures, 0.5 + 0.05 * i);
  const Matches m = match_boxes(pictures, decoder.least_score, 0.5);
  return {{"mAP@0.5", mean_average_precision(pictures, 0.5)},
          {"mAP@0.5:0.95", sum / 10},
          {"recall", share(m.matched, m.truth)},
          {"precision", share(m.matched, m.found)}};
}

}  // namespace tpuc::eval
