// Whole bmodels on the simulator: those of the vendor's compiler byte for byte, the demo files in every order of the
// engines, and what a missing dependency, a bad address or a deadlock leads to.
#include "backends/bm1684x/sim/simulator.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>

#include "backends/bm1684x/bmodel/debug_info.h"
#include "backends/bm1684x/sim/static_tables.h"
#include "tpuc/support/check.h"
#include "tpuc/support/file.h"
#include "tpuc/support/npz.h"

namespace tpuc::bm1684x {
namespace {

const std::string kShared = TPUC_SOURCE_DIR "/../shared";
constexpr Order kOrders[] = {Order::Tiu, Order::Gdma, Order::Alternate, Order::Random};

struct Loaded {
  std::vector<std::byte> file;
  bmodel::Model model;
  NamedArrays inputs;
  explicit Loaded(const std::string& stem)
      : file(read_file(stem + ".bmodel")), model(bmodel::read(file)), inputs(read_npz(stem + ".in.npz")) {}
  SimResult run(const SimOptions& options) const {
    SimInputs in;
    for (const auto& [name, array] : inputs) in[name] = array.data;
    return simulate(model.nets.at(0), 0, in, options);
  }
};

SimOptions in_order(Order order) {
  SimOptions options;
  options.order = order;
  return options;
}

// Names of the outputs that differ from the stored ones.
std::string differing(const SimResult& got, const NamedArrays& want) {
  std::string out;
  for (const auto& [name, array] : want) {
    const auto it =
        std::find_if(got.outputs.begin(), got.outputs.end(), [&](const SimTensor& t) { return t.name == name; });
    if (it == got.outputs.end() || it->bytes != array.data) out += name + " ";
  }
  return out;
}

bool absent(const std::string& path) {
  if (std::filesystem::exists(path)) return false;
  WARN("skipped: " << path << " is not there");
  return true;
}

TEST_CASE("simulator: files of the vendor's compiler give every stored byte", "[sim][vendor]") {
  const std::string folder = kShared + "/vendor_bmodels";
  if (absent(folder)) return;
  std::vector<std::string> stems;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".bmodel") stems.push_back(entry.path().parent_path() / entry.path().stem());
  std::sort(stems.begin(), stems.end());
  for (const std::string& stem : stems) {
    INFO(stem);
    const SimResult got = Loaded(stem).run(SimOptions());
    CHECK(differing(got, read_npz(stem + ".out.npz")) == "");
  }
}

TEST_CASE("simulator: the demo files give the reference in every order", "[sim][demo]") {
  const std::string folder = kShared + "/tools/judge/demo/";
  if (absent(folder)) return;
  for (const char* name : {"copy", "weight", "groups", "int8", "ioalone", "norace"}) {
    for (const Order order : kOrders) {
      INFO(name << " order " << static_cast<int>(order));
      CHECK(differing(Loaded(folder + name).run(in_order(order)), read_npz(folder + name + ".ref.npz")) == "");
    }
  }
}

TEST_CASE("simulator: a missing dependency shows when the DMA runs ahead", "[sim][demo]") {
  const std::string stem = kShared + "/tools/judge/demo/race";
  if (absent(stem + ".bmodel")) return;
  const NamedArrays want = read_npz(stem + ".ref.npz");
  CHECK(differing(Loaded(stem).run(in_order(Order::Tiu)), want) == "");
  CHECK(differing(Loaded(stem).run(in_order(Order::Gdma)), want) != "");
}

// A net of our own making: loads x, stores it to y, by way of local memory.
struct CopyNet {
  std::vector<uint8_t> tiu, gdma;
  bmodel::Model model;
  GdmaTensor load, store;

