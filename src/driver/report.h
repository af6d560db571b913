// Comparisons of tensors as lines for people.
#pragma once

#include <span>
#include <string>

#include "tpuc/runtime/compare.h"

namespace tpuc {

// A line per tensor: name, shape, cosine, euclidean, max abs, SQNR, and "FAILS" or why it cannot be compared.
std::string to_text(std::span<const Comparison> rows, const Tolerance& tolerance);
size_t count_failing(std::span<const Comparison> rows, const Tolerance& tolerance);

}  // namespace tpuc
