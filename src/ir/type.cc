// Element types, dimensions and their text form. Not the arithmetic of values: that is src/numerics.
#include "tpuc/ir/type.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "tpuc/support/check.h"
#include "tpuc/support/int_math.h"

namespace tpuc {
namespace {

// Mantissa digits and exponents tell which values a type holds; for integers `digits` excludes the sign.
struct Row {
  std::string_view name;
  int bits;
  bool is_float, is_signed;
  int digits, min_exponent, max_exponent;
};

constexpr std::array<Row, 15> kRows = {{
    {"f32", 32, true, true, 24, -149, 127},
    {"f16", 16, true, true, 11, -24, 15},
    {"bf16", 16, true, true, 8, -133, 127},
    {"f64", 64, true, true, 53, -1074, 1023},
    {"i8", 8, false, true, 7, 0, 0},
    {"u8", 8, false, false, 8, 0, 0},
    {"i16", 16, false, true, 15, 0, 0},
    {"u16", 16, false, false, 16, 0, 0},
    {"i32", 32, false, true, 31, 0, 0},
    {"u32", 32, false, false, 32, 0, 0},
    {"i64", 64, false, true, 63, 0, 0},
    {"u64", 64, false, false, 64, 0, 0},
    {"bool", 8, false, false, 1, 0, 0},
    {"i4", 4, false, true, 3, 0, 0},
    {"u4", 4, false, false, 4, 0, 0},
}};

const Row& row(DType t) { return kRows[static_cast<size_t>(t)]; }

}  // namespace

int bit_width(DType t) { return row(t).bits; }
int64_t size_bytes(DType t) { return std::max(1, row(t).bits / 8); }
bool is_float(DType t) { return row(t).is_float; }
bool is_integer(DType t) { return !row(t).is_float && t != DType::Bool; }
bool is_signed(DType t) { return row(t).is_signed; }
std::string_view to_string(DType t) { return row(t).name; }

std::optional<DType> parse_dtype(std::string_view text) {
  for (size_t i = 0; i < kRows.size(); ++i)
    if (kRows[i].name == text) return static_cast<DType>(i);
  return std::nullopt;
}

bool holds_all_values(DType wide, DType narrow) {
  const Row &w = row(wide), &n = row(narrow);
  if (n.is_float)
    return w.is_float && w.digits >= n.digits && w.min_exponent <= n.min_exponent && w.max_exponent >= n.max_exponent;
  // exact: -2^digits of a signed integer is a power of two and needs the exponent only.
  if (w.is_float) return w.digits >= n.digits && w.max_exponent >= n.digits;
  return w.digits >= n.digits && (w.is_signed || !n.is_signed);
}

int64_t element_count(const Dims& dims) {
  int64_t count = 1;
  for (const int64_t d : dims) count *= d;
  return count;
}
int64_t element_count(const TensorType& t) { return element_count(t.dims); }

int64_t byte_count(const TensorType& t) {
  const int64_t count = element_count(t.dims);
  return bit_width(t.dtype) == 4 ? ceil_div<int64_t>(count, 2) : count * size_bytes(t.dtype);
}

bool is_sane(const Dims& dims, DType t, int64_t limit_bytes) {
  // Zero-sized tensors are checked too: [0, 2^62, 4] must not overflow in a product of its other dimensions.
  int64_t bytes = size_bytes(t);
  for (const int64_t d : dims) {
    if (d < 0) return false;
    const auto product = checked_mul(bytes, std::max<int64_t>(d, 1));
    if (!product || *product > limit_bytes) return false;
    bytes = *product;
  }
  return true;
}

Dims row_major_strides(const Dims& dims) {
  Dims strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;) strides[i - 1] = strides[i] * dims[i];
  return strides;
}

std::optional<Dims> broadcast(const Dims& a, const Dims& b) {
  Dims out(std::max(a.size(), b.size()));
  for (size_t i = 0; i < out.size(); ++i) {  // from the last axis
    const int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
    const int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
    if (x != y && x != 1 && y != 1) return std::nullopt;
    out[out.size() - 1 - i] = x == 1 ? y : x;
  }
  return out;
}

std::string to_string(const Dims& dims) { return fmt::format("[{}]", fmt::join(dims, ",")); }

std::string to_string(const TensorType& t) {
  std::string text = fmt::format("{}{}", to_string(t.dtype), to_string(t.dims));
  if (!t.quant) return text;
  const Quant& q = *t.quant;
  text += fmt::format("<scale=[{}]", fmt::join(q.scale, ","));
  if (!q.zero.empty()) text += fmt::format(", zero=[{}]", fmt::join(q.zero, ","));
  if (q.axis >= 0) text += fmt::format(", axis={}", q.axis);
  if (q.block_axis >= 0) text += fmt::format(", block_axis={}, block={}", q.block_axis, q.block);
  return text + ">";
}

}  // namespace tpuc
