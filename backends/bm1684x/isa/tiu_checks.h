// Small questions that the legality rules of all TIU forms ask.
#pragma once

#include <initializer_list>
#include <string>

#include "backends/bm1684x/isa/tensor_view.h"

namespace tpuc::bm1684x {

inline std::string zero_size(std::initializer_list<uint32_t> sizes) {
  for (const uint32_t s : sizes)
    if (s == 0) return "a size is 0";
  return {};
}
inline std::string unknown_prec(std::initializer_list<Prec> precs) {
  for (const Prec p : precs)
    if (!is_valid(p)) return fmt::format("element type {} does not exist on this chip", static_cast<uint32_t>(p));
  return {};
}
template <class Op>
std::string unknown_operation(Op op) {
  return fmt::format("operation {} does not exist on this chip", static_cast<uint32_t>(op));
}
inline std::string refuse_unless(bool condition, const char* rule) {
  return condition ? std::string() : std::string(rule);
}

// The first text that is not empty.
inline std::string first_of(std::initializer_list<std::string> texts) {
  for (const std::string& t : texts)
    if (!t.empty()) return t;
  return {};
}

}  // namespace tpuc::bm1684x
