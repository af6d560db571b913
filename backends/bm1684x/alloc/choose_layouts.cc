// Every order of the axes that the views of a tensor name, with and without gaps at every level, priced by the commands
// that its loads and stores become.
#include "backends/bm1684x/alloc/choose_layouts.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <unordered_set>

#include "backends/bm1684x/alloc/ddr_use.h"

namespace tpuc::bm1684x {

namespace {

// Tensors that move nearly as fast as the DDR can stay as they are. source: CYCLES.md section 1, bytes per cycle
constexpr double kLoadBytesPerCycle = 54, kStoreBytesPerCycle = 41, kGoodEnough = 1.25;
// All channels of the DDR are reached within 16 KiB; what is longer with its gaps gains little for its memory.
constexpr int64_t kPageBytes = 4096, kLongestSpread = 64 * 1024;
constexpr int64_t kShortestPitch = 64;  // bytes
constexpr size_t kMostAxes = 4;         // 24 orders

// One kind of load or store of a tensor, as if that lay row-major.
struct Use {
  DdrUse use;
  std::vector<Piece> moved;  // the pieces of a box that begins with the view
  std::vector<Piece> reach;  // and those of all of the view
  bool is_like(const Use& o) const {
    return use.is_store == o.use.is_store && use.is_shared == o.use.is_shared && use.extent == o.use.extent &&
           moved == o.moved && reach == o.reach;
  }
};

// A tensor that may lie as is best.
struct Storage {
  const Value* root = nullptr;
  Prec prec = Prec::F32;
  std::vector<Use> uses;
  int64_t elements() const { return element_count(root->type); }
};

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
      if (l.value != nullptr) add(l.value, use_of(l.view, l.need.box.extent, l.need.kind == Need::Kind::Shared, false));
    for (const Store& x : s.stores) add(x.value, use_of(x.view, x.box.extent, false, true));
  }
  std::vector<Storage> take() { return std::move(storages_); }

 private:
  void add(const Value* v, const DdrUse& use) {
    const Location at = aliases_->find(v);
    if (at.root->is_constant() || bound_.contains(at.root)) return;
    const Prec prec = prec_of(v->type.dtype);
    const auto [it, fresh] = index_.try_emplace(at.root, storages_.size());
    if (fresh) storages_.push_back({at.root, prec, {}});
    Storage& s = storages_[it->second];
    const Use u{use, at.pieces(0, use.extent, use.strides, size_of(prec)),
                at.pieces(0, use.dims, use.strides, size_of(prec))};
    const auto known = std::find_if(s.uses.begin(), s.uses.end(), [&](const Use& x) { return x.is_like(u); });
    if (known != s.uses.end())
      known->use.times += use.times;
    else
      s.uses.push_back(u);
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
    for (Piece p : u.reach)
      if (!layout.map(p.first, p.dims, p.strides)) return {};
    const auto c = price_of(u.use, u.moved, layout, s.prec);
    if (!c) return {};
    sum.cycles += c->cycles * static_cast<uint64_t>(u.use.times);
    sum.least += static_cast<double>(u.use.times) * (static_cast<double>(c->ddr_read_bytes) / kLoadBytesPerCycle +
                                                     static_cast<double>(c->ddr_written_bytes) / kStoreBytesPerCycle);
  }
  return sum;
}

// Axes of the tensor such that every view walks along them; extents, outermost first. Empty where there are none.
std::vector<int64_t> axes_of(const Storage& s) {
  std::vector<int64_t> steps{1, s.elements()};
  for (const Use& u : s.uses)
    for (const Piece& p : u.reach)
      for (size_t a = 0; a < 4; ++a)
        if (p.dims[a] > 1 && p.strides[a] > 0) steps.push_back(p.strides[a]);
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
  const auto add = [&](const Shape4& x) { q.insert(q.end(), x.begin(), x.end()); };
  for (const Use& u : s.uses) {
    q.insert(q.end(), {u.use.is_store, u.use.is_shared, u.use.times, static_cast<int64_t>(u.moved.size()),
                       static_cast<int64_t>(u.reach.size())});
    add(u.use.extent);
    for (const auto* pieces : {&u.moved, &u.reach})
      for (const Piece& p : *pieces) {
        q.push_back(p.first);
        for (const Shape4& x : {p.dims, p.strides, p.begin, p.slot, p.step}) add(x);
      }
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
