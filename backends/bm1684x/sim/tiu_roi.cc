// PorD on regions: result pixel k pools a kh x kw window at the upper left corner of region k; pixels past the region's
// last row and column are left out (for max they count as 0).   source: TIU.md section 5, eu 5 to 7
#include <algorithm>
#include <vector>

#include "backends/bm1684x/sim/element_ops.h"
#include "backends/bm1684x/sim/planes.h"
#include "backends/bm1684x/sim/tiu_pool.h"
#include "tpuc/numerics/fixed_point.h"

namespace tpuc::bm1684x {
namespace {

struct Tap {
  uint32_t index;     // in the window
  uint64_t position;  // in the input plane
};

std::vector<Tap> taps_of(const TiuContext& context, const Pord& i, uint64_t region) {
  const uint8_t* p = context.src + context.views.d->at(0, region);
  const int x0 = load<int16_t>(p), y0 = load<int16_t>(p + 2), x1 = load<int16_t>(p + 4), y1 = load<int16_t>(p + 6);
  const int height = static_cast<int>(i.opd0_h), width = static_cast<int>(i.opd0_w);
  if (x0 < 0 || y0 < 0 || x1 < x0 || y1 < y0)
    context.illegal(fmt::format("region {} is ({},{})..({},{})", region, x0, y0, x1, y1));
  std::vector<Tap> taps;
  for (uint32_t k = 0; k < i.opd1_h * i.opd1_w; ++k) {
    const int y = y0 + static_cast<int>(k / i.opd1_w), x = x0 + static_cast<int>(k % i.opd1_w);
    if (y > y1 || x > x1) continue;
    if (y >= height || x >= width)
      context.illegal(
          fmt::format("region {} reaches ({},{}) of a plane of {} rows and {} columns", region, y, x, height, width));
    taps.push_back({k, static_cast<uint64_t>(y) * i.opd0_w + static_cast<uint64_t>(x)});
  }
  return taps;
}

float round_one(Prec prec, float v) {
  round_to(prec, 1, &v);
  return v;
}

float float_region(const Pord& i, const std::vector<Tap>& taps, const std::vector<float>& plane,
                   const std::vector<float>& weights) {
  float sum[2] = {0, 0};
  for (const Tap& tap : taps) {
    const float product = round_one(i.opd0_prec, plane[tap.position] * weights[weights.size() == 1 ? 0 : tap.index]);
    float& to = sum[tap.index & 1];
    to = round_one(i.opd0_prec, to + product);
  }
  return sum[0] + sum[1];
}

void float_channel(const TiuContext& context, const Pord& i, const std::vector<std::vector<Tap>>& regions, uint64_t n,
                   uint64_t c) {
  const OperandViews& v = context.views;
  std::vector<float> plane(v.a->h * v.a->w),
      weights(v.b ? v.b->h * v.b->w : 1, unpack_constant<float>(i.opd1_addr, i.opd0_prec, true));
  unpack_plane(context.src, *v.a, i.opd0_prec, true, n, c, plane.data());
  if (v.b) unpack_row(context.src + v.b->at(0, c), i.opd0_prec, true, 1, weights.size(), weights.data());
  const uint64_t bytes = v.res->elem_bytes;
  const uint8_t* raw = context.src + v.a->at(n, c);
  uint8_t* to = context.dst + v.res->at(n, c);
  for (size_t k = 0; k < regions.size(); ++k) {
    const std::vector<Tap>& taps = regions[k];
    if (i.eu != PordOp::RoiMax) {
      const float r = float_region(i, taps, plane, weights);
      store_floats({to + k * bytes, bytes}, i.res0_prec, 1, &r);
      continue;
    }
    size_t best = 0;
    for (size_t t = 1; t < taps.size(); ++t)
      if (plane[taps[t].position] > plane[taps[best].position]) best = t;
    std::memcpy(to + k * bytes, raw + taps[best].position * bytes, bytes);
    const bool clipped = taps.size() < uint64_t{i.opd1_h} * i.opd1_w;
    if (clipped && 0 > plane[taps[best].position]) std::memset(to + k * bytes, 0, bytes);
  }
}

void int_channel(const TiuContext& context, const Pord& i, const std::vector<std::vector<Tap>>& regions, uint64_t n,
                 uint64_t c) {
  const OperandViews& v = context.views;
  const bool depthwise = i.eu == PordOp::RoiDepthwise;
  std::vector<int32_t> plane(v.a->h * v.a->w);
  std::vector<int32_t> weights(uint64_t{i.opd1_h} * i.opd1_w,
                               unpack_constant<int32_t>(i.opd1_addr, Prec::I8, depthwise && i.opd1_sign != 0));
  unpack_plane(context.src, *v.a, i.opd0_prec, i.opd0_sign != 0, n, c, plane.data());
  if (v.b) unpack_row(context.src + v.b->at(0, c), Prec::I8, i.opd1_sign != 0, 1, weights.size(), weights.data());
  const bool is_signed = i.opd0_sign != 0 || (depthwise && i.opd1_sign != 0);
  const uint64_t bytes = v.res->elem_bytes;
  for (size_t k = 0; k < regions.size(); ++k) {
    const std::vector<Tap>& taps = regions[k];
    int64_t r = 0;
    if (i.eu == PordOp::RoiMax) {
      r = taps.size() < weights.size() ? 0 : -128;
      for (const Tap& tap : taps) r = std::max<int64_t>(r, plane[tap.position]);
    } else {
      for (const Tap& tap : taps) r += int64_t{plane[tap.position]} * weights[tap.index];
      r = saturate(r, static_cast<int>(8 * bytes), is_signed);
    }
    std::memcpy(context.dst + v.res->at(n, c) + k * bytes, &r, bytes);
  }
}

}  // namespace

void pool_regions(const TiuContext& context, const Pord& i) {
  const TensorView& res = *context.views.res;
  const uint64_t window = uint64_t{i.opd1_h} * i.opd1_w;
  check_work(context, {window * res.w, context.views.a->h * context.views.a->w},
             static_cast<double>(window * res.w) * static_cast<double>(res.n * res.c));
  std::vector<std::vector<Tap>> regions;
  for (uint64_t k = 0; k < res.w; ++k) regions.push_back(taps_of(context, i, k));
  const auto channel = [&](size_t k) {
    is_float(i.opd0_prec) ? float_channel(context, i, regions, k / res.c, k % res.c)
                          : int_channel(context, i, regions, k / res.c, k % res.c);
  };
  context.parallel(res.n * res.c, channel, window * res.w * res.n * res.c);
}

}  // namespace tpuc::bm1684x
