// One operator computed once more with operands as F16 would hold them, and what that changes.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "tpuc/ir/graph.h"
#include "tpuc/runtime/tensors.h"

namespace tpuc {

// F16 ends at 65504; a value this near to it may be driven over by the rounding of others.
inline constexpr float kF16Overflow = 64512.0f;
// Below it F16 has fewer digits, and none below 2^-25.
inline constexpr float kF16LeastNormal = 0x1p-14f;

// Magnitudes of a tensor's finite elements.
struct Extent {
  float largest = 0;
  float smallest = 3.4e38f;  // that is not zero
};
Extent extent_of(const Tensor& t);

struct Effect {
  bool visible = false;   // an element of the result that F16 can hold is another one
  bool deferred = false;  // only elements that F16 cannot hold anyway differ: their readers decide
  bool any() const { return visible || deferred; }
};

class Replay {
 public:
  // `held`: the float values of all operands that are no constants, and of the results. The operator must outlive it.
  Replay(const Op& op, const std::unordered_map<const Value*, Tensor>& held, unsigned threads);
  // With these operands rounded to F16's range, the others as they are.
  Effect effect_of(std::span<const size_t> operands) const;

 private:
  const Op* op_;
  const std::unordered_map<const Value*, Tensor>* held_;
  unsigned threads_;
};

}  // namespace tpuc
