// Products of matrices and convolutions multiply every result element by a row of the second operand; everything else
// touches each element a few times.
#include "ops/work.h"

#include <algorithm>
#include <limits>

#include "ops/conv.h"
#include "ops/matmul.h"
#include "ops/weight_matmul.h"

namespace tpuc::ops {

int64_t work_of(const Op& op) {
  int64_t touched = 0, results = 0;
  for (const Value* v : op.in())
    if (v != nullptr) touched += element_count(v->type);
  for (const auto& v : op.out()) results += element_count(v->type);
  int64_t depth = 1;  // multiplications for one result
  const Value* second = op.in(1);
  const Dims& out = op.out(0)->type.dims;
  if (second != nullptr && !out.empty() && (op.is<MatMul>() || op.is<Conv2d>() || op.is<ConvTranspose2d>())) {
    const int64_t shared = op.is<MatMul>() ? out.back() : out.size() > 1 ? out[1] : 1;
    depth = element_count(second->type) / std::max<int64_t>(1, shared);
  }
  int64_t work = 0;
  if (__builtin_mul_overflow(results, std::max<int64_t>(1, depth), &work) ||
      __builtin_add_overflow(work, touched, &work))
    return std::numeric_limits<int64_t>::max();
  return work;
}

int64_t products_of(const Op& op) {
  const auto count = [&](size_t i) { return element_count(op.in(i)->type); };
  const int64_t results = element_count(op.out(0)->type);
  if (op.is<Conv2d>()) return results * (count(1) / std::max<int64_t>(1, op.out(0)->type.dims[1]));
  if (op.is<ConvTranspose2d>()) return count(0) * (count(1) / std::max<int64_t>(1, op.in(0)->type.dims[1]));
  if (op.is<WeightMatMul>()) return results * op.in(0)->type.dims.back();
  if (!op.is<MatMul>()) return 0;
  const auto& attrs = op.attrs<MatMul>();
  const Dims& a = op.in(0)->type.dims;
  const size_t at = a.size() - (attrs.transpose_a ? 2 : 1);
  return results * a[attrs.order_a.empty() ? at : static_cast<size_t>(attrs.order_a[at])];
}

}  // namespace tpuc::ops
