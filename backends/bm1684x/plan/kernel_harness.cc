// See the header. Two plain queues; the file format and the debug texts of sim/simulator are not needed here.
#include "backends/bm1684x/plan/kernel_harness.h"

#include <cstring>

#include "backends/bm1684x/isa/gdma_decode.h"
#include "backends/bm1684x/sim/gdma_exec.h"
#include "backends/bm1684x/sim/tiu_exec.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

namespace {

struct Queues {
  std::vector<TiuInstr> tiu;
  std::vector<GdmaInstr> gdma;
};

Queues decode(const CommandGroup& g) {
  Queues q;
  std::span<const uint8_t> rest(g.tiu);
  for (uint32_t i = 0; i < g.tiu_count; ++i) {
    const DecodedTiu d = decode_tiu(rest);
    q.tiu.push_back(d.instr);
    rest = rest.subspan(d.length_bytes);
  }
  rest = g.gdma;
  for (uint32_t i = 0; i < g.gdma_count; ++i) {
    const DecodedGdma d = decode_gdma(rest);
    q.gdma.push_back(d.instr);
    rest = rest.subspan(d.length_bytes);
  }
  return q;
}

void run_queues(const Queues& q, bool gdma_first, Machine& m, ThreadPool& pool) {
  size_t t = 0, g = 0;
  const auto tiu_step = [&] {
    if (t >= q.tiu.size() || head_of(q.tiu[t]).cmd_id_dep > g) return false;
    m.set_command(fmt::format("tiu {}", t + 1));
    exec_tiu(m, pool, q.tiu[t++]);
    return true;
  };
  const auto gdma_step = [&] {
    if (g >= q.gdma.size() || head_of(q.gdma[g]).cmd_id_dep > t) return false;
    m.set_command(fmt::format("gdma {}", g + 1));
    execute(q.gdma[g++], m);
    return true;
  };
  while (t < q.tiu.size() || g < q.gdma.size()) {
    const bool moved = gdma_first ? (gdma_step() || tiu_step()) : (tiu_step() || gdma_step());
    TPUC_CHECK(moved, "the queues wait for each other at tiu {} and gdma {}", t, g);
  }
}

std::vector<Tensor> run_once(const Graph& graph, const Program& p, const std::map<std::string, Tensor>& inputs,
                             bool gdma_first) {
  Machine m;
  ThreadPool pool(1);
  const Aliases aliases(graph);
  std::vector<std::byte> coefficients(static_cast<size_t>(p.ddr.coefficients.bytes));
  pack_coefficients(p, coefficients);
  if (!coefficients.empty())
    std::memcpy(m.write(kDdrBase, coefficients.size()).data(), coefficients.data(), coefficients.size());
  for (const auto& v : graph.inputs()) {
    const auto bytes = inputs.at(v->name).bytes();
    std::memcpy(m.write(p.ddr.address(v.get(), aliases), bytes.size()).data(), bytes.data(), bytes.size());
  }
  for (const CommandGroup& g : p.groups) run_queues(decode(g), gdma_first, m, pool);
  std::vector<Tensor> out;
  for (const Value* v : graph.outputs()) {
    Tensor t(v->type);
    const auto bytes = m.read(p.ddr.address(v, aliases), t.bytes().size());
    std::memcpy(t.mutable_bytes().data(), bytes.data(), bytes.size());
    out.push_back(std::move(t));
  }
  return out;
}

}  // namespace

std::vector<Tensor> run_graph_on_chip(const Graph& graph, const std::map<std::string, Tensor>& inputs,
                                      const PlanOptions& options) {
  const Program p = build_program(graph, options);
  std::vector<Tensor> a = run_once(graph, p, inputs, false), b = run_once(graph, p, inputs, true);
  for (size_t i = 0; i < a.size(); ++i)
    TPUC_CHECK(identical(a[i], b[i]), "output {} depends on the order of the engines", i);
  return a;
}

Tensor run_op_on_chip(const Graph& graph, const std::map<std::string, Tensor>& inputs, const Shape4& largest_tile) {
  PlanOptions options;
  options.forced_tile = largest_tile;
  options.group_layers = false;
  return std::move(run_graph_on_chip(graph, inputs, options).front());
}

}  // namespace tpuc::bm1684x
