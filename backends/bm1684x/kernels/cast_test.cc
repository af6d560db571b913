// Conversions, direct and by way of f32.
#include "ops/cast.h"

#include "backends/bm1684x/kernels/kernel_cases.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

TEST_CASE("casts convert as the reference does", "[kernel]") {
  const DType kFrom[] = {DType::F32, DType::F16, DType::BF16, DType::I32, DType::I8, DType::U8};
  const DType kTo[] = {DType::F32, DType::F16, DType::BF16, DType::I32};
  for (const DType from : kFrom)
    for (const DType to : kTo)
      for (const Dims& d : {Dims{2, 70, 3, 5}, Dims{1000}})
        check_case<ops::Cast>(from, {{d, false, from == DType::U8 ? 0.0 : -99, 99}}, {.to = to}, kExact);
}
