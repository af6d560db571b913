// Listings of what tpuc knows, made from the registries: operators, ONNX coverage, passes, rules, errors.
#pragma once

#include <string>

#include "tpuc/backend/backend.h"

namespace tpuc {

std::string list_ops();
// The support matrix as a Markdown table.
std::string list_ops_markdown(const Backend& backend);
// Every ONNX operator that has an import rule, with its opsets and what it becomes.
std::string list_onnx_coverage();
std::string list_passes();
std::string list_rules();
// `code` as "E1204" or "1204". E2001 when there is no such error.
std::string explain_error(const std::string& code);

}  // namespace tpuc
