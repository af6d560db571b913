// conv2d(x [N,C,1,W], w [O,C,1,K]){strides=[_,s]}  ->  conv2d(x' [N,C*s,1,W/s], w' [O,C*s,1,K/s])      few channels
//   An array that sums over blocks of channels is empty but for C of them, and the filter is packed with as many zeros:
//   transforms of sound (STFT as a convolution over one channel) spend their time there. As many elements as the stride
//   jumps over become channels; filter and row are filled up to whole strides with zeros. Floats of 32 bits are summed
//   channel by channel and stay.
#include <algorithm>

#include "ops/conv.h"
#include "ops/shape.h"
#include "ops/slice.h"
#include "passes/rules/rules.h"
#include "tpuc/support/int_math.h"

namespace tpuc {
namespace {

using namespace ops;

constexpr int64_t kFewChannels = 4, kLeastStride = 4;

bool is_plain_row(const Conv2d::Attrs& a, const Dims& x, const Dims& w) {
  return x[2] == 1 && w[2] == 1 && a.pads[0] == 0 && a.pads[2] == 0 && a.dilations[1] == 1 && a.group == 1 &&
         a.filter_zero == 0;
}

// w[o,c,0,t*s+i] -> w'[o,c*s+i,0,t], zeros behind the last tap.
Tensor folded_filter(const Tensor& w, int64_t s) {
  const Dims& d = w.dims();
  const int64_t rows = d[0] * d[1], taps = d[3], steps = ceil_div(taps, s);
  const std::vector<double> from = w.to_f64();
  std::vector<double> to(static_cast<size_t>(rows * s * steps));
  for (int64_t row = 0; row < rows; ++row)
    for (int64_t k = 0; k < taps; ++k)
      to[static_cast<size_t>((row * s + k % s) * steps + k / s)] = from[static_cast<size_t>(row * taps + k)];
  TensorType type = w.type;
  type.dims = {d[0], d[1] * s, 1, steps};
  Tensor out(type);
  out.assign_f64(to);
  return out;
}

// x's row with `size` elements, those that it lacks being the convolution's padding.
Value* row_of(Rewriter& rw, Value* x, int64_t size, int64_t pad_value) {
  const Dims& d = x->type.dims;
  if (d[3] > size) return rw.add<Slice>({x}, {{0, 0, 0, 0}, {1, 1, 1, 1}, {d[0], d[1], 1, size}});
  if (d[3] == size) return x;
  return rw.add<Pad>({x}, {.begin = {0, 0, 0, 0},
                           .end = {0, 0, 0, size - d[3]},
                           .mode = PadMode::Constant,
                           .value = static_cast<double>(pad_value)});
}

// tol: another order of summation; integers exactly.
Outcome fold_stride(const Match& m, const Op& root, Rewriter& rw) {
  Conv2d::Attrs a = root.attrs<Conv2d>();
  const Dims &x = m["x"]->type.dims, &w = m["w"]->type.dims;
  const int64_t s = a.strides[1];
  if (m["x"]->type.dtype == DType::F32) return rw.no_match("32-bit floats are summed channel by channel");
  if (!is_plain_row(a, x, w)) return rw.no_match("not a plain convolution of a row");
  if (x[1] > kFewChannels || s < kLeastStride) return rw.no_match("more than 4 channels, or a stride below 4");
  if (s > w[3]) return rw.no_match("the stride jumps over elements that no window reads");
  if (a.pads[1] % s != 0) return rw.no_match("the padding on the left is no multiple of the stride");
  const int64_t steps = ceil_div(w[3], s), columns = root.out(0)->type.dims[3] - 1 + steps - a.pads[1] / s;
  if (columns <= 0) return rw.no_match("the row is nothing but padding");
  Value* row = row_of(rw, m["x"], columns * s, a.pad_value);
  Value* strides = rw.add<Reshape>({row}, {.shape = {x[0], x[1], columns, s}});
  Value* turned = rw.add<Permute>({strides}, {.order = {0, 1, 3, 2}});
  std::vector<Value*> in = root.in();
  in[0] = rw.add<Reshape>({turned}, {.shape = {x[0], x[1] * s, 1, columns}});
  in[1] = rw.constant(folded_filter(rw.data(m["w"]), s));
  a.strides = {1, 1};
  a.pads = {0, a.pads[1] / s, 0, 0};
  return rw.replace_root(rw.add<Conv2d>(std::move(in), a));
}

}  // namespace

Rule fold_stride_into_channels() {
  return {
      "fold-stride-into-channels", "a convolution along rows of few channels takes its stride as channels",
      pat::op<Conv2d>(pat::any("x"), pat::constant("w"), pat::optional(pat::any("b")), pat::optional(pat::any("rq"))),
      fold_stride};
}

}  // namespace tpuc
