// Tells kinds of pictures apart; PNG and BMP by stb_image. It takes a BMP that was cut off for a good one, so that is
// looked at here first.
#include <algorithm>
#include <cstring>
#include <memory>

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#include <stb/stb_image.h>

#include "runtime/image/jpeg.h"

namespace tpuc::image {
namespace {

constexpr size_t kMostFileBytes = size_t{1} << 30;

uint32_t byte_at(std::span<const std::byte> file, size_t at) {
  return at < file.size() ? std::to_integer<uint32_t>(file[at]) : 0;
}
uint32_t little(std::span<const std::byte> file, size_t at, size_t bytes) {
  uint32_t x = 0;
  for (size_t i = 0; i < bytes; ++i) x |= byte_at(file, at + i) << (8 * i);
  return x;
}

uint32_t big(std::span<const std::byte> file, size_t at) {
  return byte_at(file, at) << 24 | byte_at(file, at + 1) << 16 | byte_at(file, at + 2) << 8 | byte_at(file, at + 3);
}

bool is_jpeg(std::span<const std::byte> f) { return byte_at(f, 0) == 0xff && byte_at(f, 1) == 0xd8 && f.size() > 2; }
bool is_bmp(std::span<const std::byte> f) {
  if (f.size() < 26 || byte_at(f, 0) != 'B' || byte_at(f, 1) != 'M') return false;
  const uint32_t header = little(f, 14, 4);
  return header == 12 || (header >= 40 && header <= 124);
}
bool is_png(std::span<const std::byte> f) {
  return f.size() >= 8 && std::memcmp(f.data(), "\x89PNG\r\n\x1a\n", 8) == 0;
}

bool ends_early_bmp(std::span<const std::byte> f) {
  const bool is_old = little(f, 14, 4) == 12;
  const uint32_t compression = is_old ? 0 : little(f, 30, 4);
  if (compression != 0 && compression != 3) return false;  // refused by the decoder
  const auto width = static_cast<int64_t>(static_cast<int32_t>(little(f, 18, is_old ? 2 : 4)));
  const auto height = static_cast<int64_t>(static_cast<int32_t>(little(f, is_old ? 20 : 22, is_old ? 2 : 4)));
  const int64_t bits = little(f, is_old ? 24 : 28, 2);
  const int64_t row = (width * bits + 31) / 32 * 4;
  return static_cast<int64_t>(little(f, 10, 4)) + row * std::abs(height) > static_cast<int64_t>(f.size());
}

}  // namespace

UserError unreadable(const std::string& name, const std::string& why) {
  return UserError(diagnostic(ErrorCode::E3033, "picture `{}`: {}", name, why));
}

UserError too_large(const std::string& name, int64_t width, int64_t height) {
  return unreadable(name,
                    fmt::format("it says to have {} x {} pixels; at most {} are taken", width, height, kMostPixels));
}

bool is_picture(std::span<const std::byte> file) { return is_jpeg(file) || is_png(file) || is_bmp(file); }

Picture decode_picture(std::span<const std::byte> file, const std::string& name) {
  if (!is_picture(file)) throw unreadable(name, "neither JPEG nor PNG nor BMP");
  if (file.size() > kMostFileBytes) throw unreadable(name, fmt::format("larger than {} bytes", kMostFileBytes));
  if (is_jpeg(file)) return decode_jpeg(file, name);
  const auto* bytes = reinterpret_cast<const stbi_uc*>(file.data());
  const int size = static_cast<int>(file.size());
  int width = 0, height = 0, channels = 0;
  const bool is_known = stbi_info_from_memory(bytes, size, &width, &height, &channels) != 0;
  if (!is_known && is_png(file)) {  // the decoder looks at the size before we can
    width = static_cast<int>(big(file, 16));
    height = static_cast<int>(big(file, 20));
  }
  if (!is_known && (width <= 0 || int64_t{width} * height <= kMostPixels))
    throw unreadable(name, fmt::format("its header cannot be read ({})", stbi_failure_reason()));
  if (width <= 0 || height <= 0 || int64_t{width} * height > kMostPixels) throw too_large(name, width, height);
  if (is_bmp(file) && ends_early_bmp(file))
    throw unreadable(name, fmt::format("it is cut off: {} bytes do not hold its {} x {} pixels", size, width, height));
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load_from_memory(bytes, size, &width, &height, &channels, 3), stbi_image_free);
  if (pixels == nullptr) throw unreadable(name, fmt::format("it is damaged or cut off ({})", stbi_failure_reason()));
  Picture p{width, height, 3, {}};
  p.samples.assign(pixels.get(), pixels.get() + p.width * p.height * 3);
  return p;
}

}  // namespace tpuc::image
