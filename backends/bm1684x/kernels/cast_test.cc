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

TEST_CASE("to bool: whether an element is not 0; from bool: 0 or 1", "[kernel]") {
  for (const DType t : {DType::F32, DType::F16, DType::BF16, DType::I32, DType::U8, DType::Bool}) {
    check_case<ops::Cast>(t, {{{2, 70, 3, 5}, false, 0, t == DType::Bool ? 2.0 : 3.0}}, {.to = DType::Bool}, kExact);
    check_case<ops::Cast>(DType::Bool, {{{1000}, false, 0, 2}}, {.to = t}, kExact);
  }
}
