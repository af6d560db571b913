// Copies of any rank in DDR: what the operators that only move data are made of.
#pragma once

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

// Strides in elements, 0 on an input axis repeats it. All three have one entry per axis.
struct NdCopy {
  Dims extents, out_strides, in_strides;
};

// `out`, `in`: addresses of the first elements. Merges axes; an exchange of the innermost axes becomes a transposition;
// what has more than four axes becomes several commands.
void copy_nd(const NdCopy& copy, uint64_t out, uint64_t in, int64_t elem_bytes, Emitter& e);

// Sets `count` elements from `out` on.
void fill_ddr(uint64_t out, int64_t count, int64_t elem_bytes, uint32_t bits, Emitter& e);

// Support of operators that move elements without looking at them: types the chip can hold (once lowered) and no empty
// results.
Support move_support(const Op& op, DType precision);

inline int64_t elem_bytes(const Op& op) { return size_bytes(op.out(0)->type.dtype); }
// The kernel of an operator that works in DDR; view_of and parts_of may be set afterwards.
Kernel ddr_kernel(std::string_view name, Support (*supports)(const Op&, DType),
                  void (*emit)(const Op&, const DdrCtx&, Emitter&));

}  // namespace tpuc::bm1684x
