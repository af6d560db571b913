// Pictures made here, byte by byte: decoding, what must be refused, resizing, and the way into an input.
#include "runtime/image/picture.h"

#include <turbojpeg.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "tpuc/support/check.h"

using namespace tpuc;
using namespace tpuc::image;

namespace {

using Bytes = std::vector<std::byte>;

void put(Bytes& b, uint32_t value, int bytes, bool big_endian = false) {
  for (int i = 0; i < bytes; ++i) b.push_back(static_cast<std::byte>(value >> (8 * (big_endian ? bytes - 1 - i : i))));
}
void put(Bytes& b, std::string_view text) {
  for (const char c : text) b.push_back(static_cast<std::byte>(c));
}

// 24 bits, rows from the bottom, blue first.
Bytes bmp(const Picture& p) {
  const auto row = static_cast<uint32_t>((p.width * 3 + 3) / 4 * 4);
  Bytes b;
  put(b, "BM");
  for (const uint32_t x : {54 + row * static_cast<uint32_t>(p.height), 0u, 54u, 40u, static_cast<uint32_t>(p.width),
                           static_cast<uint32_t>(p.height)})
    put(b, x, 4);
  put(b, 1, 2);
  put(b, 24, 2);
  for (int i = 0; i < 6; ++i) put(b, 0, 4);
  for (int64_t y = p.height; y-- > 0;) {
    for (int64_t x = 0; x < p.width; ++x)
      for (int64_t c = 3; c-- > 0;) put(b, p.samples[static_cast<size_t>((y * p.width + x) * 3 + c)], 1);
    for (int64_t x = p.width * 3; x < row; ++x) put(b, 0, 1);
  }
  return b;
}

// `kind`: PNG's colour type; `raw`: filter byte and samples of each row. Stored, not compressed; sums left 0, as the
// decoder does not look at them.
Bytes png(uint32_t width, uint32_t height, uint32_t bits, uint32_t kind, const std::vector<uint8_t>& raw) {
  Bytes b;
  const auto chunk = [&](std::string_view type, const Bytes& data) {
    put(b, static_cast<uint32_t>(data.size()), 4, true);
    put(b, type);
    b.insert(b.end(), data.begin(), data.end());
    put(b, 0, 4);
  };
  put(b, "\x89PNG\r\n\x1a\n");
  Bytes header, data;
  put(header, width, 4, true);
  put(header, height, 4, true);
  for (const uint32_t x : {bits, kind, 0u, 0u, 0u}) put(header, x, 1);
  chunk("IHDR", header);
  put(data, 0x7801, 2, true);
  put(data, 1, 1);
  put(data, static_cast<uint32_t>(raw.size()), 2);
  put(data, ~static_cast<uint32_t>(raw.size()) & 0xffff, 2);
  for (const uint8_t x : raw) put(data, x, 1);
  put(data, 0, 4);
  chunk("IDAT", data);
  chunk("IEND", {});
  return b;
}

// `samples`: pixels of TurboJPEG's `format`.
Bytes jpeg(int width, int height, int format, int sampling, int flags, const std::vector<uint8_t>& samples) {
  tjhandle handle = tjInitCompress();
  unsigned char* data = nullptr;
  unsigned long size = 0;
  REQUIRE(tjCompress2(handle, samples.data(), width, 0, height, format, &data, &size, sampling, 100, flags) == 0);
  const auto* bytes = reinterpret_cast<const std::byte*>(data);
  Bytes b(bytes, bytes + size);
  tjFree(data);
  tjDestroy(handle);
  return b;
}

// Smooth, as JPEG likes it.
Picture slope(int64_t width, int64_t height) {
  Picture p{width, height, 3, {}};
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (const int64_t c : {8 * x, 8 * y, 255 - 4 * x - 4 * y}) p.samples.push_back(static_cast<uint8_t>(c));
  return p;
}

int largest_difference(const Picture& a, const Picture& b) {
  REQUIRE(a.samples.size() == b.samples.size());
  int most = 0;
  for (size_t i = 0; i < a.samples.size(); ++i) most = std::max(most, std::abs(a.samples[i] - b.samples[i]));
  return most;
}

Picture colours(int64_t width, int64_t height) {
  Picture p{width, height, 3, std::vector<uint8_t>(static_cast<size_t>(width * height * 3))};
  for (size_t i = 0; i < p.samples.size(); ++i) p.samples[i] = static_cast<uint8_t>(i * 29 + i / 7);
  return p;
}

std::string refusal(const Bytes& b) {
  try {
    decode_picture(b, "p");
  } catch (const UserError& e) {
    CHECK(e.diagnostics().front().code == ErrorCode::E3033);
    return e.what();
  }
  return "accepted";
}

std::string misfit(const Dims& dims, const Preprocess& how) {
  try {
    picture_input("x", {DType::F32, dims, {}}, how);
  } catch (const UserError& e) {
    CHECK(e.diagnostics().front().code == ErrorCode::E3035);
    return e.what();
  }
  return "";
}

std::vector<float> placed(const Picture& p, const Preprocess& how, const Dims& dims, Placement* opt_place = nullptr) {
  const TensorType type{DType::F32, dims, {}};
  std::vector<float> out(static_cast<size_t>(element_count(type)));
  const Placement place = place_picture(p, how, picture_input("x", type, how), 0, out);
  if (opt_place != nullptr) *opt_place = place;
  return out;
}

}  // namespace

