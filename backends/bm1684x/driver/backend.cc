// The compiler's side of the BM1684X back end: which ops it takes, and a lowered graph made into a bmodel.
#include "backends/bm1684x/driver/backend.h"

#include <algorithm>

#include "backends/bm1684x/bmodel/bmodel.h"
#include "backends/bm1684x/driver/border.h"
#include "backends/bm1684x/driver/debug_ranges.h"
#include "backends/bm1684x/kernel.h"
#include "backends/bm1684x/plan/program.h"
#include "backends/bm1684x/plan/tiler.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

namespace {

// Integers that stand for real numbers. The file keeps the reciprocal of an input's scale.
void set_scale(bmodel::Tensor& t, const Quant& q, bool is_input) {
  t.scale = is_input ? 1 / q.scale.front() : q.scale.front();
  t.zero_point = q.zero.empty() ? 0 : q.zero.front();
  if (is_input && t.scale == 1 && t.zero_point == 0) t.scale = bmodel::kUnitScale;
}

bmodel::Tensor border_tensor(const Value* v, uint64_t addr, bool is_input) {
  bmodel::Tensor t;
  t.name = v->name;
  t.type = data_type_of(v->type.dtype);
  for (const int64_t d : v->type.dims) t.shape.push_back(static_cast<uint64_t>(d));
  if (t.shape.empty()) t.shape.push_back(1);  // BMODEL.md: rank 0 becomes [1]
  t.device_addr = addr;
  t.size_bytes = static_cast<uint64_t>(byte_count(v->type));
  if (v->type.quant && v->type.quant->scale.size() == 1) set_scale(t, *v->type.quant, is_input);
  return t;
}

// All ops without a kernel at once.
void require_kernels(const Graph& graph, DType precision, const Backend& backend) {
  std::vector<Diagnostic> missing;
  for (const Op& op : graph.ops()) {
    const Support s = backend.supports(op, precision);
    if (s.ok) continue;
    std::string where = op.loc.empty() ? op.out(0)->name : op.loc.front();
    missing.push_back(
        diagnostic(ErrorCode::E4002, "{}: {}", op.name(), s.why)
            .note("at", fmt::format("node '{}', result '{}' {}", where, op.out(0)->name, to_string(op.out(0)->type))));
  }
  if (!missing.empty()) throw UserError(std::move(missing));
}

// Before anything is planned for tensors that no chip holds. A tensor whose bytes are no number is larger, too.
void require_room(const Graph& graph) {
  for (const Op& op : graph.ops())
    for (const auto& v : op.out())
      if (const int64_t bytes = byte_count(v->type); bytes < 0 || bytes > kDdrBytes)
        throw UserError(diagnostic(ErrorCode::E4003, "tensor `{}` {} takes {} bytes, the chip has {}", v->name,
                                   to_string(v->type), bytes, kDdrBytes));
}

bool has_chip_types(const Op& op) {
  const auto on_chip = [](const Value* v) {
    return v == nullptr || (v->type.dtype != DType::I64 && v->type.dtype != DType::U64 && v->type.dtype != DType::F64 &&
                            v->type.dtype != DType::I4 && v->type.dtype != DType::U4);
  };
  return std::all_of(op.in().begin(), op.in().end(), on_chip) && on_chip(op.out(0));
}

// Asked of ops that can be spelled out otherwise. The others are reported by the planner, with all numbers.
Support smallest_tile_fits(const Op& op, const Kernel& kernel) {
  const Axes axes = kernel.axes(op);
  Region tile = whole(kernel.views(op).out.dims);
  const bool cuts[4] = {axes.n, axes.c, axes.h, axes.w};
  for (size_t a = 0; a < 4; ++a)
    if (cuts[a]) tile.extent[a] = std::min(tile.extent[a], a == 1 ? kLanes : int64_t{1});
  if (axes.depth > 0) tile.depth = {0, std::min(axes.depth, kLanes)};
  const std::string why = why_too_large(op, kernel, tile, kLaneRoom);
  return {why.empty(), why.empty() ? "" : "the smallest tile " + why};
}

std::string summary_of(const Program& p) {
  size_t tiu = 0, gdma = 0;
  for (const CommandGroup& g : p.groups) tiu += g.tiu_count, gdma += g.gdma_count;
  return fmt::format(
      "commands    {} TIU, {} GDMA\n"
      "weights     {} bytes\n"
      "activations {} bytes of DDR (lower bound {})\n"
      "local       {} of {} bytes a lane",
      tiu, gdma, p.ddr.coefficients.bytes, p.ddr.context_bytes, p.ddr.lower_bound_bytes, p.local_peak_bytes, kLaneRoom);
}

}  // namespace

