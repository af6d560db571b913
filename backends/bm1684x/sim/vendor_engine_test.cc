// The vendor's library beside the simulator, where CMODEL_LIB names it; and a library that is none.
#include "backends/bm1684x/sim/vendor_engine.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>

#include "tpuc/support/check.h"
#include "tpuc/support/file.h"
#include "tpuc/support/npz.h"

namespace tpuc::bm1684x {
namespace {

const std::string kDemo = TPUC_SOURCE_DIR "/../shared/tools/judge/demo/";

SimResult run(const std::string& name, const std::string& library, Order order) {
  const std::vector<std::byte> file = read_file(kDemo + name + ".bmodel");
  const bmodel::Model model = bmodel::read(file);
  const NamedArrays arrays = read_npz(kDemo + name + ".in.npz");
  SimInputs inputs;
  for (const auto& [key, array] : arrays) inputs[key] = array.data;
  VendorOptions options;
  options.library = library;
  options.order = order;
  return run_on_vendor_library(model.nets.at(0), 0, inputs, options);
}

TEST_CASE("vendor engine: the demo files give their reference", "[sim][vendor]") {
  const char* library = std::getenv("CMODEL_LIB");
  if (library == nullptr || !std::filesystem::exists(kDemo)) {
    WARN("skipped: CMODEL_LIB is not set, or " << kDemo << " is not there");
    return;
  }
  for (const char* name : {"copy", "groups", "int8", "norace"}) {
    for (const Order order : {Order::Tiu, Order::Gdma}) {
      const SimResult got = run(name, library, order);
      for (const auto& [key, array] : read_npz(kDemo + name + ".ref.npz"))
        for (const SimTensor& t : got.outputs)
          if (t.name == key) CHECK(t.bytes == array.data);
    }
  }
}

TEST_CASE("vendor engine: a library that cannot be loaded is an error of the user's", "[sim]") {
  if (!std::filesystem::exists(kDemo)) {
    WARN("skipped: " << kDemo << " is not there");
    return;
  }
  try {
    run("copy", "/nowhere/libnone.so", Order::Tiu);
    FAIL("loaded");
  } catch (const UserError& e) {
    CHECK(e.diagnostics().front().code == ErrorCode::E6006);
    CHECK(std::string(e.what()).find("/nowhere/libnone.so") != std::string::npos);
  }
}

}  // namespace
}  // namespace tpuc::bm1684x
