// Operands of operators that broadcast: tensors seen through views, or constants of one element inside the command.
#pragma once

#include <optional>
#include <vector>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

// A constant of one element becomes a number in the command. At least one operand stays a tensor, and of select the
// condition does.
bool is_immediate(const Op& op, size_t i);

// Support that all share: the views exist and the result has elements.
Support broadcast_support(const Op& op);
Views broadcast_op_views(const Op& op);
std::vector<Need> broadcast_op_needs(const Op& op, const Region& out);
// The operand as the command takes it, in its own type.
Arg operand(const Op& op, const TileCtx& t, const std::vector<Need>& needs, size_t i);

// The same box with the shared channel in its 64 lanes as channels: what fills or changes every lane's copy.
LocalTensor in_all_lanes(LocalTensor shared);
// A scratch tensor for values of an operand's box: shared where the operand is. Bytes, and the tensor at an address.
int64_t boxed_bytes(Prec prec, const Need& need);
LocalTensor boxed(uint32_t addr, Prec prec, const Need& need);
// Converts a whole box, in all lanes where it is shared.
void cast_box(const LocalTensor& out, const LocalTensor& in, Emitter& e);
// Operand i in f32: itself, or cast into `scratch`, which holds boxed_bytes(F32).
Arg widened(const Op& op, const TileCtx& t, const std::vector<Need>& needs, size_t i, uint32_t scratch, Emitter& e);

}  // namespace tpuc::bm1684x
