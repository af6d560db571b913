// Addresses in DDR: constants behind each other, activations by live range, so that memory is used again.
#pragma once

#include <span>
#include <unordered_map>

#include "backends/bm1684x/alloc/alias.h"
#include "backends/bm1684x/alloc/choose_layouts.h"
#include "backends/bm1684x/sched/schedule.h"

namespace tpuc::bm1684x {

inline constexpr int64_t kDdrBytes = int64_t{8} << 30;  // GDMA.md section 1

// Constant tensors and blocks of images, and where they lie in the coefficients.
struct CoefficientPlan {
  std::unordered_map<const Value*, int64_t> tensors;  // constants that are loaded as tensors: offset, bytes
  std::vector<int64_t> blocks;                        // one per Schedule::blocks
  int64_t bytes = 0;                                  // multiple of 4096
};

struct DdrPlan {
  CoefficientPlan coefficients;
  std::unordered_map<const Value*, int64_t> roots;  // offset in the context, bytes
  int64_t context_bytes = 0;                        // multiple of 4096: the peak
  int64_t lower_bound_bytes = 0;                    // most bytes that live at the same time
  uint64_t context_addr() const { return kDdrBase + static_cast<uint64_t>(coefficients.bytes); }
  Layouts layouts;
  // The DDR address of any value that lives in DDR without a layout of its own.
  uint64_t address(const Value* v, const Aliases& aliases) const;
  // The pieces in which a box of a view of it is moved, from element `begin` of it on.
  std::vector<Piece> pieces(const Value* v, int64_t begin, const Shape4& dims, const Shape4& strides,
                            const Aliases& aliases) const;
  uint64_t root_address(const Value* root) const;
};

DdrPlan allocate_ddr(const Graph& graph, const Schedule& s, const Aliases& aliases, const Layouts& layouts);
// throws UserError E4003 for more than the chip's memory.
void check_fits(const DdrPlan& plan);

}  // namespace tpuc::bm1684x
