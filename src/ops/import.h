// What import rules have in common. A rule sees a NodeView: strings, numbers, tensors; never protobuf.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tpuc/frontend/node_view.h"

namespace tpuc::ops {

// The node is operator S and nothing else: same inputs, no attributes.
template <class S>
Values import_plain(const NodeView& n, Builder& b) {
  return {b.add<S>(n.in)};
}

// An axis counted from the end becomes one counted from the front. E1206 when there is no such axis.
int64_t wrap_axis(const NodeView& n, int64_t axis, size_t rank);
std::vector<int64_t> wrap_axes(const NodeView& n, std::vector<int64_t> axes, size_t rank);  // E1206 also for doubles
// ONNX moved many lists from an attribute to an input: takes input `i` from opset `since` on, else the attribute.
// `given` says whether there was one at all.
struct IntList {
  bool given = false;
  std::vector<int64_t> values;
};
IntList ints_of(const NodeView& n, std::string_view attribute, size_t i, int since);

double constant_number(const NodeView& n, size_t i);  // of input i, a constant; E1209 unless it is one element

// Element types by ONNX's numbers (TensorProto.DataType); nothing for strings, complex numbers and 8-bit floats.
std::optional<DType> onnx_dtype(int64_t code);
std::string onnx_type_name(int64_t code);

Value* reshape(Builder& b, Value* x, Dims shape);  // x itself when it has this shape
Value* cast(Builder& b, Value* x, DType to);       // x itself when it has this type
// A constant of x's element type, to meet x in arithmetic.
Value* scalar_like(Builder& b, const Value* x, double value);

// Throws E1024: a supported operator with an attribute value that is not.
[[noreturn]] void refuse(const NodeView& n, std::string_view what, std::string_view hint);

}  // namespace tpuc::ops
