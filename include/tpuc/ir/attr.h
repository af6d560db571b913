// Attributes of operators: one list of fields per operator gives printing, parsing, JSON, hashing and equality.
// Templates only turn a struct into a neutral list; everything else works on that list.
#pragma once

#include <any>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "tpuc/ir/type.h"
#include "tpuc/support/check.h"

namespace tpuc {

// The neutral form of one attribute. Enums and element types travel as their names.
using AttrValue = std::variant<bool, int64_t, double, std::string, std::vector<int64_t>, std::vector<double>>;
struct NamedAttr {
  std::string_view name, doc;
  AttrValue value;
};
using AttrList = std::vector<NamedAttr>;

// An enum used as an attribute specialises this: `static constexpr std::array<std::string_view, N> kNames` in value
// order.
template <class E>
struct EnumNames;

template <class S, class T>
struct Field {
  std::string_view name;
  T S::*member;
  std::string_view doc;
};
template <class S, class T>
constexpr Field<S, T> field(std::string_view name, T S::*member, std::string_view doc) {
  return {name, member, doc};
}

namespace detail {
template <class T>
AttrValue to_attr(const T& v) {
  if constexpr (std::same_as<T, DType>) {
    return std::string(to_string(v));
  } else if constexpr (std::is_enum_v<T>) {
    return std::string(EnumNames<T>::kNames[static_cast<size_t>(v)]);
  } else if constexpr (std::same_as<T, float>) {
    return static_cast<double>(v);
  } else if constexpr (std::same_as<T, std::vector<float>>) {
    return std::vector<double>(v.begin(), v.end());
  } else {
    return v;
  }
}

// False when the value's kind does not fit. An integer is accepted where a real is wanted, and an empty list is either
// kind.
template <class T>
bool from_attr(const AttrValue& a, T& out) {
  if constexpr (std::same_as<T, DType>) {
    const auto* s = std::get_if<std::string>(&a);
    const auto t = s ? parse_dtype(*s) : std::nullopt;
    if (t) out = *t;
    return t.has_value();
  } else if constexpr (std::is_enum_v<T>) {
    const auto* s = std::get_if<std::string>(&a);
    for (size_t i = 0; s && i < EnumNames<T>::kNames.size(); ++i)
      if (EnumNames<T>::kNames[i] == *s) return out = static_cast<T>(i), true;
    return false;
  } else if constexpr (std::is_floating_point_v<T>) {
    if (const auto* i = std::get_if<int64_t>(&a)) return out = static_cast<T>(*i), true;
    if (const auto* d = std::get_if<double>(&a)) return out = static_cast<T>(*d), true;
    return false;
  } else if constexpr (std::same_as<T, std::vector<float>> || std::same_as<T, std::vector<double>>) {
    if (const auto* i = std::get_if<std::vector<int64_t>>(&a)) return out.assign(i->begin(), i->end()), true;
    const auto* d = std::get_if<std::vector<double>>(&a);
    if (d == nullptr) return false;
    out.clear();
    for (const double x : *d) out.push_back(static_cast<typename T::value_type>(x));
    return true;
  } else {
    if (const auto* v = std::get_if<T>(&a)) return out = *v, true;
    if constexpr (std::same_as<T, std::vector<int64_t>>) {
      const auto* d = std::get_if<std::vector<double>>(&a);
      if (d && d->empty()) return out.clear(), true;
    }
    return false;
  }
}
}  // namespace detail

template <class A>
AttrList attr_list(const A& attrs) {
  AttrList list;
  std::apply(
      [&](const auto&... f) {
        (list.push_back({f.name, f.doc, detail::to_attr(attrs.*(f.member))}), ...);
      },
      A::fields());
  return list;
}

enum class AttrSet { Ok, UnknownName, WrongKind };
template <class A>
AttrSet set_attr(A& attrs, std::string_view name, const AttrValue& value) {
  AttrSet result = AttrSet::UnknownName;
  auto one = [&](const auto& f) {
    if (f.name == name) result = detail::from_attr(value, attrs.*(f.member)) ? AttrSet::Ok : AttrSet::WrongKind;
  };
  std::apply([&](const auto&... f) { (one(f), ...); }, A::fields());
  return result;
}

// For operators without attributes.
struct NoAttrs {
  static constexpr auto fields() { return std::tuple{}; }
};

}  // namespace tpuc
