// Extracting and combining: equal weights once, addresses follow, what does not go together is refused.
#include "backends/bm1684x/bmodel/combine.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <functional>

#include "backends/bm1684x/bmodel/commands.h"
#include "backends/bm1684x/bmodel/debug_info.h"
#include "backends/bm1684x/bmodel/relocate.h"
#include "tpuc/support/check.h"
#include "tpuc/support/file.h"

namespace tpuc::bm1684x::bmodel {
namespace {

// A net of one stage of given width whose commands load the weights `loaded` and the input. The weight "w<n>" is a page
// filled with n.
std::vector<std::byte> sample(const std::string& name, uint64_t width, const std::vector<int>& weights,
                              const std::vector<int>& loaded, bool by_tpuc = true) {
  std::vector<std::byte> blob;
  std::vector<uint8_t> tiu, gdma;
  Coefficients c;
  for (const int w : weights) {
    c.locations.push_back({"w" + std::to_string(w), blob.size(), kPageBytes});
    blob.insert(blob.end(), kPageBytes, static_cast<std::byte>(w));
  }
  c.bytes = blob;
  Stage s;
  s.coefficients = c;
  s.context_addr = kWeightsAddress + blob.size();
  s.context_bytes = kPageBytes;
  s.inputs = {{"x", DataType::I8, {1, width}, s.context_addr, width}};
  s.outputs = {{"y", DataType::I8, {1, width}, s.context_addr + 64, width}};
  GdmaTensor load;
  load.head.nchw_copy = 1;
  load.src_size = {1, 1, 1, 4};
  load.dst_addr = 0x8000000;
  std::vector<uint64_t> sources = {s.context_addr};
  for (const int w : loaded)
    for (size_t i = 0; i < weights.size(); ++i)
      if (weights[i] == w) sources.push_back(kWeightsAddress + i * kPageBytes + 16);
  for (const uint64_t source : sources) {
    load.src_addr = source;
    ++load.head.cmd_id;
    encode(load, gdma);
  }
  GdmaSys gdma_end;
  gdma_end.head.cmd_id = load.head.cmd_id + 1;
  encode(gdma_end, gdma);
  SysId end;
  end.head.cmd_id = 1;
  encode(end, tiu);
  const auto pad = [](std::vector<uint8_t>& stream) {
    stream.resize((stream.size() + kStreamAlignBytes - 1) / kStreamAlignBytes * kStreamAlignBytes);
  };
  pad(tiu);
  pad(gdma);
  SubNet sub;
  sub.inputs = s.inputs;
  sub.outputs = s.outputs;
  sub.groups = {{1, gdma_end.head.cmd_id, std::as_bytes(std::span(tiu)), std::as_bytes(std::span(gdma))}};
  s.sub_nets = {sub};
  if (by_tpuc) {
    DebugInfo debug;
    debug.layers.push_back({"y", "identity", 0, 0, {}, {{1, 1}}});
    debug.tensors.push_back({"y", DataType::I8, {1, width}, s.context_addr + 64, 0});
    s.tensor_loc = to_json(debug);
  }
  Model model;
  model.nets.push_back({name, 0, {s}});
  return write(model);
}

std::vector<std::byte> combined(const std::vector<std::vector<std::byte>>& files) {
  std::vector<Model> models;
  for (const auto& file : files) models.push_back(read(file));
  return combine(models);
}

// Which weights a stage's commands read, by the byte they find there.
std::vector<int> weights_read(const Net& net, size_t stage) {
  std::vector<int> out;
  const Coefficients& c = *net.stages[stage].coefficients;
  for (const uint64_t addr : command_addresses(net, stage))
    if (addr >= c.address && addr < c.address + c.bytes.size())
      out.push_back(static_cast<int>(c.bytes[addr - c.address]));
  return out;
}

int code_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const UserError& e) {
    return static_cast<int>(e.diagnostics().front().code);
  }
  return 0;
}

TEST_CASE("combine: stages of tpuc share the weights they have in common", "[bmodel]") {
  const auto file = combined({sample("net", 8, {1, 2, 3}, {1, 2, 3}), sample("net", 16, {3, 4, 1}, {1, 3, 4})});
  const Model m = read(file);
  REQUIRE(m.nets.size() == 1);
  REQUIRE(m.nets[0].stages.size() == 2);
  const Stage &a = m.nets[0].stages[0], &b = m.nets[0].stages[1];
  CHECK(a.coefficients->bytes.size() == 4 * kPageBytes);
  CHECK(a.coefficients->bytes.data() == b.coefficients->bytes.data());
  CHECK(weights_read(m.nets[0], 0) == std::vector<int>{1, 2, 3});
  CHECK(weights_read(m.nets[0], 1) == std::vector<int>{1, 3, 4});
  CHECK(a.context_addr == kWeightsAddress + 4 * kPageBytes);
  CHECK(b.inputs[0].device_addr == b.context_addr);
  CHECK(b.sub_nets[0].outputs[0].device_addr == b.context_addr + 64);
  CHECK(command_addresses(m.nets[0], 1).front() == b.context_addr);
  CHECK(debug_info_from_json(b.tensor_loc)->tensors[0].addr == b.context_addr + 64);
}

