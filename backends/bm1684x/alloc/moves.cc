// From each copy forward through views and further copies to the kernels that load the result: all or nothing.
#include "backends/bm1684x/alloc/moves.h"

#include <algorithm>

#include "backends/bm1684x/alloc/alias.h"
#include "backends/bm1684x/alloc/ddr_use.h"

namespace tpuc::bm1684x {

namespace {

constexpr int kMostUsers = 256;  // looked at for one copy: chains of copies and views may be as long as the network
constexpr double kCopiedBytesPerCycle = 26.077;  // CYCLES.md section 7

bool is_copy(const Op& op) {
  const Kernel* k = find_kernel(op.name());
  return k != nullptr && k->moved_of != nullptr && !location_in_input(op, false) && k->moved_of(op).has_value();
}

class Trial {
 public:
  explicit Trial(const Graph& graph) : graph_(&graph) {}

  // Whether nothing but tile kernels reads what `op` moves, and at less than the copies cost.
  bool pays(const Op& op) {
    const auto at = location_in_input(op, true);
    return at && take(op, *at) && growth_ <= saved_;
  }
  const std::vector<const Op*>& ops() const { return ops_; }

 private:
  bool take(const Op& op, const Location& at) {
    ops_.push_back(&op);
    saved_ += static_cast<double>(byte_count(op.out(0)->type)) / kCopiedBytesPerCycle;
    return follow(op.out(0), at);
  }

  bool follow(const Value* v, const Location& at) {
    if (graph_->is_output(v) || v->uses.empty()) return false;
    for (auto user = v->uses.begin(); user != v->uses.end(); ++user)
      if (std::find(v->uses.begin(), user, *user) == user && (++users_ > kMostUsers || !used(v, at, **user)))
        return false;
    return true;
  }

  bool used(const Value* v, const Location& at, const Op& user) {
    const Kernel* k = find_kernel(user.name());
    if (k == nullptr) return false;
    const bool views = k->view_of != nullptr && location_in_input(user, false).has_value();
    if (views || is_copy(user)) {
      const auto from_v = location_in_input(user, !views);
      if (!from_v || from_v->root != v) return false;
      const auto from_root = step_up(*from_v, at);
      return from_root && (views ? follow(user.out(0), *from_root) : take(user, *from_root));
    }
    if (k->emit == nullptr) return false;
    const Views seen = k->views(user);
    const auto needs = k->needs(user, whole(seen.out.dims));
    for (size_t i = 0; i < user.in().size(); ++i)
      if (user.in(i) == v && needs[i].kind != Need::Kind::Nothing && !loads(v, at, seen.in[i], needs[i])) return false;
    return true;
  }

  bool loads(const Value* v, const Location& at, const View& view, const Need& need) {
    const Prec prec = prec_of(v->type.dtype);
    const DdrUse use = use_of(view, need.box.extent, need.kind == Need::Kind::Shared, false);
    if (at.pieces(0, use.dims, use.strides, size_of(prec)).empty()) return false;
    const auto before = price_of(use, pieces_of({}, 0, use.extent, use.strides), {}, prec);
    const auto pieces = at.pieces(0, use.extent, use.strides, size_of(prec));
    const auto after = price_of(use, pieces, {}, prec);
    if (!before || !after) return false;
    growth_ +=
        (static_cast<double>(after->cycles) - static_cast<double>(before->cycles)) * static_cast<double>(use.times);
    return true;
  }

  const Graph* graph_;
  std::vector<const Op*> ops_;
  double saved_ = 0, growth_ = 0;  // cycles
  int users_ = 0;
};

}  // namespace

std::unordered_set<const Op*> choose_moves(const Graph& graph) {
  std::unordered_set<const Op*> moves;
  for (const Op& op : graph.ops()) {
    if (moves.contains(&op) || !is_copy(op)) continue;
    Trial trial(graph);
    if (trial.pays(op)) moves.insert(trial.ops().begin(), trial.ops().end());
  }
  return moves;
}

}  // namespace tpuc::bm1684x
