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

TEST_CASE("normalization over rows, groups and channels", "[kernel]") {
  constexpr Tolerance kF32{5e-6, 5e-6}, kHalf{1e-4, 0.001};
  for (const Dims& d : {Dims{3, 70, 96}, Dims{70, 33}, Dims{1, 5, 7}}) {
    const Operand vector{{d.back()}, true, -2, 2};
    const auto axis = static_cast<int64_t>(d.size()) - 1;
    check_floats<ops::LayerNorm>({{d}, vector, vector}, {.axis = axis}, kF32, kHalf);
    check_floats<ops::LayerNorm>({{d}, {{d.back()}}}, {.axis = axis}, kF32, kHalf);
    check_floats<ops::RmsNorm>({{d}, vector}, {.axis = axis}, kF32, kHalf);
  }
  check_floats<ops::LayerNorm>({{{70, 3, 32}}}, {.axis = 1}, kF32, kHalf);
  const Operand vector{{70}, true, -2, 2};
  check_floats<ops::GroupNorm>({{{2, 70, 5, 9}}, vector, vector}, {.groups = 7}, kF32, kHalf);
  check_floats<ops::InstanceNorm>({{{2, 70, 5, 9}}, vector, vector}, {}, kF32, kHalf);
  check_floats<ops::InstanceNorm>({{{2, 70, 45}}, vector, vector}, {}, kF32, kHalf);
}
