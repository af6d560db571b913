// Rewrite rules and the driver that applies them. A rule matches a pattern and either replaces the root's value or
// says why not; it never erases, renames or walks the graph: the driver does.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tpuc/rewrite/pattern.h"

namespace tpuc {

enum class Outcome : uint8_t { NoMatch, Changed };

class Rewriter;
struct Rule {
  std::string_view name, doc;
  pat::Node pattern;
  Outcome (*apply)(const Match&, const Op& root, Rewriter&);
};

// What a rule may do. New ops stand before the root, carry the loc of all matched ops and the root's place.
class Rewriter {
 public:
  Rewriter(Graph& graph, Op& root, const Match& match);

  const Tensor& data(const Value* v) const { return v->tensor(); }
  Value* constant(Tensor t) { return graph_->constant(std::move(t), constant_name_); }
  template <class S>
  Value* add(std::vector<Value*> in, typename S::Attrs attrs = {}) {
    return add_op(op_def<S>(), std::any(std::move(attrs)), std::move(in));
  }
  Value* add_op(const OpDef& d, std::any attrs, std::vector<Value*> in);  // the first result
  // All users of the root's result read `v` from now on; a new `v` takes its name. Where the root's result is a graph
  // output, an old `v` takes the name too, or, being a graph input or output itself, the rule does not apply.
  Outcome replace_root(Value* v);
  Outcome no_match(std::string why);
  // An op beyond the pattern whose work the new ops take over: its loc joins theirs. To be called before add.
  void absorb(const Op& op);
  bool is_output(const Value* v) const { return graph_->is_output(v); }

  const std::string& why() const { return why_; }
  const std::vector<Op*>& added() const { return added_; }

 private:
  Graph* graph_;
  Op* root_;
  std::vector<std::string> loc_;
  std::string constant_name_, why_;
  std::vector<Op*> added_;
};

struct RuleStats {
  std::string_view name;
  int64_t tried = 0, applied = 0;
};
struct RewriteStats {
  std::vector<RuleStats> rules;
  int64_t applied = 0;
};
struct NearMiss {
  std::string_view rule;
  std::string at;   // "%relu_1"
  std::string why;  // "%conv_0 has other uses"
};
struct RewriteOptions {
  std::function<void(const NearMiss&)> explain;  // called for each near miss where set
  int64_t steps_per_op = 64;                     // the budget; going over it names the rule and is a bug
};

// Applies the rules, earlier ones first at each op, until none applies anywhere.
RewriteStats apply_rules(Graph& graph, std::span<const Rule> rules, const RewriteOptions& options = {});

}  // namespace tpuc