TEST_CASE("extract: what was combined comes back byte for byte", "[bmodel]") {
  const auto first = sample("net", 8, {1, 2, 3}, {1, 2, 3}), second = sample("net", 16, {1, 3}, {1, 3}),
             other = sample("other", 8, {9}, {9});
  const auto file = combined({first, second, other});
  CHECK(extract(read(file), {{"net", {0}}}) == first);
  CHECK(extract(read(file), {{"net", {1}}}) == second);
  CHECK(extract(read(file), {{"other", {}}}) == other);
  CHECK(extract(read(file), {{"net", {}}, {"other", {}}}) == file);
  CHECK(extract(read(first), {{"net", {}}}) == first);
}

TEST_CASE("extract: weights that no command reads stay behind", "[bmodel]") {
  const auto file = extract(read(sample("net", 8, {1, 2, 3}, {3, 1})), {{"net", {}}});
  const Model m = read(file);
  CHECK(m.nets[0].stages[0].coefficients->bytes.size() == 2 * kPageBytes);
  CHECK(weights_read(m.nets[0], 0) == std::vector<int>{3, 1});
}

TEST_CASE("combine: the weights of other compilers are shared as a whole or not at all", "[bmodel]") {
  const auto a = sample("a", 8, {1, 2}, {1}, false), b = sample("b", 8, {1, 2}, {2}, false),
             c = sample("c", 8, {2, 1}, {2}, false);
  const auto file = combined({a, b, c});
  const Model m = read(file);
  CHECK(m.nets[0].stages[0].coefficients->bytes.data() == m.nets[1].stages[0].coefficients->bytes.data());
  CHECK(m.nets[0].stages[0].coefficients->bytes.data() != m.nets[2].stages[0].coefficients->bytes.data());
  CHECK(extract(m, {{"a", {}}}) == a);
}

TEST_CASE("combine: the firmware of another compiler's file stays", "[bmodel]") {
  const auto plain = sample("a", 8, {1}, {1}, false), bytes = sample("b", 8, {1}, {1}, false);
  Model other = read(bytes);
  const std::vector<std::byte> firmware(100, std::byte{5});
  other.firmware = firmware;
  other.firmware_name = "kernel.so";
  const auto with = write(other), file = combined({plain, with});
  CHECK(read(file).firmware.size() == 100);
  CHECK(read(file).firmware_name == "kernel.so");
  CHECK(extract(read(with), {{"b", {}}}) == with);
}

TEST_CASE("combine: stages that do not go together are E6007", "[bmodel]") {
  const auto first = sample("net", 8, {1}, {1});
  CHECK(code_of([&] { combined({first, first}); }) == static_cast<int>(ErrorCode::E6007));
  const auto bytes = sample("net", 16, {1}, {1});
  Model renamed = read(bytes);
  renamed.nets[0].stages[0].inputs[0].name = "other";
  CHECK(code_of([&] { combined({first, write(renamed)}); }) == static_cast<int>(ErrorCode::E6007));
  CHECK(code_of([&] { extract(read(first), {{"no", {}}}); }) == static_cast<int>(ErrorCode::E6004));
  CHECK(code_of([&] { extract(read(first), {{"net", {3}}}); }) == static_cast<int>(ErrorCode::E6004));
  Model host = read(bytes);
  host.nets[0].stages[0].sub_nets[0].mode = 1;
  CHECK(code_of([&] { combine(std::span(&host, 1)); }) == static_cast<int>(ErrorCode::E6002));
}

TEST_CASE("combine: the vendor's files in one, and out again", "[bmodel][vendor]") {
  const std::string folder = TPUC_SOURCE_DIR "/../shared/vendor_bmodels";
  if (!std::filesystem::exists(folder)) {
    WARN("skipped: " << folder << " is not there");
    return;
  }
  std::vector<std::vector<std::byte>> files;
  for (const char* name : {"kws_dscnn_f32", "mnist_cnn_int8", "bert_toy_bf16"})
    files.push_back(read_file(folder + "/" + name + ".bmodel"));
  const auto file = combined(files);
  const Model m = read(file);
  REQUIRE(m.nets.size() == 3);
  for (size_t i = 0; i < files.size(); ++i) {
    const auto again = extract(m, {{m.nets[i].name, {}}});
    const Model was = read(files[i]), is = read(again);
    const Stage &a = was.nets[0].stages[0], &b = is.nets[0].stages[0];
    CHECK(std::equal(a.coefficients->bytes.begin(), a.coefficients->bytes.end(), b.coefficients->bytes.begin()));
    const CommandGroup &x = a.sub_nets[0].groups[0], &y = b.sub_nets[0].groups[0];
    CHECK(std::equal(x.gdma.begin(), x.gdma.end(), y.gdma.begin(), y.gdma.end()));
    CHECK(a.context_addr == b.context_addr);
  }
}

}  // namespace
}  // namespace tpuc::bm1684x::bmodel
