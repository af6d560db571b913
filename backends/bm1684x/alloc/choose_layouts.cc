// Every order of the axes that the views of a tensor name, with and without gaps at every level, priced by the commands
// that its loads and stores become.
#include "backends/bm1684x/alloc/choose_layouts.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_set>

#include "backends/bm1684x/cycles/cycles.h"
#include "backends/bm1684x/emit/transfer.h"

namespace tpuc::bm1684x {

namespace {

// Tensors that move nearly as fast as the DDR can stay as they are. source: CYCLES.md section 1, bytes per cycle
constexpr double kLoadBytesPerCycle = 54, kStoreBytesPerCycle = 41, kGoodEnough = 1.25;
// All channels of the DDR are reached within 16 KiB; what is longer with its gaps gains little for its memory.
constexpr int64_t kPageBytes = 4096, kLongestSpread = 64 * 1024;
constexpr int64_t kShortestPitch = 64;  // bytes
constexpr size_t kMostAxes = 4;         // 24 orders

// One kind of load or store of a tensor.
struct Use {
  bool is_store = false, is_shared = false;
  int64_t first = 0;  // element of the tensor where the view begins
  View view;          // of a folded one, the rows of the tensor
  Shape4 extent{1, 1, 1, 1};
  int64_t times = 0;  // how often
  bool is_like(const Use& o) const {
    return is_store == o.is_store && is_shared == o.is_shared && first == o.first && view == o.view &&
           extent == o.extent;
  }
};

// A tensor that may lie as is best.
struct Storage {
  const Value* root = nullptr;
  Prec prec = Prec::F32;
  std::vector<Use> uses;
  int64_t elements() const { return element_count(root->type); }
};

// Each row of a folded view is a load of its own.
Use unfolded(Use u) {
  const FoldedRows f = u.view.folded;
  if (f.count == 0) return u;
  u.times = f.count;
  u.view.folded = {};
  u.view.dims[1] = u.extent[1] = u.view.dims[1] / f.count;
  u.view.dims[2] = f.rows;
  u.extent[2] = std::min(u.extent[2], f.rows);
  return u;
}

class Collector {
 public:
  Collector(const Graph& graph, const Schedule& s, const Aliases& aliases) : aliases_(&aliases) {
    for (const auto& v : graph.inputs()) bound_.insert(aliases.find(v.get()).root);
    for (const Value* v : graph.outputs()) bound_.insert(aliases.find(v).root);
    for (const Compute& c : s.computes) {
      if (!c.in_ddr) continue;
      for (const Value* v : c.op->in())
        if (v != nullptr) bound_.insert(aliases.find(v).root);
      bound_.insert(aliases.find(c.op->out(0)).root);
    }
    for (const Load& l : s.loads)
      if (l.value != nullptr)
        add(l.value, unfolded({false, l.need.kind == Need::Kind::Shared, 0, l.view, l.need.box.extent, 1}));
    for (const Store& x : s.stores) add(x.value, {true, false, 0, x.view, x.box.extent, 1});
  }
  std::vector<Storage> take() { return std::move(storages_); }

 private:
  void add(const Value* v, Use use) {
    const Location at = aliases_->find(v);
    if (at.root->is_constant() || bound_.contains(at.root)) return;
    const Prec prec = prec_of(v->type.dtype);
    const auto [it, fresh] = index_.try_emplace(at.root, storages_.size());
    if (fresh) storages_.push_back({at.root, prec, {}});
    Storage& s = storages_[it->second];
    use.first = at.offset_bytes / size_of(prec);
    const auto known = std::find_if(s.uses.begin(), s.uses.end(), [&](const Use& u) { return u.is_like(use); });
    if (known != s.uses.end())
      known->times += use.times;
    else
      s.uses.push_back(use);
  }

