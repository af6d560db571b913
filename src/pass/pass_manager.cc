// Runs passes in order and checks each: stage, reported change against the hash, the graph's promises.
#include <algorithm>
#include <chrono>
#include <unordered_map>

#include "pass/dump.h"
#include "tpuc/ir/equal.h"
#include "tpuc/ir/text.h"
#include "tpuc/pass/pass.h"

namespace tpuc {
namespace {

bool contains(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Above this, what only helps to find bugs is left out: the text of the last good graph, which would double a big
// model's memory, and the search for changes that neither the pass nor the graph reports.
constexpr size_t kLargeGraphOps = 20000;

size_t op_count(const Module& m) {
  size_t count = 0;
  for (const Net& net : m.nets)
    for (const auto& graph : net.stages) count += graph->ops().size();
  return count;
}

}  // namespace

bool PassManager::run_pass(const Pass& pass, Graph& graph, Hash& state, PassRecord& record) const {
  const Hash before = state;
  PassCtx ctx{*options_, record};
  const uint64_t edits = graph.edits();
  const bool changed = pass.run(graph, ctx);
  if (!changed && graph.edits() == edits && graph.ops().size() > kLargeGraphOps) return false;
  state = hash(graph);
  const bool differs = state != before;
  TPUC_CHECK(changed == differs, "pass {} {}", pass.name,
             changed ? "reported a change it did not make" : "changed the graph silently");
  record.changed = record.changed || changed;
  return changed;
}

PassReport PassManager::run(Module& module, std::span<const Pass> pipeline, Stage start) {
  PassReport report;
  report.stage = start;
  Dumper dumper(*options_);
  std::unordered_map<const Graph*, Hash> states;
  for (const Net& net : module.nets)
    for (const auto& graph : net.stages) states.emplace(graph.get(), hash(*graph));
  for (const Pass& pass : pipeline) {
    if (contains(options_->disabled_passes, pass.name)) continue;
    TPUC_CHECK(report.stage >= pass.needs, "pass {} needs a graph that is {}, this one is {}", pass.name,
               to_string(pass.needs), to_string(report.stage));
    const size_t ops = op_count(module);
    const std::string good = ops <= kLargeGraphOps ? print(module) : std::string();
    const bool promises_more = pass.gives > report.stage;
    report.stage = std::max(report.stage, pass.gives);
    PassRecord record;
    record.name = pass.name;
    record.ops_before = ops;
    const auto start_time = std::chrono::steady_clock::now();
    try {
      for (Net& net : module.nets)
        for (auto& graph : net.stages) {
          const bool changed = run_pass(pass, *graph, states[graph.get()], record);
          if (options_->verify_each && (changed || promises_more || report.passes.empty()))
            verify(*graph, report.stage, pass.name);
        }
    } catch (const InternalError& e) {
      const std::string path = good.empty() ? std::string() : dumper.last_good(good);
      throw InternalError(fmt::format("{} (in pass {}{})", e.what(), pass.name,
                                      path.empty() ? "" : "; the last good graph is " + path));
    }
    record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start_time).count();
    record.ops_after = op_count(module);
    report.passes.push_back(std::move(record));
    dumper.after_pass(module, report.passes.back(), report.stage);
    report.stopped = pass.name == options_->stop_after;
    if (report.stopped) break;
  }
  dumper.index(report);
  return report;
}

}  // namespace tpuc
