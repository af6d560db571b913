// Pages of a mapped file go and come back; memory of our own stays as it is.
#include "tpuc/support/pages.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <vector>

#include "tpuc/support/file.h"

namespace tpuc {

TEST_CASE("released pages of a file are read again", "[support]") {
  const std::string path = std::filesystem::temp_directory_path() / ("tpuc-pages-" + std::to_string(::getpid()));
  std::vector<std::byte> bytes(3 << 20);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 / 5);
  write_file(path, bytes);
  {
    const MappedFile file(path);
    CHECK(std::equal(bytes.begin(), bytes.end(), file.bytes().begin()));
    release_pages(file.bytes());
    release_pages(file.bytes().subspan(5, 2 << 20));
    CHECK(std::equal(bytes.begin(), bytes.end(), file.bytes().begin()));
  }
  std::filesystem::remove(path);
}

TEST_CASE("memory that is no file keeps its contents", "[support]") {
  const std::vector<std::byte> bytes(4 << 20, std::byte{3});
  release_pages(bytes);
  CHECK(std::count(bytes.begin(), bytes.end(), std::byte{3}) == 4 << 20);
}

}  // namespace tpuc
