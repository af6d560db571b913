// Axes longer than the 16 bits of a size field: views have them, tiles do not. Lengths without divisors too, which no
// split into two axes helps.
#include "backends/bm1684x/kernels/kernel_cases.h"
#include "ops/activation.h"
#include "ops/cast.h"
#include "ops/conv.h"
#include "ops/eltwise.h"
#include "ops/gather.h"
#include "ops/matmul.h"
#include "ops/norm.h"
#include "ops/pool.h"
#include "ops/quantize.h"
#include "ops/reduce.h"
#include "ops/resize.h"
#include "ops/shape.h"
#include "ops/softmax.h"
#include "ops/weight_matmul.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

namespace {

constexpr int64_t kLong = 70001;  // a prime
constexpr int64_t kSmallLane = 48 * 1024;

// As the planner cuts it in lanes of two sizes, and in pieces of its own choice that leave a ragged end (0: as long as
// commands say). check_case() would cut such axes into tiles of a few elements.
template <class S>
void check_long(DType t, const std::vector<Operand>& operands, const typename S::Attrs& attrs, const Tolerance& tol,
                const Shape4& pieces = {0, 512, 0, 1500}) {
  std::mt19937 rng(1);
  ConstantStore store;
  Graph graph("case", store);
  std::vector<Tensor> tensors;
  std::vector<Value*> in;
  std::map<std::string, Tensor> inputs;
  for (const Operand& o : operands) tensors.push_back(random_tensor(o.dtype.value_or(t), o, rng));
  for (size_t i = 0; i < operands.size(); ++i) {
    const std::string name = "x" + std::to_string(i);
    in.push_back(operands[i].is_constant ? graph.constant(tensors[i], name) : graph.input(tensors[i].type, name));
    if (!operands[i].is_constant) inputs[name] = tensors[i];
  }
  Op& op = graph.add<S>(in, attrs);
  graph.set_outputs({op.out(0)});
  std::vector<const Tensor*> args;
  for (const Tensor& x : tensors) args.push_back(&x);
  const Tensor want = std::move(evaluate(op, args).front());
  const Support support = find_kernel(S::kName)->supports(op, t);
  INFO(S::kName << " " << to_string(op.in(0)->type) << " -> " << to_string(op.out(0)->type) << ": " << support.why);
  REQUIRE(support.ok);
  for (const int64_t lane_bytes : {kLaneRoom, kSmallLane}) {
    INFO("lanes of " << lane_bytes << " bytes");
    PlanOptions options;
    options.lane_bytes = lane_bytes;
    compare(run_graph_on_chip(graph, inputs, options).front(), want, tol);
  }
  if (find_kernel(S::kName)->emit_ddr == nullptr && pieces != Shape4{})
    compare(run_op_on_chip(graph, inputs, pieces), want, tol);
}

const DType kTypes[] = {DType::F32, DType::F16};

}  // namespace

TEST_CASE("elementwise operators on long axes", "[kernel]") {
  for (const DType t : kTypes) {
    check_long<ops::Add>(t, {{{kLong}}, {{kLong}}}, {}, kHalfUlp);
    check_long<ops::Mul>(t, {{{kLong, 3}}, {{3}}}, {}, kHalfUlp);
    check_long<ops::Sub>(t, {{{2, kLong, 3}}, {{2, kLong, 1}}}, {}, kHalfUlp);
    check_long<ops::Max>(t, {{{3, 1, kLong}}, {{1, 2, kLong}}}, {}, kExact);
    check_long<ops::Relu>(t, {{{1, 5, kLong}}}, {}, kExact);
    check_long<ops::Scale>(t, {{{1, 5, kLong}}, {{5}, true}, {{5}, true}}, {}, {1e-3, 2e-3});
    check_long<ops::Scale>(t, {{{kLong, 5}}, {{5}, true}, {{5}, true}}, {}, {1e-3, 2e-3}, {700, 0, 0, 0});
  }
  check_long<ops::Cast>(DType::F32, {{{kLong}, false, -9, 9}}, {.to = DType::I32}, kExact);
  check_long<ops::Less>(DType::I32, {{{kLong}, false, -9, 9}, {{1}, true}}, {}, kExact);
  check_long<ops::Select>(DType::F16, {{{1, kLong}, false, 0, 2, DType::Bool}, {{3, kLong}}, {{3, 1}}}, {}, kExact);
}

TEST_CASE("rows beyond 65535 of reductions, searches and normalizations", "[kernel]") {
  for (const DType t : kTypes) {
    check_long<ops::Reduce>(t, {{{kLong, 5}}}, {ops::ReduceKind::Mean, {1}, true}, kHalfUlp);
    check_long<ops::Reduce>(t, {{{5, kLong}}}, {ops::ReduceKind::Max, {0}, true}, kExact);
    check_long<ops::ArgMax>(t, {{{kLong, 5}}}, {.axis = 1, .index = DType::I32}, kExact);
    check_long<ops::ArgMin>(t, {{{5, kLong}}}, {.axis = 0, .index = DType::I32}, kExact);
    check_long<ops::Softmax>(t, {{{kLong, 5}}}, {1}, {2e-6, 2e-3});
    check_long<ops::Softmax>(t, {{{5, kLong}}}, {0}, {2e-6, 2e-3});
    check_long<ops::LayerNorm>(t, {{{kLong, 5}}, {{5}, true}, {{5}, true}}, {.axis = 1}, {1e-3, 2e-3});
  }
}

