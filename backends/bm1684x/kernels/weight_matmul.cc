// weight_matmul: a tile of the integers is dequantized in local memory, 64 rows at a time, and multiplied as matmul's
// rows are.   source: COOKBOOK.md section 2, TIU.md section 6
// The tile is that of the matrix in floats: the same sums in the same order, so the same bits as matmul by rows. Two
// rows of 4 bits lie in one byte, 64 apart: each row of lanes holds two of them.
#include "ops/weight_matmul.h"

#include <fmt/core.h>

#include <algorithm>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernels/activation_step.h"
#include "backends/bm1684x/kernels/matmul_geometry.h"
#include "backends/bm1684x/kernels/weight_matmul.h"

namespace tpuc::bm1684x {
namespace {

using ops::WeightMatMul;

constexpr int64_t kLeastGroup = 16;    // of rows: a command for each
constexpr int64_t kPair = 2 * kLanes;  // rows whose nibbles share bytes
constexpr size_t kInput = 0, kWeights = 1, kSteps = 2, kBias = 3;

struct Geometry {
  int64_t rows = 1, depth = 1, columns = 1;  // x [rows,depth], w [depth,columns]
  int64_t bits = 8, group = 1, planes = 1, zero = 0;
  bool is_signed = true;
  Prec prec = Prec::F32;
};
Geometry geometry(const Op& op) {
  const auto& attrs = op.attrs<WeightMatMul>();
  const TensorType& x = op.in(kInput)->type;
  Geometry g;
  g.depth = x.dims.back(), g.rows = element_count(x) / std::max<int64_t>(1, g.depth);
  g.columns = op.in(kWeights)->type.dims[1];
  g.bits = attrs.bits, g.group = attrs.group == 0 ? g.depth : attrs.group, g.zero = attrs.zero;
  g.planes = op.in(kSteps)->type.dims[1];
  g.is_signed = op.in(kWeights)->type.dtype == DType::I8;
  g.prec = prec_of(x.dtype);
  return g;
}

// The inner rows of a tile; parts begin at multiples of 64.
Depth depth_of(const Geometry& g, const Region& out) { return out.depth.extent > 0 ? out.depth : Depth{0, g.depth}; }
bool is_first(const Geometry& g, const Region& out) { return depth_of(g, out).begin == 0; }
bool is_last(const Geometry& g, const Region& out) {
  const Depth d = depth_of(g, out);
  return d.begin + d.extent == g.depth;
}

// The stored row that holds row k of the matrix.
int64_t stored_row(const Geometry& g, int64_t k) { return g.bits == 8 ? k : k / kPair * kLanes + k % kLanes; }

Support supports(const Op& op, DType) {
  const Geometry g = geometry(op);
  if (!op.in(kWeights)->is_constant() || !op.in(kSteps)->is_constant())
    return {false, "the weights are computed at run time"};
  const bool fits_lanes =
      g.group >= g.depth || g.group % kLanes == 0 || (kLanes % g.group == 0 && g.group >= kLeastGroup);
  if (!fits_lanes) return {false, fmt::format("groups of {} rows and rows of {} lanes overlap", g.group, kLanes)};
  return {};
}

Views views(const Op& op) {
  const Geometry g = geometry(op);
  Views v;
  v.in.resize(op.in().size());
  v.in[kInput] = row_major({1, g.rows, 1, g.depth});
  v.in[kWeights] = row_major({1, op.in(kWeights)->type.dims[0], 1, g.columns});
  v.in[kSteps] = row_major({1, 1, op.in(kSteps)->type.dims[0] * g.planes, g.columns});
  if (op.in(kBias) != nullptr) v.in[kBias] = row_major({1, 1, 1, g.columns});
  v.out = row_major({1, g.rows, 1, g.columns});
  return v;
}

Axes axes(const Op& op) { return {.depth = geometry(op).depth}; }

std::vector<Need> needs(const Op& op, const Region& out) {
  const Geometry g = geometry(op);
  const Depth d = depth_of(g, out);
  const int64_t end = d.begin + d.extent;
  // A part that begins with the high halves of bytes has these bytes' rows from lane 0 on.
  const int64_t first_row = stored_row(g, d.begin / kLanes * kLanes);
  const int64_t last_row =
      g.bits == 8 ? end : std::min(op.in(kWeights)->type.dims[0], (end - 1) / kPair * kLanes + kLanes);
  const int64_t first_group = d.begin / g.group, groups = (end - 1) / g.group + 1 - first_group;
  std::vector<Need> n(op.in().size());
  n[kInput] = {Need::Kind::Box, {{0, out.begin[1], 0, d.begin}, {1, out.extent[1], 1, d.extent}}};
  n[kWeights] = {Need::Kind::Box, {{0, first_row, 0, out.begin[3]}, {1, last_row - first_row, 1, out.extent[3]}}};
  n[kSteps] = {Need::Kind::Shared,
               {{0, 0, first_group * g.planes, out.begin[3]}, {1, 1, groups * g.planes, out.extent[3]}}};
  if (op.in(kBias) != nullptr && is_first(g, out))
    n[kBias] = {Need::Kind::Shared, {{0, 0, 0, out.begin[3]}, {1, 1, 1, out.extent[3]}}};
  return n;
}

// Halves that one command does not finish, or that start from a bias, add up in f32.
bool sums_apart(const Op& op, const Geometry& g, const Region& out) {
  return g.prec != Prec::F32 && (depth_of(g, out).extent < g.depth || op.in(kBias) != nullptr);
}

// Sizes in the order of Footprint::scratch.
enum : size_t { kMatrix, kReal, kNibbles, kSums };
Footprint footprint(const Op& op, const Region& out) {
  const Geometry g = geometry(op);
  const Shape4 block{1, std::min(kLanes, depth_of(g, out).extent), 1, out.extent[3]};
  Footprint f;
  f.scratch = {aligned_bytes(g.prec, {1, depth_of(g, out).extent, 1, out.extent[3]}), aligned_bytes(Prec::F32, block),
               g.bits == 8 ? 0 : aligned_bytes(Prec::I8, block)};
  if (sums_apart(op, g, out)) f.scratch.push_back(aligned_bytes(Prec::F32, out.extent));
  return f;
}

// The integers of 64 rows from row `k` on, less the zero point of all, as f32.
void widen(const Geometry& g, const TileCtx& t, const LocalTensor& real, const LocalTensor& bytes, int64_t k,
           Emitter& e) {
  if (g.bits == 8) return e.dequantize(real, bytes, 1, static_cast<int32_t>(g.zero), g.is_signed);
  const LocalTensor nibbles = aligned(t.scratch[kNibbles], Prec::I8, bytes.dims);
  const bool is_high = k % kPair >= kLanes;  // sixteen times the integer: exact in f32
  e.ar(ArOp::And, nibbles, bytes, Arg::constant(is_high ? 0xf0 : 0x0f));
  e.dequantize(real, nibbles, is_high ? 0.0625F : 1, static_cast<int32_t>(is_high ? 16 * g.zero : g.zero), false);
}

// real = (real - zeros) * scales, with the steps of each group; `k`: its first row.
void scale(const Geometry& g, const LocalTensor& real, const LocalTensor& steps, int64_t first_group, int64_t k,
           Emitter& e) {
  for (int64_t done = 0; done < real.dims[1];) {
    const int64_t group = (k + done) / g.group, count = std::min(real.dims[1] - done, (group + 1) * g.group - k - done);
    const LocalTensor part = real.channels(done, count);
    const auto row = [&](int64_t plane) {
      LocalTensor r = steps.at(0, 0, (group - first_group) * g.planes + plane, 0, {1, 1, 1, steps.dims[3]});
      r.addr |= static_cast<uint32_t>(done) << 18;  // every lane has it: from the lane of `part` on
      return r;
    };
    if (g.planes == 2) e.ar(ArOp::Sub, part, part, row(1));
    e.ar(ArOp::Mul, part, part, row(0));
    done += count;
  }
}

LocalTensor dequantize(const Op& op, const Geometry& g, const TileCtx& t, Emitter& e) {
  const auto n = needs(op, t.region);
  const Depth d = depth_of(g, t.region);
  const int64_t columns = t.region.extent[3], first_group = d.begin / g.group;
  const LocalTensor bytes = t.input(kWeights, n[kWeights].box), steps = t.input(kSteps, n[kSteps].box);
  const LocalTensor matrix = aligned(t.scratch[kMatrix], g.prec, {1, d.extent, 1, columns});
  for (int64_t done = 0; done < d.extent; done += kLanes) {
    const int64_t k = d.begin + done, count = std::min(kLanes, d.extent - done);
    const Shape4 box{1, count, 1, columns};
    const LocalTensor to = matrix.at(0, done, 0, 0, box);
    const LocalTensor real = g.prec == Prec::F32 ? to : aligned(t.scratch[kReal], Prec::F32, box);
    widen(g, t, real, bytes.at(0, stored_row(g, k / kLanes * kLanes) - n[kWeights].box.begin[1], 0, 0, box), k, e);
    scale(g, real, steps, first_group, k, e);
    if (g.prec != Prec::F32) e.cast(to, real);
  }
  return matrix;
}

void emit(const Op& op, const TileCtx& t, Emitter& e) {
  const Geometry g = geometry(op);
  const auto n = needs(op, t.region);
  const LocalTensor matrix = dequantize(op, g, t, e), out = t.output();
  const bool apart = sums_apart(op, g, t.region), starts_from_bias = op.in(kBias) != nullptr && is_first(g, t.region);
  const LocalTensor sums = apart ? aligned(t.scratch[kSums], Prec::F32, out.dims) : out;
  if (starts_from_bias) e.copy(sums, t.input(kBias, n[kBias].box));
  ConvArgs args;
  args.accumulate = starts_from_bias || !is_first(g, t.region);
  multiply_rows(sums, t.input(kInput, n[kInput].box), matrix, args, e);
  if (!is_last(g, t.region)) return;
  if (apart) e.cast(out, sums);
  apply_activation(op.attrs<WeightMatMul>().activation, out, e);
}

}  // namespace

Kernel weight_matmul_kernel() {
  return {.op = WeightMatMul::kName,
          .supports = supports,
          .views = views,
          .axes = axes,
          .needs = needs,
          .footprint = footprint,
          .emit = emit};
}

}  // namespace tpuc::bm1684x
