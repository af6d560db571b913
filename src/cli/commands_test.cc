// The command line as a whole, by exit codes and files: the wording of errors is tested in tests/errors.
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "cli/command.h"
#include "tpuc/support/file.h"

using tpuc::cli::run_cli;
namespace fs = std::filesystem;

namespace {

const std::string kModel = TPUC_SOURCE_DIR "/examples/shapes/shapes.onnx";
const std::string kSample = TPUC_SOURCE_DIR "/examples/shapes/samples/00.npz";

// A folder of its own, removed at the end.
struct Scratch {
  fs::path path = fs::temp_directory_path() / ("tpuc-cli-test-" + std::to_string(::getpid()));
  Scratch() { fs::create_directories(path); }
  ~Scratch() { fs::remove_all(path); }
  std::string operator/(const char* name) const { return (path / name).string(); }
};

}  // namespace

TEST_CASE("every command answers --help", "[cli]") {
  for (const tpuc::cli::Command& command : tpuc::cli::commands())
    CHECK(run_cli({std::string(command.name), "--help"}) == 0);
  CHECK(run_cli({"--help"}) == 0);
  CHECK(run_cli({"--version"}) == 0);
}

TEST_CASE("what is not understood is exit code 2", "[cli]") {
  CHECK(run_cli({}) == 2);
  CHECK(run_cli({"complie"}) == 2);
  CHECK(run_cli({"compile", kModel}) == 2);  // no -o
  CHECK(run_cli({"compile", kModel, "-o", "x", "--precison", "f16"}) == 2);
  CHECK(run_cli({"opt", kModel, "--rules", "no-such-rule"}) == 2);
  CHECK(run_cli({"opt", kModel}) == 2);
  CHECK(run_cli({"run", kModel, "--order", "sideways"}) == 2);
  CHECK(run_cli({"run", kModel, "--engine", "vendor"}) == 2);
}

TEST_CASE("options of later versions are exit code 2 and leave nothing", "[cli]") {
  const Scratch scratch;
  const std::string out = scratch / "x.bmodel";
  const std::vector<std::vector<std::string>> later = {{"--allow-host"}, {"--weights", "w"}};
  for (const std::vector<std::string>& options : later) {
    std::vector<std::string> args = {"compile", kModel, "-o", out};
    args.insert(args.end(), options.begin(), options.end());
    CHECK(run_cli(args) == 2);
  }
  CHECK(run_cli({"profile", out, "--html", "x.html"}) == 2);
  CHECK(run_cli({"profile", out, "--trace", "x.json"}) == 2);
  CHECK(fs::is_empty(scratch.path));
}

TEST_CASE("compile, run, compare, info, dis and profile go together", "[cli]") {
  const Scratch scratch;
  const std::string bmodel = scratch / "x.bmodel", got = scratch / "got.npz", want = scratch / "want.npz";
  REQUIRE(run_cli({"compile", kModel, "-o", bmodel, "--verify", kSample, "--quiet"}) == 0);
  CHECK(run_cli({"run", bmodel, "--input", kSample, "--output", got, "--quiet"}) == 0);
  CHECK(run_cli({"run", kModel, "--input", kSample, "--output", want, "--quiet"}) == 0);
  CHECK(run_cli({"compare", got, want}) == 0);
  CHECK(run_cli({"compare", got, want, "--tolerance", "1.1,1.1"}) == 1);
  CHECK(run_cli({"info", bmodel}) == 0);
  CHECK(run_cli({"info", bmodel, "--json"}) == 0);
  CHECK(run_cli({"info", kModel, "--json"}) == 0);
  CHECK(run_cli({"dis", bmodel}) == 0);
  CHECK(run_cli({"profile", bmodel, "--json"}) == 0);
  CHECK(run_cli({"dis", kModel}) == 3);
  CHECK(run_cli({"import", bmodel, "-o", scratch / "x.tpuir"}) == 3);
}

