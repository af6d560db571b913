// softmax along every axis.
#include "ops/softmax.h"

#include "backends/bm1684x/kernels/kernel_cases.h"

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
