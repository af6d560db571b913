// See the header.
#include "tpuc/ir/copy.h"

#include <unordered_map>

namespace tpuc {

std::unique_ptr<Graph> copy_graph(const Graph& source, ConstantStore& constants) {
  auto graph = std::make_unique<Graph>(source.name, constants);
  std::unordered_map<const Value*, Value*> copies;
  for (const auto& v : source.inputs()) copies[v.get()] = graph->input(v->type, v->name);
  const auto copy_of = [&](const Value* v) -> Value* {
    if (v == nullptr) return nullptr;
    Value*& copy = copies[v];
    if (copy == nullptr) copy = graph->constant(Tensor::borrow(v->type, v->tensor().bytes()), v->name);
    return copy;
  };
  for (const Op& op : source.ops()) {
    std::vector<Value*> in;
    in.reserve(op.in().size());
    for (const Value* v : op.in()) in.push_back(copy_of(v));
    Op& made = graph->add_op(op.def(), op.any_attrs(), std::move(in), op.out(0)->name);
    made.loc = op.loc;
    made.place = op.place;
    for (size_t i = 0; i < op.out().size(); ++i) {
      made.out(i)->type = op.out(i)->type;
      graph->rename(made.out(i), op.out(i)->name);
      copies[op.out(i)] = made.out(i);
    }
  }
  std::vector<Value*> outputs;
  for (const Value* v : source.outputs()) outputs.push_back(copy_of(v));
  graph->set_outputs(std::move(outputs));
  for (const auto& [in, out] : source.aliases) graph->aliases.emplace_back(copy_of(in), copy_of(out));
  return graph;
}

Module copy_module(const Module& source) {
  Module copy;
  for (const Net& net : source.nets) {
    copy.nets.push_back({net.name, {}});
    for (const auto& stage : net.stages) copy.nets.back().stages.push_back(copy_graph(*stage, *copy.constants));
  }
  return copy;
}

}  // namespace tpuc
