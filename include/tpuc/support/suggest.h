// "did you mean": the nearest of some names, for messages about a name nobody knows.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace tpuc {

// The candidate with the smallest edit distance, or empty when none is near enough to be meant.
std::string nearest_name(std::string_view name, std::span<const std::string> candidates);

}  // namespace tpuc
