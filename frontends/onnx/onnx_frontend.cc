// The ONNX front end's two entries: import and check.
#include "frontends/onnx/importer.h"
#include "frontends/onnx/reader.h"

namespace tpuc {

std::string_view to_string(Verdict v) {
  switch (v) {
    case Verdict::Supported:
      return "supported";
    case Verdict::Decomposed:
      return "decomposed";
    case Verdict::Folded:
      return "folded";
    case Verdict::Skipped:
      return "skipped";
    case Verdict::Refused:
      return "refused";
  }
  return "";
}

// Inputs that turn out to decide shapes or branches take their values from the sample; then all is imported again,
// until the sample has nothing more to give.
OnnxCheck check_onnx(const Source& source, const ImportOptions& options) {
  ImportOptions known = options;
  while (true) {
    frontend::ModelRecord model = frontend::read_onnx(source);
    frontend::Importer importer(model, known);
    OnnxCheck result = importer.run();
    bool more = false;
    for (const auto& name : importer.deciding_inputs())
      if (const auto it = options.like.find(name); it != options.like.end())
        more |= known.input_values.emplace(name, it->second).second;
    if (!more) return result;
  }
}

Module import_onnx(const Source& source, const ImportOptions& options) {
  OnnxCheck result = check_onnx(source, options);
  if (!result.problems.empty()) throw UserError(std::move(result.problems));
  return std::move(result.module);
}

}  // namespace tpuc
