// A picture's way into a network's input: cut, resized, placed, normalised, laid out.
#include <algorithm>
#include <cmath>

#include "runtime/image/picture.h"
#include "tpuc/support/check.h"

namespace tpuc::image {
namespace {

UserError misfit(const std::string& name, const TensorType& type, const std::string& why) {
  return UserError(diagnostic(ErrorCode::E3035, "input `{}` {}: {}", name, to_string(type), why));
}

bool is_colour_count(int64_t n) { return n == 1 || n == 3; }

float of_channel(const std::vector<float>& list, size_t channel, float otherwise) {
  if (list.empty()) return otherwise;
  return list.size() == 1 ? list.front() : list[channel];
}

// As Python rounds: halves to the even number.
int64_t rounded(double x) { return static_cast<int64_t>(std::nearbyint(x)); }

// The part of the picture that has the input's proportions.
Picture cut_to_fit(const Picture& p, const PictureInput& input, double share, Placement& place) {
  const double aspect = static_cast<double>(input.width) / static_cast<double>(input.height);
  const auto full_width = static_cast<double>(p.width), full_height = static_cast<double>(p.height);
  const double width = std::min(full_width, full_height * aspect) * share, height = width / aspect;
  const int64_t left = std::clamp<int64_t>(rounded(full_width / 2 - width / 2), 0, p.width - 1);
  const int64_t top = std::clamp<int64_t>(rounded(full_height / 2 - height / 2), 0, p.height - 1);
  const int64_t right = std::clamp<int64_t>(rounded(full_width / 2 + width / 2), left + 1, p.width);
  const int64_t bottom = std::clamp<int64_t>(rounded(full_height / 2 + height / 2), top + 1, p.height);
  place.cut_left = left;
  place.cut_top = top;
  return cut(p, left, top, right - left, bottom - top);
}

Picture fitted(const Picture& rgb, const Preprocess& how, const PictureInput& input, Placement& place) {
  place.picture_width = rgb.width;
  place.picture_height = rgb.height;
  Picture p = input.order == ChannelOrder::Gray ? to_gray(rgb) : rgb;
  if (how.fit == Fit::Crop) p = cut_to_fit(p, input, how.crop_share, place);
  int64_t width = input.width, height = input.height;
  if (how.fit == Fit::Letterbox || how.fit == Fit::Corner) {
    const auto w = static_cast<double>(p.width), h = static_cast<double>(p.height);
    const double r = std::min(static_cast<double>(width) / w, static_cast<double>(height) / h);
    width = std::clamp<int64_t>(rounded(w * r), 1, width);
    height = std::clamp<int64_t>(rounded(h * r), 1, height);
    place.scale_x = place.scale_y = r;
    if (how.fit == Fit::Letterbox) {
      place.left = (input.width - width) / 2;
      place.top = (input.height - height) / 2;
    }
  } else {
    place.scale_x = static_cast<double>(width) / static_cast<double>(p.width);
    place.scale_y = static_cast<double>(height) / static_cast<double>(p.height);
  }
  return resize(p, width, height);
}

}  // namespace

PictureInput picture_input(const std::string& name, const TensorType& type, const Preprocess& how) {
  Dims d = type.dims;
  if (d.size() == 3) d.insert(d.begin(), 1);
  if (d.size() != 4) throw misfit(name, type, "a picture needs four dimensions, with one of 1 or 3 channels");
  PictureInput in;
  const bool can_be_nchw = is_colour_count(d[1]), can_be_nhwc = is_colour_count(d[3]);
  in.is_nhwc = how.layout == ImageLayout::Nhwc || (how.layout == ImageLayout::Auto && !can_be_nchw && can_be_nhwc);
  if (!(in.is_nhwc ? can_be_nhwc : can_be_nchw))
    throw misfit(name, type,
                 how.layout == ImageLayout::Auto
                     ? "no dimension counts 1 or 3 channels"
                     : fmt::format("--layout {} finds {} channels", to_string(how.layout), d[in.is_nhwc ? 3 : 1]));
  in.count = d[0];
  in.channels = in.is_nhwc ? d[3] : d[1];
  in.height = in.is_nhwc ? d[1] : d[2];
  in.width = in.is_nhwc ? d[2] : d[3];
  in.order = how.channels != ChannelOrder::Auto ? how.channels
             : in.channels == 1                 ? ChannelOrder::Gray
                                                : ChannelOrder::Rgb;
  if ((in.order == ChannelOrder::Gray) != (in.channels == 1))
    throw misfit(name, type,
                 fmt::format("it has {} channels, --channels {} gives {}", in.channels, to_string(in.order),
                             in.order == ChannelOrder::Gray ? 1 : 3));
  if (how.width > 0 && (how.width != in.width || how.height != in.height))
    throw misfit(
        name, type,
        fmt::format("--resize {}x{} gives another size than {}x{}", how.width, how.height, in.width, in.height));
  for (const auto* list : {&how.mean, &how.scale})
    if (list->size() > 1 && static_cast<int64_t>(list->size()) != in.channels)
      throw misfit(name, type,
                   fmt::format("--{} has {} numbers for {} channels", list == &how.mean ? "mean" : "scale",
                               list->size(), in.channels));
  if (in.count < 1 || in.width < 1 || in.height < 1) throw misfit(name, type, "it holds no pixels");
  return in;
}

Placement place_picture(const Picture& rgb, const Preprocess& how, const PictureInput& input, int64_t index,
                        std::span<float> values) {
  Placement place;
  const Picture p = fitted(rgb, how, input, place);
  const int64_t pixels = input.width * input.height;
  float* to = values.data() + index * pixels * input.channels;
  for (int64_t c = 0; c < input.channels; ++c) {
    const float mean = of_channel(how.mean, static_cast<size_t>(c), 0);
    const float scale = of_channel(how.scale, static_cast<size_t>(c), 1);
    const int64_t from_channel = input.order == ChannelOrder::Bgr ? input.channels - 1 - c : c;
    const int64_t step = input.is_nhwc ? input.channels : 1;
    float* plane = input.is_nhwc ? to + c : to + c * pixels;
    const float outside = (how.pad - mean) * scale;
    for (int64_t y = 0; y < input.height; ++y)
      for (int64_t x = 0; x < input.width; ++x) {
        const int64_t px = x - place.left, py = y - place.top;
        const bool is_inside = px >= 0 && py >= 0 && px < p.width && py < p.height;
        plane[(y * input.width + x) * step] =
            is_inside
                ? (static_cast<float>(p.samples[static_cast<size_t>((py * p.width + px) * p.channels + from_channel)]) -
                   mean) *
                      scale
                : outside;
      }
  }
  return place;
}

}  // namespace tpuc::image
