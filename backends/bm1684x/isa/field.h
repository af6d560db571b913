// Instruction fields as data: a form is a plain struct and one constexpr list of its fields. Encoder, decoder, printer
// and the check for overlapping fields walk that list, so a field is written down exactly once.
//   struct Add { static constexpr int kBits = 128; uint32_t count = 0;
//                template <class I = Add>  // a template only to be compiled where it is used
//                static constexpr auto fields() { return std::tuple{bits("count", &I::count, 16, 16)}; } };
#pragma once

#include <fmt/core.h>

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <vector>

#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

// A field of instruction I: `width` bits from bit `low` (bit 0 = bit 0 of byte 0). T: unsigned integer or enum.
template <class I, class T>
struct Field {
  using Value = T;
  std::string_view name;
  T I::*member;
  int low, width;
  constexpr uint64_t get(const I& i) const { return static_cast<uint64_t>(i.*member); }
  constexpr void set(I& i, uint64_t v) const { i.*member = static_cast<T>(v); }
};
// The same for a member of a member: the fields that all forms share.
template <class I, class G, class T>
struct GroupField {
  using Value = T;
  std::string_view name;
  G I::*group;
  T G::*member;
  int low, width;
  constexpr uint64_t get(const I& i) const { return static_cast<uint64_t>((i.*group).*member); }
  constexpr void set(I& i, uint64_t v) const { (i.*group).*member = static_cast<T>(v); }
};

template <class I, class T>
constexpr auto bits(std::string_view name, T I::*member, int low, int width) {
  return Field<I, T>{name, member, low, width};
}
template <class I, class G, class T>
constexpr auto bits(std::string_view name, G I::*group, T G::*member, int low, int width) {
  return GroupField<I, G, T>{name, group, member, low, width};
}

template <class I, class Fn>
constexpr void for_each_field(Fn&& fn) {
  std::apply([&](const auto&... f) { (fn(f), ...); }, I::fields());
}

// Which bits belong to a field, or nothing valid when two fields share one or a field leaves the word.
template <class I>
struct FieldMap {
  std::array<uint64_t, (I::kBits + 63) / 64> used{};
  bool disjoint = true;
};
template <class I>
constexpr FieldMap<I> field_map() {
  FieldMap<I> map;
  for_each_field<I>([&](const auto& f) {
    if (f.low < 0 || f.width < 1 || f.width > 64 || f.low + f.width > I::kBits) {
      map.disjoint = false;
      return;
    }
    for (int b = f.low; b < f.low + f.width; ++b) {
      uint64_t& word = map.used[static_cast<size_t>(b / 64)];
      const uint64_t bit = uint64_t{1} << (b % 64);
      if ((word & bit) != 0) map.disjoint = false;
      word |= bit;
    }
  });
  return map;
}

constexpr uint64_t low_mask(int width) { return width >= 64 ? ~uint64_t{0} : (uint64_t{1} << width) - 1; }

// Bits [low, low + width) of a little-endian word array.
constexpr uint64_t get_bits(std::span<const uint64_t> words, int low, int width) {
  const size_t at = static_cast<size_t>(low / 64);
  const int shift = low % 64;
  uint64_t v = words[at] >> shift;
  if (shift + width > 64) v |= words[at + 1] << (64 - shift);
  return v & low_mask(width);
}
constexpr void put_bits(std::span<uint64_t> words, int low, int width, uint64_t value) {
  const size_t at = static_cast<size_t>(low / 64);
  const int shift = low % 64;
  words[at] |= (value & low_mask(width)) << shift;
  if (shift + width > 64) words[at + 1] |= (value & low_mask(width)) >> (64 - shift);
}

// Bytes <-> words; missing bytes read as zero.
std::array<uint64_t, 16> load_words(std::span<const uint8_t> bytes);
void append_words(std::span<const uint64_t> words, int bit_count, std::vector<uint8_t>& out);
[[noreturn]] void field_overflow(std::string_view instruction, std::string_view field, uint64_t value, int width);

// Appends the command to `out`. throws InternalError "AR.res0_n = 70000 does not fit in 16 bits".
template <class I>
void encode(const I& instr, std::vector<uint8_t>& out) {
  constexpr auto map = field_map<I>();
  static_assert(map.disjoint, "fields overlap or leave the command");
  std::array<uint64_t, (I::kBits + 63) / 64> words{};
  for_each_field<I>([&](const auto& f) {
    const uint64_t v = f.get(instr);
    if (v > low_mask(f.width)) field_overflow(I::kForm, f.name, v, f.width);
    put_bits(words, f.low, f.width, v);
  });
  append_words(words, I::kBits, out);
}

// Reads the command at the start of `bytes` (at least kBits / 8 of them).
template <class I>
I decode(std::span<const uint8_t> bytes) {
  const auto words = load_words(bytes.first(I::kBits / 8));
  I instr;
  for_each_field<I>([&](const auto& f) { f.set(instr, get_bits(words, f.low, f.width)); });
  return instr;
}

// True when a bit outside of all fields is set: the command is not one we know.
template <class I>
bool has_stray_bits(std::span<const uint8_t> bytes) {
  constexpr auto map = field_map<I>();
  const auto words = load_words(bytes.first(I::kBits / 8));
  for (size_t k = 0; k < map.used.size(); ++k)
    if ((words[k] & ~map.used[k]) != 0) return true;
  return false;
}

// "res0_n=1 res0_c=64 ...": the fields that are not zero; addresses and constants in hexadecimal.
template <class I>
std::string fields_to_text(const I& instr) {
  std::string text;
  for_each_field<I>([&](const auto& f) {
    const uint64_t v = f.get(instr);
    if (v == 0) return;
    if (!text.empty()) text += ' ';
    text += fmt::format("{}=", f.name);
    text += f.name.ends_with("_addr") ? fmt::format("{:#x}", v) : fmt::format("{}", v);
  });
  return text;
}

}  // namespace tpuc::bm1684x
