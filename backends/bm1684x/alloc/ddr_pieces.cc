// A walk over a tensor, cut until every stride of each part stays inside one axis of the layout.
#include <algorithm>

#include "backends/bm1684x/alloc/ddr_layout.h"

namespace tpuc::bm1684x {

namespace {

constexpr size_t kMostPieces = 64;

// Along axis `slot` of the view, `step` of its indices at a time.
struct Dim {
  int64_t slot = 0, extent = 1, stride = 0, step = 1;
};
struct Walk {
  int64_t first = 0;
  Shape4 begin{0, 0, 0, 0};
  std::vector<Dim> dims;  // of one slot: outer ones first
};

}  // namespace

class Walks {
 public:
  explicit Walks(const DdrLayout& layout) : layout_(&layout) {}

  bool add(Walk w) {
    if (done_.size() >= kMostPieces) return false;
    const auto at = layout_->position(w.first);
    if (at.empty()) return false;
    std::vector<int64_t> reach(at.size(), 0);
    std::vector<size_t> axis(w.dims.size(), at.size());
    for (size_t i = 0; i < w.dims.size(); ++i) {
      const Dim& d = w.dims[i];
      if (d.stride == 0) continue;
      size_t k = 0;
      while (k < at.size() && at[k].step > d.stride) ++k;
      if (k == at.size() || d.stride % at[k].step != 0) return false;
      axis[i] = k;
      reach[k] += (d.extent - 1) * (d.stride / at[k].step);
    }
    for (size_t k = 0; k < at.size(); ++k) {
      if (at[k].index + reach[k] < layout_->axes_[k].extent) continue;
      // The longest step along the axis leaves it; the others have to stay inside of one such step.
      size_t i = w.dims.size();
      for (size_t x = 0; x < w.dims.size(); ++x)
        if (axis[x] == k && (i == w.dims.size() || w.dims[x].stride > w.dims[i].stride)) i = x;
      const int64_t along = w.dims[i].stride / at[k].step;
      if (at[k].index % along + reach[k] - (w.dims[i].extent - 1) * along >= along) return false;
      return cut(std::move(w), i, layout_->axes_[k].extent, along, at[k].index);
    }
    for (size_t i = 0; i < w.dims.size(); ++i)
      if (axis[i] < at.size()) w.dims[i].stride = w.dims[i].stride / at[axis[i]].step * layout_->axes_[axis[i]].stride;
    w.first = layout_->at(w.first);
    done_.push_back(std::move(w));
    return true;
  }
  const std::vector<Walk>& done() const { return done_; }

 private:
  // Dim i leaves its axis of `extent` elements, of which it begins at `index` and takes each `along`-th.
  bool cut(Walk w, size_t i, int64_t extent, int64_t along, int64_t index) {
    if (along >= extent || extent % along != 0) return false;
    Dim& d = w.dims[i];
    const int64_t period = extent / along, skipped = index / along;
    const int64_t head = skipped > 0 ? period - skipped : d.extent / period * period;
    if (head < d.extent) {
      Walk rest = w;
      d.extent = head;
      rest.dims[i].extent -= head;
      rest.first += head * d.stride;
      rest.begin[static_cast<size_t>(d.slot)] += head * d.step;
      return add(std::move(w)) && add(std::move(rest));
    }
    const Dim outer{d.slot, d.extent / period, d.stride * period, d.step * period};
    d.extent = period;
    w.dims.insert(w.dims.begin() + static_cast<std::ptrdiff_t>(i), outer);
    return add(std::move(w));
  }