TEST_CASE("matrices beyond 65535 rows, columns and products", "[kernel]") {
  for (const DType t : kTypes) {
    const Tolerance tol = t == DType::F32 ? Tolerance{1e-3, 1e-4} : Tolerance{2e-3, 2e-3};
    check_long<ops::MatMul>(t, {{{3, 8}}, {{8, kLong}, true}, {{kLong}, true, -2, 2, DType::F32}}, {}, tol);
    check_long<ops::MatMul>(t, {{{60, 8}}, {{8, kLong}, true}, {{kLong}, true, -2, 2, DType::F32}}, {}, tol);
    check_long<ops::MatMul>(t, {{{kLong, 8}}, {{8, 5}, true}, {{5}, true, -2, 2, DType::F32}}, {}, tol);
    check_long<ops::MatMul>(t, {{{2, kLong, 4}}, {{2, 4, 3}}}, {}, tol);
    check_long<ops::MatMul>(t, {{{kLong, 1, 3}}, {{kLong, 3, 2}}}, {}, tol, {1000, 0, 0, 0});
    check_long<ops::MatMul>(t, {{{2, kLong}, false, -.1, .1}, {{kLong, 4}, true, -.1, .1}}, {}, tol, {});
    check_long<ops::MatMul>(t, {{{50, kLong}, false, -.1, .1}, {{kLong, 4}, true, -.1, .1}}, {}, tol, {});
  }
  check_long<ops::WeightMatMul>(
      DType::F16, {{{2, 64}}, {{64, kLong}, true, -9, 9, DType::I8}, {{1, 1, kLong}, true, 0.1, 1, DType::F32}},
      {.bits = 8}, {2e-2, 4e-3});
}

TEST_CASE("windows over long axes", "[kernel]") {
  for (const DType t : kTypes) {
    const Tolerance tol = t == DType::F32 ? Tolerance{1e-4, 1e-4} : Tolerance{2e-3, 2e-3};
    const Operand filter{{4, 3, 1, 3}, true, -1, 1};
    check_long<ops::Conv2d>(t, {{{1, 3, 1, kLong}}, filter}, {.pads = {0, 1, 0, 1}}, tol);
    check_long<ops::Conv2d>(t, {{{1, 1, 1, kLong}}, {{8, 1, 1, 40}, true, -.3, .3}}, {.strides = {1, 160}}, tol,
                            {0, 0, 0, 100});  // by tap
    check_long<ops::Conv2d>(t, {{{1, 2, 1, 140002}}, {{8, 2, 1, 2}, true}}, {.strides = {1, 70000}}, tol, {0, 0, 0, 1});
    check_long<ops::MaxPool2d>(t, {{{1, 3, 1, kLong}}}, {.kernel = {1, 2}, .strides = {1, 2}}, kExact);
    check_long<ops::AvgPool2d>(t, {{{1, 3, 1, kLong}}}, {.kernel = {1, 3}, .strides = {1, 1}, .pads = {0, 1, 0, 1}},
                               tol);
    check_long<ops::AvgPool2d>(t, {{{1, 3, kLong, 1}}}, {.kernel = {4, 1}, .strides = {4, 1}}, tol, {0, 0, 1500, 0});
  }
}

TEST_CASE("resizes along long axes", "[kernel]") {
  ops::Resize::Attrs a;
  a.sizes = {1, 2, 2 * kLong};
  a.scales = {1, 1, 2};
  check_long<ops::Resize>(DType::F32, {{{1, 2, kLong}}}, a, kExact);
  a.mode = ops::ResizeMode::Linear;
  for (const DType t : kTypes) check_long<ops::Resize>(t, {{{1, 2, kLong}}}, a, {1e-5, 2e-3});
}

TEST_CASE("long axes change places", "[kernel]") {
  check_long<ops::Permute>(DType::F32, {{{kLong, 3}}}, {{1, 0}}, kExact);
  check_long<ops::Permute>(DType::F16, {{{3, kLong}}}, {{1, 0}}, kExact);
  check_long<ops::Permute>(DType::I8, {{{2, kLong, 3, 2}, false, -9, 9}}, {{3, 1, 0, 2}}, kExact);
}

TEST_CASE("bytes on long axes", "[kernel]") {
  check_long<ops::Quantize>(DType::F32, {{{kLong}}}, {.to = DType::I8, .scale = 0.02f}, kExact);
  check_long<ops::Dequantize>(DType::I8, {{{3, kLong}, false, -120, 120}}, {.to = DType::F32, .scale = 0.02f}, kExact);
  check_long<ops::Lut>(DType::I8, {{{kLong}, false, -120, 120}, {{256}, true, -120, 120}}, {}, kExact);
}

// Rows of tables are at most 65535 here; longer tables come in parts (ops/gather_decompose.cc).
TEST_CASE("many indices, and long rows of tables", "[kernel]") {
  const auto index = [](Dims dims, double size) { return Operand{std::move(dims), false, 0, size, DType::I32}; };
  check_long<ops::Gather>(DType::F16, {{{50, 3}}, index({kLong}, 50)}, {0, true}, kExact);
  check_long<ops::Gather>(DType::F16, {{{5, kLong}}, index({3}, 5)}, {0, true}, kExact);
  check_long<ops::Gather>(DType::F16, {{{kLong, 5, 2}}, index({3}, 5)}, {1, true}, kExact);
  check_long<ops::GatherElements>(DType::F16, {{{2, 5}}, index({2, kLong}, 5)}, {1, true}, kExact);
  check_long<ops::GatherElements>(DType::F16, {{{kLong, 5}}, index({kLong, 2}, 5)}, {1, true}, kExact);
  check_long<ops::ScatterNd>(DType::F16, {{{5, kLong}}, index({3, 1}, 5), {{3, kLong}}}, {.non_negative = true},
                             kExact);
  check_long<ops::ScatterNd>(DType::F16, {{{900, 2}}, index({kLong, 1}, 900), {{kLong, 2}}}, {.non_negative = true},
                             kExact);
}
