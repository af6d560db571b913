// Host tensors: storage, conversion of elements to and from a few working types.
#include "tpuc/ir/tensor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <new>
#include <type_traits>

namespace tpuc {
namespace {

constexpr size_t kAlignBytes = 64;  // a cache line; wide enough for every vector unit

std::byte* allocate(int64_t size) {
  const size_t bytes = (static_cast<size_t>(std::max<int64_t>(size, 1)) + kAlignBytes - 1) / kAlignBytes * kAlignBytes;
  void* p = std::aligned_alloc(kAlignBytes, bytes);
  if (p == nullptr) throw std::bad_alloc();
  return static_cast<std::byte*>(p);
}

uint16_t f16_from_f32(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x), sign = bits >> 16 & 0x8000u, a = bits & 0x7fffffffu;
  if (a > 0x7f800000u) return static_cast<uint16_t>(sign | 0x7e00u | (a >> 13 & 0x3ffu));
  if (a >= 0x477ff000u) return static_cast<uint16_t>(sign | 0x7c00u);  // 65520 and above round to infinity
  if (a < 0x38800000u) {  // below 2^-14: adding 0.5 leaves units of 2^-24, the spacing of f16 subnormals
    const float shifted = std::bit_cast<float>(a) + 0.5f;
    return static_cast<uint16_t>(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000u));
  }
  return static_cast<uint16_t>(sign | ((a + 0xfffu + (a >> 13 & 1u) - 0x38000000u) >> 13));
}

float f32_from_f16(uint16_t h) {
  const uint32_t sign = static_cast<uint32_t>(h & 0x8000u) << 16, exponent = h >> 10 & 0x1fu, mantissa = h & 0x3ffu;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | mantissa << 13);
  if (exponent != 0) return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
  const float small = static_cast<float>(mantissa) * 0x1p-24f;
  return sign != 0 ? -small : small;
}

