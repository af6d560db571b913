// TIU commands against the bytes that the vendor's functional model makes of them: a committed sample, and the full set
// where it is at hand. And: a wrong byte is noticed.
#include "backends/bm1684x/sim/vectors.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "tpuc/support/check.h"
#include "tpuc/support/npz.h"

namespace tpuc::bm1684x {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  explicit Folder(const std::string& name) : path_(fs::temp_directory_path() / ("tpuc_" + name)) {
    fs::remove_all(path_);
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  std::string str() const { return path_.string(); }

 private:
  fs::path path_;
};

// The sample with the middle byte of one array changed.
VectorReport replay_damaged(const std::string& array) {
  NamedArrays arrays = read_npz(TPUC_SOURCE_DIR "/tests/isa_vectors/tiu_sample.npz");
  NamedArrays few;
  for (auto& [name, value] : arrays) {
    if (name == array) value.data[value.data.size() / 2] ^= std::byte{0x55};
    if (name.starts_with("000_")) few.emplace_back(name, value);
    if (name == "n") {
      value.data[0] = std::byte{1};
      value.data[1] = std::byte{0};
      few.emplace_back(name, value);
    }
  }
  const Folder folder("damaged_vectors");
  write_npz(folder.str() + "/one.npz", few);
  return replay_vectors(folder.str());
}

TEST_CASE("tiu: the committed sample of the vendor's vectors", "[isa]") {
  const VectorReport report = replay_vectors(TPUC_SOURCE_DIR "/tests/isa_vectors");
  INFO(to_text(report));
  CHECK(report.failed == 0);
  CHECK(report.passed >= 375);
  CHECK(report.by_instruction.count("conv.normal") == 1);
}

TEST_CASE("tiu: all of the vendor's vectors", "[isa]") {
  const std::string folder = TPUC_SOURCE_DIR "/../shared/vectors/tiu";
  if (!fs::exists(folder)) {
    WARN("skipped: " << folder << " is not there");
    return;
  }
  const VectorReport report = replay_vectors(folder);
  INFO(to_text(report));
  CHECK(report.failed == 0);
  CHECK(report.passed == 653);
}

TEST_CASE("vectors: one wrong byte is a failure with its place", "[isa]") {
  CHECK(replay_damaged("").passed == 1);
  const VectorReport result = replay_damaged("000_out_dat");
  CHECK(result.failed == 1);
  REQUIRE(result.failures.size() == 1);
  CHECK(result.failures[0].find("one.npz case 0") == 0);
  CHECK(result.failures[0].find("expected") != std::string::npos);
  CHECK(to_text(result).ends_with("0 passed, 1 failed\n"));
}

TEST_CASE("vectors: a folder without cases and files of another layout are told", "[isa]") {
  const Folder folder("no_vectors");
  for (const std::string& path : {folder.str(), folder.str() + "/missing"}) try {
      replay_vectors(path);
      FAIL("no error for " << path);
    } catch (const UserError& e) {
      CHECK(e.diagnostics().front().code == ErrorCode::E6104);
    }
  write_npz(folder.str() + "/other.npz", {{"x", {"|u1", {1}, {std::byte{1}}}}});
  CHECK_THROWS_WITH(replay_vectors(folder.str()),
                    "other.npz: neither a file of TIU nor of GDMA vectors: it has no array `n` and none `cmd_offset`");
}

}  // namespace
}  // namespace tpuc::bm1684x
