// Graph text as an input format. Shapes are fixed there already; only `outputs` changes what is imported.
#pragma once

#include "tpuc/frontend/source.h"

namespace tpuc::frontend {

// Errors of the text as ir/text.h tells them; E1022 for options that do not fit the graph.
Module import_tpuir(const Source& source, const ImportOptions& options);

}  // namespace tpuc::frontend
