// Archives written from arrays in place: the same arrays as by way of copies.
#include "tpuc/support/npz_writer.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "tpuc/support/check.h"
#include "tpuc/support/file.h"
#include "tpuc/support/npz.h"

namespace tpuc {
namespace {

NamedArrays some_arrays() {
  std::vector<std::byte> data(300 * 1000);
  for (size_t i = 0; i < data.size(); ++i) data[i] = static_cast<std::byte>(i * 7 >> 3);
  return {{"first", {"<f4", {300, 250}, data}}, {"none", {"<i8", {0, 3}, {}}}, {"one", {"|u1", {}, {std::byte{9}}}}};
}

std::vector<std::pair<std::string, NpyView>> views_of(const NamedArrays& arrays) {
  std::vector<std::pair<std::string, NpyView>> views;
  for (const auto& [name, a] : arrays) views.emplace_back(name, NpyView{a.dtype, a.shape, a.data});
  return views;
}

TEST_CASE("streamed archives are those of copies", "[npz]") {
  const auto folder = std::filesystem::temp_directory_path() / "tpuc_npz_writer_test";
  std::filesystem::create_directories(folder);
  const NamedArrays arrays = some_arrays();
  const std::string path = (folder / "a.npz").string();
  std::ofstream(path) << "what was there before";
  stream_npz(path, views_of(arrays));
  CHECK(read_file(path) == format_npz(arrays));
  CHECK(read_npz(path).size() == arrays.size());
  CHECK_THROWS_AS(stream_npz((folder / "no such folder" / "a.npz").string(), views_of(arrays)), UserError);
  stream_npz("/dev/null", views_of(arrays));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace tpuc
