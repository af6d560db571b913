// The one place that knows broadcasting and working types in reference evaluation: operators give a function of
// numbers, this applies it element by element. Clear, not fast: fast versions are in runtime/fast. Working types: f32
// for f32, f16 and bf16; f64 for f64; i64 for integers and bool.
#pragma once

#include <cstdint>
#include <vector>

#include "ops/eval_elements.h"

namespace tpuc::ops {

// Strides in elements to walk a tensor of dimensions `from` as if it had dimensions `to`; 0 on repeated axes.
Dims broadcast_strides(const Dims& from, const Dims& to);

// Offsets of operands while a result is walked in row-major order.
class Walk {
 public:
  Walk(Dims result, std::vector<Dims> operand_strides);
  int64_t offset(size_t operand) const { return offsets_[operand]; }
  const Dims& position() const { return position_; }
  void next();

 private:
  Dims dims_, position_;
  std::vector<Dims> strides_;
  std::vector<int64_t> offsets_;
};

template <class T, class F>
void map_unary_as(const Tensor& x, Tensor& y, const F& f) {
  auto values = elements<T>(x);
  for (T& v : values) v = static_cast<T>(f(v));
  store(y, values);
}
// y = f(x) for float types; f takes float and double.
template <class F>
void map_float(const Tensor& x, Tensor& y, const F& f) {
  if (x.dtype() == DType::F64) return map_unary_as<double>(x, y, f);
  map_unary_as<float>(x, y, f);
}
// y = f(x) for all types; f takes float, double and int64_t.
template <class F>
void map_number(const Tensor& x, Tensor& y, const F& f) {
  if (is_float(x.dtype())) return map_float(x, y, f);
  map_unary_as<int64_t>(x, y, f);
}

template <class T, class F>
void map_binary_as(const Tensor& a, const Tensor& b, Tensor& y, const F& f) {
  const auto va = elements<T>(a), vb = elements<T>(b);
  std::vector<T> vy(static_cast<size_t>(y.count()));
  Walk walk(y.dims(), {broadcast_strides(a.dims(), y.dims()), broadcast_strides(b.dims(), y.dims())});
  for (T& v : vy) {
    v = static_cast<T>(f(va[static_cast<size_t>(walk.offset(0))], vb[static_cast<size_t>(walk.offset(1))]));
    walk.next();
  }
  store(y, vy);
}
// y = f(a, b), broadcast to y's dimensions; works in the wider of the operands' working types.
template <class F>
void map_binary(const Tensor& a, const Tensor& b, Tensor& y, const F& f) {
  if (a.dtype() == DType::F64 || b.dtype() == DType::F64) return map_binary_as<double>(a, b, y, f);
  if (is_float(a.dtype()) || is_float(b.dtype())) return map_binary_as<float>(a, b, y, f);
  map_binary_as<int64_t>(a, b, y, f);
}

}  // namespace tpuc::ops
