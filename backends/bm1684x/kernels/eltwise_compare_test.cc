// Comparisons, logic, select and remainders with broadcasting, on floats, integers and bools.
#include "backends/bm1684x/kernels/kernel_cases.h"
#include "ops/eltwise.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

namespace {

const std::vector<std::pair<Dims, Dims>> kShapes{{{2, 70, 5, 9}, {2, 70, 5, 9}},
                                                 {{2, 70, 5, 9}, {1, 1, 5, 9}},
                                                 {{1, 70, 1, 9}, {2, 1, 5, 1}},
                                                 {{40, 100}, {100}},
                                                 {{1000}, {1}},
                                                 {{2, 3, 2, 3, 4}, {2, 3, 1, 1, 1}}};

const DType kTypes[] = {DType::F32, DType::F16, DType::BF16, DType::I32, DType::U8, DType::I8};

// Few values, so that many are equal.
template <class S>
void compare_all() {
  for (const DType t : kTypes)
    for (const auto& [a, b] : kShapes) {
      const double low = t == DType::U8 ? 126 : -2;
      check_case<S>(t, {{a, false, low, low + 4}, {b, false, low, low + 4}}, {}, kExact);
    }
  check_case<S>(DType::I32, {{{40, 100}, false, -3, 3}, {{}, true, -3, 3}}, {}, kExact);
  check_case<S>(DType::F16, {{{1}, true, -3, 3}, {{40, 100}, false, -3, 3}}, {}, kExact);
}

template <class S>
void logic_all() {
  for (const auto& [a, b] : kShapes) check_case<S>(DType::Bool, {{a, false, 0, 2}, {b, false, 0, 2}}, {}, kExact);
}

}  // namespace

TEST_CASE("comparisons of equal, smaller and larger elements", "[kernel]") {
  compare_all<ops::Equal>();
  compare_all<ops::Less>();
  compare_all<ops::Greater>();
  compare_all<ops::LessOrEqual>();
  compare_all<ops::GreaterOrEqual>();
}

TEST_CASE("logic on bools", "[kernel]") {
  logic_all<ops::And>();
  logic_all<ops::Or>();
  logic_all<ops::Xor>();
  check_case<ops::Not>(DType::Bool, {{{2, 70, 5, 9}, false, 0, 2}}, {}, kExact);
}

TEST_CASE("select takes bits from either side", "[kernel]") {
  const DType types[] = {DType::F32, DType::F16, DType::BF16, DType::I32, DType::U8, DType::Bool};
  for (const DType t : types) {
    const double low = t == DType::Bool ? 0 : 1, high = t == DType::Bool ? 2 : 99;
    for (const auto& [a, b] : kShapes) {
      const Operand cond{b, false, 0, 2, DType::Bool}, full{a, false, 0, 2, DType::Bool};
      check_case<ops::Select>(t, {cond, {a, false, low, high}, {b, false, low, high}}, {}, kExact);
      check_case<ops::Select>(t, {full, {b, false, low, high}, {{1}, true, low, high}}, {}, kExact);
    }
    const Operand cond{{40, 100}, false, 0, 2, DType::Bool};
    check_case<ops::Select>(t, {cond, {{}, true, low, high}, {{}, true, low, high}}, {}, kExact);
  }
}

TEST_CASE("remainders, and quotients of integers", "[kernel]") {
  for (const auto& [a, b] : kShapes) {
    for (const double low : {1.0, -9.0}) {
      const double high = low < 0 ? 0 : 9;
      for (const bool fmod : {false, true}) {
        check_case<ops::Mod>(DType::I32, {{a, false, -2e9, 2e9}, {b, false, low, high}}, {fmod}, kExact);
        check_case<ops::Mod>(DType::I32, {{a, false, -90, 90}, {b, false, low * 1e8, high * 1e8 + 1}}, {fmod}, kExact);
        check_case<ops::Mod>(DType::F16, {{a, false, -9, 9}, {b, false, low, high - 0.5}}, {fmod}, {0.01, 0.001});
      }
      check_case<ops::Div>(DType::I32, {{a, false, -2e9, 2e9}, {b, false, low, high}}, {}, kExact);
    }
    check_case<ops::Mod>(DType::F32, {{a, false, -9, 9}, {b, false, 1, 4}}, {}, {1e-5, 1e-6});
  }
  for (const Operand& number : {Operand{{}, true, 6, 7}, Operand{{}, true, -7, -6}}) {
    check_case<ops::Mod>(DType::I32, {{{1000}, false, -90, 90}, number}, {}, kExact);
    check_case<ops::Mod>(DType::I32, {number, {{1000}, false, 1, 90}}, {}, kExact);
    check_case<ops::Div>(DType::I32, {number, {{1000}, false, 1, 90}}, {}, kExact);
  }
}
