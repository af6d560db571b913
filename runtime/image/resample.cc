// Pixels to pixels. Resizing follows Pillow's arithmetic (22-bit weights, 8 bits between the two directions), so that
// pictures become what most training code made of them.
#include <algorithm>
#include <cmath>

#include "runtime/image/picture.h"
#include "tpuc/support/check.h"

namespace tpuc::image {
namespace {

constexpr int kWeightBits = 22;

// What one pixel of the result is made from.
struct Window {
  int64_t first = 0;
  std::vector<int32_t> weights;
};

std::vector<Window> windows_of(int64_t from, int64_t to) {
  const double scale = static_cast<double>(from) / static_cast<double>(to), support = std::max(scale, 1.0);
  std::vector<Window> out(static_cast<size_t>(to));
  std::vector<double> w;
  for (size_t i = 0; i < out.size(); ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(0, static_cast<int64_t>(centre - support + 0.5));
    const int64_t last = std::min(from, static_cast<int64_t>(centre + support + 0.5));
    w.clear();
    double sum = 0;
    for (int64_t x = first; x < last; ++x) {
      w.push_back(std::max(0.0, 1 - std::fabs((static_cast<double>(x) - centre + 0.5) / support)));
      sum += w.back();
    }
    out[i].first = first;
    for (const double x : w)
      out[i].weights.push_back(static_cast<int32_t>(std::floor(x / sum * (1 << kWeightBits) + 0.5)));
  }
  return out;
}

uint8_t clip8(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kWeightBits, 0, 255)); }

// Along rows: `count` samples wide pixels.
Picture resize_rows(const Picture& p, int64_t width) {
  const std::vector<Window> windows = windows_of(p.width, width);
  const int64_t c = p.channels;
  Picture out{width, p.height, c, std::vector<uint8_t>(static_cast<size_t>(width * p.height * c))};
  uint8_t* to = out.samples.data();
  for (int64_t y = 0; y < p.height; ++y) {
    const uint8_t* row = p.samples.data() + y * p.width * c;
    for (const Window& w : windows)
      for (int64_t k = 0; k < c; ++k) {
        int32_t sum = 1 << (kWeightBits - 1);
        const uint8_t* from = row + w.first * c + k;
        for (size_t i = 0; i < w.weights.size(); ++i) sum += w.weights[i] * from[static_cast<int64_t>(i) * c];
        *to++ = clip8(sum);
      }
  }
  return out;
}

Picture resize_columns(const Picture& p, int64_t height) {
  const std::vector<Window> windows = windows_of(p.height, height);
  const int64_t row = p.width * p.channels;
  Picture out{p.width, height, p.channels, std::vector<uint8_t>(static_cast<size_t>(row * height))};
  std::vector<int32_t> sums(static_cast<size_t>(row));
  uint8_t* to = out.samples.data();
  for (const Window& w : windows) {
    std::fill(sums.begin(), sums.end(), 1 << (kWeightBits - 1));
    for (size_t i = 0; i < w.weights.size(); ++i) {
      const uint8_t* from = p.samples.data() + (w.first + static_cast<int64_t>(i)) * row;
      for (size_t x = 0; x < sums.size(); ++x) sums[x] += w.weights[i] * from[x];
    }
    for (const int32_t sum : sums) *to++ = clip8(sum);
  }
  return out;
}

}  // namespace

Picture to_gray(const Picture& rgb) {
  Picture out{rgb.width, rgb.height, 1, std::vector<uint8_t>(static_cast<size_t>(rgb.width * rgb.height))};
  const uint8_t* s = rgb.samples.data();
  for (uint8_t& y : out.samples) {
    y = static_cast<uint8_t>((s[0] * 19595u + s[1] * 38470u + s[2] * 7471u + 0x8000u) >> 16);
    s += 3;
  }
  return out;
}

Picture cut(const Picture& p, int64_t left, int64_t top, int64_t width, int64_t height) {
  TPUC_CHECK(left >= 0 && top >= 0 && left + width <= p.width && top + height <= p.height,
             "cut outside of the picture");
  Picture out{width, height, p.channels, {}};
  out.samples.reserve(static_cast<size_t>(width * height * p.channels));
  for (int64_t y = top; y < top + height; ++y) {
    const auto row = p.samples.begin() + (y * p.width + left) * p.channels;
    out.samples.insert(out.samples.end(), row, row + width * p.channels);
  }
  return out;
}

Picture resize(const Picture& p, int64_t width, int64_t height) {
  if (p.width == width && p.height == height) return p;
  if (p.height == height) return resize_rows(p, width);
  if (p.width == width) return resize_columns(p, height);
  return resize_columns(resize_rows(p, width), height);
}

}  // namespace tpuc::image
