// PorD: depthwise convolution, average and max pooling, one channel at a time. ByteRegion pooling is in tiu_roi.cc.
//   source: TIU.md section 5
#include "backends/bm1684x/sim/tiu_pool.h"

#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "backends/bm1684x/sim/element_ops.h"
#include "backends/bm1684x/sim/planes.h"
#include "backends/bm1684x/sim/window.h"
#include "tpuc/numerics/fixed_point.h"

namespace tpuc::bm1684x {
namespace {

using Floats = std::array<float, kChunk>;
using Ints = std::array<int32_t, kChunk>;

constexpr uint32_t kMaxAverageShift = 62;  // everything is shifted out long before

bool is_depthwise(const Pord& i) { return i.eu == PordOp::Depthwise || i.eu == PordOp::DepthwiseRelu; }

// What one channel needs, unpacked. T: float or int32_t.
template <class T>
struct Channel {
  std::vector<T> plane;
  std::vector<int32_t> bits;  // float max pooling copies bits
  std::vector<T> weights;     // by tap; one value for average
  T pad{}, inserted{}, bias{};
  int32_t pad_bits = 0, inserted_bits = 0;
};

class Pooling {
 public:
  Pooling(const TiuContext& context, const Pord& i)
      : context_(context), i_(i), geometry_(geometry_of(i)), map_(geometry_), window_(geometry_.kh * geometry_.kw) {}
  void run() const;

 private:
  template <class T>
  Channel<T> unpack(uint64_t n, uint64_t c) const;
  template <class T>
  void gather(const Channel<T>& ch, int64_t tap, int64_t first, int64_t count, T* out) const {
    map_.gather(ch.plane.data(), ch.pad, ch.inserted, tap / geometry_.kw, tap % geometry_.kw, first, count, out);
  }
  void float_sum(const Channel<float>& ch, int64_t first, Row out, size_t count) const;
  void float_max(const Channel<float>& ch, int64_t first, Row out, size_t count) const;
  void int_sum(const Channel<int32_t>& ch, int64_t first, Row out, size_t count) const;
  void int_max(const Channel<int32_t>& ch, int64_t first, Row out, size_t count) const;
  void block(const Channel<float>& ch, int64_t first, Row out, size_t count) const {
    i_.eu == PordOp::Max ? float_max(ch, first, out, count) : float_sum(ch, first, out, count);
  }
  void block(const Channel<int32_t>& ch, int64_t first, Row out, size_t count) const {
    i_.eu == PordOp::Max ? int_max(ch, first, out, count) : int_sum(ch, first, out, count);
  }
  template <class T>
  void channel(uint64_t n, uint64_t c) const;

