// ONNX rules of slice, concat and pad. Split imports as slices; a negative pad as a slice before the pad.
#include <algorithm>

#include "ops/import.h"
#include "ops/slice.h"

namespace tpuc::ops {

namespace {

Slice::Attrs whole(const Dims& dims) {
  return {.starts = std::vector<int64_t>(dims.size(), 0), .steps = std::vector<int64_t>(dims.size(), 1), .sizes = dims};
}

// Elements start..end of `axis`: one part of a Split.
Value* take(Builder& b, Value* x, size_t axis, int64_t start, int64_t size) {
  if (start == 0 && size == x->type.dims[axis]) return x;
  Slice::Attrs a = whole(x->type.dims);
  a.starts[axis] = start;
  a.sizes[axis] = size;
  return b.add<Slice>({x}, std::move(a));
}

// ONNX's bounds may lie anywhere: they are clamped to the axis, negative ones count from its end.
void set_range(Slice::Attrs& a, size_t axis, int64_t dim, int64_t start, int64_t end, int64_t step) {
  if (start < 0) start = std::max(start, -dim - 1) + dim;
  if (end < 0) end = std::max(end, -dim - 1) + dim;
  const bool forward = step > 0;
  start = std::clamp<int64_t>(start, 0, forward ? dim : std::max<int64_t>(dim - 1, 0));
  end = std::clamp<int64_t>(end, forward ? 0 : -1, dim);
  const int64_t span = forward ? end - start : start - end, by = forward ? step : step == INT64_MIN ? INT64_MAX : -step;
  const int64_t size = dim == 0 || span <= 0 ? 0 : (span - 1) / by + 1;
  a.starts[axis] = size == 0 ? 0 : start;
  a.steps[axis] = size <= 1 ? 1 : step;
  a.sizes[axis] = size;
}

struct Ranges {
  std::vector<int64_t> starts, ends, axes, steps;
};

Ranges read_ranges(const NodeView& n) {
  Ranges r;
  if (n.opset < 10) {
    r = {n.get_ints("starts"), n.get_ints("ends"), n.get_ints("axes"), {}};
  } else {
    r.starts = n.constant_ints(1);
    r.ends = n.constant_ints(2);
    if (n.has_input(3)) r.axes = n.constant_ints(3);
    if (n.has_input(4)) r.steps = n.constant_ints(4);
  }
  if (r.axes.empty())
    for (size_t i = 0; i < r.starts.size(); ++i) r.axes.push_back(static_cast<int64_t>(i));
  if (r.steps.empty()) r.steps.assign(r.starts.size(), 1);
  return r;
}

Values import_slice(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  const Dims& dims = x->type.dims;
  const Ranges r = read_ranges(n);
  const auto axes = wrap_axes(n, r.axes, dims.size());
  if (r.ends.size() != r.starts.size() || axes.size() != r.starts.size() || r.steps.size() != r.starts.size())
    throw UserError(diagnostic(ErrorCode::E1206, "Slice: {} starts, {} ends, {} axes, {} steps", r.starts.size(),
                               r.ends.size(), axes.size(), r.steps.size()));
  Slice::Attrs a = whole(dims);
  for (size_t i = 0; i < axes.size(); ++i) {
    const auto axis = static_cast<size_t>(axes[i]);
    if (r.steps[i] == 0) throw UserError(diagnostic(ErrorCode::E1208, "Slice: the step of axis {} is 0", axis));
    set_range(a, axis, dims[axis], r.starts[i], r.ends[i], r.steps[i]);
  }
  const Slice::Attrs all = whole(dims);
  if (a.sizes == all.sizes && a.steps == all.steps) return {x};
  return {b.add<Slice>({x}, std::move(a))};
}

Values import_concat(const NodeView& n, Builder& b) {
  for (size_t i = 0; i < n.in.size(); ++i) (void)n.input(i);  // none may be absent
  const size_t rank = n.input(0)->type.dims.size();
  if (n.opset >= 4 && !n.has_attr("axis"))
    throw UserError(diagnostic(ErrorCode::E1013, "Concat: attribute `axis` is missing"));
  const int64_t axis = wrap_axis(n, n.get_int("axis", 1), rank);
  if (n.in.size() == 1) return {n.input(0)};
  return {b.add<Concat>(n.in, {.axis = axis})};
}

// The sizes of the parts; where the node gives none, equal ones (num_outputs: the last may be smaller).
std::vector<int64_t> split_sizes(const NodeView& n, int64_t dim) {
  const IntList list = n.opset < 2 && n.has_input(1) ? IntList{true, n.constant_ints(1)} : ints_of(n, "split", 1, 13);
  const auto parts = static_cast<int64_t>(n.output_names.size());
  if (list.given) {
    int64_t left = dim;
    for (const int64_t size : list.values) left = size < 0 || size > left ? -1 : left - size;
    if (left != 0 || static_cast<int64_t>(list.values.size()) != parts)
      throw UserError(diagnostic(ErrorCode::E1209, "Split: parts {} of an axis of {} elements, {} outputs",
                                 to_string(list.values), dim, parts));
    return list.values;
  }
  const int64_t wish = n.opset >= 18 ? n.get_int("num_outputs", parts) : parts;
  if (wish != parts || parts < 1 || (n.opset < 18 && dim % parts != 0))
    throw UserError(
        diagnostic(ErrorCode::E1209, "Split: {} elements into {} equal parts, {} outputs", dim, wish, parts));
  const int64_t size = (dim + parts - 1) / parts;
  std::vector<int64_t> sizes(static_cast<size_t>(parts), size);
  sizes.back() = dim - size * (parts - 1);
  if (sizes.back() < 0)
    throw UserError(diagnostic(ErrorCode::E1209, "Split: {} elements do not make {} parts of {}", dim, parts, size));
  return sizes;
}

Values import_split(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  const auto axis = static_cast<size_t>(wrap_axis(n, n.get_int("axis", 0), x->type.dims.size()));
  Values parts;
  int64_t start = 0;
  for (const int64_t size : split_sizes(n, x->type.dims[axis])) {
    parts.push_back(take(b, x, axis, start, size));
    start += size;
  }
  return parts;
}

PadMode pad_mode(const NodeView& n) {
  const std::string mode = n.get_string("mode", "constant");
  for (size_t i = 0; i < EnumNames<PadMode>::kNames.size(); ++i)
    if (EnumNames<PadMode>::kNames[i] == mode) return static_cast<PadMode>(i);
  refuse(n, fmt::format("mode `{}`", mode), "constant, reflect, edge and wrap are supported");
}

// All begins, then all ends, one each per axis of x.
std::vector<int64_t> pad_counts(const NodeView& n, size_t rank) {
  auto pads = n.opset < 2 ? n.get_ints("paddings") : n.opset < 11 ? n.get_ints("pads") : n.constant_ints(1);
  const bool some = n.opset >= 18 && n.has_input(3);
  std::vector<int64_t> axes;
  if (some) {
    axes = wrap_axes(n, n.constant_ints(3), rank);
  } else {
    for (size_t i = 0; i < rank; ++i) axes.push_back(static_cast<int64_t>(i));
  }
  if (pads.size() != 2 * axes.size())
    throw UserError(diagnostic(ErrorCode::E1206, "Pad: {} counts, expected {}: begin and end per axis", pads.size(),
                               2 * axes.size()));
  std::vector<int64_t> all(2 * rank, 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    all[static_cast<size_t>(axes[i])] = pads[i];
    all[rank + static_cast<size_t>(axes[i])] = pads[axes.size() + i];
  }
  return all;
}

Values import_pad(const NodeView& n, Builder& b) {
  Value* x = n.input(0);
  const size_t rank = x->type.dims.size();
  const auto counts = pad_counts(n, rank);
  Pad::Attrs pad;
  pad.mode = pad_mode(n);
  if (n.opset < 11)
    pad.value = n.get_float("value", 0);
  else if (n.has_input(2) && n.constant_input(2).count() > 0)
    pad.value = n.constant_input(2).to_f64()[0];
  Slice::Attrs cut = whole(x->type.dims);
  for (size_t i = 0; i < rank; ++i) {
    const int64_t begin = counts[i], end = counts[rank + i], d = x->type.dims[i];
    if (begin < -d || end < -d || std::min<int64_t>(begin, 0) + std::min<int64_t>(end, 0) < -d)
      throw UserError(diagnostic(ErrorCode::E1209, "Pad: {} and {} elements cut from axis {} of {}", begin, end, i,
                                 to_string(x->type.dims)));
    cut.starts[i] = std::max<int64_t>(-begin, 0);
    cut.sizes[i] = d + std::min<int64_t>(begin, 0) + std::min<int64_t>(end, 0);
    if (cut.sizes[i] == 0) cut.starts[i] = 0;
    pad.begin.push_back(std::max<int64_t>(begin, 0));
    pad.end.push_back(std::max<int64_t>(end, 0));
  }
  if (cut.sizes != x->type.dims) x = b.add<Slice>({x}, std::move(cut));
  const auto none = [](const std::vector<int64_t>& v) {
    return std::all_of(v.begin(), v.end(), [](int64_t p) { return p == 0; });
  };
  if (none(pad.begin) && none(pad.end)) return {x};
  return {b.add<Pad>({x}, std::move(pad))};
}

}  // namespace

std::span<const ImportRule> Slice::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Slice", 1, kLastOpset, import_slice},
                                          {"onnx.Split", 1, kLastOpset, import_split}};
  return kRules;
}
std::span<const ImportRule> Concat::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Concat", 1, kLastOpset, import_concat}};
  return kRules;
}
std::span<const ImportRule> Pad::imports() {
  static constexpr ImportRule kRules[] = {{"onnx.Pad", 1, kLastOpset, import_pad}};
  return kRules;
}

}  // namespace tpuc::ops