  CopyNet() {
    for (GdmaTensor* i : {&load, &store}) {
      i->head.nchw_copy = 1;
      i->head.format = GdmaFormat::F32;
      i->src_size = {1, 2, 1, 4};
    }
    load.head.cmd_id = 1;
    load.src_addr = kDdrBase;
    load.dst_addr = kLocalBase;
    store.head.cmd_id = 2;
    store.src_addr = kLocalBase;
    store.dst_addr = kDdrBase + 4096;
  }
  std::string run(bool ours) {
    SysId end;
    end.head.cmd_id = 1;
    GdmaSys gdma_end;
    gdma_end.head.cmd_id = 3;
    encode(end, tiu);
    encode(load, gdma);
    encode(store, gdma);
    encode(gdma_end, gdma);
    tiu.resize(128);
    gdma.resize(256);
    const bmodel::Tensor x{"x", bmodel::DataType::F32, {1, 2, 1, 4}, kDdrBase, 32};
    const bmodel::Tensor y{"y", bmodel::DataType::F32, {1, 2, 1, 4}, kDdrBase + 4096, 32};
    bmodel::Stage stage;
    stage.inputs = {x};
    stage.outputs = {y};
    stage.context_bytes = 8192;
    stage.sub_nets.push_back(
        {0, false, {x}, {y}, {{1, 3, std::as_bytes(std::span(tiu)), std::as_bytes(std::span(gdma))}}});
    bmodel::DebugInfo debug;
    debug.layers.push_back({"y", "identity", 0, 0, {}, {{1, 2}}});
    if (ours) stage.tensor_loc = bmodel::to_json(debug);
    model.nets.push_back({"net", 0, {stage}});
    const std::vector<std::byte> file = bmodel::write(model);
    const bmodel::Model again = bmodel::read(file);
    std::vector<std::byte> input(32);
    for (size_t k = 0; k < input.size(); ++k) input[k] = static_cast<std::byte>(k);
    try {
      const SimResult result = simulate(again.nets.at(0), 0, {{"x", input}});
      return result.outputs.at(0).bytes == input && result.warnings.empty() ? "right" : "wrong or warned";
    } catch (const UserError& e) {
      return render(e.diagnostics().front());
    }
  }
};

TEST_CASE("simulator: a net through writer, reader and queues", "[sim]") {
  CHECK(CopyNet().run(true) == "right");
  CHECK(CopyNet().run(false) == "right");
}

TEST_CASE("simulator: a read of memory nothing wrote is an error in our files, a warning in others", "[sim]") {
  CopyNet net;
  net.store.src_addr += 64;
  CHECK(CopyNet(net).run(false) == "wrong or warned");
  const std::string text = net.run(true);
  CHECK(text.starts_with(
      "error[E6103]: gdma command 2 (dma.tensor.copy): reads lane 0 at offset 0x40, which nothing wrote"));
  CHECK(text.find("layer   'y' (identity, tile 0)") != std::string::npos);
  CHECK(text.find("command dma.tensor.copy") != std::string::npos);
}

TEST_CASE("simulator: a deadlock and a stray address are told with the command", "[sim]") {
  CopyNet waits;
  waits.load.head.cmd_id_dep = 5;
  CHECK(waits.run(true).starts_with(
      "error[E6003]: net `net` stage 0 sub_net 0 group 0: tiu is done at id 0, gdma command 1 waits for tiu 5"));
  CopyNet strays;
  strays.store.dst_addr = kDdrBase + 8192;
  CHECK(strays.run(true).starts_with(
      "error[E6101]: gdma command 2 (dma.tensor.copy): 1 bytes at offset 0x2000 of DDR, which has 0x2000"));
}

TEST_CASE("simulator: static tables are the vendor's", "[sim]") {
  const std::string path = kShared + "/spec/tiu-checks/smem_tables.npy";
  if (absent(path)) return;
  const NpyArray want = read_npy(path);
  const std::vector<uint32_t> got = static_tables();
  REQUIRE(want.data.size() == got.size() * 4);
  CHECK(std::memcmp(want.data.data(), got.data(), want.data.size()) == 0);
}

}  // namespace
}  // namespace tpuc::bm1684x
