// JPEG by TurboJPEG, which training code uses too, so pixels are the same to the bit.
#include "runtime/image/jpeg.h"

#include <turbojpeg.h>

#include <cstring>
#include <memory>

namespace tpuc::image {
namespace {

struct CloseHandle {
  void operator()(void* handle) const { tjDestroy(handle); }
};
using Handle = std::unique_ptr<void, CloseHandle>;

// Adobe's programs store inverted inks, and say so in a segment of their own.
bool has_adobe_segment(std::span<const std::byte> file) {
  const auto byte_at = [&](size_t i) { return std::to_integer<size_t>(file[i]); };
  for (size_t at = 2; at + 9 <= file.size() && byte_at(at) == 0xff && byte_at(at + 1) != 0xda;) {
    if (byte_at(at + 1) == 0xee && std::memcmp(file.data() + at + 4, "Adobe", 5) == 0) return true;
    at += 2 + (byte_at(at + 2) << 8 | byte_at(at + 3));
  }
  return false;
}

std::vector<uint8_t> inks_to_rgb(const std::vector<uint8_t>& inks, bool is_inverted) {
  std::vector<uint8_t> rgb(inks.size() / 4 * 3);
  const unsigned flip = is_inverted ? 0 : 255;
  for (size_t i = 0; i < rgb.size(); ++i) {
    const unsigned light = inks[i / 3 * 4 + i % 3] ^ flip, black = inks[i / 3 * 4 + 3] ^ flip;
    rgb[i] = static_cast<uint8_t>((light * black + 127) / 255);
  }
  return rgb;
}

}  // namespace

Picture decode_jpeg(std::span<const std::byte> file, const std::string& name) {
  const Handle handle(tjInitDecompress());
  TPUC_CHECK(handle != nullptr, "TurboJPEG does not start: {}", tjGetErrorStr2(nullptr));
  const auto* bytes = reinterpret_cast<const unsigned char*>(file.data());
  const auto size = static_cast<unsigned long>(file.size());
  int width = 0, height = 0, sampling = 0, colours = 0;
  if (tjDecompressHeader3(handle.get(), bytes, size, &width, &height, &sampling, &colours) != 0)
    throw unreadable(name, fmt::format("its header cannot be read ({})", tjGetErrorStr2(handle.get())));
  if (width <= 0 || height <= 0 || int64_t{width} * height > kMostPixels) throw too_large(name, width, height);
  const bool has_inks = colours == TJCS_CMYK || colours == TJCS_YCCK;
  std::vector<uint8_t> samples(static_cast<size_t>(width) * static_cast<size_t>(height) * (has_inks ? 4 : 3));
  const int result = tjDecompress2(handle.get(), bytes, size, samples.data(), width, 0, height,
                                   has_inks ? TJPF_CMYK : TJPF_RGB, TJFLAG_LIMITSCANS);
  // Spare bytes between segments are the one warning that good pictures get.
  const std::string trouble = result != 0 ? tjGetErrorStr2(handle.get()) : "";
  const bool is_harmless =
      tjGetErrorCode(handle.get()) == TJERR_WARNING && trouble.find("extraneous bytes") != std::string::npos;
  if (result != 0 && !is_harmless) throw unreadable(name, fmt::format("it is damaged or cut off ({})", trouble));
  if (has_inks) samples = inks_to_rgb(samples, has_adobe_segment(file));
  return {width, height, 3, std::move(samples)};
}

}  // namespace tpuc::image
