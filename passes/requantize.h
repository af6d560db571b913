// The numbers of 8-bit arithmetic: ranges into scales, scales into multipliers and shifts, floats into integers.
// The only place that rounds them. Meaning everywhere: real = scale * (q - zero).
#pragma once

#include <optional>
#include <vector>

#include "passes/quantize_filter.h"
#include "tpuc/ir/graph.h"
#include "tpuc/pass/quantization.h"

namespace tpuc {

// How one run-time tensor is held in 8 bits.
struct QuantParams {
  DType dtype = DType::I8;  // I8 or U8
  float scale = 1;
  int32_t zero = 0;
  int32_t lowest() const { return dtype == DType::I8 ? -128 : 0; }
  int32_t highest() const { return dtype == DType::I8 ? 127 : 255; }
  bool operator==(const QuantParams&) const = default;
};
enum class ZeroPoint : uint8_t { Never, WhereLopsided, Always };
// The range, widened to hold 0: u8 where nothing is negative, else i8, with a zero point where it is wanted.
// A range of zeros gets scale 1.
QuantParams choose_params(ValueRange range, ZeroPoint zero_point);
// Those that hold all values of a tensor exactly, as its network quantized them; nothing where there are none.
std::optional<QuantParams> exact_params(const Tensor& t);
// As f32; 1 where that or its reciprocal is no number.
float positive_scale(double scale);
// round(x / scale) + zero, saturated.
int32_t to_quantized(double x, const QuantParams& p);
Tensor quantize_tensor(const Tensor& t, const QuantParams& p);
Quant to_quant(const QuantParams& p);

// The two rows [2,C] of a requantization of sums over products x * w, x as `in`, into `out`: scale; and offset, which
// folds the bias (null: none), the zero point of the result, and that of x where the sums still hold it
// (`corrects_input`).
Tensor requantization(const QuantParams& in, const QuantizedFilter& filter, const Tensor* opt_bias,
                      const QuantParams& out, bool corrects_input);
// The same into real numbers: what a sum stands for is sum * scale + offset.
QuantParams real_numbers();

// Integer multipliers for sum_i (q_i - zero_i) * scale_i: m_i close to scale_i / out.scale * 2^k, and what follows.
struct WeightedTerms {
  std::vector<int64_t> multipliers;
  float scale = 1, offset = 0;  // of the sum of m_i * q_i
};
// Exact: as exact as 32 bits allow, where scales are a network's own. Fast: of few bits where that is exact enough.
enum class Multipliers : uint8_t { Fast, Exact };
WeightedTerms weighted_terms(const std::vector<QuantParams>& in, const std::vector<double>& signs,
                             const QuantParams& out, Multipliers kind);

// What each byte of x stands for after the unary float op: 256 entries of `out`.
Tensor lookup_table(const Op& op, const QuantParams& in, const QuantParams& out);

}  // namespace tpuc
