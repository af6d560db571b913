// The support matrix: every operator, what imports as it, and which chip has a kernel for it.
#include <fmt/core.h>

#include "driver/listing.h"
#include "tpuc/ir/registry.h"

namespace tpuc {

std::string list_ops_markdown(const Backend& backend) {
  std::string out =
      fmt::format("| operator | what it is | ONNX | host | {} |\n|---|---|---|---|---|\n", backend.chip());
  for (const OpDef& d : all_ops()) {
    std::string onnx;
    for (const ImportRule& rule : d.imports) {
      if (!rule.op.starts_with("onnx.")) continue;
      const std::string name(rule.op.substr(5));
      if (onnx.find(name) == std::string::npos) onnx += (onnx.empty() ? "" : ", ") + name;
    }
    const bool kernel = backend.has_kernel(d.name);
    out += fmt::format("| `{}` | {} | {} | yes | {} |\n", d.name, d.summary, onnx,
                       kernel                   ? "yes"
                       : d.decompose != nullptr ? "decomposed"
                                                : "");
  }
  return out;
}

}  // namespace tpuc
