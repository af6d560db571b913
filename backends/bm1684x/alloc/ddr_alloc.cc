// The DMA engine runs in order, so memory may be used again as soon as the last load of its old tensor has been issued.
#include "backends/bm1684x/alloc/ddr_alloc.h"

#include <algorithm>
#include <limits>

#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

namespace {

constexpr int64_t kTensorAlign = 256;  // bytes; keeps bursts of neighbouring tensors apart

// Moments within a slot: loads, then the compute or DDR step, then stores.
int load_time(int slot) { return 3 * slot; }
int step_time(int slot) { return 3 * slot + 1; }
int store_time(int slot) { return 3 * slot + 2; }

struct Life {
  int begin = std::numeric_limits<int>::max(), end = -1;
  int64_t bytes = 0, offset = 0;
  void extend(int time) {
    begin = std::min(begin, time);
    end = std::max(end, time);
  }
};

class Lives {
 public:
  Lives(const Aliases& aliases, const Layouts& layouts) : aliases_(&aliases), layouts_(&layouts) {}
  void touch(const Value* v, int time) {
    const Value* root = aliases_->find(v).root;
    if (root->is_constant()) return;
    auto [it, fresh] = index_.try_emplace(root, order_.size());
    if (fresh) {
      order_.push_back(root);
      lives_.emplace_back();
      const auto layout = layouts_->find(root);
      const int64_t bytes =
          layout == layouts_->end() ? byte_count(root->type) : layout->second.span() * size_bytes(root->type.dtype);
      lives_.back().bytes = align_up(bytes, kTensorAlign);
    }
    lives_[it->second].extend(time);
  }
  std::vector<const Value*> order_;  // first touched first: deterministic
  std::vector<Life> lives_;

 private:
  const Aliases* aliases_;
  const Layouts* layouts_;
  std::unordered_map<const Value*, size_t> index_;
};

// Large tensors first, each at the lowest offset where nothing that lives at the same time lies.
int64_t place(std::vector<Life>& lives) {
  std::vector<size_t> order(lives.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return lives[a].bytes > lives[b].bytes; });
  std::vector<size_t> placed;
  int64_t top = 0;
  for (const size_t i : order) {
    std::vector<std::pair<int64_t, int64_t>> taken;
    for (const size_t p : placed)
      if (lives[p].begin <= lives[i].end && lives[i].begin <= lives[p].end)
        taken.emplace_back(lives[p].offset, lives[p].offset + lives[p].bytes);
    std::sort(taken.begin(), taken.end());
    int64_t at = 0;
    for (const auto& [begin, end] : taken) {
      if (begin - at >= lives[i].bytes) break;
      at = std::max(at, end);
    }
    lives[i].offset = at;
    top = std::max(top, at + lives[i].bytes);
    placed.push_back(i);
  }
  return top;
}

int64_t most_at_once(const std::vector<Life>& lives) {
  std::vector<std::pair<int, int64_t>> events;
  for (const Life& l : lives) {
    events.emplace_back(l.begin, l.bytes);
    events.emplace_back(l.end + 1, -l.bytes);
  }
  std::sort(events.begin(), events.end());
  int64_t now = 0, most = 0;
  for (const auto& [time, bytes] : events) most = std::max(most, now += bytes);
  return most;
}

CoefficientPlan place_coefficients(const Graph& graph, const Schedule& s, const Aliases& aliases) {
  CoefficientPlan plan;
  const auto put = [&](int64_t bytes) {
    const int64_t at = plan.bytes;
    plan.bytes += align_up(bytes, kDdrAlign);
    return at;
  };
  for (const ImageBlock& b : s.blocks) plan.blocks.push_back(put(b.lane_bytes * b.lanes));
  const auto tensor = [&](const Value* v) {
    const Value* root = v == nullptr ? nullptr : aliases.find(v).root;
    if (root != nullptr && root->is_constant() && !plan.tensors.contains(root))
      plan.tensors[root] = put(byte_count(root->type));
  };
  for (const Load& l : s.loads) tensor(l.value);
  for (const Compute& c : s.computes)
    if (c.in_ddr)
      for (const Value* v : c.op->in()) tensor(v);
  for (const Value* v : graph.outputs()) tensor(v);
  return plan;
}

}  // namespace

uint64_t DdrPlan::root_address(const Value* root) const {
  if (root->is_constant()) return kDdrBase + static_cast<uint64_t>(coefficients.tensors.at(root));
  const auto it = roots.find(root);
  TPUC_CHECK(it != roots.end(), "%{} has no place in DDR", root->name);
  return context_addr() + static_cast<uint64_t>(it->second);
}

uint64_t DdrPlan::address(const Value* v, const Aliases& aliases) const {
  const Location at = aliases.find(v);
  TPUC_CHECK(!layouts.contains(at.root) && at.moved.is_plain(), "%{} has a layout of its own", v->name);
  return root_address(at.root) + static_cast<uint64_t>(at.offset_bytes);
}

std::vector<Piece> DdrPlan::pieces(const Value* v, int64_t begin, const Shape4& dims, const Shape4& strides,
                                   const Aliases& aliases) const {
  const Location at = aliases.find(v);
  std::vector<Piece> all = at.pieces(begin, dims, strides, size_bytes(v->type.dtype));
  TPUC_CHECK(!all.empty(), "a view of %{} does not follow how it was moved", v->name);
  const auto layout = layouts.find(at.root);
  if (layout == layouts.end()) return all;
  for (Piece& p : all) {
    const auto first = layout->second.map(p.first, p.dims, p.strides);
    TPUC_CHECK(first.has_value(), "a view of %{} does not follow its layout", v->name);
    p.first = *first;
  }
  return all;
}

DdrPlan allocate_ddr(const Graph& graph, const Schedule& s, const Aliases& aliases, const Layouts& layouts) {
  const int end = store_time(static_cast<int>(s.computes.size()));
  Lives lives(aliases, layouts);
  // Inputs are there before the first command and outputs until after the last; the runtime copies them.
  for (const auto& v : graph.inputs()) lives.touch(v.get(), -1);
  for (const Load& l : s.loads)
    if (l.value != nullptr) lives.touch(l.value, load_time(l.slot));
  for (const Store& x : s.stores) lives.touch(x.value, store_time(x.slot));
  for (size_t i = 0; i < s.computes.size(); ++i) {
    if (!s.computes[i].in_ddr) continue;
    for (const Value* v : s.computes[i].op->in())
      if (v != nullptr) lives.touch(v, step_time(static_cast<int>(i)));
    lives.touch(s.computes[i].op->out(0), step_time(static_cast<int>(i)));
  }
  for (const Value* v : graph.outputs()) lives.touch(v, end);
  DdrPlan plan;
  plan.layouts = layouts;
  plan.coefficients = place_coefficients(graph, s, aliases);
  plan.context_bytes = align_up(std::max<int64_t>(place(lives.lives_), 1), kDdrAlign);
  plan.lower_bound_bytes = most_at_once(lives.lives_);
  for (size_t i = 0; i < lives.order_.size(); ++i) plan.roots[lives.order_[i]] = lives.lives_[i].offset;
  return plan;
}

void check_fits(const DdrPlan& plan) {
  if (plan.coefficients.bytes + plan.context_bytes > kDdrBytes)
    throw UserError(diagnostic(ErrorCode::E4003, "weights take {} bytes and activations {}, the chip has {}",
                               plan.coefficients.bytes, plan.context_bytes, kDdrBytes));
}

}  // namespace tpuc::bm1684x
