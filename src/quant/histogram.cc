// Counting by the bits of the values.
#include "quant/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace tpuc::quant {
namespace {

constexpr int kShift = 23 - kMantissaBits;  // from a float's bits to its bin
constexpr size_t kBins = size_t{1} << (32 - kShift);
constexpr size_t kOctaves = 512;                   // sign and exponent
constexpr uint32_t kSign = 256, kNotFinite = 255;  // of an octave's number
constexpr uint32_t kOctavesKept = 16;              // below the largest magnitude

uint32_t exponent_of(uint32_t octave) { return octave & ~kSign; }

}  // namespace

Tally::Tally()
    : counts_(kBins),
      touched_(kOctaves),
      min_(std::numeric_limits<float>::infinity()),
      max_(-std::numeric_limits<float>::infinity()) {}

void Tally::add(std::span<const float> values) {
  float least = std::numeric_limits<float>::infinity(), most = -least;
  for (const float x : values) {
    const auto bits = std::bit_cast<uint32_t>(x);
    ++counts_[bits >> kShift];
    touched_[bits >> 23] = 1;
    least = x < least ? x : least;
    most = x > most ? x : most;
  }
  if (touched_[kNotFinite] != 0 || touched_[kNotFinite | kSign] != 0) {  // rare: the extremes of the rest
    least = std::numeric_limits<float>::infinity();
    most = -least;
    for (const float x : values) {
      nan_ |= std::isnan(x);
      if (!std::isfinite(x)) continue;
      least = std::min(least, x);
      most = std::max(most, x);
    }
  }
  min_ = std::min(min_, least);
  max_ = std::max(max_, most);
}

void Tally::clear() {
  for (size_t octave = 0; octave < kOctaves; ++octave)
    if (touched_[octave] != 0)
      std::fill_n(counts_.begin() + static_cast<std::ptrdiff_t>(octave * kBinsPerOctave), kBinsPerOctave, 0);
  std::fill(touched_.begin(), touched_.end(), uint8_t{0});
  min_ = std::numeric_limits<float>::infinity();
  max_ = -min_;
  nan_ = false;
}

bool Tally::has_nan() const { return nan_; }

int64_t Tally::infinities() const {
  return int64_t{counts_[size_t{kNotFinite} << kMantissaBits]} +
         int64_t{counts_[size_t{kNotFinite | kSign} << kMantissaBits]};
}

void Histogram::add(const Tally& tally) {
  if (tally.min_ > tally.max_) return;
  min_ = count_ > 0 ? std::min(min_, tally.min_) : tally.min_;
  max_ = count_ > 0 ? std::max(max_, tally.max_) : tally.max_;
  for (uint32_t octave = 0; octave < kOctaves; ++octave) {
    if (tally.touched_[octave] == 0 || exponent_of(octave) == kNotFinite) continue;
    std::vector<uint64_t>& counts = octaves_[octave];
    counts.resize(kBinsPerOctave);
    const uint32_t* from = tally.counts_.data() + size_t{octave} * kBinsPerOctave;
    for (size_t i = 0; i < counts.size(); ++i) {
      counts[i] += from[i];
      count_ += from[i];
    }
  }
  drop_tiny_octaves();
}

void Histogram::drop_tiny_octaves() {
  const uint32_t top = std::bit_cast<uint32_t>(std::max(std::fabs(min_), std::fabs(max_))) >> 23;
  std::erase_if(octaves_, [&](const auto& item) {
    const uint32_t exponent = exponent_of(item.first);
    if (exponent != 0 && exponent + kOctavesKept >= top) return false;
    for (const uint64_t n : item.second) tiny_ += n;
    return true;
  });
}

std::vector<Bin> Histogram::bins() const {
  std::vector<Bin> below, above;
  for (const auto& [octave, counts] : octaves_) {
    const bool is_negative = (octave & kSign) != 0;
    for (size_t i = 0; i < counts.size(); ++i) {
      if (counts[i] == 0) continue;
      const uint32_t first = (exponent_of(octave) << 23) | (static_cast<uint32_t>(i) << kShift);
      const double low = std::bit_cast<float>(first);
      const double width = std::ldexp(1.0, static_cast<int>(exponent_of(octave)) - 127 - kMantissaBits);
      const auto n = static_cast<double>(counts[i]);
      if (is_negative)
        below.push_back({-low - width, -low, n});
      else
        above.push_back({low, low + width, n});
    }
  }
  std::reverse(below.begin(), below.end());
  if (tiny_ > 0) below.push_back({0, 0, static_cast<double>(tiny_)});
  below.insert(below.end(), above.begin(), above.end());
  if (!below.empty()) {  // the outermost bins end at the extremes
    below.front().low = std::max(below.front().low, static_cast<double>(min_));
    below.back().high = std::min(below.back().high, static_cast<double>(max_));
  }
  return below;
}

std::vector<Bin> folded(const std::vector<Bin>& bins) {
  std::vector<Bin> out;
  for (const Bin& b : bins) out.push_back(b.low < 0 ? Bin{-b.high, -b.low, b.count} : b);
  std::sort(out.begin(), out.end(), [](const Bin& a, const Bin& b) { return a.low < b.low; });
  size_t kept = 0;
  for (size_t i = 1; i < out.size(); ++i) {
    if (out[i].low == out[kept].low) {
      out[kept].high = std::max(out[kept].high, out[i].high);
      out[kept].count += out[i].count;
    } else {
      out[++kept] = out[i];
    }
  }
  if (!out.empty()) out.resize(kept + 1);
  return out;
}

}  // namespace tpuc::quant
