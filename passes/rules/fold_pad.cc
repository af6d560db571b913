// conv2d(pad(x))  ->  conv2d(x){pads}          zero padding of the spatial axes
// max_pool2d(pad(x))  ->  max_pool2d(x){pads}  padding with minus infinity (or the lowest number)
// avg_pool2d(pad(x))  ->  avg_pool2d(x){pads, count_include_pad}     zero padding; the added zeros count in the divisor
#include <algorithm>
#include <limits>

#include "ops/conv.h"
#include "ops/pool.h"
#include "ops/slice.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

// [top, left, bottom, right] of a constant pad of the spatial axes; empty, with the reason in `why`, for another.
std::vector<int64_t> spatial_pads(const Pad::Attrs& pad, std::string& why) {
  if (pad.mode != PadMode::Constant) {
    why = "the padding is not constant";
  } else if (pad.begin[0] != 0 || pad.begin[1] != 0 || pad.end[0] != 0 || pad.end[1] != 0) {
    why = "the padding covers batch or channels";
  } else {
    return {pad.begin[2], pad.begin[3], pad.end[2], pad.end[3]};
  }
  return {};
}

std::vector<int64_t> sum(std::vector<int64_t> a, const std::vector<int64_t>& b) {
  for (size_t i = 0; i < a.size(); ++i) a[i] += b[i];
  return a;
}

// Every window keeps an element of x when no pad is as long as the kernel.
template <class A>
bool pads_below_kernel(const A& a) {
  for (size_t i = 0; i < 4; ++i)
    if (a.pads[i] > (a.kernel[i % 2] - 1) * a.dilations[i % 2]) return false;
  return true;
}

Outcome into_conv(const Match& m, const Op& root, Rewriter& rw) {
  const auto& pad = m.op("pad").attrs<Pad>();
  std::string why;
  const std::vector<int64_t> pads = spatial_pads(pad, why);
  if (pads.empty()) return rw.no_match(why);
  auto attrs = root.attrs<Conv2d>();
  if (pad.value != static_cast<double>(attrs.pad_value))
    return rw.no_match("the padding is not that of the convolution");
  attrs.pads = sum(attrs.pads, pads);
  std::vector<Value*> in = root.in();
  in[0] = m["x"];
  return rw.replace_root(rw.add<Conv2d>(std::move(in), attrs));
}

Outcome into_max_pool(const Match& m, const Op& root, Rewriter& rw) {
  const auto& pad = m.op("pad").attrs<Pad>();
  std::string why;
  const std::vector<int64_t> pads = spatial_pads(pad, why);
  if (pads.empty()) return rw.no_match(why);
  if (pad.value > static_cast<double>(std::numeric_limits<float>::lowest()))
    return rw.no_match("the padding is not minus infinity");
  auto attrs = root.attrs<MaxPool2d>();
  attrs.pads = sum(attrs.pads, pads);
  if (!pads_below_kernel(attrs)) return rw.no_match("the padding is as long as the kernel");
  return rw.replace_root(rw.add<MaxPool2d>({m["x"]}, attrs));
}

Outcome into_avg_pool(const Match& m, const Op& root, Rewriter& rw) {
  const auto& pad = m.op("pad").attrs<Pad>();
  std::string why;
  const std::vector<int64_t> pads = spatial_pads(pad, why);
  if (pads.empty()) return rw.no_match(why);
  if (pad.value != 0) return rw.no_match("the padding is not zero");
  auto attrs = root.attrs<AvgPool2d>();
  const bool own = std::any_of(attrs.pads.begin(), attrs.pads.end(), [](int64_t p) { return p != 0; });
  if (own && !attrs.count_include_pad) return rw.no_match("the pool's own padding does not count in the divisor");
  attrs.count_include_pad = true;
  attrs.pads = sum(attrs.pads, pads);
  if (!pads_below_kernel(attrs)) return rw.no_match("the padding is as long as the kernel");
  return rw.replace_root(rw.add<AvgPool2d>({m["x"]}, attrs));
}

// Other users of the pad keep it alive; reading x instead costs nothing.
pat::Node pad() { return pat::op<Pad>(pat::any("x")).as("pad"); }

}  // namespace

Rule fold_pad_into_conv() {
  return {"fold-pad-into-conv", "zero padding becomes the convolution's own",
          pat::op<Conv2d>(pad(), pat::any("w"), pat::optional(pat::any("b"))), into_conv};
}
Rule fold_pad_into_max_pool() {
  return {"fold-pad-into-max-pool", "padding with minus infinity becomes the pool's own", pat::op<MaxPool2d>(pad()),
          into_max_pool};
}
Rule fold_pad_into_avg_pool() {
  return {"fold-pad-into-avg-pool", "zero padding becomes the pool's own, counted", pat::op<AvgPool2d>(pad()),
          into_avg_pool};
}

}  // namespace tpuc
