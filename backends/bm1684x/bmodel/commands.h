// Command streams of a bmodel, decoded: what the simulator executes, the disassembler prints and the cycle model
// prices.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "backends/bm1684x/bmodel/bmodel.h"
#include "backends/bm1684x/isa/engine.h"
#include "backends/bm1684x/isa/gdma_decode.h"
#include "backends/bm1684x/isa/isa.h"

namespace tpuc::bm1684x::bmodel {

struct Command {
  std::variant<TiuInstr, GdmaInstr> instr;
  uint32_t id = 0;
  uint32_t wait_for = 0;      // id of the other engine that must be finished first; 0: none, also where the wait is off
  uint32_t offset_bytes = 0;  // in its stream
  bool is_end = false;
};
std::string name_of(const Command& command);  // "arith.add"
std::string to_text(const Command& command);  // with its fields

// Both queues of a group, end commands included.
struct DecodedGroup {
  std::vector<Command> queue[kEngineCount];
  const std::vector<Command>& of(Engine e) const { return queue[static_cast<size_t>(e)]; }
};

// throws UserError E6102 for an unknown command, E6001 where counts, ids or the end command are wrong; both say
// `where`.
DecodedGroup decode_group(const CommandGroup& group, const std::string& where);

// throws UserError E6002 when the file is for another chip. BM1686 is the vendor's other name for this one.
void require_chip(const Model& model);

// All groups of a stage in the order in which they run. throws E6002 for what has no streams (host steps, dynamic).
struct StageGroup {
  std::string where;  // "net `x` stage 0 sub_net 0 group 0"
  size_t index = 0;   // of the group, counted over all sub_nets
  const CommandGroup* source = nullptr;
  DecodedGroup commands;
};
std::vector<StageGroup> decode_stage(const Net& net, size_t stage);

}  // namespace tpuc::bm1684x::bmodel
