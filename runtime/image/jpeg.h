// The half of decoding that libjpeg-turbo does; runtime/image/decode.cc chooses.
#pragma once

#include "runtime/image/picture.h"
#include "tpuc/support/check.h"

namespace tpuc::image {

inline constexpr int64_t kMostPixels = int64_t{1} << 27;

// E3033.
UserError unreadable(const std::string& name, const std::string& why);
UserError too_large(const std::string& name, int64_t width, int64_t height);

Picture decode_jpeg(std::span<const std::byte> file, const std::string& name);

}  // namespace tpuc::image
