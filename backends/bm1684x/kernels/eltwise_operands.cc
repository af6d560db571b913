// See the header. Commands take at most one constant each, so one operand is always a tensor.
#include "backends/bm1684x/kernels/eltwise_operands.h"

#include <fmt/core.h>

#include <algorithm>

#include "backends/bm1684x/kernels/eltwise_matrices.h"
#include "backends/bm1684x/kernels/eltwise_views.h"
#include "ops/eltwise.h"
#include "ops/quantize.h"

namespace tpuc::bm1684x {

namespace {

std::optional<Views> try_views(const Op& op) {
  std::vector<const Dims*> in;
  for (size_t i = 0; i < op.in().size(); ++i) in.push_back(is_immediate(op, i) ? nullptr : &op.in(i)->type.dims);
  const auto m = follows_matrices(op) ? as_matrices(op.out(0)->type.dims, in) : std::nullopt;
  if (!m) return broadcast_views(op.out(0)->type.dims, in);
  for (size_t i = 0; i < in.size(); ++i) in[i] = m->in[i] ? &*m->in[i] : nullptr;
  return broadcast_views(m->out, in);
}

}  // namespace

bool is_immediate(const Op& op, size_t i) {
  const Value* v = op.in(i);
  if (!v->is_constant() || element_count(v->type) != 1) return false;
  if (op.is<ops::WeightedSum>() || op.is<ops::ScaledProduct>()) return false;  // their commands have numbers already
  return op.is<ops::Select>() ? i > 0 : i == 0 || !is_immediate(op, 0);
}

Support broadcast_support(const Op& op) {
  const Dims& out = op.out(0)->type.dims;
  if (std::any_of(out.begin(), out.end(), [](int64_t d) { return d == 0; }))
    return {false, "the result has no elements"};
  if (try_views(op)) return {};
  std::string shapes;
  for (const Value* v : op.in()) shapes += (shapes.empty() ? "" : " and ") + to_string(v->type.dims);
  return {false, fmt::format("{} broadcast over more than four groups of axes", shapes)};
}

Views broadcast_op_views(const Op& op) { return try_views(op).value(); }

std::vector<Need> broadcast_op_needs(const Op& op, const Region& out) {
  const Views v = broadcast_op_views(op);
  std::vector<Need> n(op.in().size());
  for (size_t i = 0; i < n.size(); ++i)
    if (!is_immediate(op, i)) n[i] = broadcast_need(v.in[i], v.out, out);
  return n;
}

Arg operand(const Op& op, const TileCtx& t, const std::vector<Need>& needs, size_t i) {
  if (needs[i].kind != Need::Kind::Nothing) return t.input(i, needs[i].box);
  const Tensor& c = op.in(i)->tensor();
  if (is_float(c.dtype())) return Arg::real(prec_of(c.dtype()), c.to_f64()[0]);
  return Arg::constant(static_cast<uint32_t>(c.to_i64()[0]));
}

LocalTensor in_all_lanes(LocalTensor shared) {
  shared.shared = false;
  shared.dims[1] = kLanes;
  return shared;
}

int64_t boxed_bytes(Prec prec, const Need& need) {
  return need.kind == Need::Kind::Nothing ? 0 : aligned_bytes(prec, need.box.extent);
}

LocalTensor boxed(uint32_t addr, Prec prec, const Need& need) {
  return need.kind == Need::Kind::Shared ? shared_row(addr, prec, need.box.extent)
                                         : aligned(addr, prec, need.box.extent);
}

void cast_box(const LocalTensor& out, const LocalTensor& in, Emitter& e) {
  in.shared ? e.cast(in_all_lanes(out), in_all_lanes(in)) : e.cast(out, in);
}

Arg widened(const Op& op, const TileCtx& t, const std::vector<Need>& needs, size_t i, uint32_t scratch, Emitter& e) {
  if (needs[i].kind == Need::Kind::Nothing) return Arg::f32(static_cast<float>(op.in(i)->tensor().to_f64()[0]));
  const LocalTensor in = t.input(i, needs[i].box);
  if (in.prec == Prec::F32) return in;
  const LocalTensor wide = boxed(scratch, Prec::F32, needs[i]);
  cast_box(wide, in, e);
  return wide;
}

}  // namespace tpuc::bm1684x
