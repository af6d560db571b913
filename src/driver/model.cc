// Tells files apart and imports models.
#include "driver/model.h"

#include "driver/tensors.h"
#include "tpuc/support/check.h"
#include "tpuc/support/file.h"

namespace tpuc {
ModelRequest to_request(const Source& source, const Options& options) {
  ModelRequest request{source, {}, options.threads};
  request.import.like = to_tensors(options.like);
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
  return import_model(request.source, request.import);
}

Graph& main_graph(Module& module) {
  if (module.nets.size() != 1 || module.nets.front().stages.size() != 1)
    throw UserError(
        diagnostic(ErrorCode::E3012, "the file holds {} nets; the command wants one of one stage", module.nets.size()));
  return *module.nets.front().stages.front();
}

}  // namespace tpuc
