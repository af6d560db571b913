// The table of rules, and the passes that are nothing but a rule set run to its fixed point.
#include <algorithm>

#include "passes/passes.h"
#include "passes/rules/rules.h"
#include "tpuc/pass/pipeline.h"

namespace tpuc {
namespace {

UserError no_such(std::string_view what, std::string_view name) {
  return UserError(diagnostic(ErrorCode::E2003, "no {} is called `{}`", what, name)
                       .note("hint", fmt::format("`tpuc {}s` lists them", what)));
}

}  // namespace

const std::vector<RuleEntry>& all_rules() {
  static const std::vector<RuleEntry> rules = {
#define TPUC_RULE(set, function) {#set, function()},
#include "passes/rules.def"
#undef TPUC_RULE
  };
  return rules;
}

bool run_rule_set(Graph& graph, std::string_view set, PassCtx& ctx) {
  const auto& off = ctx.options.disabled_rules;
  std::vector<Rule> rules;
  for (const RuleEntry& e : all_rules())
    if (e.set == set && std::find(off.begin(), off.end(), e.rule.name) == off.end()) rules.push_back(e.rule);
  RewriteOptions options;
  options.explain = ctx.options.explain;
  const RewriteStats stats = apply_rules(graph, rules, options);
  for (const RuleStats& s : stats.rules) {
    auto& all = ctx.record.rules;
    const auto it = std::find_if(all.begin(), all.end(), [&](const RuleStats& r) { return r.name == s.name; });
    if (it == all.end()) {
      all.push_back(s);
    } else {
      it->tried += s.tried;
      it->applied += s.applied;
    }
  }
  return stats.applied > 0;
}

RewriteStats apply_rules(Graph& graph, std::span<const std::string> names, const RewriteOptions& options) {
  std::vector<Rule> rules;
  for (const std::string& name : names) {
    const auto it =
        std::find_if(all_rules().begin(), all_rules().end(), [&](const RuleEntry& e) { return e.rule.name == name; });
    if (it == all_rules().end()) throw no_such("rule", name);
    rules.push_back(it->rule);
  }
  return apply_rules(graph, rules, options);
}

bool run_canonicalize(Graph& graph, PassCtx& ctx) {
  const bool idioms = run_rule_set(graph, "idioms", ctx);
  return run_rule_set(graph, "canonical", ctx) || idioms;
}
bool run_fuse(Graph& graph, PassCtx& ctx) { return run_rule_set(graph, "fuse", ctx); }
bool run_clean_casts(Graph& graph, PassCtx& ctx) { return run_rule_set(graph, "lower", ctx); }

}  // namespace tpuc