  const Aliases* aliases_;
  std::unordered_set<const Value*> bound_;  // lie as others expect
  std::unordered_map<const Value*, size_t> index_;
  std::vector<Storage> storages_;  // first touched first: deterministic
};

struct Price {
  uint64_t cycles = 0;
  double least = 0;  // at full speed
};

// Nothing where a view cannot be had in this layout.
std::optional<Price> price(const Storage& s, const DdrLayout& layout) {
  Price sum;
  for (const Use& u : s.uses) {
    const auto placed = layout.place(u.first, u.view.dims, u.view.strides);
    if (!placed) return {};
    const DdrTensor there{kDdrBase, size_of(s.prec), u.extent, placed->strides};
    const LocalTensor here = u.is_shared ? shared_row(0, s.prec, u.extent) : aligned(0, s.prec, u.extent);
    const Cost c = cost_of(u.is_store ? store_command(there, here) : load_command(here, there));
    sum.cycles += c.cycles * static_cast<uint64_t>(u.times);
    sum.least += static_cast<double>(u.times) * (static_cast<double>(c.ddr_read_bytes) / kLoadBytesPerCycle +
                                                 static_cast<double>(c.ddr_written_bytes) / kStoreBytesPerCycle);
  }
  return sum;
}

// Axes of the tensor such that every view walks along them; extents, outermost first. Empty where there are none.
std::vector<int64_t> axes_of(const Storage& s) {
  std::vector<int64_t> steps{1, s.elements()};
  for (const Use& u : s.uses)
    for (size_t a = 0; a < 4; ++a)
      if (u.view.dims[a] > 1 && u.view.strides[a] > 0) steps.push_back(u.view.strides[a]);
  std::sort(steps.begin(), steps.end());
  steps.erase(std::unique(steps.begin(), steps.end()), steps.end());
  std::vector<int64_t> extents;
  for (size_t i = steps.size() - 1; i > 0; --i) {
    if (steps[i] % steps[i - 1] != 0) return {};
    extents.push_back(steps[i] / steps[i - 1]);
  }
  return extents.size() <= kMostAxes ? extents : std::vector<int64_t>{};
}

// `order`: axes as they lie in memory, outermost first. What lies inside of the `level` innermost axes is one unit,
// units lie `pitch` elements apart; pitch 0: without gaps.
DdrLayout layout_of(const std::vector<int64_t>& extents, const std::vector<size_t>& order, size_t level,
                    int64_t pitch) {
  std::vector<DdrLayout::Axis> axes(extents.size());
  int64_t stride = 1;
  for (size_t i = 0; i < order.size(); ++i) {
    const size_t k = order[order.size() - 1 - i];
    if (i == level && pitch > 0) stride = pitch;
    axes[k] = {extents[k], stride};
    stride *= extents[k];
  }
  return DdrLayout(axes);
}

class Search {
 public:
  explicit Search(const Storage& s) : storage_(&s), extents_(axes_of(s)) {}

  DdrLayout best() {
    const Price plain = price(*storage_, {}).value();
    if (extents_.empty() || static_cast<double>(plain.cycles) <= kGoodEnough * plain.least) return {};
    cycles_ = plain.cycles;
    span_ = storage_->elements();
    std::vector<size_t> order(extents_.size());
    std::iota(order.begin(), order.end(), size_t{0});
    do {
      try_layout(layout_of(extents_, order, 0, 0));
      const int64_t size = size_of(storage_->prec);
      int64_t unit = size;
      for (size_t level = 1; level < order.size(); ++level) {
        unit *= extents_[order[order.size() - level]];
        for (int64_t pitch = kShortestPitch; pitch <= kPageBytes; pitch *= 2)
          if (pitch > unit && pitch * (storage_->elements() * size / unit) <= kLongestSpread)
            try_layout(layout_of(extents_, order, level, pitch / size));
      }
    } while (std::next_permutation(order.begin(), order.end()));
    return best_;
  }

 private:
  void try_layout(const DdrLayout& layout) {
    const auto p = price(*storage_, layout);
    if (!p) return;
    const int64_t span = layout.is_plain() ? storage_->elements() : layout.span();
    if (std::pair(p->cycles, span) >= std::pair(cycles_, span_)) return;
    best_ = layout;
    cycles_ = p->cycles;
    span_ = span;
  }

  const Storage* storage_;
  std::vector<int64_t> extents_;
  DdrLayout best_;
  uint64_t cycles_ = 0;
  int64_t span_ = 0;
};

// What the choice depends on: the blocks of a network ask the same question again and again.
std::vector<int64_t> question(const Storage& s) {
  std::vector<int64_t> q{static_cast<int64_t>(s.prec), s.elements()};
  for (const Use& u : s.uses) {
    q.insert(q.end(), {u.is_store, u.is_shared, u.first, u.times});
    for (const Shape4& x : {u.view.dims, u.view.strides, u.extent}) q.insert(q.end(), x.begin(), x.end());
  }
  return q;
}

}  // namespace

Layouts choose_layouts(const Graph& graph, const Schedule& s, const Aliases& aliases) {
  Layouts layouts;
  std::map<std::vector<int64_t>, DdrLayout> known;
  for (const Storage& storage : Collector(graph, s, aliases).take()) {
    const auto [it, fresh] = known.try_emplace(question(storage));
    if (fresh) it->second = Search(storage).best();
    if (!it->second.is_plain()) layouts[storage.root] = it->second;
  }
  return layouts;
}

}  // namespace tpuc::bm1684x
