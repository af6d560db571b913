// Names and numbers as the text form writes them: shared by printer and parser so that they cannot disagree.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tpuc/ir/tensor.h"

namespace tpuc {

// Whether a name can stand without quotes: letters, digits and _ . / ~ $, at least one.
bool is_bare_name(std::string_view text);

// The elements of a small tensor. Floats are the shortest text that reads back as the same value, a NaN its bits in
// hexadecimal (0x7fc00000).
std::vector<std::string> print_elements(const Tensor& t);

// Writes element i of `t`; false when the text is no value of its type. `bits` of floats are accepted as 0x....
bool parse_element(std::string_view text, Tensor& t, size_t i);

// Whole text or nothing. A trailing f reads the number as a float first: 0.1f.
std::optional<int64_t> parse_int(std::string_view text);
std::optional<double> parse_double(std::string_view text);

}  // namespace tpuc
