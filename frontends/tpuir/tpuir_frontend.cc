// Graph text as an input format.
#include "frontends/tpuir/tpuir_frontend.h"

#include "tpuc/ir/text.h"

namespace tpuc::frontend {

namespace {

void check_shapes(const Graph& graph, const ImportOptions& options, std::vector<Diagnostic>& problems) {
  for (const auto& [name, dims] : options.input_shapes) {
    const Value* v = graph.find(name);
    if (v == nullptr || v->def != nullptr || v->is_constant())
      problems.push_back(diagnostic(ErrorCode::E1022, "graph @{} has no input `{}`", graph.name, name));
    else if (v->type.dims != dims)
      problems.push_back(diagnostic(ErrorCode::E1022, "input `{}` is {}, which --input-shape cannot change to {}", name,
                                    to_string(v->type), to_string(dims)));
  }
  for (const auto& [name, value] : options.input_values)
    problems.push_back(diagnostic(ErrorCode::E1022, "input `{}` of graph text cannot become a constant", name)
                           .note("hint", "give --input-value when importing the model the text was made from"));
}

void cut(Graph& graph, const std::vector<std::string>& names, std::vector<Diagnostic>& problems) {
  if (names.empty()) return;
  std::vector<Value*> outputs;
  for (const auto& name : names) {
    Value* v = graph.find(name);
    if (v == nullptr)
      problems.push_back(diagnostic(ErrorCode::E1022, "graph @{} has no tensor `{}` to stop at", graph.name, name));
    else
      outputs.push_back(v);
  }
  graph.set_outputs(std::move(outputs));
  graph.dce();
}

}  // namespace

Module import_tpuir(const Source& source, const ImportOptions& options) {
  const bool in_memory = source.path.empty() || !source.bytes.empty();
  const std::string_view text(reinterpret_cast<const char*>(source.bytes.data()), source.bytes.size());
  Module module = in_memory ? parse_module(text) : load_module(source.path);
  std::vector<Diagnostic> problems;
  for (const Net& net : module.nets)
    for (const auto& stage : net.stages) {
      check_shapes(*stage, options, problems);
      cut(*stage, options.outputs, problems);
    }
  if (!problems.empty()) throw UserError(std::move(problems));
  return module;
}

}  // namespace tpuc::frontend
