// Sums of weighted rows take whole rows at a time. Columns would take one element of each row at a time, so H and W are
// swapped, the columns summed as rows, and swapped back; the axis that makes less of the tensor comes first. Floats in
// f32; bytes with weights of 7 bits: 16-bit sums after one axis, 32-bit products in the other, one shift at the end.
//   source: TIU.md section 3, CYCLES.md (strides)
#include "backends/bm1684x/kernels/resize_weighted.h"

#include <algorithm>

#include "backends/bm1684x/emit/emitter.h"

namespace tpuc::bm1684x {

namespace {

using ops::ResizeAxis;

// One axis of a tile: `sums` have one line for each line of the result.
struct Pass {
  const ResizeAxis* taps = nullptr;
  bool is_columns = false;
  int64_t begin = 0, held_begin = 0;  // of the result, of the input
  Shape4 in, out;                     // H and W not swapped
};

Shape4 swapped(const Shape4& d) { return {d[0], d[1], d[3], d[2]}; }

// Those that change something, in order; none: a copy.
std::vector<Pass> passes_of(const WeightedResize& r, const Region& in, const Region& out) {
  const auto out_h = static_cast<int64_t>(r.h.index.size()) / r.h.taps;
  Pass rows{&r.h, false, out.begin[2], in.begin[2], {}, {}}, columns{&r.w, true, out.begin[3], in.begin[3], {}, {}};
  std::vector<Pass> all;
  const bool has_rows = !is_untouched(r.h, r.in_h), has_columns = !is_untouched(r.w, r.in_w);
  const bool columns_first = out_h >= r.in_h;
  if (has_columns && columns_first) all.push_back(columns);
  if (has_rows) all.push_back(rows);
  if (has_columns && !columns_first) all.push_back(columns);
  Shape4 d = in.extent;
  for (Pass& p : all) {
    p.in = d;
    d[p.is_columns ? 3 : 2] = out.extent[p.is_columns ? 3 : 2];
    p.out = d;
  }
  return all;
}

Prec sums_prec(Prec prec) { return prec == Prec::I8 ? Prec::I16 : Prec::F32; }

// `count` lines from `first` on, `step` apart.
LocalTensor lines_of(const LocalTensor& t, int64_t first, int64_t count, int64_t step) {
  Shape4 extent = t.dims;
  extent[2] = count;
  LocalTensor part = t.at(0, 0, first, 0, extent);
  part.strides[2] *= step;
  return part;
}

// H and W of a tensor swapped, as it lies.
LocalTensor seen_swapped(LocalTensor t) {
  std::swap(t.dims[2], t.dims[3]);
  std::swap(t.strides[2], t.strides[3]);
  return t;
}

// The taps of one line that count.
struct Tap {
  int64_t source;
  float weight;
};
std::vector<Tap> taps_of(const Pass& p, int64_t i) {
  std::vector<Tap> taps;
  for (int64_t k = 0; k < p.taps->taps; ++k) {
    const auto at = static_cast<size_t>((p.begin + i) * p.taps->taps + k);
    if (p.taps->weight[at] != 0) taps.push_back({p.taps->index[at] - p.held_begin, p.taps->weight[at]});
  }
  if (taps.empty())
    taps.push_back({p.taps->index[static_cast<size_t>((p.begin + i) * p.taps->taps)] - p.held_begin, 0});
  return taps;
}

// Lines `step` apart with the same weights, whose sources are `source_step` apart: one command for each tap. A scale of
// whole numbers has few such runs, with lines apart by as many.
struct LineRun {
  int64_t first = 0, count = 1, step = 1, source_step = 0;
  std::vector<Tap> taps;  // of the first line
};

bool is_shifted(const std::vector<Tap>& taps, const std::vector<Tap>& first, int64_t by) {
  return std::equal(taps.begin(), taps.end(), first.begin(), first.end(),
                    [by](const Tap& a, const Tap& b) { return a.weight == b.weight && a.source == b.source + by; });
}

constexpr int64_t kMostPhases = 8;  // lines of one weighting are looked for this far apart

std::vector<LineRun> runs_of(const Pass& p, int64_t count, int64_t most) {
  std::vector<std::vector<Tap>> taps;
  for (int64_t i = 0; i < count; ++i) taps.push_back(taps_of(p, i));
  const auto at = [&](int64_t i) -> const std::vector<Tap>& { return taps[static_cast<size_t>(i)]; };
  std::vector<bool> is_done(static_cast<size_t>(count));
  std::vector<LineRun> runs;
  for (int64_t i = 0; i < count; ++i) {
    if (is_done[static_cast<size_t>(i)]) continue;
    LineRun best{i, 1, 1, 0, at(i)};
    for (int64_t step = 1; step <= kMostPhases && i + step < count; ++step) {
      LineRun r{i, 1, step, at(i + step)[0].source - at(i)[0].source, at(i)};
      const auto goes_on = [&](int64_t k) {
        return k < count && !is_done[static_cast<size_t>(k)] && r.source_step >= 0 &&
               is_shifted(at(k), r.taps, r.count * r.source_step);
      };
      while (r.count < most && goes_on(i + r.count * step)) ++r.count;
      if (r.count > best.count) best = r;
    }
    for (int64_t k = 0; k < best.count; ++k) is_done[static_cast<size_t>(i + k * best.step)] = true;
    runs.push_back(std::move(best));
  }
  return runs;
}

// Bytes of a lane for the products of the lines of one command.
constexpr int64_t kProductBytes = 4096;
int64_t lines_at_once(Prec prec, const Shape4& d) {
  Shape4 one = d;
  one[2] = 1;
  return std::clamp<int64_t>(kProductBytes / aligned_bytes(prec, one), 1, d[2]);
}

// What a pass does to a run of lines: f32, or integers of one width.
class LineSums {
 public:
  LineSums(Emitter& e, uint32_t first, uint32_t second, bool is_signed)
      : e_(e), first_(first), second_(second), signed_(is_signed) {}

