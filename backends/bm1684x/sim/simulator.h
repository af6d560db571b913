// Runs one stage of a bmodel on a simulated chip: weights and inputs to their addresses, both command queues in an
// order that their dependencies allow, outputs back. Results are the chip's, bit for bit.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "backends/bm1684x/bmodel/bmodel.h"
#include "backends/bm1684x/bmodel/commands.h"
#include "backends/bm1684x/sim/machine.h"
#include "tpuc/status.h"

namespace tpuc::bm1684x {

// Which engine goes first where both may. Every order must give the same bytes; a missing dependency shows in one of
// them.
enum class Order : uint8_t { Tiu, Gdma, Alternate, Random };

struct SimOptions {
  Order order = Order::Tiu;
  uint64_t seed = 1;     // of Order::Random
  unsigned threads = 0;  // 0: all cores; never changes the bytes
  bool all_tensors = false;
  // By default an error in files of tpuc, a warning in those of others.
  std::optional<Uninitialised> uninitialised;
  // Called before each command. May be empty.
  std::function<void(Engine, const bmodel::Command&, Machine&)> on_command;
};

struct SimTensor {
  std::string name;
  bmodel::DataType type = bmodel::DataType::F32;
  std::vector<uint64_t> shape;
  std::vector<std::byte> bytes;
};

struct SimResult {
  std::vector<SimTensor> outputs;        // in the order of the net
  std::vector<SimTensor> intermediates;  // all_tensors: what the file's debug information names
  std::vector<Diagnostic> warnings;
  uint64_t command_count = 0;
};

// Bytes of each input in the file's own types. throws UserError E6002, E6003, E6005 or a trap (E6101 to E6103), which
// names engine, command, instruction text and layer.
using SimInputs = std::map<std::string, std::span<const std::byte>>;
SimResult simulate(const bmodel::Net& net, size_t stage, const SimInputs& inputs, const SimOptions& options = {});

}  // namespace tpuc::bm1684x
