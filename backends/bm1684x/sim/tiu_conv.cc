// CONV: input windows become columns of a matrix, 32 pixels at a time, and every output channel is a row of weights.
//   source: TIU.md section 4
#include <memory>

#include "backends/bm1684x/sim/dot.h"
#include "backends/bm1684x/sim/planes.h"
#include "backends/bm1684x/sim/window.h"
#include "tpuc/numerics/fixed_point.h"
#include "tpuc/numerics/half.h"
#include "tpuc/support/int_math.h"

namespace tpuc::bm1684x {
namespace {

constexpr size_t kRowsAtOnce = 64;     // output channels whose sums are kept at once
constexpr uint64_t kIntTerms = 16384;  // |x * (w - zero)| < 2^17: so many products stay inside int32

// T: float (fp32 and halves) or int32_t (int8).
template <class T>
class Convolution {
 public:
  Convolution(const TiuContext& context, const Conv& i)
      : context_(context), i_(i), geometry_(geometry_of(i)), map_(geometry_), window_(uint64_t{i.opd1_h} * i.opd1_w) {
    terms_ = i.opd0_c * window_;
  }
  void run();

 private:
  // Place of (input channel, tap) among the terms: halves go block by block of 32 channels, the others channel by
  // channel.
  uint64_t term(uint64_t c, uint64_t tap) const {
    if (!is_half(i_.opd0_prec)) return c * window_ + tap;
    const uint64_t first = c / kHalfBlock * kHalfBlock, block = std::min<uint64_t>(kHalfBlock, i_.opd0_c - first);
    return first * window_ + tap * block + (c - first);
  }
  void unpack_weights();
  void unpack_weight_row(uint64_t o, const std::vector<int32_t>& zero);
  void unpack_fill_values();
  void fill_columns(const T* planes, int64_t first, int64_t count, T* x) const;
  void block(uint64_t n, const T* planes, int64_t first, uint64_t row_begin, uint64_t row_end);
  void rows(const T* x, uint64_t n, int64_t first, int64_t count, uint64_t o, uint64_t row_count);

