// Checks of a graph's promises; a violation is a bug of tpuc (InternalError), never the user's fault.
#pragma once

#include <string_view>

#include "tpuc/ir/graph.h"

namespace tpuc {

// What a graph promises after a pass; each stage keeps the promises of the earlier ones.
//   Imported   SSA, use lists, names; stored types are what inference gives
//   Canonical  batch_norm is gone (it is a scale)
//   Quantized  lowered to the chip's types: no i64, u64 or f64 values but the result of arg_max, i64 by definition,
//              which a cast follows
//   LaidOut    reserved for layouts as attributes
enum class Stage : uint8_t { Imported, Canonical, Quantized, LaidOut };
std::string_view to_string(Stage stage);

// `after` names the pass in the message.
void verify(const Graph& graph, Stage stage = Stage::Imported, std::string_view after = "import");
void verify(const Module& module, Stage stage = Stage::Imported, std::string_view after = "import");

}  // namespace tpuc
