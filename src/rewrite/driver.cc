// Applies a set of rules until none applies: a work list over the ops, restarted from the neighbourhood of each change.
#include <algorithm>
#include <deque>
#include <unordered_map>
#include <unordered_set>

#include "tpuc/ir/text.h"
#include "tpuc/rewrite/rewriter.h"

namespace tpuc {
namespace {

class Driver {
 public:
  Driver(Graph& graph, std::span<const Rule> rules, const RewriteOptions& options)
      : graph_(graph), rules_(rules), options_(options), matcher_(graph) {
    for (size_t i = 0; i < rules.size(); ++i) {
      by_root_[rules[i].pattern.op].push_back(i);
      depth_ = std::max(depth_, rules[i].pattern.depth());
      stats_.rules.push_back({rules[i].name, 0, 0});
    }
  }

  RewriteStats run() {
    budget_ = options_.steps_per_op * static_cast<int64_t>(graph_.ops().size() + 16);
    // A change may enable a match whose root is out of the neighbourhood's reach: sweep until nothing moves.
    for (int64_t before = -1; before != stats_.applied;) {
      before = stats_.applied;
      for (Op& op : graph_.ops()) push(op);
      drain();
    }
    if (stats_.applied > 0) graph_.dce();
    if (options_.explain) explain();
    return std::move(stats_);
  }

 private:
  void push(Op& op) {
    if (by_root_.count(op.name()) == 0 || !queued_.emplace(&op, next_ticket_).second) return;
    queue_.emplace_back(&op, next_ticket_++);
  }

  void drain() {
    while (!queue_.empty()) {
      const auto [op, ticket] = queue_.front();
      queue_.pop_front();
      // Erased ops have no ticket any more; a new op at the same address has another one, and waits for its own turn:
      // the order must not depend on the allocator.
      const auto it = queued_.find(op);
      if (it == queued_.end() || it->second != ticket) continue;
      queued_.erase(it);
      visit(*op);
    }
  }

  void visit(Op& op) {
    for (const size_t i : by_root_.at(op.name())) {
      const Rule& rule = rules_[i];
      if (!matcher_.matches(rule.pattern, op)) continue;
      ++stats_.rules[i].tried;
      if (!apply(rule, op)) continue;
      ++stats_.rules[i].applied;
      ++stats_.applied;
      TPUC_CHECK(stats_.applied <= budget_, "rule {} was applied at {} as change {}: the rules do not come to an end",
                 rule.name, last_at_, stats_.applied);
      return;
    }
  }

  bool apply(const Rule& rule, Op& op) {
    const Match match = Matcher::capture(rule.pattern, op);
    Rewriter rw(graph_, op, match);
    if (outcome_of(rule, match, op, rw) == Outcome::NoMatch) return false;
    TPUC_CHECK(op.out(0)->uses.empty() && !graph_.is_output(op.out(0)), "rule {} reported a change without one",
               rule.name);
    last_at_ = print_name(*op.out(0));
    // The root's value is replaced by the last op added, or by an older value, whose users are all neighbours.
    for (Op* added : rw.added()) push_around(*added, depth_);
    for (Value* v : op.in())
      if (v != nullptr) push_users(*v, depth_);
    erase_dead(op);
    return true;
  }

  // A new op may meet a limit that the old ones did not (pads beyond what a convolution takes): then the rule does not
  // apply, and what it added goes again.
  Outcome outcome_of(const Rule& rule, const Match& match, const Op& op, Rewriter& rw) {
    const uint64_t edits = graph_.edits();
    try {
      const Outcome outcome = rule.apply(match, op, rw);
      TPUC_CHECK(outcome == Outcome::Changed || graph_.edits() == edits,
                 "rule {} changed the graph and reported no match: {}", rule.name, rw.why());
      return outcome;
    } catch (const UserError& e) {
      for (size_t i = rw.added().size(); i-- > 0;) graph_.erase(*rw.added()[i]);
      return rw.no_match(fmt::format("the new op would not be valid: {}", e.what()));
    }
  }

  void push_around(Op& op, int levels) {
    push(op);
    for (const auto& v : op.out()) push_users(*v, levels);
  }

  // Ops that read v, and their readers, as far up as a pattern can reach. Wide fan-outs are left to the next sweep.
  void push_users(Value& v, int levels) {
    constexpr size_t kWide = 16;
    if (levels == 0 || v.uses.size() > kWide) return;
    for (Op* user : v.uses) push_around(*user, levels - 1);
  }

  // The op and every producer that has no reader left; neighbours that lost their second reader are tried again.
  void erase_dead(Op& first) {
    std::vector<Op*> dead{&first};
    while (!dead.empty()) {
      Op& op = *dead.back();
      dead.pop_back();
      std::vector<Value*> operands = op.in();
      queued_.erase(&op);
      graph_.erase(op);
      std::unordered_set<const Op*> seen;
      for (Value* v : operands) {
        if (v == nullptr || v->def == nullptr || !seen.insert(v->def).second) continue;
        if (is_dead(*v->def))
          dead.push_back(v->def);
        else
          push(*v->def), push_users(*v, depth_);
      }
    }
  }

  bool is_dead(const Op& op) const {
    return std::all_of(op.out().begin(), op.out().end(),
                       [&](const auto& v) { return v->uses.empty() && !graph_.is_output(v.get()); });
  }

  // After the fixed point: why each rule does not apply at the ops of its root's kind.
  void explain() {
    for (Op& op : graph_.ops()) {
      const auto it = by_root_.find(op.name());
      if (it == by_root_.end()) continue;
      for (const size_t i : it->second) {
        const Rule& rule = rules_[i];
        std::string why;
        if (matcher_.matches(rule.pattern, op, &why)) {
          const Match match = Matcher::capture(rule.pattern, op);
          Rewriter rw(graph_, op, match);
          outcome_of(rule, match, op, rw);
          why = rw.why();
        }
        options_.explain({rule.name, print_name(*op.out(0)), why});
      }
    }
  }

  Graph& graph_;
  std::span<const Rule> rules_;
  const RewriteOptions& options_;
  Matcher matcher_;
  std::unordered_map<std::string_view, std::vector<size_t>> by_root_;
  std::deque<std::pair<Op*, uint64_t>> queue_;  // with tickets
  std::unordered_map<const Op*, uint64_t> queued_;
  uint64_t next_ticket_ = 0;
  RewriteStats stats_;
  std::string last_at_;
  int64_t budget_ = 0;
  int depth_ = 1;
};

}  // namespace

RewriteStats apply_rules(Graph& graph, std::span<const Rule> rules, const RewriteOptions& options) {
  return Driver(graph, rules, options).run();
}

}  // namespace tpuc