  const TiuContext& context_;
  const Conv& i_;
  WindowGeometry geometry_;
  WindowMap map_;
  uint64_t window_, terms_ = 0;
  std::vector<T> weights_, pad_, inserted_, bias_;
};

template <class T>
void Convolution<T>::unpack_fill_values() {
  const bool wrq = i_.eu != ConvOp::Normal;  // opd3 is the shift there, padding is 0
  const bool is_signed = i_.opd0_sign != 0;
  const auto& view = context_.views.d;
  pad_ = unpack_channels<T>(context_, view, wrq ? 0 : i_.opd3_addr, i_.opd0_prec, is_signed, i_.opd0_c, 0);
  inserted_ = unpack_channels<T>(context_, view, wrq ? 0 : i_.res1_addr, i_.opd0_prec, is_signed, i_.opd0_c, 1);
}

template <class T>
void Convolution<T>::unpack_weight_row(uint64_t o, const std::vector<int32_t>& zero) {
  const uint64_t block = i_.opd0_prec == Prec::I8 ? 64 : i_.opd0_prec == Prec::F32 ? 1 : 32, channels = i_.opd0_c;
  const bool is_signed = i_.opd1_sign != 0;
  T* row = weights_.data() + o * terms_;
  std::vector<T> stored(ceil_div(channels, block) * window_ * block);
  if (context_.views.b) {
    unpack_row(context_.src + context_.views.b->at(0, o), i_.opd0_prec, is_signed, 1, stored.size(), stored.data());
  } else {
    std::fill(stored.begin(), stored.end(), unpack_constant<T>(i_.opd1_addr, i_.opd0_prec, is_signed));
  }
  for (uint64_t c = 0; c < channels; ++c)
    for (uint64_t tap = 0; tap < window_; ++tap) {
      const uint64_t from = i_.kernel_rotate != 0 ? window_ - 1 - tap : tap;
      row[term(c, tap)] = stored[(c / block * window_ + from) * block + c % block];
    }
  if (zero.empty()) return;
  for (uint64_t k = 0; k < terms_; ++k) row[k] -= static_cast<T>(zero[o]);
}

template <class T>
void Convolution<T>::unpack_weights() {
  const auto& view = context_.views.c;
  std::vector<int32_t> zero;
  if constexpr (std::is_same_v<T, float>) {
    bias_ = unpack_channels<float>(context_, view, i_.opd2_addr, Prec::F32, true, i_.res0_c);
  } else if (i_.eu == ConvOp::Normal) {
    zero = unpack_channels<int32_t>(context_, view, i_.opd2_addr, Prec::I8, i_.opd2_sign != 0, i_.res0_c);
  } else {
    bias_ = unpack_channels<int32_t>(context_, view, i_.opd2_addr, Prec::I16, i_.opd2_sign != 0, i_.res0_c);
  }
  weights_.assign(i_.res0_c * terms_, T{});
  context_.parallel(
      i_.res0_c, [&](size_t o) { unpack_weight_row(o, zero); }, weights_.size());
}

// x[term][pixel] for 32 pixels; pixels past `count` are zero.
template <class T>
void Convolution<T>::fill_columns(const T* planes, int64_t first, int64_t count, T* x) const {
  const uint64_t plane = uint64_t{i_.opd0_h} * i_.opd0_w;
  if (count < static_cast<int64_t>(kDotColumns)) std::fill(x, x + terms_ * kDotColumns, T{});
  for (uint64_t c = 0; c < i_.opd0_c; ++c)
    for (uint64_t tap = 0; tap < window_; ++tap)
      map_.gather(planes + c * plane, pad_[c], inserted_[c], static_cast<int64_t>(tap / i_.opd1_w),
                  static_cast<int64_t>(tap % i_.opd1_w), first, count, x + term(c, tap) * kDotColumns);
}

template <>
void Convolution<float>::rows(const float* x, uint64_t n, int64_t first, int64_t count, uint64_t o,
                              uint64_t row_count) {
  const TensorView& res = *context_.views.res;
  const Prec out = i_.res0_prec;
  std::vector<float> even(row_count * kDotColumns), odd(row_count * kDotColumns);
  const bool half = is_half(i_.opd0_prec), adds = i_.res_add != 0;
  const auto offset = [&](uint64_t r) { return res.at(n, o + r) + static_cast<uint64_t>(first) * res.elem_bytes; };
  for (uint64_t r = 0; r < row_count; ++r) {
    float *a = even.data() + r * kDotColumns, *b = odd.data() + r * kDotColumns;
    std::fill(b, b + kDotColumns, bias_[o + r]);
    if (!adds && !half) continue;
    std::fill(a, a + kDotColumns, bias_[o + r]);
    if (adds) unpack_row(context_.src + offset(r), Prec::F32, true, 1, static_cast<uint64_t>(count), b);
    if (half && adds)
      for (int64_t p = 0; p < count; ++p) a[p] += b[p];
  }
  const DotShape shape{row_count, terms_, terms_};
  const float* w = weights_.data() + o * terms_;
  half ? dot_half_blocks(shape, window_, x, w, even.data()) : dot_kernels().f32(shape, x, w, even.data(), odd.data());
  for (uint64_t r = 0; r < row_count; ++r) {
    float* a = even.data() + r * kDotColumns;
    if (!half)
      for (size_t p = 0; p < kDotColumns; ++p) a[p] += odd[r * kDotColumns + p];
    uint8_t* to = context_.dst + offset(r);
    if (out == Prec::F32) {
      std::memcpy(to, a, static_cast<size_t>(count) * 4);
    } else {
      uint16_t packed[kDotColumns];
      out == Prec::F16 ? f32_to_f16(a, packed, kDotColumns) : f32_to_bf16(a, packed, kDotColumns);
      std::memcpy(to, packed, static_cast<size_t>(count) * 2);
    }
  }
}

template <>
void Convolution<int32_t>::rows(const int32_t* x, uint64_t n, int64_t first, int64_t count, uint64_t o,
                                uint64_t row_count) {
  const TensorView& res = *context_.views.res;
  std::vector<int64_t> sum(row_count * kDotColumns);
  std::vector<int32_t> part(row_count * kDotColumns);
  for (uint64_t k = 0; k < terms_; k += kIntTerms) {
    std::fill(part.begin(), part.end(), 0);
    dot_kernels().i32({row_count, std::min(kIntTerms, terms_ - k), terms_}, x + k * kDotColumns,
                      weights_.data() + o * terms_ + k, part.data());
    for (size_t p = 0; p < sum.size(); ++p) sum[p] += part[p];
  }
  const int bits = static_cast<int>(8 * res.elem_bytes), shift = static_cast<int>(i_.opd3_addr & 31);
  const bool normal = i_.eu == ConvOp::Normal;
  bool is_signed = (i_.opd0_sign | i_.opd1_sign | i_.opd2_sign) != 0 || (normal && i_.opd2_addr != 0);
  if (i_.eu == ConvOp::WrqRelu) is_signed = false;
  for (uint64_t r = 0; r < row_count; ++r)
    for (int64_t p = 0; p < count; ++p) {
      int64_t v = sum[r * kDotColumns + static_cast<size_t>(p)];
      const uint64_t at = res.at(n, o + r) + static_cast<uint64_t>(first + p) * res.elem_bytes;
      if (!normal) v = shift_right_round(v + bias_[o + r], shift, Round::NearestUp);
      if (normal && i_.res_add != 0) {
        v += load<int32_t>(context_.src + at);  // wraps
      } else {
        v = saturate(v, bits, is_signed);  // for wrqrelu this is the relu too
      }
      std::memcpy(context_.dst + at, &v, res.elem_bytes);
    }
}

template <class T>
void Convolution<T>::block(uint64_t n, const T* planes, int64_t first, uint64_t row_begin, uint64_t row_end) {
  const int64_t count = std::min<int64_t>(kDotColumns, geometry_.oh * geometry_.ow - first);
  const auto x = std::make_unique_for_overwrite<T[]>(terms_ * kDotColumns);
  fill_columns(planes, first, count, x.get());
  for (uint64_t o = row_begin; o < row_end; o += kRowsAtOnce)
    rows(x.get(), n, first, count, o, std::min<uint64_t>(kRowsAtOnce, row_end - o));
}

template <class T>
void Convolution<T>::run() {
  const uint64_t channels = i_.opd0_c, plane = uint64_t{i_.opd0_h} * i_.opd0_w;
  const auto pixels = static_cast<uint64_t>(geometry_.oh * geometry_.ow);
  const double products = static_cast<double>(pixels) * i_.res0_n * i_.res0_c * static_cast<double>(terms_);
  unpack_weights();
  unpack_fill_values();
  // Few pixels: cut the output channels too, so that all threads have work.
  const uint64_t blocks = ceil_div<uint64_t>(pixels, kDotColumns), wanted = 4 * context_.pool.size();
  const uint64_t cuts = std::min<uint64_t>(ceil_div(wanted, blocks), ceil_div<uint64_t>(i_.res0_c, kRowsAtOnce));
  const uint64_t rows_per_cut = align_up<uint64_t>(ceil_div<uint64_t>(i_.res0_c, cuts), 8);
  std::vector<T> planes(channels * plane);
  for (uint64_t n = 0; n < i_.res0_n; ++n) {
    const auto unpack = [&](size_t c) {
      unpack_plane(context_.src, *context_.views.a, i_.opd0_prec, i_.opd0_sign != 0, n, c, planes.data() + c * plane);
    };
    context_.parallel(channels, unpack, planes.size());
    const auto part = [&](size_t k) {
      const uint64_t begin = k % cuts * rows_per_cut, end = std::min<uint64_t>(begin + rows_per_cut, i_.res0_c);
      if (begin < end) block(n, planes.data(), static_cast<int64_t>(k / cuts * kDotColumns), begin, end);
    };
    context_.parallel(blocks * cuts, part, static_cast<uint64_t>(products));
  }
}

}  // namespace

void exec(const TiuContext& context, const Conv& i) {
  const uint64_t terms = uint64_t{i.opd1_h} * i.opd1_w * i.opd0_c, pixels = uint64_t{i.res0_h} * i.res0_w;
  check_work(context, {uint64_t{i.opd0_c} * i.opd0_h * i.opd0_w, i.res0_c * terms, uint64_t{i.opd1_w} * i.res0_w},
             static_cast<double>(pixels * i.res0_n) * i.res0_c * static_cast<double>(terms));
  if (is_float(i.opd0_prec)) {
    Convolution<float>(context, i).run();
  } else {
    Convolution<int32_t>(context, i).run();
  }
}

}  // namespace tpuc::bm1684x
