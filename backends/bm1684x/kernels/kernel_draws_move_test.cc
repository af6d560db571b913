// Draws of operators that move elements; all but weighted resizes are exact.
#include <algorithm>
#include <numeric>

#include "backends/bm1684x/kernels/kernel_draws.h"
#include "ops/gather.h"
#include "ops/resize.h"
#include "ops/shape.h"
#include "ops/slice.h"

namespace tpuc::bm1684x {

namespace {

using namespace ops;

DType any_type(Draws& d) {
  return d.any<DType>({DType::F32, DType::F16, DType::BF16, DType::I32, DType::I8, DType::U8, DType::Bool});
}
Operand operand_of(DType t, Dims dims) { return {std::move(dims), false, 0, t == DType::Bool ? 2.0 : 9.0}; }

void reshape(Draws& d) {
  const Dims x = d.dims(static_cast<size_t>(d.between(1, 5)));
  const DType t = any_type(d);
  d.run<Reshape>(t, {operand_of(t, x)}, {{element_count(x)}}, kExact);
}

void permute(Draws& d) {
  const Dims x = d.dims(static_cast<size_t>(d.between(2, 6)));
  std::vector<int64_t> order(x.size());
  std::iota(order.begin(), order.end(), 0);
  for (size_t i = order.size(); i-- > 1;)
    std::swap(order[i], order[static_cast<size_t>(d.between(0, static_cast<int64_t>(i)))]);
  const DType t = any_type(d);
  d.run<Permute>(t, {operand_of(t, x)}, {order}, kExact);
}

void expand(Draws& d) {
  const Dims out = d.dims(static_cast<size_t>(d.between(1, 6)));
  const DType t = any_type(d);
  d.run<Expand>(t, {operand_of(t, d.broadcasting(out))}, {out}, kExact);
}

void tile(Draws& d) {
  const Dims x = d.dims(static_cast<size_t>(d.between(1, 6)));
  std::vector<int64_t> repeats;
  for (size_t i = 0; i < x.size(); ++i) repeats.push_back(d.chance(40) ? d.between(2, 3) : 1);
  const DType t = any_type(d);
  d.run<Tile>(t, {operand_of(t, x)}, {repeats}, kExact);
}

void slice(Draws& d) {
  const Dims x = d.dims(static_cast<size_t>(d.between(1, 5)));
  Slice::Attrs a;
  for (const int64_t n : x) {
    const int64_t step = d.any<int64_t>({1, 1, 2, -1, -2}),
                  size = d.between(1, (n + std::abs(step) - 1) / std::abs(step));
    const int64_t reach = (size - 1) * std::abs(step), low = d.between(0, n - 1 - reach);
    a.starts.push_back(step > 0 ? low : low + reach);
    a.steps.push_back(step);
    a.sizes.push_back(size);
  }
  const DType t = any_type(d);
  d.run<Slice>(t, {operand_of(t, x)}, a, kExact);
}

void concat(Draws& d) {
  const Dims x = d.dims(static_cast<size_t>(d.between(1, 5)));
  const int64_t axis = d.between(0, static_cast<int64_t>(x.size()) - 1);
  const DType t = any_type(d);
  std::vector<Operand> in;
  for (int64_t i = d.between(1, 4); i > 0; --i) {
    Dims part = x;
    part[static_cast<size_t>(axis)] = d.between(1, 9);
    in.push_back(operand_of(t, part));
  }
  d.run<Concat>(t, in, {axis}, kExact);
}

void pad(Draws& d) {
  const Dims x = d.dims(static_cast<size_t>(d.between(1, 5)));
  Pad::Attrs a;
  a.mode = d.any<PadMode>({PadMode::Constant, PadMode::Reflect, PadMode::Edge, PadMode::Wrap});
  a.value = 1;
  for (const int64_t n : x) {
    const int64_t most = a.mode == PadMode::Reflect ? n - 1 : a.mode == PadMode::Wrap ? n : 4;
    a.begin.push_back(d.chance(50) ? d.between(0, std::min<int64_t>(most, 4)) : 0);
    a.end.push_back(d.chance(50) ? d.between(0, std::min<int64_t>(most, 4)) : 0);
  }
  const DType t = any_type(d);
  d.run<Pad>(t, {operand_of(t, x)}, a, kExact);
}

void gather(Draws& d) {
  const Dims x = d.dims(static_cast<size_t>(d.between(1, 4)));
  const int64_t axis = d.between(0, static_cast<int64_t>(x.size()) - 1), n = x[static_cast<size_t>(axis)];
  const bool is_constant = d.chance(50);
  const DType t = any_type(d);
  d.run<Gather>(t,
                {operand_of(t, x),
                 {d.dims(static_cast<size_t>(d.between(0, 2))), is_constant, is_constant ? -static_cast<double>(n) : 0,
                  static_cast<double>(n), DType::I32}},
                {axis}, kExact);
}

void gather_elements(Draws& d) {
  Dims x = d.dims(static_cast<size_t>(d.between(1, 4))), index = x;
  index.back() = d.between(1, 20);
  const DType t = any_type(d);
  d.run<GatherElements>(t, {operand_of(t, x), {index, d.chance(30), 0, static_cast<double>(x.back()), DType::I32}},
                        {static_cast<int64_t>(x.size()) - 1}, kExact);
}

// Indices may repeat: the last update stays.
void scatter(Draws& d) {
  const Dims x = d.dims(static_cast<size_t>(d.between(1, 4)));
  Dims updates = x;
  updates[0] = d.between(1, 9);
  const DType t = any_type(d);
  d.run<ScatterNd>(t,
                   {operand_of(t, x),
                    {{updates[0], 1}, d.chance(30), 0, static_cast<double>(x[0]), DType::I32},
                    operand_of(t, updates)},
                   {}, kExact);
}

void resize(Draws& d) {
  const Dims x = d.image();
  Resize::Attrs a;
  a.mode = d.any<ResizeMode>({ResizeMode::Nearest, ResizeMode::Linear, ResizeMode::Cubic});
  a.coordinates = d.any<Coordinates>({Coordinates::HalfPixel, Coordinates::Asymmetric, Coordinates::AlignCorners,
                                      Coordinates::PytorchHalfPixel, Coordinates::HalfPixelSymmetric});
  a.nearest_mode = d.any<NearestMode>({NearestMode::RoundPreferFloor, NearestMode::RoundPreferCeil, NearestMode::Floor,
                                       NearestMode::Ceil, NearestMode::Simple});
  a.antialias = a.mode != ResizeMode::Nearest && d.chance(20);
  a.sizes = x;
  a.scales = {1, 1, 1, 1};
  for (const size_t i : {size_t{2}, size_t{3}}) {
    a.sizes[i] = d.chance(40) ? x[i] * d.between(1, 3) : d.between(1, 20);
    a.scales[i] = static_cast<float>(a.sizes[i]) / static_cast<float>(x[i]);
  }
  const bool is_byte = a.mode != ResizeMode::Cubic && d.chance(40);
  const DType t = is_byte ? d.any<DType>({DType::I8, DType::U8}) : d.float_type();
  d.run<Resize>(t, {operand_of(t, x)}, a, is_byte || a.mode == ResizeMode::Nearest ? kExact : rounding(t));
}

void to_space(Draws& d) {
  const int64_t b = d.between(1, 3);
  const DType t = any_type(d);
  d.run<DepthToSpace>(t, {operand_of(t, {d.between(1, 2), b * b * d.between(1, 9), d.between(1, 9), d.between(1, 9)})},
                      {b, d.chance(50) ? DepthMode::Dcr : DepthMode::Crd}, kExact);
}
void to_depth(Draws& d) {
  const int64_t b = d.between(1, 3);
  const DType t = any_type(d);
  d.run<SpaceToDepth>(t, {operand_of(t, {d.between(1, 2), d.between(1, 9), b * d.between(1, 9), b * d.between(1, 9)})},
                      {b}, kExact);
}

}  // namespace

std::vector<Draw> move_draws() {
  return {{Reshape::kName, reshape},
          {Permute::kName, permute},
          {Expand::kName, expand},
          {Tile::kName, tile},
          {Slice::kName, slice},
          {Concat::kName, concat},
          {Pad::kName, pad},
          {Gather::kName, gather},
          {GatherElements::kName, gather_elements},
          {ScatterNd::kName, scatter},
          {Resize::kName, resize},
          {DepthToSpace::kName, to_space},
          {SpaceToDepth::kName, to_depth}};
}

}  // namespace tpuc::bm1684x
