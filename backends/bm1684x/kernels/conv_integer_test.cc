// Convolutions of 8-bit integers: every path of the float kernels, bit for bit, with pads that are not zero.
#include "backends/bm1684x/kernels/kernel_cases.h"
#include "ops/conv.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

namespace {

using ops::Conv2d;
using ops::ConvTranspose2d;

Operand input(DType t, Dims dims) {
  return {std::move(dims), false, t == DType::I8 ? -128. : 0., t == DType::I8 ? 128. : 256., t};
}
Operand weights(Dims dims, bool is_constant = true) { return {std::move(dims), is_constant, -128, 128, DType::I8}; }
Operand bias(int64_t channels, bool is_constant = true) { return {{channels}, is_constant, -50000, 50000, DType::I32}; }
const Operand kNone{.dims = {}, .absent = true};

// About as large as makes sums of `terms` products of random bytes fill 8 bits.
Operand rq(int64_t channels, int64_t terms) {
  const double scale = 0.01 / std::sqrt(static_cast<double>(terms));
  return {.dims = {2, channels}, .is_constant = true, .low = -scale, .high = scale, .dtype = DType::F32, .is_rq = true};
}

// With sums as the result, then requantized to both types; without and with bias; i8 and u8 input.
template <class S>
void check_bytes(const Dims& x, const Dims& w, int64_t channels, typename S::Attrs attrs, int64_t lane_bytes = 0,
                 bool is_constant = true) {
  const int64_t terms = element_count(w) / channels;
  attrs.pad_value = -37;
  check_case<S>(DType::I8, {input(DType::I8, x), weights(w, is_constant), kNone}, attrs, kExact, 1, lane_bytes);
  check_case<S>(DType::I8, {input(DType::I8, x), weights(w, is_constant), bias(channels, is_constant)}, attrs, kExact,
                2);
  attrs.to = DType::I8;
  check_case<S>(DType::I8, {input(DType::I8, x), weights(w, is_constant), kNone, rq(channels, terms)}, attrs, kExact, 3,
                lane_bytes);
  attrs.to = DType::U8;
  attrs.pad_value = 200;
  check_case<S>(DType::U8, {input(DType::U8, x), weights(w, is_constant), bias(channels), rq(channels, terms)}, attrs,
                kExact, 4, lane_bytes);
}
void check_conv(const Dims& x, const Dims& w, const Conv2d::Attrs& attrs = {}, int64_t lane_bytes = 0,
                bool is_constant = true) {
  check_bytes<Conv2d>(x, w, w[0], attrs, lane_bytes, is_constant);
}

}  // namespace

TEST_CASE("dense convolutions of bytes", "[kernel]") {
  check_conv({1, 3, 17, 19}, {70, 3, 3, 3}, {.strides = {2, 2}, .pads = {1, 1, 1, 1}});
  check_conv({2, 70, 9, 11}, {130, 70, 1, 1});
  check_conv({1, 33, 12, 10}, {65, 33, 3, 2}, {.pads = {2, 1, 0, 0}, .dilations = {2, 3}});
  check_conv({2, 5, 14, 13}, {7, 5, 5, 3}, {.strides = {3, 2}, .pads = {0, 2, 3, 1}});
}

TEST_CASE("filters of bytes with a zero point", "[kernel]") {
  check_conv({1, 5, 12, 13}, {70, 5, 3, 3}, {.strides = {2, 1}, .pads = {1, 2, 0, 1}, .filter_zero = -73});
  check_conv({2, 70, 9, 11}, {66, 70, 1, 1}, {.filter_zero = 127});
}

TEST_CASE("grouped convolutions of bytes", "[kernel]") {
  check_conv({1, 70, 9, 9}, {140, 10, 3, 3}, {.pads = {1, 1, 1, 1}, .group = 7});
  check_conv({2, 96, 6, 7}, {192, 48, 1, 1}, {.group = 2});
  check_conv({1, 6, 6, 7}, {12, 1, 3, 3}, {.pads = {1, 1, 1, 1}, .group = 6});
  check_conv({2, 128, 6, 7}, {128, 4, 3, 3}, {.pads = {1, 1, 1, 1}, .group = 32});  // 16 groups a command
  check_conv({1, 70, 6, 7}, {14, 5, 2, 2}, {.group = 14});
}

TEST_CASE("depthwise convolutions of bytes, small and as large as a pool", "[kernel]") {
  check_conv({1, 70, 13, 11}, {70, 1, 3, 3}, {.pads = {1, 1, 1, 1}, .group = 70});
  check_conv({2, 130, 12, 9}, {130, 1, 5, 5}, {.strides = {2, 2}, .pads = {2, 2, 1, 1}, .group = 130});
  check_conv({2, 70, 7, 7}, {70, 1, 7, 7}, {.group = 70});
  check_conv({1, 3, 40, 64}, {3, 1, 40, 64}, {.group = 3});
  check_conv({1, 3, 40, 64}, {3, 1, 20, 16}, {.strides = {20, 16}, .group = 3});
  check_conv({2, 70, 35, 9}, {70, 1, 20, 3}, {.strides = {16, 2}, .pads = {3, 1, 18, 0}, .group = 70});
  check_conv({1, 70, 7, 7}, {70, 1, 7, 7}, {.strides = {64, 64}, .group = 70});
}

