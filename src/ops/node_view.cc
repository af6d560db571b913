// Reading attributes and constant inputs of a foreign node, with errors that name the node's operator and the
// attribute.
#include "tpuc/frontend/node_view.h"

#include <array>

namespace tpuc {

namespace {

constexpr std::array<std::string_view, 7> kKindNames{
    "an integer", "a float", "a string", "a list of integers", "a list of floats", "a list of strings", "a tensor"};

// Null when the attribute is absent.
template <class T>
const T* get(const NodeView& n, std::string_view key, std::string_view expected) {
  const auto it = n.attrs.find(key);
  if (it == n.attrs.end()) return nullptr;
  const T* value = std::get_if<T>(&it->second);
  if (value == nullptr)
    throw UserError(diagnostic(ErrorCode::E1013, "{}: attribute `{}` is {}, expected {}", n.op, key,
                               kKindNames[it->second.index()], expected));
  return value;
}

}  // namespace

Value* NodeView::input(size_t i) const {
  if (has_input(i)) return in[i];
  throw UserError(diagnostic(ErrorCode::E1014, "{}: input {} is absent but required", op, i));
}

int64_t NodeView::get_int(std::string_view key, int64_t fallback) const {
  const auto* v = get<int64_t>(*this, key, kKindNames[0]);
  return v == nullptr ? fallback : *v;
}

float NodeView::get_float(std::string_view key, float fallback) const {
  const auto* v = get<float>(*this, key, kKindNames[1]);
  return v == nullptr ? fallback : *v;
}

std::string NodeView::get_string(std::string_view key, std::string_view fallback) const {
  const auto* v = get<std::string>(*this, key, kKindNames[2]);
  return v == nullptr ? std::string(fallback) : *v;
}

std::vector<int64_t> NodeView::get_ints(std::string_view key, std::vector<int64_t> fallback) const {
  const auto* v = get<std::vector<int64_t>>(*this, key, kKindNames[3]);
  return v == nullptr ? std::move(fallback) : *v;
}

std::vector<float> NodeView::get_floats(std::string_view key) const {
  const auto* v = get<std::vector<float>>(*this, key, kKindNames[4]);
  return v == nullptr ? std::vector<float>{} : *v;
}

const Tensor& NodeView::constant_input(size_t i) const {
  const Value* v = input(i);
  if (v->is_constant()) return v->tensor();
  throw UserError(
      diagnostic(ErrorCode::E1012, "{}: input {} (`{}`) must be a constant but is computed at run time", op, i, v->name)
          .note(std::string(kDecidesNote), v->name)
          .note("hint", v->def == nullptr ? "give its value with --input-value, or a sample with --like"
                                          : "fix the shapes or values it is computed from: --input-shape, "
                                            "--input-value or --like"));
}

std::vector<int64_t> NodeView::constant_ints(size_t i) const {
  const Tensor& t = constant_input(i);
  if (is_float(t.dtype()))
    throw UserError(diagnostic(ErrorCode::E1202, "{}: input {} is {}, expected integers", op, i, to_string(t.type)));
  return t.to_i64();
}

}  // namespace tpuc
