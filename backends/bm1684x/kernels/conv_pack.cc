// Packing of constant filters at compile time.   source: TIU.md sections 4 and 5, COOKBOOK.md section 1
#include "backends/bm1684x/kernels/conv_pack.h"

#include <algorithm>
#include <cstring>

#include "backends/bm1684x/local_tensor.h"
#include "tpuc/numerics/half.h"

namespace tpuc::bm1684x {

namespace {

int64_t rows_of(int64_t channels) { return ceil_div(channels, kLanes); }

template <class T>
T convert(float x, Prec p) {
  if constexpr (sizeof(T) == 4) {
    return x;
  } else {
    return p == Prec::F16 ? f32_to_f16(x) : f32_to_bf16(x);
  }
}

// One output channel: src [ic][taps] -> dst [ceil(ic / q)][taps][q]; the tail of the last block stays zero.
template <class T>
void pack_channel(const ConvImage& im, const Tensor& filter, int64_t channel, T* dst) {
  const int64_t q = im.block(), base = channel * im.in_channels * im.taps;
  const bool same = sizeof(T) == static_cast<size_t>(size_bytes(filter.dtype())) && prec_of(filter.dtype()) == im.prec;
  const T* raw = same ? filter.as<T>().data() + base : nullptr;
  for (int64_t i = 0; i < im.in_channels; ++i)
    for (int64_t k = 0; k < im.taps; ++k)
      dst[((i / q) * im.taps + k) * q + i % q] =
          same ? raw[i * im.taps + k] : convert<T>(float_at(filter, base + i * im.taps + k), im.prec);
}

void put_bias(std::byte* lane_base, int64_t row, const Tensor* opt_bias, int64_t channel) {
  if (opt_bias == nullptr) return;
  const float b = float_at(*opt_bias, channel);
  std::memcpy(lane_base + row * 4, &b, 4);
}

}  // namespace

float float_at(const Tensor& t, int64_t i) {
  const auto k = static_cast<size_t>(i);
  switch (t.dtype()) {
    case DType::F32:
      return t.as<float>()[k];
    case DType::F16:
      return f16_to_f32(t.as<uint16_t>()[k]);
    case DType::BF16:
      return bf16_to_f32(t.as<uint16_t>()[k]);
    default:
      break;
  }
  TPUC_CHECK(false, "a filter of {}", to_string(t.dtype()));
  return 0;
}

int64_t ConvImage::rows() const { return rows_of(out_channels); }
int64_t ConvImage::lanes() const { return std::min(out_channels, kLanes); }
int64_t ConvImage::block() const { return prec == Prec::F32 ? 1 : kEuBytes / size_of(prec); }
int64_t ConvImage::filter_bytes() const { return align_up(in_channels, block()) * taps * size_of(prec); }
int64_t ConvImage::bias_bytes() const { return has_bias ? align64(rows() * 4) : 0; }
int64_t ConvImage::lane_bytes() const { return bias_bytes() + align_up(rows() * filter_bytes(), int64_t{4}); }

std::vector<std::byte> pack_conv(const ConvImage& im, const Tensor& filter, const Tensor* opt_bias, int64_t first) {
  std::vector<std::byte> bytes(static_cast<size_t>(im.lanes() * im.lane_bytes()));
  for (int64_t o = 0; o < im.out_channels; ++o) {
    std::byte* lane = bytes.data() + o % kLanes * im.lane_bytes();
    put_bias(lane, o / kLanes, opt_bias, first + o);
    std::byte* dst = lane + im.bias_bytes() + o / kLanes * im.filter_bytes();
    if (im.prec == Prec::F32)
      pack_channel(im, filter, first + o, reinterpret_cast<float*>(dst));
    else
      pack_channel(im, filter, first + o, reinterpret_cast<uint16_t*>(dst));
  }
  return bytes;
}

int64_t depthwise_lane_bytes(int64_t channels, int64_t taps, bool has_bias) {
  return (has_bias ? align64(rows_of(channels) * 4) : 0) + rows_of(channels) * taps * 4;
}

std::vector<std::byte> pack_depthwise(int64_t channels, int64_t taps, const Tensor& filter, const Tensor* opt_bias,
                                      int64_t first) {
  const int64_t lanes = std::min(channels, kLanes),
                lane_bytes = depthwise_lane_bytes(channels, taps, opt_bias != nullptr);
  const int64_t bias_bytes = lane_bytes - rows_of(channels) * taps * 4;
  std::vector<std::byte> bytes(static_cast<size_t>(lanes * lane_bytes));
  for (int64_t c = 0; c < channels; ++c) {
    std::byte* lane = bytes.data() + c % kLanes * lane_bytes;
    put_bias(lane, c / kLanes, opt_bias, first + c);
    for (int64_t k = 0; k < taps; ++k) {
      const float x = float_at(filter, (first + c) * taps + k);
      std::memcpy(lane + bias_bytes + (c / kLanes * taps + k) * 4, &x, 4);
    }
  }
  return bytes;
}

}  // namespace tpuc::bm1684x
