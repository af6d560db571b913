// Where samples are found, in which order, and how arrays become inputs. Pictures are tested in runtime/image.
#include "driver/dataset.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>

#include "tpuc/support/check.h"
#include "tpuc/support/file.h"

using namespace tpuc;
namespace fs = std::filesystem;

namespace {

struct Scratch {
  fs::path path = fs::temp_directory_path() / ("tpuc-dataset-test-" + std::to_string(::getpid()));
  Scratch() { fs::create_directories(path / "sub"); }
  ~Scratch() { fs::remove_all(path); }
  std::string operator/(const std::string& name) const { return (path / name).string(); }
};

void write_floats(const std::string& path, const std::vector<float>& values) {
  write_file(path, std::as_bytes(std::span(values)));
}

const ArtifactTensor kInput{"x", {DType::F32, {1, 4}, {}}};

template <class F>
ErrorCode code_of(const F& f) {
  try {
    f();
  } catch (const UserError& e) {
    return e.diagnostics().front().code;
  }
  return {};
}

}  // namespace

TEST_CASE("a folder is searched in the order of names; --samples spreads over it", "[dataset]") {
  const Scratch dir;
  for (const char* name : {"b.raw", "a.raw", "sub/c.raw", "d.raw", "labels.txt", ".hidden.raw"})
    write_floats(dir / name, {1, 2, 3, 4});
  const Dataset all(dir.path.string(), 0);
  REQUIRE(all.count() == 4);
  CHECK(all.name(0) == "a.raw");
  CHECK(all.name(3) == "sub/c.raw");
  CHECK_FALSE(all.has_pictures());
  const Dataset two(dir.path.string(), 2);
  REQUIRE(two.count() == 2);
  CHECK(two.name(1) == "d.raw");
  CHECK(Dataset(dir.path.string(), 99).count() == 4);
}

TEST_CASE("raw numbers are f32 or bytes, told by their size", "[dataset]") {
  const Scratch dir;
  write_floats(dir / "f.raw", {1, -2, 3, 4.5f});
  write_text_file(dir / "u.raw", "\x01\x02\xff\x7f");
  write_text_file(dir / "short.raw", "\x01\x02");
  const Dataset data(dir.path.string(), 0);
  const SampleReader reader(data, {kInput}, {});
  REQUIRE(reader.count() == 3);
  CHECK(reader.read(0).tensors.at("x").to_f32() == std::vector<float>{1, -2, 3, 4.5f});
  CHECK(reader.read(2).tensors.at("x").to_f32() == std::vector<float>{1, 2, 255, 127});
  CHECK(code_of([&] { reader.read(1); }) == ErrorCode::E3011);
  CHECK_FALSE(reader.doubt());
}

TEST_CASE("lists name files beside them", "[dataset]") {
  const Scratch dir;
  write_floats(dir / "sub/f.raw", {1, 2, 3, 4});
  write_text_file(dir / "list.txt", "# comment\n\n sub/f.raw \r\n" + (dir / "sub/f.raw") + "\n");
  const Dataset data(dir / "list.txt", 0);
  REQUIRE(data.count() == 2);
  CHECK(data.name(0) == "sub/f.raw");
  write_text_file(dir / "bad.txt", "sub/none.raw\n");
  CHECK(code_of([&] { Dataset(dir / "bad.txt", 0); }) == ErrorCode::E3032);
  CHECK(code_of([&] { Dataset(dir / "nowhere", 0); }) == ErrorCode::E5001);
  fs::remove(dir.path / "sub/f.raw");
  CHECK(code_of([&] { Dataset(dir / "sub", 0); }) == ErrorCode::E3032);
}

TEST_CASE("an .npz holds a sample of several inputs; other arrays are nobody's business", "[dataset]") {
  const Scratch dir;
  NamedTensors t;
  t.emplace("x", Tensor(DType::F32, {1, 4}));
  t.emplace("i", Tensor(DType::I64, {2}));
  t.emplace("other", Tensor(DType::F32, {7}));
  write_tensors(dir / "a.npz", t);
  const Dataset data(dir / "a.npz", 0);
  const ArtifactTensor ids{"i", {DType::I32, {2}, {}}};
  const Sample s = SampleReader(data, {kInput, ids}, {}).read(0);
  CHECK(s.tensors.size() == 2);
  CHECK(s.tensors.at("i").dtype() == DType::I32);
  const ArtifactTensor missing{"y", {DType::F32, {2}, {}}}, other_shape{"x", {DType::F32, {5}, {}}};
  CHECK(code_of([&] { SampleReader(data, {kInput, missing}, {}).read(0); }) == ErrorCode::E3010);
  CHECK(code_of([&] { SampleReader(data, {other_shape}, {}).read(0); }) == ErrorCode::E3011);
  write_floats(dir / "f.raw", {1, 2, 3, 4});
  const Dataset raw(dir / "f.raw", 0);
  CHECK(code_of([&] { SampleReader(raw, {kInput, ids}, {}).read(0); }) == ErrorCode::E3012);
}

TEST_CASE("a batch takes pictures that follow each other", "[dataset]") {
  const std::string folder = TPUC_SOURCE_DIR "/examples/shapes/test";
  const Dataset data(folder, 5);
  REQUIRE(data.has_pictures());
  const ArtifactTensor batch{"image", {DType::F32, {2, 3, 48, 48}, {}}},
      single{"image", {DType::F32, {1, 3, 48, 48}, {}}};
  const SampleReader pairs(data, {batch}, {}), singles(data, {single}, {});
  CHECK(pairs.count() == 3);
  CHECK(singles.count() == 5);
  const std::vector<float> both = pairs.read(1).tensors.at("image").to_f32();
  const std::vector<float> second = singles.read(3).tensors.at("image").to_f32();
  CHECK(std::equal(second.begin(), second.end(), both.begin() + static_cast<std::ptrdiff_t>(second.size())));
  CHECK(pairs.read(2).placements.size() == 2);  // the last one begins again from the first picture
  CHECK(code_of([&] { SampleReader(data, {single, kInput}, {}); }) == ErrorCode::E3035);
}
