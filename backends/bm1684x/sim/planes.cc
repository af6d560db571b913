// Memory rows to floats and int32.
#include "backends/bm1684x/sim/planes.h"

#include <algorithm>
#include <array>

#include "tpuc/numerics/half.h"

namespace tpuc::bm1684x {
namespace {

template <class S, class T>
void convert(const uint8_t* p, uint64_t step, uint64_t count, T* out) {
  if (step == 1) {
#pragma omp simd
    for (uint64_t k = 0; k < count; ++k) out[k] = static_cast<T>(load<S>(p + k * sizeof(S)));
  } else {
    for (uint64_t k = 0; k < count; ++k) out[k] = static_cast<T>(load<S>(p + k * step * sizeof(S)));
  }
}

}  // namespace

void check_work(const TiuContext& context, std::initializer_list<uint64_t> operands, double products) {
  for (const uint64_t elements : operands)
    if (elements > kMaxOperandElements)
      context.illegal(fmt::format("an operand of {} elements is more than local memory holds", elements));
  if (products > static_cast<double>(kMaxProducts))
    context.illegal(fmt::format("{:.3g} products are more than local memory can feed", products));
}

template <>
void unpack_row(const uint8_t* p, Prec prec, bool, uint64_t step, uint64_t count, float* out) {
  if (prec == Prec::F32) return convert<float>(p, step, count, out);
  std::array<uint16_t, 512> half;
  for (uint64_t k = 0; k < count; k += half.size()) {
    const uint64_t n = std::min<uint64_t>(half.size(), count - k);
    convert<uint16_t>(p + k * step * 2, step, n, half.data());
    prec == Prec::F16 ? f16_to_f32(half.data(), out + k, n) : bf16_to_f32(half.data(), out + k, n);
  }
}

template <>
void unpack_row(const uint8_t* p, Prec prec, bool is_signed, uint64_t step, uint64_t count, int32_t* out) {
  switch (size_of(prec)) {
    case 1:
      return is_signed ? convert<int8_t>(p, step, count, out) : convert<uint8_t>(p, step, count, out);
    case 2:
      return is_signed ? convert<int16_t>(p, step, count, out) : convert<uint16_t>(p, step, count, out);
    default:
      return convert<int32_t>(p, step, count, out);
  }
}

}  // namespace tpuc::bm1684x
