// Which way the weights of an operator are rounded to integers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tpuc {

// A bit for each weight, of a row-major index i bit i % 8 of byte i / 8: 1 where it is rounded up. Bits of weights that
// lie on an integer are ignored. Empty where nothing is decided.
struct WeightRounding {
  std::string weights;            // what they were decided for: the constant's content, as text
  std::vector<uint8_t> up8, up4;  // to 8 bits, and to 4
  bool operator==(const WeightRounding&) const = default;
};

}  // namespace tpuc
