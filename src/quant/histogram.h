// Counts of a tensor's values over all samples, in bins of floating-point width: sign, exponent and eight bits of the
// mantissa name a bin, so a bin is at most 1/256 of its values wide whatever their size. No range has to be known
// before, nothing is ever rescaled, and the result depends neither on the order of the samples nor on threads.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

namespace tpuc::quant {

inline constexpr int kMantissaBits = 8;
inline constexpr int kBinsPerOctave = 1 << kMantissaBits;

// Values a bin may hold: low <= x <= high. The bin of zero has both 0.
struct Bin {
  double low = 0, high = 0;
  double count = 0;
};

// What one thread counts before it goes into a histogram.
class Tally {
 public:
  Tally();
  void add(std::span<const float> values);
  void clear();

  bool has_nan() const;
  int64_t infinities() const;

 private:
  friend class Histogram;
  std::vector<uint32_t> counts_;  // by sign, exponent and mantissa: the highest bits of a float
  std::vector<uint8_t> touched_;  // by sign and exponent
  float min_, max_;               // of the finite values
  bool nan_ = false;
};

class Histogram {
 public:
  // Infinities are left out.
  void add(const Tally& tally);

  int64_t count() const { return count_; }
  // Of the finite values; 0 where there are none.
  float min() const { return count_ > 0 ? min_ : 0; }
  float max() const { return count_ > 0 ? max_ : 0; }
  // The bins that hold something, ascending. Values of less than 2^-16 of the largest magnitude count as zero.
  std::vector<Bin> bins() const;

 private:
  void drop_tiny_octaves();

  std::map<uint32_t, std::vector<uint64_t>> octaves_;  // by sign and exponent
  uint64_t tiny_ = 0;
  int64_t count_ = 0;
  float min_ = 0, max_ = 0;
};

// |x| instead of x: the bins of both signs joined, ascending, the bin of zero first where there is one.
std::vector<Bin> folded(const std::vector<Bin>& bins);

}  // namespace tpuc::quant
