// See affine.h. Products are made in f64 and rounded once.
#include "passes/rules/affine.h"

#include <algorithm>

namespace tpuc {

std::optional<std::vector<double>> channel_values(const Tensor& c, const TensorType& x) {
  const size_t rank = x.dims.size();
  if (rank < 2 || !is_float(x.dtype) || c.dims().size() > rank) return std::nullopt;
  const auto channels = static_cast<size_t>(x.dims[1]);
  for (size_t i = 0; i < c.dims().size(); ++i) {  // from the last axis
    const size_t axis = rank - 1 - i;
    const int64_t d = c.dims()[c.dims().size() - 1 - i];
    if (d != 1 && (axis != 1 || d != x.dims[1])) return std::nullopt;
  }
  std::vector<double> values = c.to_f64();
  if (values.size() == 1) values.resize(channels, values[0]);
  return values;
}

Affine affine_of(const Tensor& s, const Value* opt_t) {
  Affine a{s.to_f64(), {}};
  a.t = opt_t == nullptr ? std::vector<double>(a.s.size(), 0.0) : opt_t->tensor().to_f64();
  return a;
}

Value* channel_constant(Rewriter& rw, const std::vector<double>& values) {
  Tensor t(DType::F32, {static_cast<int64_t>(values.size())});
  t.assign_f64(values);
  return rw.constant(std::move(t));
}

Tensor scaled(const Tensor& w, const std::vector<double>& factor, int64_t inner) {
  std::vector<double> values = w.to_f64();
  size_t i = 0;
  while (i < values.size())
    for (size_t c = 0; c < factor.size(); ++c)
      for (int64_t k = 0; k < inner; ++k) values[i++] *= factor[c];
  Tensor out(w.type);
  out.assign_f64(values);
  return out;
}

bool all_zero(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [](double x) { return x == 0.0; });
}

}  // namespace tpuc
