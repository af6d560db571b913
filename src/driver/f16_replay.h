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
  bool deferred = false;  // only elements that F16 cannot hold anyway differ, or small ones: their readers decide
  bool any() const { return visible || deferred; }
};

struct ReplayResult {
  Effect effect;
  std::vector<Tensor> outputs;
};

class Replay {
 public:
  // `held`: the float values of all operands that are no constants, and of the results. Both must outlive it.
  // `is_magnified`: readers may make much of a change that is small beside the rest of the result.
  Replay(const Op& op, const std::unordered_map<const Value*, Tensor>& held, bool is_magnified, unsigned threads)
      : op_(&op), held_(&held), is_magnified_(is_magnified), threads_(threads) {}
  // With the operands `own` rounded to F16's range, `inherited` taken from `shadows` and rounded too, the others exact.
  ReplayResult run(std::span<const size_t> own, std::span<const size_t> inherited,
                   const std::unordered_map<const Value*, Tensor>& shadows) const;

 private:
  const Op* op_;
  const std::unordered_map<const Value*, Tensor>* held_;
  bool is_magnified_;
  unsigned threads_;
};

}  // namespace tpuc