  const TiuContext& context_;
  const Pord& i_;
  WindowGeometry geometry_;
  WindowMap map_;
  int64_t window_;
};

template <class T>
Channel<T> Pooling::unpack(uint64_t n, uint64_t c) const {
  const OperandViews& v = context_.views;
  const Prec p = i_.opd0_prec;
  const bool is_signed = i_.opd0_sign != 0;
  Channel<T> ch;
  ch.plane.resize(v.a->h * v.a->w);
  unpack_plane(context_.src, *v.a, p, is_signed, n, c, ch.plane.data());
  const uint8_t* fill = v.d ? context_.src + v.d->at(0, c) : nullptr;
  const auto fill_value = [&]<class V>(uint32_t word, uint32_t constant, Prec as, V& to) {
    to = unpack_constant<V>(constant, as, is_signed);
    if (fill != nullptr) unpack_row(fill + word * size_of(p), as, is_signed, 0, 1, &to);
  };
  fill_value(0, i_.opd3_addr, p, ch.pad);
  fill_value(1, i_.res1_addr, p, ch.inserted);
  if (i_.eu == PordOp::Max && is_float(p)) {
    const Prec raw = p == Prec::F32 ? Prec::I32 : Prec::I16;
    ch.bits.resize(ch.plane.size());
    unpack_plane(context_.src, *v.a, raw, false, n, c, ch.bits.data());
    fill_value(0, i_.opd3_addr, raw, ch.pad_bits);
    fill_value(1, i_.res1_addr, raw, ch.inserted_bits);
  }
  if (i_.eu == PordOp::Max) return ch;
  // The average's factor is unsigned; a depthwise weight has its own sign.
  ch.weights.assign(is_depthwise(i_) ? static_cast<size_t>(window_) : 1,
                    unpack_constant<T>(i_.opd1_addr, p, is_depthwise(i_) && i_.opd1_sign != 0));
  if (v.b) unpack_row(context_.src + v.b->at(0, c), p, i_.opd1_sign != 0, 1, ch.weights.size(), ch.weights.data());
  if (i_.kernel_rotate != 0) std::reverse(ch.weights.begin(), ch.weights.end());
  if (!is_depthwise(i_)) return ch;
  const Prec bias = p == Prec::I8 ? Prec::I32 : p;
  ch.bias = unpack_constant<T>(i_.opd2_addr, bias, true);
  if (v.c) unpack_row(context_.src + v.c->at(0, c), bias, true, 0, 1, &ch.bias);
  return ch;
}

// Two sums, of the even and the odd taps; every product and sum is rounded to the element type.
void Pooling::float_sum(const Channel<float>& ch, int64_t first, Row out, size_t count) const {
  std::array<Floats, 2> sum;
  Floats x, w;
  sum[0].fill(0);
  sum[1].fill(ch.bias);
  for (int64_t tap = 0; tap < window_; ++tap) {
    Floats& to = sum[static_cast<size_t>(tap & 1)];
    gather(ch, tap, first, static_cast<int64_t>(count), x.data());
    w.fill(ch.weights[ch.weights.size() == 1 ? 0 : static_cast<size_t>(tap)]);
    float_rows(FloatOp::Mul, x.data(), w.data(), x.data(), count);
    round_to(i_.opd0_prec, count, x.data());
    float_rows(FloatOp::Add, to.data(), x.data(), to.data(), count);
    round_to(i_.opd0_prec, count, to.data());
  }
  float_rows(FloatOp::Add, sum[0].data(), sum[1].data(), x.data(), count);
  store_floats(out, i_.res0_prec, count, x.data());
}

void Pooling::float_max(const Channel<float>& ch, int64_t first, Row out, size_t count) const {
  Floats best, x;
  std::array<int32_t, kChunk> best_bits, bits;
  for (int64_t tap = 0; tap < window_; ++tap) {
    gather(ch, tap, first, static_cast<int64_t>(count), x.data());
    map_.gather(ch.bits.data(), ch.pad_bits, ch.inserted_bits, tap / geometry_.kw, tap % geometry_.kw, first,
                static_cast<int64_t>(count), bits.data());
    if (tap == 0) {
      best = x;
      best_bits = bits;
      continue;
    }
#pragma omp simd
    for (size_t k = 0; k < count; ++k) {  // the first of equals stays; masks instead of branches become vector code
      const int32_t better = x[k] > best[k] ? -1 : 0;
      const int32_t value = std::bit_cast<int32_t>(x[k]), old = std::bit_cast<int32_t>(best[k]);
      best[k] = std::bit_cast<float>((value & better) | (old & ~better));
      best_bits[k] = (bits[k] & better) | (best_bits[k] & ~better);
    }
  }
  std::array<uint32_t, kChunk> raw;
  for (size_t k = 0; k < count; ++k) raw[k] = static_cast<uint32_t>(best_bits[k]);
  store_bits(out, i_.res0_prec, count, raw.data());
}

void Pooling::int_sum(const Channel<int32_t>& ch, int64_t first, Row out, size_t count) const {
  std::array<int64_t, kChunk> sum;
  Ints x;
  sum.fill(ch.bias);
  for (int64_t tap = 0; tap < window_; ++tap) {
    const int64_t w = is_depthwise(i_) ? ch.weights[static_cast<size_t>(tap)] : 1;
    gather(ch, tap, first, static_cast<int64_t>(count), x.data());
#pragma omp simd
    for (size_t k = 0; k < count; ++k) sum[k] += x[k] * w;
  }
  bool is_signed = i_.opd0_sign != 0;
  if (is_depthwise(i_)) {
    is_signed = (i_.opd0_sign | i_.opd1_sign | i_.opd2_sign) != 0;
    const int shift = static_cast<int>(i_.res1_addr >> 8 & 0xff);
    for (size_t k = 0; k < count; ++k) {  // the sum wraps at 32 bits
      const int64_t v = is_signed ? static_cast<int32_t>(sum[k]) : static_cast<int64_t>(sum[k] & 0xffffffff);
      sum[k] = shift_right_round(v, shift, static_cast<Round>(i_.opd2_n_str));
    }
    if (i_.eu == PordOp::DepthwiseRelu) is_signed = false;  // saturation at 0 is the relu
  } else {
    // An average is shifted right as well, ties upward whatever the rounding mode (found on the functional model).
    const int shift = static_cast<int>(std::min<uint32_t>(i_.opd2_addr, kMaxAverageShift));
    for (size_t k = 0; k < count; ++k) sum[k] = shift_right_round(sum[k] * ch.weights[0], shift, Round::NearestUp);
  }
  store_saturated(out, i_.res0_prec, is_signed, count, sum.data());
}

void Pooling::int_max(const Channel<int32_t>& ch, int64_t first, Row out, size_t count) const {
  Ints best, x;
  gather(ch, 0, first, static_cast<int64_t>(count), best.data());
  for (int64_t tap = 1; tap < window_; ++tap) {
    gather(ch, tap, first, static_cast<int64_t>(count), x.data());
#pragma omp simd
    for (size_t k = 0; k < count; ++k) best[k] = best[k] > x[k] ? best[k] : x[k];
  }
  store_row<uint8_t>(out, count, best.data());
}

template <class T>
void Pooling::channel(uint64_t n, uint64_t c) const {
  const Channel<T> ch = unpack<T>(n, c);
  const TensorView& res = *context_.views.res;
  const int64_t pixels = geometry_.oh * geometry_.ow;
  for (int64_t first = 0; first < pixels; first += kChunk) {
    uint8_t* to = context_.dst + res.at(n, c) + static_cast<uint64_t>(first) * res.elem_bytes;
    block(ch, first, {to, res.elem_bytes}, static_cast<size_t>(std::min<int64_t>(kChunk, pixels - first)));
  }
}

void Pooling::run() const {
  const TensorView& res = *context_.views.res;
  const auto one = [&](size_t k) {
    is_float(i_.opd0_prec) ? channel<float>(k / res.c, k % res.c) : channel<int32_t>(k / res.c, k % res.c);
  };
  context_.parallel(res.n * res.c, one, res.n * res.c * res.h * res.w * static_cast<uint64_t>(window_));
}

}  // namespace

void exec(const TiuContext& context, const Pord& i) {
  if (i.eu == PordOp::RoiDepthwise || i.eu == PordOp::RoiAverage || i.eu == PordOp::RoiMax)
    return pool_regions(context, i);
  const double results = static_cast<double>(i.res0_n) * i.res0_c * i.res0_h * i.res0_w;
  check_work(context, {uint64_t{i.opd0_h} * i.opd0_w, uint64_t{i.opd1_h} * i.opd1_w, uint64_t{i.opd1_w} * i.res0_w},
             results * i.opd1_h * i.opd1_w);
  Pooling(context, i).run();
}

}  // namespace tpuc::bm1684x
