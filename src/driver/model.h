// A model file and what is told about it, up to the imported float graph; and files told apart by content.
#pragma once

#include "tpuc/frontend/source.h"
#include "tpuc/tpuc.h"

namespace tpuc {

struct ModelRequest {
  Source source;
  ImportOptions import;
  unsigned threads = 0;
};
// The request of an embedding program; throws UserError for arrays whose bytes do not fit their shape.
ModelRequest to_request(const Source& source, const Options& options);

// By the first bytes of the file, or of source.bytes where there is no path.
ModelFormat format_of(const Source& source);
// ONNX and graph text; bmodels are E3012.
Module load_model_graph(const ModelRequest& request);
// The only net's only stage.
Graph& main_graph(Module& module);

}  // namespace tpuc
