// Packing of constant filters at compile time.   source: TIU.md sections 4 and 5, COOKBOOK.md section 1
#include "backends/bm1684x/kernels/conv_pack.h"

#include <algorithm>
#include <cstring>
#include <span>

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/local_tensor.h"
#include "tpuc/numerics/half.h"

namespace tpuc::bm1684x {

namespace {

constexpr int64_t kPairBytes = 8;  // a scale and an offset

int64_t rows_of(int64_t channels) { return ceil_div(channels, kLanes); }

template <class T>
T convert(float x, Prec p) {
  if constexpr (sizeof(T) != 2) {
    return static_cast<T>(x);
  } else {
    return p == Prec::F16 ? f32_to_f16(x) : f32_to_bf16(x);
  }
}

// Input channels that are packed for all outputs before the next ones: where neighbouring outputs lie side by side in
// the filter, a line of the cache is then read once.
constexpr int64_t kTogether = 64;

// Filters into an image; the tail of the last block of each row stays zero.
template <class T>
class FilterPacker {
 public:
  FilterPacker(const FilterLayout& f, const FilterSource& src)
      : f_(&f), src_(&src), block_(f.block()), block_stride_(f.block_stride()), tap_stride_(f.tap_stride()) {
    const Tensor& w = *src.filter;
    if (sizeof(T) == static_cast<size_t>(size_bytes(w.dtype())) && prec_of(w.dtype()) == f.prec)
      raw_ = reinterpret_cast<const T*>(w.bytes().data());
    in_stride_ = src.is_oihw ? f.taps : src.out_per_group * f.taps;
  }

  // Input channels [begin, end) of one output channel.
  void pack(int64_t channel, int64_t begin, int64_t end, T* lane_filters) const {
    const int64_t out = src_->first_out + channel, own = src_->own_input(out, src_->first_in);
    begin = std::max(begin, -own);
    end = std::min(end, src_->in_per_group - own);
    if (begin >= end) return;
    const int64_t first = src_->at(out, 0, 0, f_->taps);
    T* to = lane_filters + channel / kLanes * f_->row_stride() + begin / block_ * block_stride_ + begin % block_;
    int64_t left = block_ - begin % block_;  // of the block
    for (int64_t i = begin; i < end; ++i) {
      put(src_->folded_rows > 0 ? src_->at(out, own + i, 0, f_->taps) : first + (own + i) * in_stride_, to);
      ++to;
      if (--left > 0) continue;
      to += block_stride_ - block_;
      left = block_;
    }
  }

 private:
  void put(int64_t from, T* to) const {
    for (int64_t k = 0; k < f_->taps; ++k)
      to[k * tap_stride_] = raw_ != nullptr ? raw_[from + k] : convert<T>(float_at(*src_->filter, from + k), f_->prec);
  }

