// Reading and writing of single names and numbers; see literal.h.
#include "ir/literal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace tpuc {
namespace {

template <class T>
std::optional<T> parse_number(std::string_view text, int base = 10) {
  T value{};
  std::from_chars_result r{};
  if constexpr (std::is_floating_point_v<T>)
    r = std::from_chars(text.data(), text.data() + text.size(), value);
  else
    r = std::from_chars(text.data(), text.data() + text.size(), value, base);
  // A float too small for its type is a result of from_chars' own making: refuse it like one too large.
  if (r.ec != std::errc() || r.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

// The bits of one element, little-endian in the low end.
uint64_t bits_of(const Tensor& t, size_t i) {
  const auto width = static_cast<size_t>(size_bytes(t.dtype()));
  uint64_t bits = 0;
  for (size_t k = width; k-- > 0;) bits = bits << 8 | std::to_integer<uint64_t>(t.bytes()[i * width + k]);
  return bits;
}

void set_bits(Tensor& t, size_t i, uint64_t bits) {
  const auto width = static_cast<size_t>(size_bytes(t.dtype()));
  auto bytes = t.mutable_bytes().subspan(i * width, width);
  for (std::byte& b : bytes) {
    b = static_cast<std::byte>(bits & 0xff);
    bits >>= 8;
  }
}

// A tensor of one element of that type, for conversions.
uint64_t encode(DType t, double x) {
  Tensor one(t, {1});
  one.assign_f64(std::span(&x, 1));
  return bits_of(one, 0);
}

bool parse_float_element(std::string_view text, Tensor& t, size_t i) {
  if (text.starts_with("0x")) {
    const auto bits = parse_number<uint64_t>(text.substr(2), 16);
    if (!bits || (bit_width(t.dtype()) < 64 && *bits >> bit_width(t.dtype()) != 0)) return false;
    return set_bits(t, i, *bits), true;
  }
  if (t.dtype() == DType::F32) {  // straight to float: by way of double it would be rounded twice
    const auto x = parse_number<float>(text);
    if (x) set_bits(t, i, encode(DType::F32, static_cast<double>(*x)));
    return x.has_value();
  }
  const auto x = parse_double(text);
  if (x) set_bits(t, i, encode(t.dtype(), *x));
  return x.has_value();
}

template <class T>
bool parse_integer_element(std::string_view text, Tensor& t, size_t i) {
  const auto x = parse_number<T>(text);
  if (x) t.as_mutable<T>()[i] = *x;
  return x.has_value();
}

bool parse_nibble(std::string_view text, Tensor& t, size_t i) {
  const auto x = parse_number<int>(text);
  const int low = t.dtype() == DType::I4 ? -8 : 0;
  if (!x || *x < low || *x > low + 15) return false;
  std::byte& b = t.mutable_bytes()[i / 2];
  const int shift = i % 2 == 0 ? 0 : 4;
  b = (b & static_cast<std::byte>(0xf0 >> shift)) | static_cast<std::byte>((*x & 15) << shift);
  return true;
}

}  // namespace

bool is_bare_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_./~$").find(c) != std::string_view::npos;
  });
}

std::vector<std::string> print_elements(const Tensor& t) {
  std::vector<std::string> out;
  const DType dtype = t.dtype();
  if (is_float(dtype)) {
    const std::vector<double> values = t.to_f64();
    for (size_t i = 0; i < values.size(); ++i)
      out.push_back(std::isnan(values[i]) ? fmt::format("0x{:x}", bits_of(t, i))
                    : dtype == DType::F64 ? fmt::format("{}", values[i])
                                          : fmt::format("{}", static_cast<float>(values[i])));
  } else if (dtype == DType::U64) {
    for (const uint64_t x : t.as<uint64_t>()) out.push_back(fmt::format("{}", x));
  } else {
    for (const int64_t x : t.to_i64())
      out.push_back(dtype != DType::Bool || (x != 0 && x != 1) ? fmt::format("{}", x) : x != 0 ? "true" : "false");
  }
  return out;
}

bool parse_element(std::string_view text, Tensor& t, size_t i) {
  switch (t.dtype()) {
    case DType::F32:
    case DType::F16:
    case DType::BF16:
    case DType::F64:
      return parse_float_element(text, t, i);
    case DType::I8:
      return parse_integer_element<int8_t>(text, t, i);
    case DType::U8:
      return parse_integer_element<uint8_t>(text, t, i);
    case DType::I16:
      return parse_integer_element<int16_t>(text, t, i);
    case DType::U16:
      return parse_integer_element<uint16_t>(text, t, i);
    case DType::I32:
      return parse_integer_element<int32_t>(text, t, i);
    case DType::U32:
      return parse_integer_element<uint32_t>(text, t, i);
    case DType::I64:
      return parse_integer_element<int64_t>(text, t, i);
    case DType::U64:
      return parse_integer_element<uint64_t>(text, t, i);
    case DType::Bool:
      if (text == "true" || text == "false") return t.as_mutable<uint8_t>()[i] = text == "true", true;
      return parse_integer_element<uint8_t>(text, t, i);
    case DType::I4:
    case DType::U4:
      return parse_nibble(text, t, i);
  }
  return false;
}

std::optional<int64_t> parse_int(std::string_view text) { return parse_number<int64_t>(text); }

std::optional<double> parse_double(std::string_view text) {
  if (!text.ends_with("f") || text.ends_with("inf")) return parse_number<double>(text);
  const auto x = parse_number<float>(text.substr(0, text.size() - 1));
  return x ? std::optional<double>(*x) : std::nullopt;
}

}  // namespace tpuc
