// A neutral view of a node of a foreign model: operators import themselves through it and never see protobuf.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "tpuc/ir/graph.h"

namespace tpuc {

using NodeAttr = std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>,
                              std::vector<std::string>, Tensor>;

// The note that names a value which is computed at run time but decides what a node means. The importer looks for the
// graph inputs behind it.
inline constexpr std::string_view kDecidesNote = "decided by";

struct NodeView {
  std::string name, op, domain;          // op without the domain; an unnamed node is called by its first output
  int opset = 0;                         // of the node's domain
  std::vector<std::string> input_names;  // "" where an optional input is absent
  std::vector<std::string> output_names;
  std::vector<Value*> in;  // aligned with input_names; null where absent
  std::map<std::string, NodeAttr, std::less<>> attrs;

  bool has_input(size_t i) const { return i < in.size() && in[i] != nullptr; }
  Value* input(size_t i) const;  // throws UserError when it is absent
  bool has_attr(std::string_view key) const { return attrs.find(key) != attrs.end(); }
  // Throw UserError when an attribute has another kind; the fallback stands for an absent one.
  int64_t get_int(std::string_view key, int64_t fallback) const;
  float get_float(std::string_view key, float fallback) const;
  std::string get_string(std::string_view key, std::string_view fallback) const;
  std::vector<int64_t> get_ints(std::string_view key, std::vector<int64_t> fallback = {}) const;
  std::vector<float> get_floats(std::string_view key) const;
  // The constant behind input i; throws UserError "input must be a constant" when it is computed at run time or absent.
  const Tensor& constant_input(size_t i) const;
  std::vector<int64_t> constant_ints(size_t i) const;
};

}  // namespace tpuc
