// Search over cuts: every fitting one is priced by the bytes it moves; the cheapest is taken.
#include "backends/bm1684x/plan/tiler.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

namespace {

// An image above this is cut over C, so that loading one part overlaps with computing another. Bytes of a lane.
constexpr int64_t kStreamedImageBytes = 40 * 1024;
// The same for the constant matrix of a product, cut over the result's columns.
constexpr int64_t kStreamedMatrixBytes = 16 * 1024;
// Scratch of an op whose result stays whole: above this, its parts are computed one after the other.
constexpr int64_t kResidentScratchBytes = 64 * 1024;
// Price of one more step in the search, cycles: it breaks ties toward few tiles.
constexpr double kStepCycles = 300;
constexpr double kDmaBytesPerCycle = 50;  // DDR to local memory, CYCLES.md section 1 (54 at best)

struct Cut {
  Shape4 step{1, 1, 1, 1};            // extents of a full tile
  bool channels_inside = false;       // loop order: all channel cuts of a place before the next place
  int64_t depth = 0, depth_step = 0;  // of the axis summed over; step 0: whole
  Region full_tile() const { return {{0, 0, 0, 0}, step, {0, depth_step}}; }
  int64_t depth_parts() const { return depth_step == 0 ? 1 : ceil_div(depth, depth_step); }
};

std::vector<Region> cut_up(const Shape4& dims, const Cut& cut) {
  std::vector<Region> tiles;
  const auto count = [&](size_t a) { return ceil_div(dims[a], cut.step[a]); };
  const auto tile = [&](int64_t n, int64_t c, int64_t h, int64_t w) {
    const Shape4 index{n, c, h, w};
    Region r;
    for (size_t a = 0; a < 4; ++a) {
      r.begin[a] = index[a] * cut.step[a];
      r.extent[a] = std::min(cut.step[a], dims[a] - r.begin[a]);
    }
    for (int64_t k = 0; k < cut.depth_parts(); ++k) {
      if (cut.depth_step > 0) r.depth = {k * cut.depth_step, std::min(cut.depth_step, cut.depth - k * cut.depth_step)};
      tiles.push_back(r);
    }
  };
  const auto places = [&](auto&& fn) {
    for (int64_t n = 0; n < count(0); ++n)
      for (int64_t h = 0; h < count(2); ++h)
        for (int64_t w = 0; w < count(3); ++w) fn(n, h, w);
  };
  if (cut.channels_inside)
    places([&](int64_t n, int64_t h, int64_t w) {
      for (int64_t c = 0; c < count(1); ++c) tile(n, c, h, w);
    });
  else
    for (int64_t c = 0; c < count(1); ++c) places([&](int64_t n, int64_t h, int64_t w) { tile(n, c, h, w); });
  return tiles;
}

// Pieces of an axis worth trying: every count up to 8, then growing by a quarter.
std::vector<int64_t> steps_of(int64_t extent, int64_t multiple, bool may_cut) {
  std::vector<int64_t> steps{extent};
  if (!may_cut) return steps;
  for (int64_t pieces = 2; pieces <= ceil_div(extent, multiple); pieces += std::max<int64_t>(1, pieces / 4)) {
    const int64_t step = align_up(ceil_div(extent, pieces), multiple);
    if (step != steps.back()) steps.push_back(step);
  }
  if (steps.back() > multiple) steps.push_back(multiple);
  return steps;
}

struct Price {
  double cycles = 0;
  bool overlaps = false;
};

// DMA time of a cut. Tiles are alike, so one full tile stands for all.
Price price(const Op& op, const Kernel& kernel, const Shape4& dims, const Cut& cut, int64_t budget) {
  const Region full = cut.full_tile();
  const int64_t bytes = tile_bytes(op, kernel, full);
  const auto count = [&](size_t a) { return ceil_div(dims[a], cut.step[a]); };
  const int64_t places = count(0) * count(2) * count(3), parts = count(1);
  const Footprint f = kernel.footprint(op, full);
  int64_t in_bytes = 0;
  const auto needs = kernel.needs(op, full);
  for (size_t i = 0; i < needs.size(); ++i)
    if (needs[i].kind != Need::Kind::Nothing) in_bytes += needs[i].box.count() * size_bytes(op.in(i)->type.dtype);
  const int64_t image = f.image_bytes * f.image_lanes * cut.depth_parts();
  in_bytes *= cut.depth_parts();
  const bool per_channel = needs.empty() || needs[0].box.extent[1] == cut.step[1];  // each part reads other input
  const int64_t in_loads = per_channel ? places * parts : cut.channels_inside ? places : places * parts;
  const int64_t image_loads = parts == 1 ? 1 : cut.channels_inside ? places * parts : parts;
  const int64_t loaded = in_bytes * in_loads + image * image_loads;
  const auto steps = static_cast<double>(places * parts * cut.depth_parts());
  Price p;
  p.overlaps = 2 * bytes <= budget;
  const double dma = static_cast<double>(loaded + byte_count(op.out(0)->type)) / kDmaBytesPerCycle;
  // Without room for two tiles nothing overlaps; with one tile neither. A first load and a last store never do.
  p.cycles = dma * (p.overlaps ? 1 + 1 / steps : 2.0) + steps * kStepCycles;
  return p;
}

Cut forced(const Shape4& dims, const Axes& axes, const Shape4& limit) {
  Cut cut{dims};
  const bool may[4] = {axes.n, axes.c, axes.h, axes.w};
  for (size_t a = 0; a < 4; ++a)
    if (may[a]) {
      const int64_t most = limit[a] > 0 ? limit[a] : kMaxDim / kLanes * kLanes;
      cut.step[a] = std::min(dims[a], a == 1 ? align_up(most, kLanes) : most);
    }
  return cut;
}

std::string sizes_of(const Op& op, const Kernel& kernel, const Region& tile) {
  std::string text;
  const auto needs = kernel.needs(op, tile);
  for (size_t i = 0; i < needs.size(); ++i)
    if (needs[i].kind != Need::Kind::Nothing)
      text += fmt::format("input {} {}, ", i, aligned_bytes(prec_of(op.in(i)->type.dtype), needs[i].box.extent));
  const Footprint f = kernel.footprint(op, tile);
  text +=
      fmt::format("constants {}, result {}", f.image_bytes, aligned_bytes(prec_of(op.out(0)->type.dtype), tile.extent));
  for (const int64_t s : f.scratch) text += fmt::format(", scratch {}", s);
  return text;
}

// The cheapest cut that fits, where the axis summed over is taken in parts of `depth_step`. `smallest`: the last one
// tried.
std::optional<std::pair<Price, Cut>> cheapest_cut(const Op& op, const Shape4& dims, const Axes& axes,
                                                  int64_t depth_step, const PlanOptions& options, Cut& smallest) {
  const Kernel& kernel = *find_kernel(op.name());
  std::optional<std::pair<Price, Cut>> best;
  for (const int64_t w : steps_of(dims[3], 1, axes.w)) {
    for (const int64_t n : steps_of(dims[0], 1, axes.n))
      for (const int64_t c : steps_of(dims[1], kLanes, axes.c))
        for (const int64_t h : steps_of(dims[2], 1, axes.h)) {
          Cut cut{{n, c, h, w}};
          cut.depth = axes.depth;
          cut.depth_step = depth_step < axes.depth ? depth_step : 0;
          smallest = cut;
          if (!fits_size_fields(op, kernel, cut.full_tile())) continue;
          if (tile_bytes(op, kernel, cut.full_tile()) > options.lane_bytes) continue;
          for (const bool inside : {false, true}) {
            cut.channels_inside = inside;
            const Price p = price(op, kernel, dims, cut, options.lane_bytes);
            if (!best || p.cycles < best->first.cycles) best = {p, cut};
            if (c == dims[1]) break;
          }
          break;  // more pieces of H only load more
        }
    // Cutting rows is the last resort: it shortens every burst of the DMA.
    if (best) break;
  }
  return best;
}

// Bytes of a lane that a product's constant matrix takes, where a cut of the result's columns cuts it too; else 0.
int64_t matrix_bytes(const Op& op, const Kernel& kernel, const Shape4& dims) {
  if (const Axes axes = kernel.axes(op); !axes.w || axes.depth == 0) return 0;
  const auto needs = kernel.needs(op, whole(dims));
  int64_t bytes = 0;
  for (size_t i = 0; i < needs.size(); ++i)
    if (needs[i].kind == Need::Kind::Box && op.in(i)->is_constant() && needs[i].box.extent[3] == dims[3])
      bytes += aligned_bytes(prec_of(op.in(i)->type.dtype), needs[i].box.extent);
  return bytes;
}

bool are_sizes(const Shape4& extent) {
  return std::all_of(extent.begin(), extent.end(), [](int64_t d) { return d <= kMaxDim; });
}

}  // namespace

