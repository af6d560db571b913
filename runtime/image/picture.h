// Pictures: JPEG, PNG and BMP files as pixels, and pixels as a network's input. Files may come from anybody.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tpuc/ir/tensor.h"
#include "tpuc/runtime/preprocess.h"

namespace tpuc::image {

struct Picture {
  int64_t width = 0, height = 0;  // pixels
  int64_t channels = 3;           // interleaved: 3 (R, G, B) or 1
  std::vector<uint8_t> samples;   // rows from the top
};

// By the first bytes.
bool is_picture(std::span<const std::byte> file);
// Always R, G, B: grey is repeated, alpha dropped, CMYK converted, 16 bits cut to 8. E3033 naming the file.
Picture decode_picture(std::span<const std::byte> file, const std::string& name);

// Luma of BT.601, as Pillow computes it.
Picture to_gray(const Picture& rgb);
Picture cut(const Picture& p, int64_t left, int64_t top, int64_t width, int64_t height);
// Triangle filter, as wide as the shrinking asks for: Pillow's BILINEAR, to the bit.
Picture resize(const Picture& p, int64_t width, int64_t height);

// One picture in the place that it will have in the network's input, and how it got there: what a decoder of boxes
// needs to find the way back. x in the picture = (x in the input - left) / scale_x + cut_left.
struct Placement {
  double scale_x = 1, scale_y = 1;
  int64_t left = 0, top = 0, cut_left = 0, cut_top = 0;
  int64_t picture_width = 0, picture_height = 0;
};

// What a picture must become: an input's shape with the choices that were left open made.
struct PictureInput {
  int64_t count = 1, channels = 3, height = 0, width = 0;
  bool is_nhwc = false;
  ChannelOrder order = ChannelOrder::Rgb;
};
// E3035 where `how` and the input's type do not go together.
PictureInput picture_input(const std::string& name, const TensorType& type, const Preprocess& how);
// Writes the picture as number `index` of the batch into `values` (the whole input). Thread-safe for different indices.
Placement place_picture(const Picture& rgb, const Preprocess& how, const PictureInput& input, int64_t index,
                        std::span<float> values);

// Why mean and scale look wrong, judged by values they led to; nothing where they look right.
std::optional<std::string> doubt_about(const Preprocess& how, std::span<const float> values);

}  // namespace tpuc::image