TEST_CASE("convolutions of bytes beyond the fields of a command", "[kernel]") {
  check_conv({1, 5, 9, 40}, {6, 5, 3, 20}, {.pads = {0, 19, 2, 17}});
  check_conv({2, 3, 7, 6}, {66, 3, 3, 2}, {.pads = {5, 4, 18, 20}});  // windows that see padding only
  check_conv({1, 70, 34, 37}, {66, 70, 3, 2}, {.strides = {16, 17}, .pads = {1, 0, 2, 3}});
  check_conv({2, 12, 40, 9}, {8, 6, 3, 2}, {.dilations = {18, 2}, .group = 2});
  check_conv({1, 4, 5, 6}, {4, 1, 3, 3}, {.pads = {17, 1, 2, 16}, .group = 4});
}

TEST_CASE("input channels of bytes are summed up in parts where lanes are small", "[kernel]") {
  check_conv({1, 300, 6, 5}, {70, 300, 3, 3}, {.pads = {1, 1, 1, 1}}, 8192);
  check_conv({2, 200, 20, 5}, {20, 200, 3, 1}, {.pads = {1, 0, 16, 0}, .dilations = {17, 1}}, 4096);
}

TEST_CASE("filters of bytes computed at run time", "[kernel]") {
  check_conv({1, 70, 9, 8}, {130, 70, 3, 3}, {.pads = {1, 1, 1, 1}}, 12288, false);
  check_conv({1, 96, 7, 8}, {150, 32, 3, 2}, {.group = 3}, 0, false);
  check_conv({1, 70, 9, 8}, {70, 1, 3, 3}, {.pads = {1, 1, 1, 1}, .group = 70}, 0, false);
  check_conv({1, 40, 40, 8}, {66, 40, 2, 2}, {.strides = {17, 2}}, 0, false);
}

TEST_CASE("filter rows of few channels of bytes become channels", "[kernel]") {
  const Operand x = input(DType::U8, {2, 3, 30, 32});
  const Conv2d::Attrs stem{.strides = {2, 2}, .pads = {3, 3, 3, 3}, .to = DType::I8};
  check_case<Conv2d>(DType::U8, {x, weights({70, 3, 7, 7}), kNone, rq(70, 147)}, stem, kExact, 1, 8192);
  Conv2d::Attrs beside_zero = stem;
  beside_zero.pad_value = 131;
  check_case<Conv2d>(DType::U8, {x, weights({70, 3, 7, 7}), kNone, rq(70, 147)}, beside_zero, kExact, 2, 8192);
  beside_zero.pad_value = -5;
  check_case<Conv2d>(DType::I8, {input(DType::I8, {2, 3, 30, 32}), weights({70, 3, 7, 7}), kNone, rq(70, 147)},
                     beside_zero, kExact, 3, 8192);
  ConstantStore store;
  Graph g("g", store);
  Value* w = g.constant(Tensor(DType::I8, {70, 3, 7, 7}), "w");
  const Op& op =
      g.add<Conv2d>({g.input({DType::U8, {2, 3, 30, 32}, {}}, "x"), w}, {.strides = {2, 2}, .pads = {3, 3, 3, 3}});
  CHECK(find_kernel("conv2d")->views(op).in[0].dims == Shape4{2, 21, 15, 32});
}

TEST_CASE("transposed convolutions of bytes", "[kernel]") {
  const auto check = [](const Dims& x, const Dims& w, const ConvTranspose2d::Attrs& attrs, int64_t lane_bytes = 0) {
    check_bytes<ConvTranspose2d>(x, w, w[1] * attrs.group, attrs, lane_bytes);
  };
  check({1, 70, 5, 6}, {70, 33, 2, 2}, {.strides = {2, 2}});
  check({2, 5, 6, 7}, {5, 130, 3, 3}, {.strides = {2, 2}, .pads = {1, 1, 1, 1}, .output_pads = {1, 1}});
  check({1, 12, 9, 4}, {12, 8, 4, 5},
        {.strides = {3, 1}, .pads = {2, 0, 1, 3}, .dilations = {2, 1}, .output_pads = {2, 0}});
  check({1, 70, 5, 6}, {70, 9, 3, 2}, {.strides = {2, 3}, .group = 7});
  check({2, 70, 5, 6}, {70, 1, 4, 4}, {.strides = {2, 2}, .pads = {1, 1, 1, 1}, .group = 70});
  check({1, 4, 3, 3}, {4, 5, 2, 1}, {.strides = {7, 5}});  // results that no input reaches
  check({1, 4, 5, 6}, {4, 5, 20, 33}, {.strides = {10, 15}});
  check({1, 300, 4, 5}, {300, 20, 3, 3}, {.strides = {2, 2}}, 6144);
}

TEST_CASE("what convolutions of bytes cannot do is said", "[kernel]") {
  ConstantStore store;
  Graph g("g", store);
  Value* x = g.input({DType::I8, {1, 9000, 3, 3}, {}}, "x");
  const Op& op = g.add<Conv2d>({x, g.constant(Tensor(DType::I8, {1, 9000, 3, 3}), "w")}, {});
  CHECK(find_kernel("conv2d")->supports(op, DType::I32).why == "sums of 81000 products of bytes may leave int32");
}