bool fits_size_fields(const Op& op, const Kernel& kernel, const Region& tile) {
  if (!are_sizes(tile.extent)) return false;
  const auto needs = kernel.needs(op, tile);
  return std::all_of(needs.begin(), needs.end(),
                     [](const Need& n) { return n.kind == Need::Kind::Nothing || are_sizes(n.box.extent); });
}

int64_t tile_bytes(const Op& op, const Kernel& kernel, const Region& tile) {
  int64_t bytes = aligned_bytes(prec_of(op.out(0)->type.dtype), tile.extent);
  const auto needs = kernel.needs(op, tile);
  for (size_t i = 0; i < needs.size(); ++i)
    if (needs[i].kind != Need::Kind::Nothing)
      bytes += aligned_bytes(prec_of(op.in(i)->type.dtype), needs[i].box.extent);
  const Footprint f = kernel.footprint(op, tile);
  bytes += align64(f.image_bytes);
  for (const int64_t s : f.scratch) bytes += align64(s);
  return bytes;
}

std::string why_too_large(const Op& op, const Kernel& kernel, const Region& tile, int64_t lane_bytes) {
  if (!fits_size_fields(op, kernel, tile))
    return "has more than 65535 elements along an axis, commands count no further (TIU.md section 14)";
  const int64_t bytes = tile_bytes(op, kernel, tile);
  return bytes <= lane_bytes ? "" : fmt::format("takes {} bytes of each lane, the chip has {}", bytes, lane_bytes);
}

