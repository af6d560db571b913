// Operators of quantized graphs in vector code; exact, so each element may be computed in any order.
#include "ops/quantize.h"

#include <algorithm>
#include <array>

#include "runtime/fast/broadcast.h"
#include "runtime/fast/fast.h"
#include "runtime/fast/loops.h"
#include "tpuc/numerics/fixed_point.h"
#include "tpuc/numerics/half.h"

namespace tpuc::fast {
namespace {

constexpr int64_t kPiece = 2048;  // elements whose wide values are held at once
using Floats = std::array<float, kPiece>;
using Sums = std::array<uint32_t, kPiece>;

struct Scaling {
  float scale, offset;
  bool gives_i8;
};

template <class X>
[[gnu::always_inline]] inline void scale_row(const X* x, uint8_t* y, int64_t n, const Scaling& s) {
  if (s.gives_i8) {
    for (int64_t i = 0; i < n; ++i)
      y[i] = static_cast<uint8_t>(affine_to_int(static_cast<float>(x[i]), s.scale, s.offset, 8, true));
  } else {
    for (int64_t i = 0; i < n; ++i)
      y[i] = static_cast<uint8_t>(affine_to_int(static_cast<float>(x[i]), s.scale, s.offset, 8, false));
  }
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void scale_integers(DType from, const std::byte* x, uint8_t* y,
                                                                         int64_t n, const Scaling& s) {
  if (from == DType::I8) return scale_row(reinterpret_cast<const int8_t*>(x), y, n, s);
  if (from == DType::U8) return scale_row(reinterpret_cast<const uint8_t*>(x), y, n, s);
  if (from == DType::I16) return scale_row(reinterpret_cast<const int16_t*>(x), y, n, s);
  scale_row(reinterpret_cast<const int32_t*>(x), y, n, s);
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void scale_f32(const float* x, uint8_t* y, int64_t n,
                                                                    const Scaling& s) {
  scale_row(x, y, n, s);
}

// x / scale, rounded before the offset is added.
[[gnu::target_clones("avx512f", "avx2", "default")]] void divide_f32(const float* x, uint8_t* y, int64_t n,
                                                                     const Scaling& s) {
  constexpr float kRounds = 12582912.0F;  // 1.5 * 2^23: its sum with |y| <= 2^22 has no room for a fraction
  const float low = (s.gives_i8 ? -128.0F : 0.0F) - s.offset, high = (s.gives_i8 ? 127.0F : 255.0F) - s.offset;
  for (int64_t i = 0; i < n; ++i) {
    float q = x[i] / s.scale;
    q = q > low ? q : low;
    q = q < high ? q : high;
    y[i] = static_cast<uint8_t>(static_cast<int32_t>((q + kRounds) - kRounds + s.offset));
  }
}

// Calls fn(begin, count) for pieces of a tensor, on all threads.
template <class Fn>
void for_pieces(int64_t count, Fn&& fn) {
  for_chunks(count, [&](int64_t begin, int64_t end) {
    for (int64_t at = begin; at < end; at += kPiece) fn(at, std::min(kPiece, end - at));
  });
}

Kernel prepare_quantize(const Site& site) {
  const auto& a = site.attrs_of<ops::Quantize>();
  const DType from = site.in[0].dtype;
  if (from == DType::F64) return {};
  const Scaling s{a.divides ? a.scale : 1 / a.scale, static_cast<float>(a.zero), a.to == DType::I8};
  const auto convert = a.divides ? divide_f32 : scale_f32;
  return [=](EvalArgs in, std::span<Tensor> out) {
    uint8_t* y = out[0].as_mutable<uint8_t>().data();
    const float* x = from == DType::F32 ? in[0].as<float>().data() : nullptr;
    const uint16_t* halves = from == DType::F32 ? nullptr : in[0].as<uint16_t>().data();
    for_pieces(out[0].count(), [&](int64_t at, int64_t count) {
      if (x != nullptr) return convert(x + at, y + at, count, s);
      Floats wide;
      const auto widen = from == DType::F16 ? static_cast<void (*)(const uint16_t*, float*, size_t)>(f16_to_f32)
                                            : static_cast<void (*)(const uint16_t*, float*, size_t)>(bf16_to_f32);
      widen(halves + at, wide.data(), static_cast<size_t>(count));
      convert(wide.data(), y + at, count, s);
    });
  };
}

template <class X>
[[gnu::always_inline]] inline void real_row(const X* x, float* y, int64_t n, uint32_t zero, float scale) {
  for (int64_t i = 0; i < n; ++i)
    y[i] = static_cast<float>(static_cast<int32_t>(static_cast<uint32_t>(x[i]) - zero)) * scale;
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void real_numbers(DType from, const std::byte* x, float* y,
                                                                       int64_t n, uint32_t zero, float scale) {
  if (from == DType::I8) return real_row(reinterpret_cast<const int8_t*>(x), y, n, zero, scale);
  if (from == DType::U8) return real_row(reinterpret_cast<const uint8_t*>(x), y, n, zero, scale);
  if (from == DType::I16) return real_row(reinterpret_cast<const int16_t*>(x), y, n, zero, scale);
  real_row(reinterpret_cast<const int32_t*>(x), y, n, zero, scale);
}

Kernel prepare_dequantize(const Site& site) {
  const auto& a = site.attrs_of<ops::Dequantize>();
  const DType from = site.in[0].dtype;
  return [=, to = a.to, scale = a.scale, zero = static_cast<uint32_t>(a.zero)](EvalArgs in, std::span<Tensor> out) {
    const std::byte* x = in[0].bytes().data();
    std::byte* y = out[0].mutable_bytes().data();
    for_pieces(out[0].count(), [&](int64_t at, int64_t count) {
      const std::byte* piece = x + at * size_bytes(from);
      if (to == DType::F32) return real_numbers(from, piece, reinterpret_cast<float*>(y) + at, count, zero, scale);
      Floats wide;
      real_numbers(from, piece, wide.data(), count, zero, scale);
      const auto narrow = to == DType::F16 ? static_cast<void (*)(const float*, uint16_t*, size_t)>(f32_to_f16)
                                           : static_cast<void (*)(const float*, uint16_t*, size_t)>(f32_to_bf16);
      narrow(wide.data(), reinterpret_cast<uint16_t*>(y) + at, static_cast<size_t>(count));
    });
  };
}

// Rows behind the axis that has scales; one row with one pair for all.
Kernel prepare_requantize(const Site& site) {
  const auto& a = site.attrs_of<ops::Requantize>();
  const Dims& d = site.dims(0);
  const int64_t columns = site.dims(1)[1], count = element_count(d);
  int64_t inner = count;
  if (columns != 1) inner = element_count(Dims(d.begin() + a.axis + 1, d.end()));
  if (count == 0) return {};
  return [=, from = site.in[0].dtype, gives_i8 = a.to == DType::I8](EvalArgs in, std::span<Tensor> out) {
    const float* rq = in[1].as<float>().data();
    const std::byte* x = in[0].bytes().data();
    uint8_t* y = out[0].as_mutable<uint8_t>().data();
    const auto scale = [&](int64_t at, int64_t n, const Scaling& s) {
      scale_integers(from, x + at * size_bytes(from), y + at, n, s);
    };
    if (columns == 1)
      return for_chunks(count, [&](int64_t begin, int64_t end) {
        scale(begin, end - begin, {rq[0], rq[1], gives_i8});
      });
    for_rows(count / inner, inner, [&](int64_t row) {
      const int64_t c = row % columns;
      scale(row * inner, inner, {rq[c], rq[columns + c], gives_i8});
    });
  };
}

template <class T>
Kernel look_up() {
  return [](EvalArgs in, std::span<Tensor> out) {
    const uint8_t* x = in[0].as<uint8_t>().data();
    const T* table = in[1].as<T>().data();
    T* y = out[0].as_mutable<T>().data();
    for_chunks(out[0].count(), [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) y[i] = table[x[i]];
    });
  };
}
Kernel prepare_lut(const Site& site) {
  const int64_t bytes = size_bytes(site.out[0].dtype);
  return bytes == 1 ? look_up<uint8_t>() : bytes == 2 ? look_up<uint16_t>() : look_up<uint32_t>();
}

// A piece of an operand; it stands still where step is 0.
struct Bytes {
  const uint8_t* at;
  int64_t step;
  bool is_signed;
  int32_t operator[](int64_t i) const {
    const uint8_t v = at[i * step];
    return is_signed ? static_cast<int8_t>(v) : v;
  }
};

// fn(x) with x(i) = element i, compiled for each sign and step.
template <class Fn>
[[gnu::always_inline]] inline void with_elements(const Bytes& b, Fn&& fn) {
  if (b.step == 0) return fn([v = b[0]](int64_t) { return v; });
  const auto* as_signed = reinterpret_cast<const int8_t*>(b.at);
  if (b.is_signed) return fn([as_signed](int64_t i) -> int32_t { return as_signed[i]; });
  fn([p = b.at](int64_t i) -> int32_t { return p[i]; });
}

// sums = or += multiplier * x, wrapping.
[[gnu::target_clones("avx512f", "avx2", "default")]] void add_term(const Bytes& b, uint32_t multiplier, bool is_first,
                                                                   uint32_t* sums, int64_t n) {
  with_elements(b, [&](auto x) {
    if (is_first) {
      for (int64_t i = 0; i < n; ++i) sums[i] = multiplier * static_cast<uint32_t>(x(i));
    } else {
      for (int64_t i = 0; i < n; ++i) sums[i] += multiplier * static_cast<uint32_t>(x(i));
    }
  });
}
[[gnu::target_clones("avx512f", "avx2", "default")]] void multiply(const Bytes& a, int32_t zero_a, const Bytes& b,
                                                                   int32_t zero_b, uint32_t* products, int64_t n) {
  with_elements(a, [&](auto x) {
    with_elements(b, [&](auto y) {
      for (int64_t i = 0; i < n; ++i) products[i] = static_cast<uint32_t>((x(i) - zero_a) * (y(i) - zero_b));
    });
  });
}

BroadcastRows rows_of(const Site& site) {
  std::vector<Dims> in;
  for (const TensorType& t : site.in) in.push_back(t.dims);
  return {in, site.out[0].dims};
}

// Fills `sums` for each piece of a row by compute(operands, sums, count), and scales them into the result.
template <class Fn>
Kernel scaled_rows(const Site& site, const Scaling& s, Fn compute) {
  std::vector<bool> has_sign;
  for (const TensorType& t : site.in) has_sign.push_back(t.dtype == DType::I8);
  return [=, rows = rows_of(site)](EvalArgs in, std::span<Tensor> out) {
    uint8_t* y = out[0].as_mutable<uint8_t>().data();
    rows.for_pieces([&](int64_t row, int64_t begin, int64_t end) {
      std::vector<Bytes> operands;
      for (size_t k = 0; k < in.count(); ++k)
        operands.push_back(
            {in[k].as<uint8_t>().data() + rows.start(k, row) + begin * rows.step(k), rows.step(k), has_sign[k]});
      Sums sums;
      for (int64_t at = begin; at < end; at += kPiece) {
        const int64_t n = std::min(kPiece, end - at);
        compute(operands, sums.data(), n);
        scale_integers(DType::I32, reinterpret_cast<const std::byte*>(sums.data()), y + row * rows.row_size() + at, n,
                       s);
        for (Bytes& b : operands) b.at += n * b.step;
      }
    });
  };
}

Kernel prepare_sum(const Site& site) {
  const auto& a = site.attrs_of<ops::WeightedSum>();
  return scaled_rows(site, {a.scale, a.offset, a.to == DType::I8},
                     [m = a.multipliers](const std::vector<Bytes>& x, uint32_t* sums, int64_t n) {
                       for (size_t k = 0; k < x.size(); ++k)
                         add_term(x[k], static_cast<uint32_t>(m[k]), k == 0, sums, n);
                     });
}

Kernel prepare_product(const Site& site) {
  const auto& a = site.attrs_of<ops::ScaledProduct>();
  return scaled_rows(
      site, {a.scale, a.offset, a.to == DType::I8},
      [za = static_cast<int32_t>(a.zero_a), zb = static_cast<int32_t>(a.zero_b)](
          const std::vector<Bytes>& x, uint32_t* sums, int64_t n) { multiply(x[0], za, x[1], zb, sums, n); });
}

}  // namespace

std::span<const Row> quantize_rows() {
  static constexpr Row kRows[] = {{"quantize", prepare_quantize, true},     {"dequantize", prepare_dequantize, true},
                                  {"requantize", prepare_requantize, true}, {"lut", prepare_lut, true},
                                  {"weighted_sum", prepare_sum, true},      {"scaled_product", prepare_product, true}};
  return kRows;
}

}  // namespace tpuc::fast
