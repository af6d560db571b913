// div(x, c)  ->  mul(x, 1/c)      c constant: the chip multiplies much faster than it divides
#include <algorithm>
#include <cmath>

#include "ops/eltwise.h"
#include "passes/rules/rules.h"

namespace tpuc {
namespace {

using namespace ops;

// tol: 1/c is rounded to c's type once more; exact for powers of two.
Outcome to_mul(const Match& m, const Op&, Rewriter& rw) {
  const Tensor& c = rw.data(m["c"]);
  if (c.dtype() != DType::F32) return rw.no_match("only f32 has digits to spare");
  std::vector<double> values = c.to_f64();
  for (double& x : values) x = 1 / x;
  Tensor inverse(c.dtype(), c.dims());
  inverse.assign_f64(values);
  const auto numbers = inverse.as<float>();
  if (!std::all_of(numbers.begin(), numbers.end(), [](float x) { return std::isnormal(x); }))
    return rw.no_match("a reciprocal leaves f32's range");
  return rw.replace_root(rw.add<Mul>({m["x"], rw.constant(std::move(inverse))}));
}

}  // namespace

Rule div_to_mul() {
  return {"div-to-mul", "dividing by constants is multiplying by their reciprocals",
          pat::op<Div>(pat::runtime("x"), pat::constant("c")), to_mul};
}

}  // namespace tpuc
