// Products in both ways of matmul.cc, batched, transposed, with bias.
#include "ops/matmul.h"

#include "backends/bm1684x/kernels/kernel_cases.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

namespace {

constexpr Tolerance kF32{1e-5, 1e-5}, kHalf{2e-3, 1e-3};

}  // namespace

TEST_CASE("run-time operands: rows as filters", "[kernel]") {
  check_floats<ops::MatMul>({{{100, 70}}, {{70, 50}}}, {}, kF32, kHalf);
  check_floats<ops::MatMul>({{{2, 3, 10, 33}}, {{2, 3, 33, 17}}}, {}, kF32, kHalf);
  check_floats<ops::MatMul>({{{2, 3, 70, 33}}, {{33, 17}}}, {}, kF32, kHalf);
  check_floats<ops::MatMul>({{{1, 7, 33}}, {{4, 33, 17}}}, {}, kF32, kHalf);
  check_floats<ops::MatMul>({{{3, 70, 40}}, {{3, 20, 40}}}, {.transpose_b = true}, kF32, kHalf);
  check_floats<ops::MatMul>({{{3, 40, 70}}, {{3, 40, 20}}}, {.transpose_a = true}, kF32, kHalf);
  check_floats<ops::MatMul>({{{70, 40}}, {{40, 20}}, {{20}}}, {.activation = ops::Activation::Relu}, kF32, kHalf);
}

TEST_CASE("constant operands: columns as filters for few rows", "[kernel]") {
  check_floats<ops::MatMul>({{{1, 300}}, {{130, 300}, true}, {{130}, true}}, {.transpose_b = true}, kF32, kHalf);
  check_floats<ops::MatMul>({{{9, 70}}, {{70, 65}, true}}, {}, kF32, kHalf);
  check_floats<ops::MatMul>({{{100, 70}}, {{70, 65}, true}, {{65}, true}}, {}, kF32, kHalf);
  check_case<ops::MatMul>(DType::F16, {{{100, 70}}, {{70, 65}, true}, {{65}, true, -2, 2, DType::F32}}, {}, kHalf);
  check_case<ops::MatMul>(DType::F16, {{{5, 70}}, {{70, 65}, true}, {{65}, true, -2, 2, DType::F32}},
                          {.activation = ops::Activation::Relu6}, kHalf);
}

TEST_CASE("constant operands of short rows are packed, for one tile of rows", "[kernel]") {
  check_floats<ops::MatMul>({{{100, 130}}, {{130, 24}, true}}, {}, kF32, kHalf);
  check_floats<ops::MatMul>({{{100, 70}}, {{20, 70}, true}, {{20}, true}}, {.transpose_b = true}, kF32, kHalf);
  check_floats<ops::MatMul>({{{70, 1000}}, {{1000, 30}, true}}, {}, {1e-4, 1e-5}, kHalf, 2048);
  check_floats<ops::MatMul>({{{300, 70}}, {{70, 10}, true}}, {}, kF32, kHalf, 1024);
  check_floats<ops::MatMul>({{{3, 70, 33}}, {{33, 17}, true}}, {.order_y = {1, 0, 2}}, kF32, kHalf);
}

TEST_CASE("inner columns are summed up in parts where lanes are small", "[kernel]") {
  check_floats<ops::MatMul>({{{70, 1000}}, {{1000, 30}}, {{30}}}, {}, {1e-4, 1e-5}, kHalf, 2048);
  check_floats<ops::MatMul>({{{3, 9, 700}}, {{3, 20, 700}}}, {.transpose_b = true}, {1e-4, 1e-5}, kHalf, 1024);
  check_floats<ops::MatMul>({{{4, 1000}}, {{1000, 70}, true}, {{70}, true}}, {.activation = ops::Activation::Relu},
                            {1e-4, 1e-5}, kHalf, 2048);
}