uint16_t bf16_from_f32(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if (std::isnan(x)) return static_cast<uint16_t>(bits >> 16 | 0x40u);
  return static_cast<uint16_t>((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}

float f32_from_bf16(uint16_t h) { return std::bit_cast<float>(static_cast<uint32_t>(h) << 16); }

// f32 such that a second rounding to a shorter type gives what one rounding of x would: inexact results are odd.
float round_to_odd(double x) {
  float f = static_cast<float>(x);
  if (std::isnan(x) || static_cast<double>(f) == x) return f;
  if (std::fabs(static_cast<double>(f)) > std::fabs(x)) f = std::nextafter(f, 0.0f);
  return std::bit_cast<float>(std::bit_cast<uint32_t>(f) | 1u);
}

template <class T, class From>
T saturate(From x) {
  if (std::isnan(x)) return 0;
  const From rounded = std::nearbyint(x);
  // The limits as From: the upper one of a 64-bit type rounds up to a power of two, hence >=.
  if (rounded >= static_cast<From>(std::numeric_limits<T>::max())) return std::numeric_limits<T>::max();
  if (rounded <= static_cast<From>(std::numeric_limits<T>::min())) return std::numeric_limits<T>::min();
  return static_cast<T>(rounded);
}

// Calls f with a value of the storage type of `t` (4-bit types excepted).
template <class F>
void with_storage(DType t, F&& f) {
  switch (t) {
    case DType::F32:
      return f(float{});
    case DType::F64:
      return f(double{});
    case DType::F16:
    case DType::BF16:
    case DType::U16:
      return f(uint16_t{});
    case DType::I8:
      return f(int8_t{});
    case DType::U8:
    case DType::Bool:
      return f(uint8_t{});
    case DType::I16:
      return f(int16_t{});
    case DType::I32:
      return f(int32_t{});
    case DType::U32:
      return f(uint32_t{});
    case DType::I64:
      return f(int64_t{});
    case DType::U64:
      return f(uint64_t{});
    case DType::I4:
    case DType::U4:
      break;
  }
  TPUC_CHECK(false, "4-bit elements have no storage type");
}

int nibble(std::span<const std::byte> bytes, int64_t i, bool is_signed_type) {
  const int byte = std::to_integer<int>(bytes[static_cast<size_t>(i / 2)]);
  const int value = i % 2 == 0 ? byte & 15 : byte >> 4;
  return is_signed_type && value > 7 ? value - 16 : value;
}

// Floats are truncated where integers are wanted.
template <class To, class From>
To convert(From x) {
  if constexpr (std::is_integral_v<To> && std::is_floating_point_v<From>)
    return saturate<To>(std::trunc(x));
  else
    return static_cast<To>(x);
}

template <class To>
std::vector<To> read_all(const Tensor& t) {
  std::vector<To> out(static_cast<size_t>(t.count()));
  if (bit_width(t.dtype()) == 4) {
    for (size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<To>(nibble(t.bytes(), static_cast<int64_t>(i), t.dtype() == DType::I4));
    return out;
  }
  if (t.dtype() == DType::F16 || t.dtype() == DType::BF16) {
    const auto in = t.as<uint16_t>();
    for (size_t i = 0; i < out.size(); ++i) {
      const float x = t.dtype() == DType::F16 ? f32_from_f16(in[i]) : f32_from_bf16(in[i]);
      out[i] = convert<To>(x);
    }
    return out;
  }
  with_storage(t.dtype(), [&](auto zero) {
    const auto in = t.as<decltype(zero)>();
    for (size_t i = 0; i < out.size(); ++i) out[i] = convert<To>(in[i]);
  });
  return out;
}

template <class From>
void write_all(Tensor& t, std::span<const From> values) {
  TPUC_CHECK(static_cast<int64_t>(values.size()) == t.count(), "{} values for {}", values.size(), to_string(t.type));
  if (bit_width(t.dtype()) == 4) {
    auto bytes = t.mutable_bytes();
    std::fill(bytes.begin(), bytes.end(), std::byte{0});
    for (size_t i = 0; i < values.size(); ++i) {
      const int low = t.dtype() == DType::I4 ? -8 : 0;
      const int value = std::clamp<int>(saturate<int8_t>(values[i]), low, low + 15);
      bytes[i / 2] |= static_cast<std::byte>((value & 15) << (i % 2 == 0 ? 0 : 4));
    }
    return;
  }
  with_storage(t.dtype(), [&](auto zero) {
    using S = decltype(zero);
    auto out = t.as_mutable<S>();
    for (size_t i = 0; i < values.size(); ++i) {
      if constexpr (std::is_floating_point_v<S>) {
        out[i] = static_cast<S>(values[i]);
      } else if (t.dtype() == DType::F16) {
        out[i] = static_cast<S>(f16_from_f32(round_to_odd(static_cast<double>(values[i]))));
      } else if (t.dtype() == DType::BF16) {
        out[i] = static_cast<S>(bf16_from_f32(round_to_odd(static_cast<double>(values[i]))));
      } else if (t.dtype() == DType::Bool) {
        out[i] = static_cast<S>(values[i] != From{0});
      } else {
        out[i] = saturate<S>(values[i]);
      }
    }
  });
}

}  // namespace

Tensor::Tensor(TensorType tensor_type) : type(std::move(tensor_type)) {
  size_ = byte_count(type);
  owned_.reset(allocate(size_));
  data_ = owned_.get();
  std::memset(owned_.get(), 0, static_cast<size_t>(size_));
}

Tensor Tensor::borrow(TensorType tensor_type, std::span<const std::byte> bytes) {
  TPUC_CHECK(static_cast<int64_t>(bytes.size()) == byte_count(tensor_type), "{} bytes for {}", bytes.size(),
             to_string(tensor_type));
  Tensor t;
  t.type = std::move(tensor_type);
  t.data_ = bytes.data();
  t.size_ = static_cast<int64_t>(bytes.size());
  return t;
}

Tensor::Tensor(const Tensor& other) : type(other.type), data_(other.data_), size_(other.size_) {
  if (other.owned_ == nullptr) return;
  owned_.reset(allocate(size_));
  std::memcpy(owned_.get(), other.data_, static_cast<size_t>(size_));
  data_ = owned_.get();
}

Tensor& Tensor::operator=(const Tensor& other) {
  if (this != &other) *this = Tensor(other);
  return *this;
}

std::span<std::byte> Tensor::mutable_bytes() {
  if (owned_ == nullptr) {
    owned_.reset(allocate(size_));
    if (size_ > 0) std::memcpy(owned_.get(), data_, static_cast<size_t>(size_));
    data_ = owned_.get();
  }
  return {owned_.get(), static_cast<size_t>(size_)};
}

void Tensor::check_element(size_t element_bytes) const {
  TPUC_CHECK(bit_width(type.dtype) == static_cast<int>(element_bytes * 8), "{} read as elements of {} bytes",
             to_string(type), element_bytes);
}

std::vector<double> Tensor::to_f64() const { return read_all<double>(*this); }
std::vector<float> Tensor::to_f32() const { return read_all<float>(*this); }
std::vector<int64_t> Tensor::to_i64() const { return read_all<int64_t>(*this); }
void Tensor::assign_f64(std::span<const double> values) { write_all(*this, values); }
void Tensor::assign_f32(std::span<const float> values) { write_all(*this, values); }

Tensor Tensor::reshaped(Dims new_dims) const& { return Tensor(*this).reshaped(std::move(new_dims)); }
Tensor Tensor::reshaped(Dims new_dims) && {
  TPUC_CHECK(element_count(new_dims) == count(), "{} reshaped to {}", to_string(type), to_string(new_dims));
  type.dims = std::move(new_dims);
  return std::move(*this);
}

Tensor Tensor::from_f32(Dims dims, std::span<const float> values) {
  Tensor t(DType::F32, std::move(dims));
  t.assign_f32(values);
  return t;
}

Tensor Tensor::from_i64(Dims dims, std::span<const int64_t> values) {
  Tensor t(DType::I64, std::move(dims));
  TPUC_CHECK(static_cast<int64_t>(values.size()) == t.count(), "{} values for {}", values.size(), to_string(t.type));
  std::copy(values.begin(), values.end(), t.as_mutable<int64_t>().begin());
  return t;
}

bool identical(const Tensor& a, const Tensor& b) {
  return a.type == b.type && a.bytes().size() == b.bytes().size() &&
         (a.bytes().empty() || std::memcmp(a.bytes().data(), b.bytes().data(), a.bytes().size()) == 0);
}

}  // namespace tpuc