TEST_CASE("BMP and PNG are decoded to R, G, B", "[image]") {
  const Picture p = colours(5, 3);
  const Bytes b = bmp(p);
  REQUIRE(is_picture(b));
  CHECK(decode_picture(b, "p").samples == p.samples);
  std::vector<uint8_t> raw;
  for (size_t y = 0; y < 3; ++y) {
    raw.push_back(0);
    raw.insert(raw.end(), p.samples.begin() + static_cast<std::ptrdiff_t>(y * 15),
               p.samples.begin() + static_cast<std::ptrdiff_t>(y * 15 + 15));
  }
  CHECK(decode_picture(png(5, 3, 8, 2, raw), "p").samples == p.samples);
}

TEST_CASE("grey, alpha and 16 bits become R, G, B of 8 bits", "[image]") {
  CHECK(decode_picture(png(2, 1, 8, 0, {0, 10, 200}), "p").samples == std::vector<uint8_t>{10, 10, 10, 200, 200, 200});
  CHECK(decode_picture(png(1, 1, 8, 6, {0, 1, 2, 3, 99}), "p").samples == std::vector<uint8_t>{1, 2, 3});
  CHECK(decode_picture(png(1, 1, 8, 4, {0, 7, 99}), "p").samples == std::vector<uint8_t>{7, 7, 7});
  CHECK(decode_picture(png(1, 1, 16, 2, {0, 1, 255, 2, 0, 3, 128}), "p").samples == std::vector<uint8_t>{1, 2, 3});
}

TEST_CASE("damaged pictures are refused in one sentence", "[image]") {
  Bytes b = bmp(colours(5, 3));
  b.resize(b.size() - 1);
  CHECK(refusal(b) == "picture `p`: it is cut off: 101 bytes do not hold its 5 x 3 pixels");
  Bytes cut = png(2, 1, 8, 0, {0, 10, 200});
  cut.resize(cut.size() - 20);
  CHECK(refusal(cut).starts_with("picture `p`: it is damaged or cut off"));
  CHECK(refusal(png(50000, 50000, 8, 2, {0})) ==
        "picture `p`: it says to have 50000 x 50000 pixels; at most 134217728 are taken");
  CHECK(refusal({}) == "picture `p`: neither JPEG nor PNG nor BMP");
  const Bytes good = bmp(colours(4, 4));
  for (size_t n = 0; n < good.size(); ++n)
    CHECK(refusal({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)}) != "accepted");
  for (size_t n = 0; n < good.size(); ++n) {
    Bytes damaged = good;
    damaged[n] = static_cast<std::byte>(n * 61 + 5);
    refusal(damaged);  // E3033 or accepted, nothing else
  }
}

