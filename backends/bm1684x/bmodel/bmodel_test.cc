// The container: what is written is read again, byte for byte; damaged files end in a numbered error, never worse.
#include "backends/bm1684x/bmodel/bmodel.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <random>

#include "backends/bm1684x/bmodel/commands.h"
#include "backends/bm1684x/bmodel/container.h"
#include "backends/bm1684x/bmodel/debug_info.h"
#include "backends/bm1684x/bmodel/inspect.h"
#include "tpuc/support/check.h"
#include "tpuc/support/file.h"

namespace tpuc::bm1684x::bmodel {
namespace {

// A model with two stages that share weights, and one command beside the end commands.
class Sample {
 public:
  explicit Sample(size_t weight_bytes = 2 * kPageBytes) {
    SysId end;
    end.head.cmd_id = 1;
    GdmaTensor load;
    load.head.cmd_id = 1;
    load.head.nchw_copy = 1;
    load.src_size = {1, 2, 3, 4};
    load.src_addr = kWeightsAddress;
    load.dst_addr = 0x8000000;
    GdmaSys gdma_end;
    gdma_end.head.cmd_id = 2;
    encode(end, tiu_);
    encode(load, gdma_);
    encode(gdma_end, gdma_);
    tiu_.resize(kStreamAlignBytes);
    gdma_.resize(kStreamAlignBytes);
    weights_.assign(weight_bytes, std::byte{7});
    model.nets.push_back({"net", 0, {stage(8), stage(16)}});
  }
  Model model;

