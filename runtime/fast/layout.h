// Orders in which the elements of a tensor [N,C,H,W] may lie in memory. Tensors of the graph are RowMajor; between ops
// of an executor that compute faster in another order, tensors stay in that one.
#pragma once

#include <cstdint>

namespace tpuc::fast {

enum class Layout : uint8_t {
  RowMajor,
  ChannelsLast,  // [N,H,W,C]
  Blocks8,
  Blocks16  // [N,C/8,H,W,8]; only where 8 (16) divides C
};

// What a fast version would like for its input 0 and its result. `keeps`: it takes any layout, the same one for all
// operands of the result's dimensions and for the result.
struct LayoutWish {
  bool keeps = false;
  Layout in = Layout::RowMajor, out = Layout::RowMajor;
};

}  // namespace tpuc::fast
