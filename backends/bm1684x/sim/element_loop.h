// Walks the elements of element-wise commands in chunks of one channel: kernels see short rows with a step, never
// strides, lanes or constants.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "backends/bm1684x/sim/tiu_context.h"

namespace tpuc::bm1684x {

inline constexpr size_t kChunk = 256;
inline constexpr size_t kMaxSources = 4;

// An operand: a view, or a constant whose bits are repeated.
struct Source {
  std::optional<TensorView> view;
  uint32_t constant = 0;
};

// Elements lie `step` bytes apart; 0 repeats one.
struct ConstRow {
  const uint8_t* p = nullptr;
  size_t step = 0;
};
struct Row {
  uint8_t* p = nullptr;
  size_t step = 0;
};
struct Chunk {
  std::array<ConstRow, kMaxSources> in;
  std::array<Row, 2> out;
  size_t count = 0;  // at most kChunk
  uint64_t batch = 0, channel = 0;
};

// A view with one value (or row of parameters) per channel, repeated over batch, height and width.
TensorView repeat_per_channel(TensorView view);

class ElementLoop {
 public:
  ElementLoop(const TiuContext& context, const TensorView& result, std::optional<TensorView> second_result = {});
  void add(const Source& source);  // in the order of Chunk::in

  // fn(const Chunk&) for all elements; lanes in parallel, so that even overlapping results are written in order.
  template <class Fn>
  void run(Fn&& fn) const {
    const TensorView& out = *out_[0];
    const auto lane = [&](size_t first) {
      for (uint64_t n = 0; n < out.n; ++n)
        for (uint64_t c = first; c < out.c; c += kLaneCount)
          for (uint64_t h = 0; h < height_; ++h)
            for (uint64_t w = 0; w < width_; w += kChunk) fn(chunk(n, c, h, w));
    };
    context_.parallel(std::min<uint64_t>(out.c, kLaneCount), lane, out.n * out.c * out.h * out.w);
  }

 private:
  Chunk chunk(uint64_t batch, uint64_t channel, uint64_t h, uint64_t w) const;
  void join_rows();

  const TiuContext& context_;
  std::array<std::optional<TensorView>, 2> out_;
  std::array<Source, kMaxSources> sources_;
  size_t source_count_ = 0;
  uint64_t height_, width_;
};

// Chunk <-> plain arrays.
template <class T, class V>
void load_row(ConstRow row, size_t count, V* values) {
  if (row.step == sizeof(T)) {
#pragma omp simd
    for (size_t k = 0; k < count; ++k) values[k] = static_cast<V>(load<T>(row.p + k * sizeof(T)));
  } else if (row.step == 0) {
    const V v = static_cast<V>(load<T>(row.p));
    for (size_t k = 0; k < count; ++k) values[k] = v;
  } else {
    for (size_t k = 0; k < count; ++k) values[k] = static_cast<V>(load<T>(row.p + k * row.step));
  }
}
template <class T, class V>
void store_row(Row row, size_t count, const V* values) {
  if (row.step == sizeof(T)) {
#pragma omp simd
    for (size_t k = 0; k < count; ++k) store(row.p + k * sizeof(T), static_cast<T>(values[k]));
  } else {
    for (size_t k = 0; k < count; ++k) store(row.p + k * row.step, static_cast<T>(values[k]));
  }
}

// By element type: raw bits, integers by sign, floats; and back. Integer stores keep the low bits.
void load_bits(ConstRow row, Prec prec, size_t count, uint32_t* values);
void load_ints(ConstRow row, Prec prec, bool is_signed, size_t count, int64_t* values);
void load_floats(ConstRow row, Prec prec, size_t count, float* values);
void store_bits(Row row, Prec prec, size_t count, const uint32_t* values);
void store_ints(Row row, Prec prec, size_t count, const int64_t* values);
void store_saturated(Row row, Prec prec, bool is_signed, size_t count, const int64_t* values);
void store_floats(Row row, Prec prec, size_t count, const float* values);
// Rounds to the type and back: what a half-precision step leaves.
void round_to(Prec prec, size_t count, float* values);

}  // namespace tpuc::bm1684x
