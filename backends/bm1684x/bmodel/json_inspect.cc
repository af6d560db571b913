// The summary of a bmodel as JSON, for tools.
#include <nlohmann/json.hpp>

#include "backends/bm1684x/bmodel/inspect.h"

namespace tpuc::bm1684x::bmodel {
namespace {

using Json = nlohmann::ordered_json;

Json tensors(const std::vector<Tensor>& list, bool are_inputs) {
  Json out = Json::array();
  for (const Tensor& t : list)
    out.push_back({{"name", t.name},
                   {"dtype", std::string(name_of(t.type))},
                   {"shape", t.shape},
                   {"scale", are_inputs ? step_of_input(t) : t.scale},
                   {"zero_point", t.zero_point},
                   {"addr", t.device_addr},
                   {"bytes", t.byte_count()}});
  return out;
}

Json stage_to_json(const StageSummary& s) {
  Json elements = Json::object();
  for (const auto& [type, count] : s.elements) elements[type] = count;
  Json products = Json::object(), float_ops = Json::array();
  for (const auto& [type, count] : s.products) products[type] = count;
  for (const FloatOp& op : s.float_ops) float_ops.push_back({{"name", op.name}, {"op", op.op}, {"dtype", op.type}});
  return {{"inputs", tensors(s.inputs, true)},
          {"outputs", tensors(s.outputs, false)},
          {"notes", s.notes},
          {"weight_bytes", s.weight_bytes},
          {"activation_bytes", s.activation_bytes},
          {"io_bytes", s.io_bytes},
          {"command_bytes", s.command_bytes},
          {"commands", {{"tiu", s.tiu_commands}, {"gdma", s.gdma_commands}}},
          {"sub_nets", s.sub_nets},
          {"groups", s.groups},
          {"layers", s.layers},
          {"dynamic", s.is_dynamic},
          {"by_tpuc", s.by_tpuc},
          {"elements_by_precision", elements},
          {"multiply_adds_by_precision", products},
          {"float_operators", float_ops}};
}

}  // namespace

std::string to_json(const Summary& summary) {
  Json nets = Json::array();
  for (const NetSummary& net : summary.nets) {
    Json stages = Json::array();
    for (const StageSummary& s : net.stages) stages.push_back(stage_to_json(s));
    nets.push_back({{"name", net.name}, {"stages", stages}});
  }
  const Json out = {{"chip", summary.chip},
                    {"version", summary.version},
                    {"firmware_bytes", summary.firmware_bytes},
                    {"weight_bytes", summary.weight_bytes},
                    {"activation_bytes", summary.activation_bytes},
                    {"command_bytes", summary.command_bytes},
                    {"nets", nets}};
  return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tpuc::bm1684x::bmodel
