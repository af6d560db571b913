// Equality and hash of graphs, by content: nothing depends on addresses. Constants count by their bytes, and only where
// something uses them.
#pragma once

#include <string>

#include "tpuc/ir/graph.h"

namespace tpuc {

// Covers all that the text form prints: operations, attributes, types, names, loc, place, aliases.
Hash hash(const Graph& graph);
Hash hash(const Module& module);

// The first difference in words; empty where the two are equal.
std::string difference(const Graph& a, const Graph& b);
std::string difference(const Module& a, const Module& b);

// Hash and equality of an operation's meaning: operator, attributes, place. Not its inputs, names or loc.
uint64_t meaning_hash(const Op& op);
bool same_meaning(const Op& a, const Op& b);

}  // namespace tpuc