  const DdrLayout* layout_;
  std::vector<Walk> done_;
};

namespace {

// A command has one axis of channels, one of columns and two more; what is left over becomes a loop of commands.
bool to_pieces(Walk w, std::vector<Piece>& pieces) {
  Piece p;
  p.first = w.first;
  p.begin = w.begin;
  std::vector<Dim> others;
  std::optional<Dim> loop;
  for (const int64_t slot : {1, 3, 0, 2}) {
    std::optional<Dim> innermost;
    for (const Dim& d : w.dims) {
      if (d.slot != slot || d.extent == 1) continue;
      if (innermost && slot == 1) loop = loop ? loop : innermost;
      if (innermost && slot != 1) others.push_back(*innermost);
      innermost = d;
    }
    if (!innermost) continue;
    const auto a = static_cast<size_t>(slot);
    if (slot == 1 || slot == 3) {
      if (innermost->step != 1) return false;
      p.dims[a] = innermost->extent, p.strides[a] = innermost->stride;
    } else {
      others.push_back(*innermost);
    }
  }
  if (!loop && others.size() > 2)
    loop =
        *std::min_element(others.begin(), others.end(), [](const Dim& a, const Dim& b) { return a.extent < b.extent; });
  if (loop) {
    const auto same = [&](const Dim& d) { return d.slot == loop->slot && d.step == loop->step && d.extent > 1; };
    w.dims.erase(std::find_if(w.dims.begin(), w.dims.end(), same));
    for (int64_t i = 0; i < loop->extent; ++i) {
      if (!to_pieces(w, pieces)) return false;
      w.first += loop->stride;
      w.begin[static_cast<size_t>(loop->slot)] += loop->step;
    }
    return true;
  }
  // A box that is as wide as high keeps its axes where they are.
  std::stable_sort(others.begin(), others.end(), [](const Dim& a, const Dim& b) { return a.slot < b.slot; });
  for (size_t i = 0; i < others.size(); ++i) {
    const size_t a = others.size() == 2 ? 2 * i : others[i].slot == 0 ? 0 : 2;
    p.dims[a] = others[i].extent, p.strides[a] = others[i].stride;
    p.slot[a] = others[i].slot, p.step[a] = others[i].step;
  }
  pieces.push_back(p);
  return pieces.size() <= kMostPieces;
}

}  // namespace

std::optional<DdrLayout::Inside> DdrLayout::of(int64_t first, const DdrLayout& inner) const {
  Walk whole{first, {0, 0, 0, 0}, {}};
  for (const Axis& a : inner.axes()) whole.dims.push_back({0, a.extent, a.stride, 1});
  Walks walks(*this);
  if (!walks.add(std::move(whole)) || walks.done().size() != 1) return {};
  const Walk& w = walks.done().front();
  std::vector<Axis> axes;
  for (const Dim& d : w.dims) axes.push_back({d.extent, d.stride});
  return Inside{DdrLayout(axes), w.first};
}

std::vector<Piece> pieces_of(const DdrLayout& layout, int64_t first, const Shape4& dims, const Shape4& strides) {
  if (layout.is_plain()) return {{.first = first, .dims = dims, .strides = strides}};
  Walk whole{first, {0, 0, 0, 0}, {}};
  for (size_t a = 0; a < 4; ++a)
    if (dims[a] > 1) whole.dims.push_back({static_cast<int64_t>(a), dims[a], strides[a], 1});
  Walks walks(layout);
  std::vector<Piece> pieces;
  if (!walks.add(std::move(whole))) return {};
  for (const Walk& w : walks.done())
    if (!to_pieces(w, pieces)) return {};
  return pieces;
}

LocalTensor part_of(const LocalTensor& box, const Piece& p) {
  LocalTensor t =
      box.shared || (p.begin[1] == 0 && p.dims[1] == box.dims[1]) ? box : box.channels(p.begin[1], p.dims[1]);
  const Shape4 strides = t.strides;
  t = t.at(p.begin[0], 0, p.begin[2], p.begin[3], p.dims);
  for (const size_t a : {size_t{0}, size_t{2}, size_t{3}})
    t.strides[a] = strides[static_cast<size_t>(p.slot[a])] * p.step[a];
  return t;
}

DdrTensor tensor_of(const Piece& p, uint64_t base, int64_t elem_bytes) {
  DdrTensor t{base + static_cast<uint64_t>(p.first * elem_bytes), elem_bytes, p.dims, p.strides};
  // A stride that no element asks for is that of a tensor without gaps. Commands are priced by it, too: 0 would make
  // them seem to cost nothing.
  for (size_t i = 4; i-- > 0;)
    if (t.dims[i] == 1 && t.strides[i] == 0) t.strides[i] = i == 3 ? 1 : t.dims[i + 1] * t.strides[i + 1];
  return t;
}

}  // namespace tpuc::bm1684x
