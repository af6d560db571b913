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

LocalTensor line(const LocalTensor& t, int64_t at) {
  Shape4 extent = t.dims;
  extent[2] = 1;
  return t.at(0, 0, at, 0, extent);
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

// What a pass does to one line: f32, or integers of one width.
class LineSums {
 public:
  LineSums(Emitter& e, uint32_t first, uint32_t second, bool is_signed)
      : e_(e), first_(first), second_(second), signed_(is_signed) {}

  void reals(const LocalTensor& to, const LocalTensor& from, const std::vector<Tap>& taps) {
    const LocalTensor product = aligned(first_, Prec::F32, to.dims);
    for (size_t k = 0; k < taps.size(); ++k) {
      e_.ar(ArOp::Mul, k == 0 ? to : product, line(from, taps[k].source), Arg::f32(taps[k].weight));
      if (k > 0) e_.ar(ArOp::Add, to, to, product);
    }
  }

  // Bytes into 16 bits: no sum leaves them.
  void bytes(const LocalTensor& to, const LocalTensor& from, std::span<const Tap> taps) {
    for (size_t k = 0; k < taps.size(); ++k) {
      const LocalTensor x = line(from, taps[k].source);
      const auto weight = static_cast<uint32_t>(taps[k].weight);
      if (k == 0)
        e_.ar(ArOp::Mul, to, x, Arg::constant(weight), {.a_signed = signed_, .b_signed = signed_, .b_prec = Prec::I16});
      else
        e_.mac(to, x, Arg::constant(weight), {.a_signed = signed_, .b_signed = false});
    }
  }

  // Bytes or 16-bit sums into bytes, in products of twice the width; `shift`: right, of the sum.
  void rounded(const LocalTensor& to, const LocalTensor& from, const std::vector<Tap>& taps, int shift) {
    const Prec wide = from.prec == Prec::I8 ? Prec::I16 : Prec::I32;
    const ArOptions plain{.a_signed = signed_, .b_signed = signed_, .b_prec = Prec::I16};
    ArOptions last{.a_signed = signed_, .b_signed = signed_, .shift = -shift};
    const auto factor = [&](const Tap& t) { return Arg::constant(static_cast<uint32_t>(t.weight)); };
    if (taps.size() == 1) {
      last.b_prec = Prec::I16;
      return e_.ar(ArOp::MulSat, to, line(from, taps[0].source), factor(taps[0]), last);
    }
    const LocalTensor sum = aligned(first_, wide, to.dims), product = aligned(second_, wide, to.dims);
    e_.ar(ArOp::Mul, sum, line(from, taps[0].source), factor(taps[0]), plain);
    for (size_t k = 1; k < taps.size(); ++k) {
      e_.ar(ArOp::Mul, product, line(from, taps[k].source), factor(taps[k]), plain);
      const bool is_last = k + 1 == taps.size();
      e_.ar(is_last ? ArOp::AddSat : ArOp::Add, is_last ? to : sum, sum, product,
            is_last ? last : ArOptions{.a_signed = signed_, .b_signed = signed_});
    }
  }

 private:
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
    Shape4 one = p.is_columns ? swapped(p.out) : p.out;
    one[2] = 1;
    keep(kProduct, widest, one);
    if (prec == Prec::I8) keep(kOtherProduct, widest, one);
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
    for (int64_t at = 0; at < lines.dims[2]; ++at) {
      const std::vector<Tap> taps = taps_of(p, at);
      if (!is_byte)
        sums.reals(line(lines, at), from, taps);
      else if (is_last)
        sums.rounded(line(lines, at), from, taps, ops::kResizeWeightBits * static_cast<int>(passes.size()));
      else
        sums.bytes(line(lines, at), from, taps);
    }
    if (p.is_columns) e.copy(to, seen_swapped(lines));
    x = to;
  }
  if (is_half) e.cast(out, result);
}

}  // namespace tpuc::bm1684x
