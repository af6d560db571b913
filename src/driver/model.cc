// Imports a model, with the values of a sample where inputs decide shapes.
#include "driver/model.h"

#include <algorithm>
#include <vector>

#include "driver/tensors.h"
#include "tpuc/support/check.h"
#include "tpuc/support/file.h"
#include "tpuc/support/log.h"

namespace tpuc {
namespace {

// Larger tensors hold data; what decides shapes is a handful of numbers.
constexpr int64_t kMostDecidingElements = 1024;

bool asks_for_values(const UserError& e) {
  return std::any_of(e.diagnostics().begin(), e.diagnostics().end(),
                     [](const Diagnostic& d) { return d.code == ErrorCode::E1012; });
}

bool imports(const Source& source, const ImportOptions& options) {
  try {
    import_model(source, options);
    return true;
  } catch (const UserError&) {
    return false;
  }
}

// Which of the sample's small tensors the import needs as constants: all of them, less each one it can do without.
// Bigger ones are tried first, since they are the least likely to decide a shape.
ImportOptions with_deciding_values(const ModelRequest& request, const ImportOptions& options) {
  std::vector<std::pair<std::string, const Tensor*>> candidates;
  ImportOptions with = options;
  for (const auto& [name, tensor] : request.like) {
    if (tensor.count() > kMostDecidingElements || with.input_values.contains(name)) continue;
    candidates.emplace_back(name, &tensor);
    with.input_values.emplace(name, tensor);
  }
  if (!imports(request.source, with)) return with;  // the import itself then says why
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const auto& a, const auto& b) { return a.second->count() > b.second->count(); });
  for (const auto& [name, tensor] : candidates) {
    auto value = with.input_values.extract(name);
    if (!imports(request.source, with)) {
      log::note("note: input `{}` decides shapes: it becomes a constant", name);
      with.input_values.insert(std::move(value));
    }
  }
  return with;
}

}  // namespace

ModelRequest to_request(const Source& source, const Options& options) {
  ModelRequest request{source, {}, to_tensors(options.like), options.threads};
  for (const auto& [name, shape] : options.input_shapes) request.import.input_shapes[name] = shape;
  request.import.input_values = to_tensors(options.input_values);
  request.import.outputs = options.outputs;
  return request;
}

ModelFormat format_of(const Source& source) {
  if (source.path.empty()) return recognise(source.bytes);
  const MappedFile file(source.path);
  return recognise(file.bytes());
}

Module load_model_graph(const ModelRequest& request) {
  if (format_of(request.source) == ModelFormat::Bmodel)
    throw UserError(diagnostic(ErrorCode::E3012, "this is a bmodel: the command wants a model or graph text"));
  ImportOptions options = request.import;
  for (const auto& [name, tensor] : request.like)
    if (!options.input_values.contains(name)) options.input_shapes.try_emplace(name, tensor.dims());
  try {
    return import_model(request.source, options);
  } catch (const UserError& e) {
    if (request.like.empty() || !asks_for_values(e)) throw;
  }
  return import_model(request.source, with_deciding_values(request, options));
}

Graph& main_graph(Module& module) {
  if (module.nets.size() != 1 || module.nets.front().stages.size() != 1)
    throw UserError(
        diagnostic(ErrorCode::E3012, "the file holds {} nets; the command wants one of one stage", module.nets.size()));
  return *module.nets.front().stages.front();
}

}  // namespace tpuc
