// Operands of windows and matrix products, unpacked from their lanes: dense floats (halves widened) or int32.
#pragma once

#include <initializer_list>
#include <vector>

#include "backends/bm1684x/sim/tiu_context.h"

namespace tpuc::bm1684x {

// Hostile commands repeat one byte millions of times through stride 0 or constants; no real operand has more elements.
inline constexpr uint64_t kMaxOperandElements = uint64_t{1} << 26;
inline constexpr uint64_t kMaxProducts = uint64_t{1} << 40;
// Traps when an operand (its elements) or the number of products is beyond what local memory can feed.
void check_work(const TiuContext& context, std::initializer_list<uint64_t> operands, double products);

// `count` elements from `p` on, `step` elements apart. T: float or int32_t.
template <class T>
void unpack_row(const uint8_t* p, Prec prec, bool is_signed, uint64_t step, uint64_t count, T* out);
template <>
void unpack_row(const uint8_t* p, Prec prec, bool is_signed, uint64_t step, uint64_t count, float* out);
template <>
void unpack_row(const uint8_t* p, Prec prec, bool is_signed, uint64_t step, uint64_t count, int32_t* out);

// Channel (n, c) of a view as [h*w].
template <class T>
void unpack_plane(const uint8_t* memory, const TensorView& v, Prec prec, bool is_signed, uint64_t n, uint64_t c,
                  T* out) {
  const uint8_t* p = memory + v.at(n, c);
  if (v.hs == v.w * v.ws) return unpack_row(p, prec, is_signed, v.ws, v.h * v.w, out);
  for (uint64_t h = 0; h < v.h; ++h) unpack_row(p + h * v.hs * v.elem_bytes, prec, is_signed, v.ws, v.w, out + h * v.w);
}

// One constant operand, from the low bits of an address field.
template <class T>
T unpack_constant(uint32_t bits, Prec prec, bool is_signed) {
  T v;
  unpack_row(reinterpret_cast<const uint8_t*>(&bits), prec, is_signed, 0, 1, &v);
  return v;
}

// One value per channel: from a compact view, or the constant.
template <class T>
std::vector<T> unpack_channels(const TiuContext& context, const std::optional<TensorView>& view, uint32_t constant,
                               Prec prec, bool is_signed, uint64_t channels, uint64_t word = 0) {
  std::vector<T> out(channels, unpack_constant<T>(constant, prec, is_signed));
  if (!view) return out;
  for (uint64_t c = 0; c < channels; ++c)
    unpack_row(context.src + view->at(0, c) + word * view->elem_bytes, prec, is_signed, 0, 1, &out[c]);
  return out;
}

}  // namespace tpuc::bm1684x