 private:
  Stage stage(uint64_t width) {
    Stage s;
    Coefficients c;
    c.bytes = weights_;
    c.locations = {{"w0", 0, kPageBytes}, {"w1", kPageBytes, kPageBytes}};
    s.coefficients = c;
    s.context_addr = kWeightsAddress + weights_.size();
    s.context_bytes = 2 * kPageBytes;
    s.inputs = {{"x", DataType::I8, {1, 2, width}, s.context_addr, 2 * width, 0.5f, -3}};
    s.outputs = {{"y", DataType::F16, {1, width}, s.context_addr + kPageBytes, 2 * width}};
    SubNet sub;
    sub.inputs = s.inputs;
    sub.outputs = s.outputs;
    sub.groups = {{1, 2, std::as_bytes(std::span(tiu_)), std::as_bytes(std::span(gdma_))}};
    s.sub_nets = {sub};
    DebugInfo debug;
    debug.layers.push_back({"y", "identity", 0, 0, {}, {{1, 1}}});
    debug.notes = {"input 'x': i64 became i8"};
    debug.elements = {{"f16", 90}, {"f32", 10}};
    s.tensor_loc = to_json(debug);
    return s;
  }
  std::vector<uint8_t> tiu_, gdma_;
  std::vector<std::byte> weights_;
};

TEST_CASE("bmodel: large weights in a file of few tables are read", "[bmodel]") {
  const std::vector<std::byte> file = write(Sample(size_t{96} << 20).model);
  CHECK(read(file).nets.size() == 1);
}

TEST_CASE("bmodel: a model survives writing and reading", "[bmodel]") {
  const Sample sample;
  const std::vector<std::byte> file = write(sample.model);
  CHECK(is_bmodel(file));
  CHECK(file == write(sample.model));
  const Model m = read(file);
  CHECK(m.chip == "BM1684X");
  REQUIRE(m.nets.size() == 1);
  REQUIRE(m.nets[0].stages.size() == 2);
  const Stage& s = m.nets[0].stages[1];
  const Stage& was = sample.model.nets[0].stages[1];
  CHECK(s.inputs[0].name == "x");
  CHECK(s.inputs[0].type == DataType::I8);
  CHECK(s.inputs[0].shape == std::vector<uint64_t>{1, 2, 16});
  CHECK(s.inputs[0].scale == 0.5f);
  CHECK(s.inputs[0].zero_point == -3);
  CHECK(s.outputs[0].byte_count() == 32);
  CHECK(s.context_addr == was.context_addr);
  CHECK(s.coefficients->locations[1].name == "w1");
  CHECK(s.tensor_loc == was.tensor_loc);
  CHECK(s.sub_nets[0].groups[0].gdma_count == 2);
  CHECK(write(m) == file);
}

TEST_CASE("bmodel: chunks are page aligned and equal ones stored once", "[bmodel]") {
  const Sample sample;
  const std::vector<std::byte> file = write(sample.model);
  const Header h = get_header(file);
  CHECK((kHeaderBytes + h.flatbuffer_bytes) % kPageBytes == 0);
  const Model m = read(file);
  const Stage &a = m.nets[0].stages[0], &b = m.nets[0].stages[1];
  CHECK(a.coefficients->bytes.data() == b.coefficients->bytes.data());
  CHECK(a.sub_nets[0].groups[0].tiu.data() == b.sub_nets[0].groups[0].tiu.data());
  CHECK((a.coefficients->bytes.data() - file.data()) % static_cast<ptrdiff_t>(kPageBytes) == 0);
}

TEST_CASE("bmodel: weights written into the finished file make the same file", "[bmodel]") {
  Sample sample;
  sample.model.nets[0].stages.pop_back();
  const std::vector<std::byte> file = write(sample.model);
  Coefficients& c = *sample.model.nets[0].stages[0].coefficients;
  c.later_bytes = c.bytes.size();
  c.write_later = [](std::span<std::byte> out) { std::fill(out.begin(), out.end(), std::byte{7}); };
  c.bytes = {};
  // Chunks of equal content may stand in another order; what is read is the same.
  const std::vector<std::byte> later = write(sample.model);
  CHECK(later == file);
}

TEST_CASE("bmodel: debug information finds the layer of a command", "[bmodel]") {
  DebugInfo info;
  info.layers.push_back({"a", "conv2d", 0, 0, {{1, 4}}, {{1, 2}, {7, 7}}});
  info.layers.push_back({"b", "relu", 1, 0, {{5, 5}}, {{3, 6}}});
  const auto again = debug_info_from_json(to_json(info));
  REQUIRE(again);
  const LayerIndex index(again);
  CHECK(index.find(Engine::Tiu, 0, 4) == 0);
  CHECK(index.find(Engine::Tiu, 0, 5) == 1);
  CHECK(index.find(Engine::Tiu, 0, 6) == -1);
  CHECK(index.find(Engine::Gdma, 0, 7) == 0);
  CHECK(index.find(Engine::Gdma, 0, 3) == 1);
  CHECK(index.find(Engine::Gdma, 1, 3) == -1);
  for (const char* text :
       {"", "[]", "{", "{\"tpuc\": 3}", R"({"tpuc": {"version": 2}})", R"({"vendor": {}})",
        R"({"tpuc": {"version": 1, "layers": [{"name": 3}], "tensors": [], "notes": [], "elements": {}}})"})
    CHECK(!debug_info_from_json(text));
}

TEST_CASE("bmodel: listing and summary name what is inside", "[bmodel]") {
  const Sample sample;
  const std::vector<std::byte> file = write(sample.model);
  const Model m = read(file);
  const std::string dis = disassemble(m);
  CHECK(dis.find("# net `net` stage 0 sub_net 0 group 0: 2 gdma commands\n") != std::string::npos);
  CHECK(dis.find("gdma      1  after -            dma.tensor.copy") != std::string::npos);
  CHECK(dis.find("; y (identity, tile 0)") != std::string::npos);
  const std::string info = to_text(summarize(m));
  CHECK(info.find("input   x: i8[1,2,8]  scale 2 zero point -3") != std::string::npos);
  CHECK(info.find("elements computed in f16 90.0 %, f32 10.0 %") != std::string::npos);
  CHECK(info.find("note    input 'x': i64 became i8") != std::string::npos);
  CHECK(to_json(summarize(m)).find("\"weight_bytes\": 8192") != std::string::npos);
}

TEST_CASE("bmodel: a file for another chip is read, not taken apart", "[bmodel]") {
  Sample sample;
  sample.model.chip = "BM1688";
  const std::vector<std::byte> file = write(sample.model);
  const Model m = read(file);
  CHECK(to_text(summarize(m)).starts_with("bmodel for BM1688"));
  CHECK_THROWS_WITH(disassemble(m), "the bmodel is for chip `BM1688`, not BM1684X");
}

// Everything that a command of tpuc does with a file before it runs it.
void read_all(std::span<const std::byte> file) {
  const Model m = read(file);
  to_text(summarize(m));
  disassemble(m);
}

std::string refusal(std::span<const std::byte> file) {
  try {
    read_all(file);
  } catch (const UserError& e) {
    return e.what();
  }
  return "accepted";
}

TEST_CASE("bmodel: broken headers are refused with the numbers", "[bmodel]") {
  const std::vector<std::byte> good = write(Sample().model);
  CHECK(refusal(std::span(good).first(10)) == "file of 10 bytes is shorter than a bmodel's header of 64");
  CHECK(refusal(std::span(good).first(5000)).starts_with("header promises 4032 + "));
  std::vector<std::byte> bad = good;
  bad[0] = std::byte{0};
  CHECK(refusal(bad) == "magic is 0xff55aa00, a bmodel has 0xff55aaee");
  bad = good;
  bad[4] = std::byte{80};
  CHECK(refusal(bad) == "header_size is 80, not 64: an encrypted file?");
  const Model m = read(good);
  bad = good;
  bad[static_cast<size_t>(m.nets[0].stages[0].coefficients->bytes.data() - good.data())] ^= std::byte{1};
  CHECK(refusal(bad) ==
        "net `net` stage 0: the weights' SHA-256 is not the file's check_code: the weights are damaged");
}

TEST_CASE("bmodel: random damage ends in a numbered error or is harmless", "[bmodel]") {
  const std::vector<std::byte> good = write(Sample().model);
  const Header h = get_header(good);
  std::mt19937 random(7);
  int refused = 0;
  constexpr int kRounds = 4000;
  for (int round = 0; round < kRounds; ++round) {
    std::vector<std::byte> bad = good;
    if (round % 8 == 0) bad.resize(random() % bad.size());
    const size_t reach =
        std::min<size_t>(bad.size(), round % 4 == 1 ? bad.size() : kHeaderBytes + h.flatbuffer_bytes / 3);
    for (size_t k = 0; k < 1 + random() % 6 && reach > 0; ++k) bad[random() % reach] = static_cast<std::byte>(random());
    refused += refusal(bad) != "accepted" ? 1 : 0;
  }
  CHECK(refused > kRounds / 4);
}

TEST_CASE("bmodel: every command of the vendor's files is written as it was read", "[bmodel][vendor]") {
  const std::string folder = TPUC_SOURCE_DIR "/../shared/vendor_bmodels";
  if (!std::filesystem::exists(folder)) {
    WARN("skipped: " << folder << " is not there");
    return;
  }
  size_t commands = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".bmodel") continue;
    INFO(entry.path());
    const std::vector<std::byte> file = read_file(entry.path());
    const Model m = read(file);
    for (const StageGroup& g : decode_stage(m.nets.at(0), 0)) {
      for (const Engine e : {Engine::Tiu, Engine::Gdma}) {
        const auto stream = e == Engine::Tiu ? g.source->tiu : g.source->gdma;
        for (const Command& c : g.commands.of(e)) {
          std::vector<uint8_t> bytes;
          std::visit([&](const auto& i) { std::visit([&](const auto& form) { encode(form, bytes); }, i); }, c.instr);
          const bool same = std::memcmp(bytes.data(), stream.data() + c.offset_bytes, bytes.size()) == 0;
          if (!same) FAIL_CHECK(to_text(c));
          ++commands;
        }
      }
    }
  }
  CHECK(commands > 12000);
}

}  // namespace
}  // namespace tpuc::bm1684x::bmodel
