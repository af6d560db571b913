// softmax along every axis.
#include "ops/softmax.h"

#include "backends/bm1684x/kernels/kernel_cases.h"
#include "ops/table_softmax.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

namespace {

struct Case {
  Dims dims;
  int64_t axis;
};
const std::vector<Case> kCases{{{70, 100}, 1},      {{70, 96}, 1},      {{1, 1000}, 1}, {{2, 3, 40, 17}, 3},
                               {{2, 21, 9, 11}, 1}, {{2, 5, 30, 7}, 2}, {{5, 1}, 1}};

}  // namespace

TEST_CASE("softmax sums to one", "[kernel]") {
  for (const Case& c : kCases)
    check_floats<ops::Softmax>({{c.dims, false, -9, 9}}, {c.axis}, {2e-7, 3e-6}, {1e-7, 0.001});
}

TEST_CASE("softmax whose result becomes 8 bits", "[kernel]") {
  for (const Case& c : kCases)
    for (const double range : {0.1, 9.0, 60.0})
      check_floats<ops::Softmax>({{c.dims, false, -range, range}}, {c.axis, true}, {1.2e-3, 0}, {1.7e-3, 0});
}

TEST_CASE("log_softmax", "[kernel]") {
  for (const Case& c : kCases)
    check_floats<ops::LogSoftmax>({{c.dims, false, -9, 9}}, {c.axis}, {4e-6, 1e-6}, {1e-4, 0.001});
}

TEST_CASE("table_softmax has the bits of the reference, however it is cut", "[kernel]") {
  const auto bytes = [](DType t, Dims d) {
    return Operand{std::move(d), false, t == DType::U8 ? 0.0 : -128, t == DType::U8 ? 256.0 : 128, t};
  };
  const Operand table{{256}, true, 1e-6, 1, DType::F32};
  std::vector<Case> cases = kCases;
  for (const Case& c : {Case{{2, 3, 100, 128}, 3}, Case{{1, 1000, 5}, 1}, Case{{3, 70, 16}, 2}}) cases.push_back(c);
  for (const Case& c : cases)
    for (const DType t : {DType::I8, DType::U8})
      for (const bool below_top : {false, true}) {
        const Operand x = bytes(t, c.dims);
        check_case<ops::TableSoftmax>(t, {x, table}, {c.axis, below_top}, kExact, 1, 20480);
        check_case<ops::TableSoftmax>(t, {x, table}, {c.axis, below_top, 0.0037F, -100, DType::I8}, kExact, 2, 20480);
      }
}

TEST_CASE("table_softmax of lines as long as a float softmax takes", "[kernel]") {
  const Operand x{{3, 16384}, false, -128, 128, DType::I8}, table{{256}, true, 1e-6, 1, DType::F32};
  check_case<ops::TableSoftmax>(DType::I8, {x, table}, {1, false, 1e-6F}, kExact);
  check_case<ops::TableSoftmax>(DType::I8, {{{16384, 17}, false, -128, 128}, table}, {0, true, 1e-6F}, kExact);
}
