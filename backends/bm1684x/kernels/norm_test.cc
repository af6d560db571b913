// scale with constants in f32 for tensors of halves.
#include "ops/norm.h"

#include "backends/bm1684x/kernels/kernel_cases.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

TEST_CASE("scale per channel", "[kernel]") {
  for (const Dims& d : {Dims{2, 70, 5, 9}, Dims{3, 130, 11}, Dims{4, 5}}) {
    const Operand vector{{d[1]}, true, -2, 2, DType::F32};
    check_floats<ops::Scale>({{d}, vector, vector}, {}, {1e-6, 1e-6}, {4e-3, 2e-3});
    check_floats<ops::Scale>({{d}, vector}, {ops::Activation::Relu}, kExact, {0, 0.0015});
  }
}