TEST_CASE("extract and combine take stages apart and put them together", "[cli]") {
  const Scratch scratch;
  const std::string both = scratch / "both.bmodel", again = scratch / "again.bmodel";
  std::vector<std::string> combine = {"combine"};
  for (const std::string width : {"8", "16"}) {
    const std::string graph = scratch / ("g" + width + ".tpuir").c_str(), shape = "f32[1,3,8," + width + "]";
    tpuc::write_text_file(graph, "graph @g(%x: " + shape + ") -> (%y) {\n  %y = relu(%x) : " + shape + "\n}\n");
    combine.push_back(scratch / (width + ".bmodel").c_str());
    REQUIRE(run_cli({"compile", graph, "-o", combine.back(), "--quiet"}) == 0);
  }
  combine.insert(combine.end(), {"-o", both});
  REQUIRE(run_cli(combine) == 0);
  CHECK(run_cli({"extract", both, "--net", "g", "--stage", "1", "-o", again}) == 0);
  CHECK(tpuc::read_file(again) == tpuc::read_file(combine[2]));
  for (const char* command : {"info", "dis", "profile"}) CHECK(run_cli({command, both}) == 0);
  CHECK(run_cli({"run", both, "--stage", "1", "--output", scratch / "o.npz", "--quiet"}) == 0);
  CHECK(run_cli({"run", both, "--stage", "2"}) == 2);
  CHECK(run_cli({"extract", both, "--stage", "2", "-o", again}) == 2);
  CHECK(run_cli({"combine", both, again, "-o", scratch / "x.bmodel"}) == 3);
  CHECK(run_cli({"check", kModel, "--input-shape", "image={1,3}x1x32x32"}) == 2);
}

TEST_CASE("any order of the engines gives the same bytes", "[cli]") {
  const Scratch scratch;
  const std::string bmodel = scratch / "x.bmodel", first = scratch / "tiu.npz", other = scratch / "other.npz";
  REQUIRE(run_cli({"compile", kModel, "-o", bmodel, "--quiet"}) == 0);
  REQUIRE(run_cli({"run", bmodel, "--seed", "3", "--output", first, "--quiet"}) == 0);
  for (const char* order : {"gdma", "alternate", "random"}) {
    REQUIRE(run_cli({"run", bmodel, "--seed", "3", "--order", order, "--output", other, "--quiet"}) == 0);
    CHECK(tpuc::read_file(first) == tpuc::read_file(other));
  }
}

TEST_CASE("graph text goes through import, opt and run", "[cli]") {
  const Scratch scratch;
  const std::string text = scratch / "x.tpuir", again = scratch / "y.tpuir", lowered = scratch / "z.tpuir";
  REQUIRE(run_cli({"import", kModel, "-o", text}) == 0);
  CHECK(run_cli({"opt", text, "--passes", "cse,dce", "-o", again}) == 0);
  CHECK(tpuc::read_text_file(text) == tpuc::read_text_file(again));
  CHECK(run_cli({"opt", text, "--explain", "clip-to-relu"}) == 0);
  CHECK(run_cli({"import", kModel, "--lower", "--precision", "f16", "-o", lowered}) == 0);
  CHECK(run_cli({"run", lowered, "--input", kSample, "--output", scratch / "o.npz", "--quiet"}) == 0);
  CHECK(run_cli({"compile", text, "-o", scratch / "x.bmodel", "--quiet"}) == 0);
  CHECK(run_cli({"compile", kModel, "-o", scratch / "s.tpuir", "--stop-after", "canonicalize"}) == 0);
  CHECK(tpuc::read_text_file(scratch / "s.tpuir").starts_with("graph"));
}

TEST_CASE("a graph lowered to halves gives the bmodel's bits", "[cli]") {
  const Scratch scratch;
  for (const char* precision : {"f16", "bf16"}) {
    const std::string text = scratch / "x.tpuir", bmodel = scratch / "x.bmodel", a = scratch / "a.npz",
                      b = scratch / "b.npz";
    REQUIRE(run_cli({"import", kModel, "--lower", "--precision", precision, "-o", text, "--quiet"}) == 0);
    REQUIRE(run_cli({"compile", kModel, "--precision", precision, "-o", bmodel, "--quiet"}) == 0);
    REQUIRE(run_cli({"run", text, "--input", kSample, "--output", a, "--quiet"}) == 0);
    REQUIRE(run_cli({"run", bmodel, "--input", kSample, "--output", b, "--quiet"}) == 0);
    CHECK((tpuc::read_file(a) == tpuc::read_file(b)));
  }
}

TEST_CASE("a failed verification writes nothing", "[cli]") {
  const Scratch scratch;
  CHECK(run_cli({"compile", kModel, "-o", scratch / "x.bmodel", "--verify", kSample, "--tolerance", "2,2"}) == 1);
  CHECK(fs::is_empty(scratch.path));
}

TEST_CASE("listings", "[cli]") {
  CHECK(run_cli({"ops"}) == 0);
  CHECK(run_cli({"ops", "--markdown"}) == 0);
  CHECK(run_cli({"ops", "--onnx"}) == 0);
  CHECK(run_cli({"passes"}) == 0);
  CHECK(run_cli({"rules"}) == 0);
  CHECK(run_cli({"isa"}) == 0);
  CHECK(run_cli({"isa", "--vectors", "/nowhere"}) != 0);
  CHECK(run_cli({"explain", "E1204"}) == 0);
  CHECK(run_cli({"explain", "E9999"}) == 2);
  CHECK(run_cli({"check", kModel}) == 0);
}