TEST_CASE("JPEG in colour, progressive, grey and in inks", "[image]") {
  const Picture p = slope(24, 16);
  CHECK(largest_difference(decode_picture(jpeg(24, 16, TJPF_RGB, TJSAMP_444, 0, p.samples), "p"), p) <= 3);
  CHECK(largest_difference(decode_picture(jpeg(24, 16, TJPF_RGB, TJSAMP_444, TJFLAG_PROGRESSIVE, p.samples), "p"), p) <=
        3);
  const Picture gray = decode_picture(jpeg(24, 16, TJPF_RGB, TJSAMP_GRAY, 0, p.samples), "p");
  CHECK(gray.samples[0] == gray.samples[1]);
  CHECK(std::abs(gray.samples[0] - to_gray(p).samples[0]) <= 2);
  // Adobe's way: light instead of ink, so R = C * K / 255.
  std::vector<uint8_t> inks;
  for (int i = 0; i < 64; ++i)
    for (const int x : {200, 100, 50, 204}) inks.push_back(static_cast<uint8_t>(x));
  const Picture print = decode_picture(jpeg(8, 8, TJPF_CMYK, TJSAMP_444, 0, inks), "p");
  CHECK(std::abs(print.samples[0] - 160) <= 2);
  CHECK(std::abs(print.samples[1] - 80) <= 2);
  CHECK(std::abs(print.samples[2] - 40) <= 2);
}

TEST_CASE("a JPEG that was cut off is noticed at every byte", "[image]") {
  const Picture p = slope(24, 16);
  for (const int flags : {0, TJFLAG_PROGRESSIVE}) {
    const Bytes good = jpeg(24, 16, TJPF_RGB, TJSAMP_420, flags, p.samples);
    for (size_t n = 0; n < good.size(); ++n)
      REQUIRE(refusal({good.begin(), good.begin() + static_cast<std::ptrdiff_t>(n)}) != "accepted");
    Bytes longer = good;
    put(longer, "rest");
    CHECK(refusal(longer) == "accepted");
  }
}

TEST_CASE("resizing follows Pillow to the bit", "[image]") {
  // Image.frombytes('L', (5, 1), bytes([0, 50, 100, 200, 255])).resize((n, 1), Image.BILINEAR)
  const Picture p{5, 1, 1, {0, 50, 100, 200, 255}};
  CHECK(resize(p, 2, 1).samples == std::vector<uint8_t>{52, 188});
  CHECK(resize(p, 3, 1).samples == std::vector<uint8_t>{21, 111, 231});
  CHECK(resize(p, 8, 1).samples == std::vector<uint8_t>{0, 22, 53, 84, 131, 194, 231, 255});
  const Picture column{1, 5, 1, p.samples};
  CHECK(resize(column, 1, 3).samples == std::vector<uint8_t>{21, 111, 231});
  CHECK(resize(p, 5, 1).samples == p.samples);
}

TEST_CASE("grey is the luma of BT.601", "[image]") {
  CHECK(to_gray({4, 1, 3, {255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9}}).samples == std::vector<uint8_t>{76, 150, 29, 9});
}

TEST_CASE("mean, scale, channel order and layout", "[image]") {
  const Picture p{2, 1, 3, {10, 20, 30, 40, 50, 60}};
  Preprocess how;
  CHECK(placed(p, how, {1, 3, 1, 2}) == std::vector<float>{10, 40, 20, 50, 30, 60});
  how.layout = ImageLayout::Nhwc;
  CHECK(placed(p, how, {1, 1, 2, 3}) == std::vector<float>{10, 20, 30, 40, 50, 60});
  how.channels = ChannelOrder::Bgr;
  how.mean = {30, 20, 10};
  how.scale = {1, 0.5f, 0.25f};
  CHECK(placed(p, how, {1, 1, 2, 3}) == std::vector<float>{0, 0, 0, 30, 15, 7.5f});
  how = {};
  CHECK(placed(p, how, {1, 1, 1, 2}) == std::vector<float>{18, 48});
  CHECK(placed(p, how, {3, 1, 2}) == std::vector<float>{10, 40, 20, 50, 30, 60});
  how.mean = {10};  // one for all
  CHECK(placed(p, how, {1, 3, 1, 2}) == std::vector<float>{0, 30, 10, 40, 20, 50});
}

