// The activation an operator may apply to its result (attribute `activation` of conv2d, matmul, add, scale, ...).
// Not the activation operators themselves: those are activation.h.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "tpuc/ir/attr.h"

namespace tpuc::ops {

enum class Activation : uint8_t { None, Relu, Relu6 };

inline float apply(Activation a, float x) {
  switch (a) {
    case Activation::None:
      return x;
    case Activation::Relu:
      return x > 0 ? x : 0.0f;
    case Activation::Relu6:
      return std::min(x > 0 ? x : 0.0f, 6.0f);
  }
  return x;
}

}  // namespace tpuc::ops

template <>
struct tpuc::EnumNames<tpuc::ops::Activation> {
  static constexpr std::array<std::string_view, 3> kNames{"none", "relu", "relu6"};
};
