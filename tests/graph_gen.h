// Random well-typed graphs from a seed, for property tests of text form and passes.
#pragma once

#include <cstdint>

#include "tpuc/ir/graph.h"

namespace tpuc::test {

struct GenOptions {
  int ops = 20;
  int64_t scale = 1;            // of the extents of images and rows
  bool with_odd_names = false;  // quotes, spaces, bytes that are no UTF-8
};
// One net of one graph @random. Small shapes, float values that stay moderate; every value without a user is an output.
Module random_module(uint64_t seed, const GenOptions& options = {});

}  // namespace tpuc::test
