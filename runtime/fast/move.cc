// Operators that only move elements of any type: strided copies, run by run where neighbours stay neighbours.
#include <algorithm>
#include <cstring>

#include "ops/resize.h"
#include "ops/shape.h"
#include "ops/slice.h"
#include "runtime/fast/fast.h"
#include "runtime/fast/loops.h"

namespace tpuc::fast {
namespace {

// One axis of a copy; strides in elements.
struct Axis {
  int64_t size, from, to;
};
struct Copy {
  std::vector<Axis> axes;
  int64_t from = 0, to = 0;  // offsets of the first element
};

std::vector<Axis> merged(const std::vector<Axis>& axes) {
  std::vector<Axis> result;
  for (const Axis& a : axes) {
    if (a.size == 1) continue;
    const bool joins = !result.empty() && result.back().from == a.from * a.size && result.back().to == a.to * a.size;
    if (joins) {
      result.back() = {result.back().size * a.size, a.from, a.to};
    } else {
      result.push_back(a);
    }
  }
  if (result.empty()) result.push_back({1, 1, 1});
  return result;
}

template <class T>
void copy_row(const std::byte* from, std::byte* to, const Axis& axis) {
  const T* x = reinterpret_cast<const T*>(from);
  T* y = reinterpret_cast<T*>(to);
  if (axis.from == 1 && axis.to == 1) {
    std::memcpy(to, from, static_cast<size_t>(axis.size) * sizeof(T));
  } else {
    for (int64_t i = 0; i < axis.size; ++i) y[i * axis.to] = x[i * axis.from];
  }
}
using RowCopy = void (*)(const std::byte*, std::byte*, const Axis&);
RowCopy row_copy(int64_t item) {
  return item == 1   ? copy_row<uint8_t>
         : item == 2 ? copy_row<uint16_t>
         : item == 4 ? copy_row<uint32_t>
                     : copy_row<uint64_t>;
}

// Rows of a transposed last pair of axes would touch one element per cache line: the longer of two candidates for the
// row is no help, but cutting the pair into squares is.
constexpr int64_t kTile = 16;

void run_copy(const Copy& copy, int64_t item, const std::byte* x, std::byte* y) {
  const RowCopy copy_one = row_copy(item);
  const Axis row = copy.axes.back();
  const size_t rank = copy.axes.size();
  int64_t rows = 1;
  for (size_t i = 0; i + 1 < rank; ++i) rows *= copy.axes[i].size;
  const bool transposes = rank >= 2 && row.from != 1 && copy.axes[rank - 2].from == 1;
  const int64_t near = transposes ? copy.axes[rank - 2].size : 1;  // rows that share cache lines
  for_rows(rows / near, near * row.size, [&](int64_t block) {
    int64_t from = copy.from, to = copy.to, index = block;
    for (size_t i = transposes ? rank - 2 : rank - 1; i-- > 0; index /= copy.axes[i].size) {
      from += index % copy.axes[i].size * copy.axes[i].from;
      to += index % copy.axes[i].size * copy.axes[i].to;
    }
    if (!transposes) return copy_one(x + from * item, y + to * item, row);
    const Axis across = copy.axes[rank - 2];
    for (int64_t start = 0; start < row.size; start += kTile)
      for (int64_t i = 0; i < near; ++i)
        copy_one(x + (from + i * across.from + start * row.from) * item,
                 y + (to + i * across.to + start * row.to) * item,
                 {std::min(kTile, row.size - start), row.from, row.to});
  });
}

bool movable(const Site& site) { return bit_width(site.out[0].dtype) >= 8 && element_count(site.out[0]) > 0; }

Kernel single(Copy copy, const Site& site) {
  copy.axes = merged(copy.axes);
  return [copy = std::move(copy), item = size_bytes(site.out[0].dtype)](EvalArgs in, std::span<Tensor> out) {
    run_copy(copy, item, in[0].bytes().data(), out[0].mutable_bytes().data());
  };
}

Kernel prepare_reshape(const Site& site) {
  if (!movable(site)) return {};
  return single({{{element_count(site.out[0]), 1, 1}}}, site);
}

Kernel prepare_permute(const Site& site) {
  if (!movable(site)) return {};
  const Dims from = row_major_strides(site.dims(0)), to = row_major_strides(site.out[0].dims);
  Copy copy;
  const auto& order = site.attrs_of<ops::Permute>().order;
  for (size_t i = 0; i < order.size(); ++i)
    copy.axes.push_back({site.out[0].dims[i], from[static_cast<size_t>(order[i])], to[i]});
  return single(copy, site);
}

Kernel prepare_expand(const Site& site) {
  if (!movable(site)) return {};
  const Dims& y = site.out[0].dims;
  const Dims from = row_major_strides(site.dims(0)), to = row_major_strides(y);
  Copy copy;
  for (size_t i = 0; i < y.size(); ++i) {
    const size_t added = y.size() - from.size();
    const bool repeats = i < added || site.dims(0)[i - added] == 1;
    copy.axes.push_back({y[i], repeats ? 0 : from[i - added], to[i]});
  }
  return single(copy, site);
}

Kernel prepare_slice(const Site& site) {
  if (!movable(site)) return {};
  const auto& a = site.attrs_of<ops::Slice>();
  const Dims from = row_major_strides(site.dims(0)), to = row_major_strides(site.out[0].dims);
  Copy copy;
  for (size_t i = 0; i < from.size(); ++i) {
    copy.axes.push_back({a.sizes[i], from[i] * a.steps[i], to[i]});
    copy.from += a.starts[i] * from[i];
  }
  return single(copy, site);
}

// x into a part of y, whose first element is `at` (per axis).
Copy into_part(const Dims& x, const Dims& y, const Dims& at) {
  const Dims from = row_major_strides(x), to = row_major_strides(y);
  Copy copy;
  for (size_t i = 0; i < x.size(); ++i) {
    copy.axes.push_back({x[i], from[i], to[i]});
    copy.to += at[i] * to[i];
  }
  copy.axes = merged(copy.axes);
  return copy;
}

Kernel prepare_concat(const Site& site) {
  if (!movable(site)) return {};
  const auto axis = static_cast<size_t>(site.attrs_of<ops::Concat>().axis);
  std::vector<Copy> copies;
  Dims at(site.out[0].dims.size(), 0);
  for (const TensorType& t : site.in) {
    copies.push_back(into_part(t.dims, site.out[0].dims, at));
    at[axis] += t.dims[axis];
  }
  return [copies = std::move(copies), item = size_bytes(site.out[0].dtype)](EvalArgs in, std::span<Tensor> out) {
    for (size_t i = 0; i < copies.size(); ++i)
      if (in[i].count() > 0) run_copy(copies[i], item, in[i].bytes().data(), out[0].mutable_bytes().data());
  };
}

// All elements of y become `value`, which is one element of its type.
void fill(const Tensor& value, Tensor& y) {
  const auto one = value.bytes();
  auto all = y.mutable_bytes();
  for (size_t at = 0; at < all.size(); at += one.size()) std::memcpy(all.data() + at, one.data(), one.size());
}

Kernel prepare_pad(const Site& site) {
  const auto& a = site.attrs_of<ops::Pad>();
  if (a.mode != ops::PadMode::Constant || !movable(site)) return {};
  Tensor value(site.out[0].dtype, {1});
  value.assign_f64(std::span(&a.value, 1));
  return [copy = into_part(site.dims(0), site.out[0].dims, a.begin), value, item = size_bytes(site.out[0].dtype)](
             EvalArgs in, std::span<Tensor> out) {
    fill(value, out[0]);
    if (in[0].count() > 0) run_copy(copy, item, in[0].bytes().data(), out[0].mutable_bytes().data());
  };
}

// deep [N,(b,b,C) or (C,b,b),H,W] and wide [N,C,H,b,W,b] as axes n, c, h, row, w, column.
Kernel move_blocks(const Site& site, int64_t block, ops::DepthMode mode, bool to_wide) {
  if (!movable(site)) return {};
  const Dims& d = to_wide ? site.dims(0) : site.out[0].dims;
  const int64_t plane = d[2] * d[3], channels = d[1] / (block * block), wide_row = d[3] * block;
  const int64_t cell = mode == ops::DepthMode::Dcr ? channels * plane : plane;
  const int64_t channel = mode == ops::DepthMode::Dcr ? plane : block * block * plane;
  Copy copy;
  copy.axes = {{d[0], d[1] * plane, d[1] * plane},
               {channels, channel, plane * block * block},
               {d[2], d[3], wide_row * block},
               {block, cell * block, wide_row},
               {d[3], 1, block},
               {block, cell, 1}};
  if (!to_wide)
    for (Axis& a : copy.axes) std::swap(a.from, a.to);
  return single(copy, site);
}
Kernel prepare_depth_to_space(const Site& site) {
  const auto& a = site.attrs_of<ops::DepthToSpace>();
  return move_blocks(site, a.block, a.mode, true);
}
Kernel prepare_space_to_depth(const Site& site) {
  return move_blocks(site, site.attrs_of<ops::SpaceToDepth>().block, ops::DepthMode::Dcr, false);
}

}  // namespace

std::span<const Row> move_rows() {
  static constexpr Row kRows[] = {{"reshape", prepare_reshape, true},
                                  {"permute", prepare_permute, true},
                                  {"expand", prepare_expand, true},
                                  {"slice", prepare_slice, true},
                                  {"concat", prepare_concat, true},
                                  {"pad", prepare_pad, true},
                                  {"depth_to_space", prepare_depth_to_space, true},
                                  {"space_to_depth", prepare_space_to_depth, true}};
  return kRows;
}

}  // namespace tpuc::fast