  const FilterLayout* f_;
  const FilterSource* src_;
  int64_t block_, block_stride_, tap_stride_, in_stride_ = 1;
  const T* raw_ = nullptr;  // the filter, where it needs no conversion
};

template <class T>
void pack_filters(const ConvImage& im, const FilterSource& source, std::span<std::byte> bytes) {
  const FilterPacker<T> packer(im.filters, source);
  const int64_t lane_bytes = im.lane_bytes(), skip = im.parameters().lane_bytes();
  for (int64_t i = 0; i < im.filters.in_channels; i += kTogether)
    for (int64_t o = 0; o < im.filters.out_channels; ++o)
      packer.pack(o, i, std::min(im.filters.in_channels, i + kTogether),
                  reinterpret_cast<T*>(bytes.data() + o % kLanes * lane_bytes + skip));
}

void put_bias(std::byte* at, const Tensor& bias, int64_t channel) {
  if (bias.dtype() == DType::I32) {
    std::memcpy(at, &bias.as<int32_t>()[static_cast<size_t>(channel)], 4);
  } else {
    const float b = float_at(bias, channel);
    std::memcpy(at, &b, 4);
  }
}

void put_parameters(const ChannelParameters& p, const FilterSource& src, int64_t channel, std::byte* lane) {
  const int64_t row = channel / kLanes;
  if (p.has_bias) put_bias(lane + row * 4, *src.opt_bias, src.first_out + channel);
  if (!p.has_rq) return;
  const auto rq = src.opt_rq->as<float>();
  const size_t columns = rq.size() / 2, c = columns == 1 ? 0 : static_cast<size_t>(src.first_out + channel);
  const float pair[2] = {rq[c], rq[columns + c]};
  std::memcpy(lane + p.bias_bytes() + row * kPairBytes, pair, sizeof(pair));
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

int64_t FilterLayout::rows() const { return rows_of(out_channels); }
int64_t FilterLayout::block() const { return prec == Prec::F32 ? 1 : kEuBytes / size_of(prec); }
int64_t FilterLayout::row_stride() const { return align_up(in_channels, block()) * (by_tap ? 1 : taps); }
int64_t FilterLayout::tap_stride() const { return by_tap ? rows() * row_stride() : block(); }
int64_t FilterLayout::block_stride() const { return by_tap ? block() : taps * block(); }
int64_t FilterLayout::lane_bytes() const { return rows() * align_up(in_channels, block()) * taps * size_of(prec); }

int64_t FilterSource::at(int64_t out, int64_t in, int64_t tap, int64_t taps) const {
  if (folded_rows > 0) {
    const int64_t channels = in_per_group / folded_rows;
    return ((out * channels + in % channels) * folded_rows + in / channels) * taps + tap;
  }
  if (is_oihw) return (out * in_per_group + in) * taps + tap;
  return ((out / out_per_group * in_per_group + in) * out_per_group + out % out_per_group) * taps + tap;
}

int64_t ChannelParameters::rows() const { return rows_of(channels); }
int64_t ChannelParameters::bias_bytes() const { return has_bias ? align64(rows() * 4) : 0; }
int64_t ChannelParameters::lane_bytes() const { return bias_bytes() + (has_rq ? align64(rows() * kPairBytes) : 0); }
int64_t ChannelParameters::spread_bytes() const { return has_rq && rows() > 1 ? rows() * kRequantRowBytes : 0; }

int64_t ConvImage::lanes() const { return std::min(filters.out_channels, kLanes); }
int64_t ConvImage::lane_bytes() const {
  return parameters().lane_bytes() + (has_filters ? align_up(filters.lane_bytes(), int64_t{4}) : 0);
}

std::vector<std::byte> pack_conv(const ConvImage& im, const FilterSource& source) {
  std::vector<std::byte> bytes(static_cast<size_t>(im.lanes() * im.lane_bytes()));
  for (int64_t o = 0; o < im.filters.out_channels; ++o)
    put_parameters(im.parameters(), source, o, bytes.data() + o % kLanes * im.lane_bytes());
  if (!im.has_filters) return bytes;
  if (im.filters.prec == Prec::F32)
    pack_filters<float>(im, source, bytes);
  else if (im.filters.prec == Prec::I8)
    pack_filters<uint8_t>(im, source, bytes);
  else
    pack_filters<uint16_t>(im, source, bytes);
  return bytes;
}

int64_t DepthwiseImage::lanes() const { return std::min(channels, kLanes); }
int64_t DepthwiseImage::lane_bytes() const {
  const int64_t filters = has_filters ? align_up(rows_of(channels) * taps * size_of(prec), int64_t{4}) : 0;
  return parameters().lane_bytes() + filters;
}

std::vector<std::byte> pack_depthwise(const DepthwiseImage& im, const FilterSource& source) {
  std::vector<std::byte> bytes(static_cast<size_t>(im.lanes() * im.lane_bytes()));
  for (int64_t c = 0; c < im.channels; ++c) {
    std::byte* lane = bytes.data() + c % kLanes * im.lane_bytes();
    put_parameters(im.parameters(), source, c, lane);
    if (!im.has_filters) continue;
    std::byte* row = lane + im.parameters().lane_bytes() + c / kLanes * im.taps * size_of(im.prec);
    const int64_t from = (source.first_out + c) * im.taps;
    if (im.prec == Prec::I8) {
      std::memcpy(row, source.filter->bytes().data() + from, static_cast<size_t>(im.taps));
      continue;
    }
    for (int64_t k = 0; k < im.taps; ++k) {
      const float x = float_at(*source.filter, from + k);
      std::memcpy(row + k * 4, &x, 4);
    }
  }
  return bytes;
}

}  // namespace tpuc::bm1684x