Support Bm1684x::supports(const Op& op, DType precision) const {
  const Kernel* k = find_kernel(op.name());
  if (k == nullptr) return {false, fmt::format("the chip has no kernel for {}", op.name())};
  const auto is_f64 = [](const Value* v) { return v != nullptr && v->type.dtype == DType::F64; };
  if (std::any_of(op.in().begin(), op.in().end(), is_f64) || is_f64(op.out(0)))
    return {false, "the chip has no f64; lowering makes it f32"};
  for (const auto& v : op.out())
    for (const int64_t d : v->type.dims)
      if (d == 0) return {false, "the result has no elements"};
  Support s = k->supports(op, precision);
  if (s.ok && op.def().decompose != nullptr && k->emit != nullptr && has_chip_types(op))
    return smallest_tile_fits(op, *k);
  return s;
}

CompiledNet Bm1684x::compile(const Graph& lowered, const BackendOptions& options) const {
  require_kernels(lowered, options.precision, *this);
  require_room(lowered);
  PlanOptions plan;
  plan.group_layers = options.group_layers;
  plan.threads = options.threads;
  Program p = build_program(lowered, plan, options.on_phase);

  const Aliases aliases(lowered);
  bmodel::Stage stage;
  for (const auto& v : lowered.inputs())
    stage.inputs.push_back(border_tensor(v.get(), p.ddr.address(v.get(), aliases), true));
  for (const Value* v : lowered.outputs()) stage.outputs.push_back(border_tensor(v, p.ddr.address(v, aliases), false));
  if (p.ddr.coefficients.bytes > 0) {
    bmodel::Coefficients c;
    c.later_bytes = static_cast<uint64_t>(p.ddr.coefficients.bytes);
    c.write_later = [&](std::span<std::byte> out) {
      if (options.on_phase) options.on_phase("pack");
      pack_coefficients(p, out, options.threads);
      if (options.on_phase) options.on_phase("write");
    };
    c.locations = coefficient_locations(p);
    stage.coefficients = std::move(c);
  }
  stage.context_addr = p.ddr.context_addr();
  stage.context_bytes = static_cast<uint64_t>(p.ddr.context_bytes);
  stage.tensor_loc = debug_ranges(lowered, p, options.border_notes);
  bmodel::SubNet sub;
  sub.inputs = stage.inputs;
  sub.outputs = stage.outputs;
  for (const CommandGroup& g : p.groups)
    sub.groups.push_back(
        {g.tiu_count, g.gdma_count, std::as_bytes(std::span(g.tiu)), std::as_bytes(std::span(g.gdma))});
  stage.sub_nets.push_back(std::move(sub));
  bmodel::Model model;
  model.nets.push_back({options.net_name, 0, {std::move(stage)}});
  CompiledNet out;
  out.summary = summary_of(p);
  out.bytes = bmodel::write(model);
  return out;
}

}  // namespace tpuc::bm1684x

namespace tpuc {

std::unique_ptr<const Backend> make_bm1684x_backend() { return std::make_unique<bm1684x::Bm1684x>(); }

}  // namespace tpuc