std::vector<Region> tile_alone(const Op& op, const PlanOptions& options) {
  const Kernel& kernel = *find_kernel(op.name());
  const Shape4 dims = kernel.views(op).out.dims;
  const Axes axes = kernel.axes(op);
  const auto longest = [&](size_t a) { return options.forced_tile[a]; };
  if (longest(0) + longest(1) + longest(2) + longest(3) > 0)
    return cut_up(dims, forced(dims, axes, options.forced_tile));
  Cut smallest{dims};
  std::optional<std::pair<Price, Cut>> best;
  // Cutting the sum is the last resort: its parts are loaded again for every tile.
  for (const int64_t depth : steps_of(axes.depth, kLanes, axes.depth > 0)) {
    best = cheapest_cut(op, dims, axes, depth, options, smallest);
    if (best) break;
  }
  if (!best) {
    const Region r = smallest.full_tile();
    throw UserError(diagnostic(ErrorCode::E4001, "{}: the smallest tile {}", op.name(),
                               why_too_large(op, kernel, r, options.lane_bytes))
                        .note("at", fmt::format("'{}' {}", op.out(0)->name, to_string(op.out(0)->type)))
                        .note("tile", sizes_of(op, kernel, r)));
  }
  return cut_up(dims, best->second);
}

std::vector<Region> tile_resident(const Op& op) {
  const Kernel& kernel = *find_kernel(op.name());
  const Shape4 dims = kernel.views(op).out.dims;
  const Axes axes = kernel.axes(op);
  Cut cut{dims};
  if (const int64_t bytes = matrix_bytes(op, kernel, dims); bytes > kStreamedMatrixBytes)
    cut.step[3] = std::min(dims[3], align_up(ceil_div(dims[3], ceil_div(bytes, kStreamedMatrixBytes)), kLanes));
  const int64_t rows = ceil_div(dims[1], kLanes);
  const auto cut_channels = [&](int64_t parts) {
    if (axes.c) cut.step[1] = std::min(cut.step[1], ceil_div(rows, std::clamp(parts, int64_t{1}, rows)) * kLanes);
  };
  cut_channels(ceil_div(kernel.footprint(op, whole(dims)).image_bytes, kStreamedImageBytes));
  const auto scratch_parts = [&] {
    const Footprint f = kernel.footprint(op, cut.full_tile());
    return ceil_div(std::accumulate(f.scratch.begin(), f.scratch.end(), int64_t{0}), kResidentScratchBytes);
  };
  if (axes.n) cut.step[0] = ceil_div(dims[0], std::clamp(scratch_parts(), int64_t{1}, dims[0]));
  // A part of the rows of a product would load the matrix again.
  if (cut.step[3] == dims[3]) cut_channels(ceil_div(rows * scratch_parts(), ceil_div(cut.step[1], kLanes)));
  return cut_up(dims, cut);
}

}  // namespace tpuc::bm1684x