  void reals(const LocalTensor& to, const LocalTensor& from, const LineRun& run) {
    const LocalTensor product = aligned(first_, Prec::F32, to.dims);
    for (size_t k = 0; k < run.taps.size(); ++k) {
      e_.ar(ArOp::Mul, k == 0 ? to : product, source(from, run, k), Arg::f32(run.taps[k].weight));
      if (k > 0) e_.ar(ArOp::Add, to, to, product);
    }
  }

  // Bytes into 16 bits: no sum leaves them.
  void bytes(const LocalTensor& to, const LocalTensor& from, const LineRun& run) {
    for (size_t k = 0; k < run.taps.size(); ++k) {
      const LocalTensor x = source(from, run, k);
      const auto weight = static_cast<uint32_t>(run.taps[k].weight);
      if (k == 0)
        e_.ar(ArOp::Mul, to, x, Arg::constant(weight), {.a_signed = signed_, .b_signed = signed_, .b_prec = Prec::I16});
      else
        e_.mac(to, x, Arg::constant(weight), {.a_signed = signed_, .b_signed = false});
    }
  }

  // Bytes or 16-bit sums into bytes, in products of twice the width; `shift`: right, of the sum.
  void rounded(const LocalTensor& to, const LocalTensor& from, const LineRun& run, int shift) {
    const std::vector<Tap>& taps = run.taps;
    const Prec wide = from.prec == Prec::I8 ? Prec::I16 : Prec::I32;
    const ArOptions plain{.a_signed = signed_, .b_signed = signed_, .b_prec = Prec::I16};
    ArOptions last{.a_signed = signed_, .b_signed = signed_, .shift = -shift};
    const auto factor = [&](const Tap& t) { return Arg::constant(static_cast<uint32_t>(t.weight)); };
    if (taps.size() == 1) {
      last.b_prec = Prec::I16;
      return e_.ar(ArOp::MulSat, to, source(from, run, 0), factor(taps[0]), last);
    }
    const LocalTensor sum = aligned(first_, wide, to.dims), product = aligned(second_, wide, to.dims);
    e_.ar(ArOp::Mul, sum, source(from, run, 0), factor(taps[0]), plain);
    for (size_t k = 1; k < taps.size(); ++k) {
      e_.ar(ArOp::Mul, product, source(from, run, k), factor(taps[k]), plain);
      const bool is_last = k + 1 == taps.size();
      e_.ar(is_last ? ArOp::AddSat : ArOp::Add, is_last ? to : sum, sum, product,
            is_last ? last : ArOptions{.a_signed = signed_, .b_signed = signed_});
    }
  }

 private:
  static LocalTensor source(const LocalTensor& from, const LineRun& run, size_t tap) {
    return lines_of(from, run.taps[tap].source, run.count, run.source_step);
  }