TEST_CASE("letterbox in the middle and in the corner, crop, stretch", "[image]") {
  Picture p{4, 2, 3, std::vector<uint8_t>(24, 100)};
  Preprocess how;
  how.pad = 7;
  how.mean = {1};
  how.fit = Fit::Letterbox;
  Placement place;
  std::vector<float> x = placed(p, how, {1, 3, 4, 4}, &place);
  CHECK(std::vector<float>(x.begin(), x.begin() + 16) ==
        std::vector<float>{6, 6, 6, 6, 99, 99, 99, 99, 99, 99, 99, 99, 6, 6, 6, 6});
  CHECK((place.top == 1 && place.left == 0 && place.scale_x == 1));
  how.fit = Fit::Corner;
  x = placed(p, how, {1, 3, 4, 4}, &place);
  CHECK(std::vector<float>(x.begin(), x.begin() + 16) ==
        std::vector<float>{99, 99, 99, 99, 99, 99, 99, 99, 6, 6, 6, 6, 6, 6, 6, 6});
  CHECK((place.top == 0 && place.picture_width == 4 && place.picture_height == 2));
  for (size_t i = 0; i < 24; ++i) p.samples[i] = static_cast<uint8_t>(i / 3);  // 0 1 2 3 / 4 5 6 7
  how = {};
  how.fit = Fit::Crop;
  x = placed(p, how, {1, 3, 2, 2}, &place);
  CHECK(std::vector<float>(x.begin(), x.begin() + 4) == std::vector<float>{1, 2, 5, 6});
  CHECK((place.cut_left == 1 && place.cut_top == 0 && place.scale_y == 1));
  how.fit = Fit::Stretch;
  placed(p, how, {1, 3, 4, 2}, &place);
  CHECK((place.scale_x == 0.5 && place.scale_y == 2));
  const Picture big = colours(64, 48);
  how.fit = Fit::Crop;
  how.crop_share = 0.5f;
  placed(big, how, {1, 3, 12, 12}, &place);
  CHECK((place.cut_left == 20 && place.cut_top == 12 && place.scale_x == 0.5));
}

TEST_CASE("options that do not fit the input are refused", "[image]") {
  Preprocess how;
  CHECK(misfit({1, 3, 8, 8}, how).empty());
  CHECK(misfit({1, 8, 8}, how).empty());
  CHECK(misfit({1, 5, 8, 8}, how) == "input `x` f32[1,5,8,8]: no dimension counts 1 or 3 channels");
  CHECK(misfit({5, 5}, how) == "input `x` f32[5,5]: a picture needs four dimensions, with one of 1 or 3 channels");
  CHECK(misfit({1, 3, 0, 8}, how) == "input `x` f32[1,3,0,8]: it holds no pixels");
  how.layout = ImageLayout::Nhwc;
  CHECK(misfit({1, 3, 8, 8}, how) == "input `x` f32[1,3,8,8]: --layout nhwc finds 8 channels");
  how = {};
  how.channels = ChannelOrder::Gray;
  CHECK(misfit({1, 3, 8, 8}, how) == "input `x` f32[1,3,8,8]: it has 3 channels, --channels gray gives 1");
  how = {};
  how.width = how.height = 4;
  CHECK(misfit({1, 3, 8, 8}, how) == "input `x` f32[1,3,8,8]: --resize 4x4 gives another size than 8x8");
  how = {};
  how.mean = {1, 2};
  CHECK(misfit({1, 3, 8, 8}, how) == "input `x` f32[1,3,8,8]: --mean has 2 numbers for 3 channels");
}

TEST_CASE("mean and scale in the wrong unit are noticed", "[image]") {
  const auto doubt = [](std::vector<float> mean, std::vector<float> scale) {
    Preprocess how;
    how.mean = std::move(mean);
    how.scale = std::move(scale);
    return doubt_about(how, placed(colours(16, 16), how, {1, 3, 16, 16})).value_or("");
  };
  CHECK(doubt({}, {}).empty());
  CHECK(doubt({}, {1 / 255.f}).empty());
  CHECK(doubt({127.5f}, {1 / 127.5f}).empty());
  CHECK(doubt({123.675f, 116.28f, 103.53f}, {0.0171f, 0.0175f, 0.0174f}).empty());
  CHECK(doubt({102.9f, 111.25f, 126.9f}, {}).empty());
  CHECK(doubt({0.485f, 0.456f, 0.406f}, {0.0171f, 0.0175f, 0.0174f}).find("multiply it by 255") != std::string::npos);
  CHECK(doubt({0.485f, 0.456f, 0.406f}, {}).find("multiply it by 255") != std::string::npos);
  CHECK(doubt_about({}, std::vector<float>{7, 7}).value_or("").find("every value is 7") != std::string::npos);
  CHECK(doubt({123.675f}, {0.229f}).find("a deviation of 0.229") != std::string::npos);
  CHECK(doubt({}, {1 / 65025.f}).find("twice") != std::string::npos);
  CHECK(doubt({1000.f}, {0.01f}).find("does not suit") != std::string::npos);
}
