// What a bmodel holds, for people and for tools: `tpuc info` and `tpuc dis`. Works on files of other compilers, too.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "backends/bm1684x/bmodel/bmodel.h"
#include "backends/bm1684x/bmodel/debug_info.h"

namespace tpuc::bm1684x::bmodel {

struct StageSummary {
  std::vector<Tensor> inputs, outputs;
  uint64_t weight_bytes = 0, activation_bytes = 0, io_bytes = 0, command_bytes = 0;
  uint64_t tiu_commands = 0, gdma_commands = 0;  // end commands included
  size_t sub_nets = 0, groups = 0, layers = 0;
  bool is_dynamic = false, by_tpuc = false;
  std::vector<std::string> notes;                          // what changed at the border of the network
  std::vector<std::pair<std::string, uint64_t>> elements;  // computed elements by precision
  std::vector<std::pair<std::string, uint64_t>> products;  // multiply-adds by precision of the factors
  std::vector<FloatOp> float_ops;                          // of networks in 8 bits
};
struct NetSummary {
  std::string name;
  std::vector<StageSummary> stages;
};
struct Summary {
  std::string chip, version;
  uint64_t firmware_bytes = 0, weight_bytes = 0, activation_bytes = 0, command_bytes = 0;  // equal weights counted once
  std::vector<NetSummary> nets;
};

// The real value of one step of an input, of which the file keeps the reciprocal.
float step_of_input(const Tensor& t);

Summary summarize(const Model& model);
std::string to_text(const Summary& summary);
std::string to_json(const Summary& summary);

// Every command of both streams with its id, what it waits for, its fields and its layer, queue by queue.
std::string disassemble(const Model& model);

}  // namespace tpuc::bm1684x::bmodel
