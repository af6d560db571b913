// How a picture becomes a network's input. Stated once, on the command line, and kept in the calibration table.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tpuc {

// Stretch ignores the picture's proportions. Letterbox keeps them and fills the rest with `pad`: the picture lies in
// the middle, or (Corner) at the top left. Crop keeps them too and cuts off what stands out at both sides.
enum class Fit : uint8_t { Stretch, Letterbox, Corner, Crop };
enum class ChannelOrder : uint8_t { Auto, Rgb, Bgr, Gray };  // Auto: Rgb for three channels, Gray for one
enum class ImageLayout : uint8_t { Auto, Nchw, Nhwc };       // Auto: where the input has its 1 or 3 channels

struct Preprocess {
  int64_t width = 0, height = 0;  // pixels; 0: as the network's input has it
  Fit fit = Fit::Stretch;
  float crop_share = 1;            // Crop keeps this share of what would fit: 0.875 is 224 of 256
  std::vector<float> mean, scale;  // value = (pixel - mean) * scale, pixel 0..255, in the order of the channels;
                                   // empty: 0 and 1; a single one is for all channels
  ChannelOrder channels = ChannelOrder::Auto;
  ImageLayout layout = ImageLayout::Auto;
  float pad = 0;  // pixel value
  bool operator==(const Preprocess&) const = default;
};

// The words of the command line and of the table.
std::string_view to_string(Fit fit);
std::string_view to_string(ChannelOrder order);
std::string_view to_string(ImageLayout layout);
// E2001 with `option` in front for a word that is none of them.
Fit parse_fit(const std::string& text, const std::string& option);
ChannelOrder parse_channels(const std::string& text, const std::string& option);
ImageLayout parse_layout(const std::string& text, const std::string& option);

}  // namespace tpuc