TEST_CASE("matrices read and written where the heads of attention are", "[kernel]") {
  using Order = std::vector<int64_t>;
  const Order heads{0, 2, 1, 3};
  // Columns of 64 bytes and more lie side by side in rows; narrow ones are loaded head by head.
  for (const int64_t d : {32, 20}) {
    check_floats<ops::MatMul>({{{1, 70, 3, d}}, {{1, 40, 3, d}}},
                              {.transpose_b = true, .order_a = heads, .order_b = heads}, kF32, kHalf);
    check_floats<ops::MatMul>({{{1, 3, 70, 40}}, {{1, 40, 3, d}}}, {.order_b = heads, .order_y = heads}, kF32, kHalf,
                              4096);
    check_floats<ops::MatMul>({{{70, 3, d}}, {{3, d, 9}}, {{9}}}, {.order_a = Order{1, 0, 2}}, kF32, kHalf);
    check_floats<ops::MatMul>({{{3, 9, 70}}, {{3, 70, d}}, {{d}}},
                              {.activation = ops::Activation::Relu, .order_y = Order{1, 0, 2}}, kF32, kHalf);
  }
}

TEST_CASE("products of bytes are exact sums, requantized", "[kernel]") {
  const auto bytes = [](DType t, Dims dims, bool is_constant = false) {
    return Operand{std::move(dims), is_constant, t == DType::I8 ? -128. : 0., t == DType::I8 ? 128. : 256., t};
  };
  const Operand none{.dims = {}, .absent = true};
  const auto check = [&](const Dims& a, const Dims& b, int64_t n, ops::MatMul::Attrs attrs, bool b_is_constant,
                         int64_t lane_bytes = 0) {
    const Operand bias{{n}, true, -50000, 50000, DType::I32};
    const auto rq = [](int64_t columns, bool is_constant) {
      return Operand{.dims = {2, columns},
                     .is_constant = is_constant,
                     .low = -0.001,
                     .high = 0.001,
                     .dtype = DType::F32,
                     .is_rq = true};
    };
    const Operand signed_a = bytes(DType::I8, a), signed_b = bytes(DType::I8, b, b_is_constant);
    check_case<ops::MatMul>(DType::I8, {signed_a, signed_b}, attrs, kExact, 1, lane_bytes);
    attrs.zero_a = -7;
    check_case<ops::MatMul>(DType::I8, {signed_a, signed_b, bias}, attrs, kExact, 2);
    attrs.to = DType::I8;
    attrs.zero_b = 20;
    check_case<ops::MatMul>(DType::I8, {signed_a, signed_b, none, rq(n, true)}, attrs, kExact, 3, lane_bytes);
    check_case<ops::MatMul>(DType::I8, {signed_a, signed_b, none, rq(n, false)}, attrs, kExact, 4);
    attrs.to = DType::U8;
    attrs.zero_a = 200;
    const Operand unsigned_a = bytes(DType::U8, a), unsigned_b = bytes(DType::U8, b, b_is_constant);
    check_case<ops::MatMul>(DType::U8, {unsigned_a, signed_b, bias, rq(1, true)}, attrs, kExact, 5, lane_bytes);
    check_case<ops::MatMul>(DType::U8, {unsigned_a, unsigned_b, none, rq(1, false)}, attrs, kExact, 6);
  };
  check({100, 70}, {70, 50}, 50, {}, false);
  check({2, 3, 10, 33}, {2, 3, 33, 17}, 17, {}, false);
  check({3, 70, 40}, {3, 20, 40}, 20, {.transpose_b = true}, false);
  check({3, 40, 70}, {3, 40, 20}, 20, {.transpose_a = true}, false);
  check({1, 300}, {130, 300}, 130, {.transpose_b = true}, true);
  check({9, 70}, {70, 65}, 65, {}, true);
  check({100, 70}, {70, 65}, 65, {}, true);
  check({70, 1000}, {1000, 30}, 30, {}, false, 2048);
  check({4, 1000}, {1000, 70}, 70, {}, true, 2048);
  using Order = std::vector<int64_t>;
  for (const int64_t d : {64, 20})
    check({1, 3, 70, 40}, {1, 40, 3, d}, d, {.order_b = Order{0, 2, 1, 3}, .order_y = Order{0, 2, 1, 3}}, false, 4096);
}

TEST_CASE("what products of bytes cannot do is said", "[kernel]") {
  ConstantStore store;
  Graph g("g", store);
  Value* a = g.input({DType::I8, {2, 40000}, {}}, "a");
  const Op& op = g.add<ops::MatMul>({a, g.input({DType::U8, {40000, 2}, {}}, "b")}, {});
  CHECK(find_kernel("matmul")->supports(op, DType::I32).why == "sums of 40000 products of bytes may leave int32");
}