  Emitter& e_;
  uint32_t first_, second_;
  bool signed_;
};

// Scratch: 0 the input in f32; 1 sums of one pass; 2, 3 the swapped input and sums of a pass over columns; 4, 5
// products; 6 the result in f32.
enum Scratch : size_t { kWide, kSums, kSwapped, kSwappedSums, kProduct, kOtherProduct, kResult, kScratchCount };

}  // namespace

bool is_untouched(const ResizeAxis& a, int64_t in_size) {
  if (static_cast<int64_t>(a.index.size()) != in_size * a.taps) return false;
  for (size_t i = 0; i < a.index.size(); ++i) {
    const bool is_own = a.index[i] == static_cast<int64_t>(i) / a.taps;
    if (a.weight[i] != 0 && (!is_own || a.weight[i] != 1)) return false;
  }
  return true;
}

std::vector<int64_t> weighted_scratch(const WeightedResize& r, Prec prec, const Region& in, const Region& out) {
  const Prec sums = sums_prec(prec), widest = prec == Prec::I8 ? Prec::I32 : Prec::F32;
  const bool is_half = prec == Prec::F16 || prec == Prec::BF16;
  std::vector<int64_t> bytes(kScratchCount);
  const auto keep = [&](Scratch s, Prec p, const Shape4& d) { bytes[s] = std::max(bytes[s], aligned_bytes(p, d)); };
  if (is_half) keep(kWide, Prec::F32, in.extent), keep(kResult, Prec::F32, out.extent);
  const std::vector<Pass> passes = passes_of(r, in, out);
  for (size_t i = 0; i < passes.size(); ++i) {
    const Pass& p = passes[i];
    if (i + 1 < passes.size()) keep(kSums, sums, p.out);
    Shape4 lines = p.is_columns ? swapped(p.out) : p.out;
    lines[2] = lines_at_once(widest, lines);
    keep(kProduct, widest, lines);
    if (prec == Prec::I8) keep(kOtherProduct, widest, lines);
    if (!p.is_columns) continue;
    keep(kSwapped, i == 0 && prec == Prec::I8 ? Prec::I8 : sums, swapped(p.in));
    keep(kSwappedSums, i + 1 < passes.size() || prec != Prec::I8 ? sums : Prec::I8, swapped(p.out));
  }
  return bytes;
}

void emit_weighted(const WeightedResize& r, const TileCtx& t, const Region& box, bool is_signed, Emitter& e) {
  const LocalTensor out = t.output();
  const bool is_byte = out.prec == Prec::I8, is_half = !is_byte && out.prec != Prec::F32;
  LocalTensor x = t.input(0, box);
  const std::vector<Pass> passes = passes_of(r, box, t.region);
  if (passes.empty()) return e.copy(out, x);
  if (is_half) {
    const LocalTensor wide = aligned(t.scratch[kWide], Prec::F32, x.dims);
    e.cast(wide, x);
    x = wide;
  }
  const LocalTensor result = is_half ? aligned(t.scratch[kResult], Prec::F32, out.dims) : out;
  LineSums sums(e, t.scratch[kProduct], t.scratch[kOtherProduct], is_signed);
  for (size_t i = 0; i < passes.size(); ++i) {
    const Pass& p = passes[i];
    const bool is_last = i + 1 == passes.size();
    const LocalTensor to = is_last ? result : aligned(t.scratch[kSums], sums_prec(out.prec), p.out);
    LocalTensor from = x, lines = to;
    if (p.is_columns) {
      from = aligned(t.scratch[kSwapped], x.prec, swapped(p.in));
      e.copy(from, seen_swapped(x));
      lines = aligned(t.scratch[kSwappedSums], to.prec, swapped(p.out));
    }
    for (const LineRun& run : runs_of(p, lines.dims[2], lines_at_once(is_byte ? Prec::I32 : Prec::F32, lines.dims))) {
      const LocalTensor part = lines_of(lines, run.first, run.count, run.step);
      if (!is_byte)
        sums.reals(part, from, run);
      else if (is_last)
        sums.rounded(part, from, run, ops::kResizeWeightBits * static_cast<int>(passes.size()));
      else
        sums.bytes(part, from, run);
    }
    if (p.is_columns) e.copy(to, seen_swapped(lines));
    x = to;
  }
  if (is_half) e.cast(out, result);
}

}  // namespace tpuc::bm1684x
