// Running sums of an evaluation, one kind per task.
#pragma once

#include <span>
#include <vector>

#include "driver/eval/boxes.h"
#include "driver/eval/evaluate.h"

namespace tpuc::eval {

// The index of the largest score; -1 where a score is NaN.
int64_t winner(std::span<const float> scores);

class ClassScore {
 public:
  // `truth` beyond the scores, or negative, is a class the network does not know: wrong.
  void add(std::span<const float> scores, int64_t truth);
  std::vector<Figure> figures() const;

 private:
  int64_t count_ = 0, first_ = 0, among_five_ = 0;
};

// 10 log10(peak^2 / mean squared difference), at most 100 dB; 0 where a value is NaN.
double psnr_db(std::span<const float> got, std::span<const float> want, double peak);

class ImageScore {
 public:
  void add(double psnr);
  std::vector<Figure> figures() const;

 private:
  double sum_ = 0, least_ = 0;
  int64_t count_ = 0;
};

// All outputs of a sample together: what counts is the worst of them.
class CosineScore {
 public:
  void add(const NamedTensors& got, const NamedTensors& want);
  std::vector<Figure> figures() const;

 private:
  double cosine_sum_ = 0, euclidean_sum_ = 0, least_cosine_ = 1, least_euclidean_ = 1;
  int64_t count_ = 0;
};

// mAP, and recall and precision with what the decoder's authors take for found.
std::vector<Figure> detection_figures(std::span<const Detections> pictures, const Decoder& decoder);

}  // namespace tpuc::eval
