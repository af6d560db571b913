// tpuc calibrate and eval on the example network: files, exit codes, and the same table however it is made.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "cli/command.h"
#include "tpuc/quant/table.h"
#include "tpuc/support/file.h"

using tpuc::cli::run_cli;
namespace fs = std::filesystem;

namespace {

using Args = std::vector<std::string>;

const std::string kShapes = TPUC_SOURCE_DIR "/examples/shapes/";
const std::string kModel = kShapes + "shapes.onnx";

struct Scratch {
  fs::path path = fs::temp_directory_path() / ("tpuc-calibrate-test-" + std::to_string(::getpid()));
  Scratch() { fs::create_directories(path); }
  ~Scratch() { fs::remove_all(path); }
  std::string operator/(const char* name) const { return (path / name).string(); }
};

Args operator+(Args a, const Args& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const Args kPictures = {"--mean", "127.5,127.5,127.5", "--scale", "0.015625,0.015625,0.015625"};

}  // namespace

TEST_CASE("calibrate writes the same table on any number of threads", "[cli]") {
  const Scratch scratch;
  const auto calibrate = [&](const char* name, const Args& options) {
    const std::string out = scratch / name;
    const Args base = {"calibrate", kModel, "--data", kShapes + "calib", "-o", out};
    REQUIRE(run_cli(base + kPictures + options) == 0);
    return tpuc::read_text_file(out);
  };
  const std::string one = calibrate("a.json", {"--threads", "1"});
  CHECK(calibrate("b.json", {"--threads", "3"}) == one);
  const tpuc::CalibrationTable table = tpuc::parse_calibration_table(one, "a.json");
  CHECK(table.samples == 100);
  REQUIRE(table.preprocess);
  CHECK(table.preprocess->mean == std::vector<float>{127.5f, 127.5f, 127.5f});
  CHECK(table.ranges.contains("image"));
  CHECK(table.ranges.contains("scores"));
  for (const char* method : {"max", "percentile", "kl", "mse", "aciq"})
    CHECK(calibrate(method, {"--method", method, "--samples", "10"}) != one);
  CHECK(calibrate("t.txt", {"--format", "text"}).starts_with("# sample number: 100\n"));
  CHECK(tpuc::read_calibration_table(scratch / "t.txt").ranges.size() >= table.ranges.size());
}

TEST_CASE("weights rounded for their results: the same on any number of threads, and the bmodel's bytes agree",
          "[cli]") {
  const Scratch scratch;
  const auto calibrate = [&](const char* name, const Args& options) {
    const std::string out = scratch / name;
    const Args base = {"calibrate", kModel, "--data", kShapes + "calib", "--samples", "6", "-o", out, "--round"};
    REQUIRE(run_cli(base + kPictures + options) == 0);
    return out;
  };
  const std::string one = calibrate("a.json", {"--threads", "1"});
  CHECK(tpuc::read_text_file(calibrate("b.json", {"--threads", "3"})) == tpuc::read_text_file(one));
  CHECK_FALSE(tpuc::read_calibration_table(one).ranges.at("scores").rounding.up8.empty());
  const Args compile = {"compile", kModel, "-o", scratch / "x.bmodel", "--precision", "int8", "--calibration", one};
  CHECK(run_cli(compile + Args{"--verify", kShapes + "samples/00.npz"}) == 0);
  CHECK(run_cli(compile + Args{"--disable-pass", "round-weights"}) == 0);
}

TEST_CASE("calibrate refuses what it does not understand", "[cli]") {
  const Scratch scratch;
  const Args base = {"calibrate", kModel, "--data", kShapes + "calib", "-o", scratch / "t.json"};
  CHECK(run_cli(base + Args{"--method", "best"}) == 2);
  CHECK(run_cli(base + Args{"--format", "xml"}) == 2);
  for (const char* finder : {"--balance", "--round"}) CHECK(run_cli(base + Args{"--format", "text", finder}) == 2);
  CHECK(run_cli(base + Args{"--resize", "48"}) == 2);
  for (const char* ratio : {"nan", "inf", "-3"}) CHECK(run_cli(base + Args{std::string("--snr=") + ratio}) == 2);
  CHECK(run_cli({"calibrate", kModel, "--data", kShapes + "calib", "-o", scratch / "no/t.json"}) == 5);
  CHECK(run_cli(base + Args{"--scale", "0,1,1"}) == 2);
  CHECK(run_cli(base + Args{"--mean", "1,x"}) == 2);
  CHECK(run_cli(base + Args{"--fit", "pad"}) == 2);
  CHECK(run_cli(base + Args{"--resize", "32x32"}) == 3);
  CHECK(run_cli({"calibrate", kModel, "-o", scratch / "t.json"}) == 2);
  CHECK(run_cli({"calibrate", kModel, "--data", scratch / "nothing", "-o", scratch / "t.json"}) == 5);
  CHECK(fs::is_empty(scratch.path));
}

TEST_CASE("eval tells the example network's worth, by labels and against itself", "[cli]") {
  const Scratch scratch;
  const Args base = Args{"eval", kModel, "--data", kShapes + "test", "--samples", "20"} + kPictures;
  CHECK(run_cli(base + Args{"--task", "classification", "--labels", kShapes + "test/labels.txt"}) == 0);
  CHECK(run_cli(base + Args{"--task", "cosine", "--reference", kModel}) == 0);
  CHECK(run_cli(base + Args{"--task", "image", "--reference", kModel}) == 0);
  CHECK(run_cli(base + Args{"--task", "classification"}) == 2);
  CHECK(run_cli(base + Args{"--task", "detection", "--reference", kModel}) == 2);
  CHECK(run_cli(base + Args{"--task", "detection", "--reference", kModel, "--decoder", "yolox"}) == 3);
  CHECK(run_cli(base + Args{"--task", "taste"}) == 2);
  // Truth that is none for this network: classes beyond its own, results of another name.
  CHECK(run_cli(base + Args{"--task", "classification", "--labels", kShapes + "test/labels.txt", "--class-offset",
                            "1000"}) == 3);
  const std::string other = scratch / "other.tpuir";
  tpuc::write_text_file(other, "graph @g(%image: f32[1,3,48,48]) -> (%y) {\n  %y = relu(%image) : f32[1,3,48,48]\n}\n");
  for (const char* task : {"cosine", "image"}) CHECK(run_cli(base + Args{"--task", task, "--reference", other}) == 3);
  const Args calibrate = {"calibrate", kModel, "--data", kShapes + "calib", "--samples", "4", "-o", scratch / "t.json"};
  REQUIRE(run_cli(calibrate + kPictures) == 0);
  const Args by_table = {"eval",   kModel,   "--data",      kShapes + "test", "--samples",     "5",
                         "--task", "cosine", "--reference", kModel,           "--calibration", scratch / "t.json"};
  CHECK(run_cli(by_table) == 0);
  CHECK(run_cli(by_table + kPictures) == 2);
}

TEST_CASE("native borders: the same numbers come out of the lowered graph and the bmodel, and raw integers", "[cli]") {
  const Scratch scratch;
  const std::string table = scratch / "t.json", sample = kShapes + "samples/00.npz";
  const Args calibrate = {"calibrate", kModel, "--data", kShapes + "calib", "--samples", "4", "-o", table, "--quiet"};
  REQUIRE(run_cli(calibrate + kPictures) == 0);
  for (const char* precision : {"int8", "f16", "bf16"}) {
    const std::string bmodel = scratch / "x.bmodel", text = scratch / "x.tpuir";
    const Args how = {"--precision", precision, "--calibration", table, "--io", "native", "--quiet"};
    REQUIRE(run_cli(Args{"compile", kModel, "-o", bmodel, "--verify", sample} + how) == 0);
    REQUIRE(run_cli(Args{"import", kModel, "-o", text, "--lower"} + how) == 0);
    const std::string a = scratch / "a.npz", b = scratch / "b.npz";
    REQUIRE(run_cli({"run", bmodel, "--input", sample, "--output", a, "--quiet"}) == 0);
    REQUIRE(run_cli({"run", text, "--input", sample, "--output", b, "--quiet"}) == 0);
    CHECK(run_cli({"compare", a, b}) == 0);
    if (how[1] == "int8") CHECK((tpuc::read_file(a) == tpuc::read_file(b)));
    CHECK(run_cli({"run", bmodel, "--input", sample, "--raw", "--quiet"}) == 3);
    CHECK(run_cli({"info", bmodel, "--json"}) == 0);
  }
}
