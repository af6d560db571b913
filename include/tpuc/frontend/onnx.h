// The ONNX front end: a model file becomes a module with one net of one stage, its shape computations folded away.
#pragma once

#include <string>
#include <vector>

#include "tpuc/frontend/source.h"

namespace tpuc {

// Throws UserError with all problems of the model at once.
Module import_onnx(const Source& source, const ImportOptions& options);

enum class Verdict : uint8_t {
  Supported,   // becomes one operator
  Decomposed,  // becomes several
  Folded,      // computed at import, or a mere alias: nothing is left of it
  Skipped,     // depends on a node that was refused, or nobody needs it
  Refused,
};
std::string_view to_string(Verdict v);

struct ImportedNode {
  std::string name, op;  // an unnamed node is called by its first output; op with a foreign domain's name
  Verdict verdict = Verdict::Skipped;
  std::vector<std::string> becomes;  // names of our operators
  std::string reason;                // why it was refused or skipped
};

// What `tpuc check` tells: a verdict per node in the file's order, every problem, and the part that could be imported.
struct OnnxCheck {
  std::vector<ImportedNode> nodes;
  std::vector<Diagnostic> problems;
  Module module;
};
// Throws UserError only where the file cannot be parsed at all.
OnnxCheck check_onnx(const Source& source, const ImportOptions& options);

}  // namespace tpuc
