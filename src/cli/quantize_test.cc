// tpuc quantize and the tables it writes, and data that calibrate must refuse or warn of, as a user would meet them.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>

#include "cli/command.h"
#include "driver/precision_table.h"
#include "tpuc/quant/table.h"
#include "tpuc/runtime/tensors.h"
#include "tpuc/support/file.h"

using tpuc::cli::run_cli;
namespace fs = std::filesystem;

namespace {

using Args = std::vector<std::string>;

const std::string kShapes = TPUC_SOURCE_DIR "/examples/shapes/";
const std::string kModel = kShapes + "shapes.onnx", kSample = kShapes + "samples/00.npz";
const Args kPictures = {"--mean", "127.5,127.5,127.5", "--scale", "0.015625,0.015625,0.015625", "--quiet"};

struct Scratch {
  fs::path path = fs::temp_directory_path() / ("tpuc-quantize-test-" + std::to_string(::getpid()));
  Scratch() { fs::create_directories(path); }
  ~Scratch() { fs::remove_all(path); }
  std::string operator/(const char* name) const { return (path / name).string(); }
};

Args operator+(Args a, const Args& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

// A sample file whose one tensor holds `value` everywhere but in its first element.
void write_sample(const std::string& path, float first, float value) {
  std::vector<float> values(size_t{3} * 48 * 48, value);
  values.front() = first;
  tpuc::write_tensors(path, {{"image", tpuc::Tensor::from_f32({1, 3, 48, 48}, values)}});
}

// The header of a PNG of 8-bit colours, and nothing behind it.
std::string png_header(uint32_t width, uint32_t height) {
  std::string png("\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR", 16);
  for (const uint32_t x : {width, height})
    for (int shift = 24; shift >= 0; shift -= 8) png += static_cast<char>(x >> shift & 0xff);
  return png + std::string("\x08\x02\0\0\0\0\0\0\0", 9);
}

}  // namespace

TEST_CASE("quantize finds a table inside its budget, in both forms, and compile takes it", "[cli][slow]") {
  const Scratch scratch;
  const std::string table = scratch / "t.json", ranges = scratch / "c.json";
  const Args data = Args{"--data", kShapes + "calib", "--samples", "4"} + kPictures;
  REQUIRE(run_cli(Args{"calibrate", kModel, "-o", ranges} + data) == 0);
  const Args quantize = Args{"quantize", kModel, "--calibration", ranges, "--budget", "cos=0.9995"} + data;
  for (const std::string name : {"t.json", "t.qtable"}) {
    const std::string path = scratch / name.c_str();
    REQUIRE(run_cli(quantize + Args{"-o", path}) == 0);
    CHECK_FALSE(tpuc::read_precision_table(path).rows.empty());
    CHECK(run_cli({"compile", kModel, "--precision", "int8", "--calibration", ranges, "--precision-table", path, "-o",
                   scratch / "x.bmodel", "--verify", kSample, "--quiet"}) == 0);
  }
  CHECK(tpuc::read_text_file(scratch / "t.qtable").starts_with("# op_name"));
  CHECK(run_cli(quantize + Args{"-o", table, "--budget", "cos=2"}) == 2);
}

TEST_CASE("weights of 8 and 4 bits by a table", "[cli]") {
  const Scratch scratch;
  const std::string table = scratch / "t.qtable", bmodel = scratch / "x.bmodel";
  for (const char* mode : {"W8F16", "W4F16", "W8BF16"}) {
    tpuc::write_text_file(table, std::string("scores ") + mode + "\n");
    CHECK(run_cli({"compile", kModel, "--precision-table", table, "-o", bmodel, "--verify", kSample, "--tolerance",
                   "0.98,0.8", "--quiet"}) == 0);
  }
}

TEST_CASE("samples that are no numbers, no pictures or too large are refused", "[cli]") {
  const Scratch scratch;
  const std::string sample = scratch / "a.npz", out = scratch / "t.json", picture = scratch / "a.png";
  const auto calibrate = [&](const std::string& data) {
    return run_cli(Args{"calibrate", kModel, "--data", data, "-o", out} + kPictures);
  };
  write_sample(sample, NAN, 1);
  CHECK(calibrate(sample) == 3);
  write_sample(sample, INFINITY, 1);
  CHECK(calibrate(sample) == 3);
  tpuc::write_text_file(picture, png_header(50000, 50000));
  CHECK(calibrate(picture) == 3);
  tpuc::write_text_file(picture, png_header(48, 48));
  CHECK(calibrate(picture) == 3);
  CHECK_FALSE(fs::exists(out));
}

TEST_CASE("constant tensors have ranges, and int8 takes them", "[cli]") {
  const Scratch scratch;
  const std::string sample = scratch / "a.npz", table = scratch / "t.json", bmodel = scratch / "x.bmodel";
  write_sample(sample, 0, 0);
  REQUIRE(run_cli({"calibrate", kModel, "--data", sample, "-o", table, "--quiet"}) == 0);
  CHECK(run_cli({"compile", kModel, "--precision", "int8", "--calibration", table, "-o", bmodel, "--quiet"}) == 0);
  CHECK(run_cli({"run", bmodel, "--input", sample, "--quiet"}) == 0);
}

TEST_CASE("a table of another model is refused", "[cli]") {
  const Scratch scratch;
  const std::string table = scratch / "t.json";
  tpuc::CalibrationTable other;
  other.ranges["conv1_out"].min = -1;
  tpuc::write_text_file(table, tpuc::to_json(other));
  CHECK(run_cli({"compile", kModel, "--precision", "int8", "--calibration", table, "-o", scratch / "x.bmodel"}) == 3);
  tpuc::write_text_file(table, "conv1_out F32\n");
  CHECK(run_cli({"compile", kModel, "--precision-table", table, "-o", scratch / "x.bmodel"}) == 3);
  CHECK_FALSE(fs::exists(scratch / "x.bmodel"));
}
