// Chunk addresses, and conversions between memory rows and plain arrays.
#include "backends/bm1684x/sim/element_loop.h"

#include <algorithm>

#include "tpuc/numerics/half.h"

namespace tpuc::bm1684x {

TensorView repeat_per_channel(TensorView view) {
  view.n = view.h = view.w = 1;
  view.ns = view.hs = view.ws = 0;
  return view;
}

ElementLoop::ElementLoop(const TiuContext& context, const TensorView& result, std::optional<TensorView> second_result)
    : context_(context), out_{result, std::move(second_result)}, height_(result.h), width_(result.w) {}

void ElementLoop::add(const Source& source) {
  sources_[source_count_++] = source;
  join_rows();
}

// Rows that follow each other in all operands become one; so do columns of width 1.
void ElementLoop::join_rows() {
  height_ = out_[0]->h;
  width_ = out_[0]->w;
  bool joined = true, column = out_[0]->w == 1;
  const auto look = [&](const TensorView& v) { joined = joined && v.hs == out_[0]->w * v.ws; };
  for (const auto& view : out_)
    if (view) look(*view);
  for (size_t k = 0; k < source_count_; ++k)
    if (sources_[k].view) look(*sources_[k].view);
  if (!joined && !column) return;
  width_ = height_ * width_;
  height_ = 1;
}

Chunk ElementLoop::chunk(uint64_t batch, uint64_t channel, uint64_t h, uint64_t w) const {
  const bool column = height_ == 1 && out_[0]->w == 1;  // then w counts rows
  const auto step = [&](const TensorView& v) { return (column ? v.hs : v.ws) * v.elem_bytes; };
  Chunk c;
  c.count = std::min<uint64_t>(kChunk, width_ - w);
  c.batch = batch;
  c.channel = channel;
  for (size_t k = 0; k < source_count_; ++k) {
    const Source& s = sources_[k];
    if (!s.view) {
      c.in[k] = {reinterpret_cast<const uint8_t*>(&s.constant), 0};
      continue;
    }
    const TensorView& v = *s.view;
    c.in[k] = {context_.src + v.at(batch, channel) + h * v.hs * v.elem_bytes + w * step(v), step(v)};
  }
  for (size_t k = 0; k < out_.size(); ++k) {
    if (!out_[k]) continue;
    const TensorView& v = *out_[k];
    c.out[k] = {context_.dst + v.at(batch, channel) + h * v.hs * v.elem_bytes + w * step(v), step(v)};
  }
  return c;
}

void load_bits(ConstRow row, Prec prec, size_t count, uint32_t* values) {
  switch (size_of(prec)) {
    case 1:
      load_row<uint8_t>(row, count, values);
      break;
    case 2:
      load_row<uint16_t>(row, count, values);
      break;
    default:
      load_row<uint32_t>(row, count, values);
      break;
  }
}

void load_ints(ConstRow row, Prec prec, bool is_signed, size_t count, int64_t* values) {
  switch (size_of(prec)) {
    case 1:
      is_signed ? load_row<int8_t>(row, count, values) : load_row<uint8_t>(row, count, values);
      break;
    case 2:
      is_signed ? load_row<int16_t>(row, count, values) : load_row<uint16_t>(row, count, values);
      break;
    default:
      is_signed ? load_row<int32_t>(row, count, values) : load_row<uint32_t>(row, count, values);
      break;
  }
}

void load_floats(ConstRow row, Prec prec, size_t count, float* values) {
  if (prec == Prec::F32) {
    load_row<float>(row, count, values);
    return;
  }
  std::array<uint16_t, kChunk> half;
  load_row<uint16_t>(row, count, half.data());
  prec == Prec::F16 ? f16_to_f32(half.data(), values, count) : bf16_to_f32(half.data(), values, count);
}

void store_bits(Row row, Prec prec, size_t count, const uint32_t* values) {
  switch (size_of(prec)) {
    case 1:
      store_row<uint8_t>(row, count, values);
      break;
    case 2:
      store_row<uint16_t>(row, count, values);
      break;
    default:
      store_row<uint32_t>(row, count, values);
      break;
  }
}

void store_ints(Row row, Prec prec, size_t count, const int64_t* values) {
  switch (size_of(prec)) {
    case 1:
      store_row<uint8_t>(row, count, values);
      break;
    case 2:
      store_row<uint16_t>(row, count, values);
      break;
    default:
      store_row<uint32_t>(row, count, values);
      break;
  }
}

void store_saturated(Row row, Prec prec, bool is_signed, size_t count, const int64_t* values) {
  std::array<int64_t, kChunk> clipped;
  const int bits = static_cast<int>(8 * size_of(prec));
  const int64_t low = lowest_of(bits, is_signed), high = highest_of(bits, is_signed);
  for (size_t k = 0; k < count; ++k) clipped[k] = std::clamp(values[k], low, high);
  store_ints(row, prec, count, clipped.data());
}

void store_floats(Row row, Prec prec, size_t count, const float* values) {
  if (prec == Prec::F32) {
    store_row<float>(row, count, values);
    return;
  }
  std::array<uint16_t, kChunk> half;
  prec == Prec::F16 ? f32_to_f16(values, half.data(), count) : f32_to_bf16(values, half.data(), count);
  store_row<uint16_t>(row, count, half.data());
}

void round_to(Prec prec, size_t count, float* values) {
  if (prec == Prec::F32) return;
  std::array<uint16_t, kChunk> half;
  if (prec == Prec::F16) {
    f32_to_f16(values, half.data(), count);
    f16_to_f32(half.data(), values, count);
  } else {
    f32_to_bf16(values, half.data(), count);
    bf16_to_f32(half.data(), values, count);
  }
}

}  // namespace tpuc::bm1684x
