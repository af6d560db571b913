// Vectors of RFC 4648, all lengths and bytes there and back, and text that is none.
#include "tpuc/support/base64.h"

#include <catch2/catch.hpp>

namespace tpuc::test {

TEST_CASE("base64: vectors of the standard", "[support]") {
  const std::vector<uint8_t> foobar{'f', 'o', 'o', 'b', 'a', 'r'};
  const std::string_view texts[] = {"", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
  for (size_t n = 0; n <= foobar.size(); ++n) {
    const std::vector<uint8_t> bytes(foobar.begin(), foobar.begin() + static_cast<std::ptrdiff_t>(n));
    CHECK(to_base64(bytes) == texts[n]);
    CHECK(from_base64(texts[n]) == bytes);
  }
}

TEST_CASE("base64: every byte comes back", "[support]") {
  std::vector<uint8_t> bytes;
  for (int i = 0; i < 256; ++i) {
    bytes.push_back(static_cast<uint8_t>(i * 37));
    CHECK(from_base64(to_base64(bytes)) == bytes);
  }
}

TEST_CASE("base64: other text is refused", "[support]") {
  for (const std::string_view text : {"Z", "Zg=", "Zg", "=g==", "Z===", "Zh==", "Zm9=", "Zg==Zg==", "Zm-v", "Zm9\n"})
    CHECK_FALSE(from_base64(text));
}

}  // namespace tpuc::test
