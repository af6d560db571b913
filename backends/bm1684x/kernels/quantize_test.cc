// The operators of quantized graphs: all exact, in every way the kernels have to compute them.
#include "ops/quantize.h"

#include <set>

#include "backends/bm1684x/isa/isa.h"
#include "backends/bm1684x/kernels/kernel_cases.h"

using namespace tpuc;
using namespace tpuc::bm1684x;

namespace {

constexpr int64_t kSmallLane = 8192;
const std::vector<Dims> kDims{{2, 70, 5, 9}, {1, 130, 4, 7}, {1000}, {40, 100}, {2, 3, 2, 3, 4}};

Operand bytes(DType t, Dims dims) {
  return {std::move(dims), false, t == DType::U8 ? 0.0 : -128, t == DType::U8 ? 256.0 : 128, t};
}

// i8 or u8 operands in the order of `types`, shapes as given.
template <class S>
void on_bytes(const std::vector<DType>& types, const std::vector<Dims>& dims, const typename S::Attrs& attrs) {
  std::vector<Operand> operands;
  for (size_t i = 0; i < types.size(); ++i) operands.push_back(bytes(types[i], dims[i]));
  check_case<S>(types[0], operands, attrs, kExact, 1, kSmallLane);
}

const std::vector<std::vector<Dims>> kPairs{{{2, 70, 5, 9}, {2, 70, 5, 9}},
                                            {{2, 70, 5, 9}, {1, 70, 1, 1}},
                                            {{1, 1, 5, 9}, {2, 70, 5, 9}},
                                            {{1, 5, 1, 7}, {2, 5, 3, 1}},
                                            {{1000}, {1000}},
                                            {{3, 40, 100}, {40, 1}}};

constexpr DType kI8 = DType::I8, kU8 = DType::U8;

}  // namespace

TEST_CASE("quantize rounds as the reference does", "[kernel][quantize]") {
  for (const Dims& d : kDims)
    for (const DType t : {DType::F32, DType::F16, DType::BF16}) {
      const Operand x{d, false, -9, 9};
      check_case<ops::Quantize>(t, {x}, {.scale = 0.0625F}, kExact, 1, kSmallLane);
      check_case<ops::Quantize>(t, {x}, {.to = kU8, .scale = 0.043F, .zero = 117}, kExact, 1, kSmallLane);
    }
}

TEST_CASE("dequantize of bytes and wide integers", "[kernel][quantize]") {
  for (const Dims& d : kDims)
    for (const DType to : {DType::F32, DType::F16, DType::BF16}) {
      check_case<ops::Dequantize>(kI8, {bytes(kI8, d)}, {to, 0.043F, -3}, kExact, 1, kSmallLane);
      check_case<ops::Dequantize>(kU8, {bytes(kU8, d)}, {to, 0.5F, 200}, kExact, 1, kSmallLane);
      check_case<ops::Dequantize>(DType::I16, {{d, false, -32768, 32767}}, {to, 0.01F, 999}, kExact, 1, kSmallLane);
      check_case<ops::Dequantize>(DType::I32, {{d, false, -2e9, 2e9}}, {to, 1e-5F, 0}, kExact, 1, kSmallLane);
      check_case<ops::Dequantize>(DType::I32, {{d, false, -2e9, 2e9}}, {to, 1e-5F, 77}, kExact, 1, kSmallLane);
    }
}

TEST_CASE("requantize by channel, by another axis and by one pair", "[kernel][quantize]") {
  for (const DType t : {DType::I32, DType::I16, kI8, kU8})
    for (const DType to : {kI8, kU8}) {
      const bool is_byte = t == kI8 || t == kU8;
      const double low = is_byte ? -2 : 0.001, high = is_byte ? 2 : 0.01;
      const Operand one{{2, 1}, true, low, high, DType::F32};
      const auto per = [&](int64_t c) { return Operand{{2, c}, true, low, high, DType::F32}; };
      const auto x = [&](Dims d) {
        return is_byte ? bytes(t, std::move(d)) : Operand{std::move(d), false, -30000, 30000};
      };
      check_case<ops::Requantize>(t, {x({2, 70, 5, 9}), per(70)}, {to, 1}, kExact, 1, kSmallLane);
      check_case<ops::Requantize>(t, {x({1, 130, 3, 4}), per(130)}, {to, 1}, kExact, 1, kSmallLane);
      check_case<ops::Requantize>(t, {x({40, 100}), per(100)}, {to, 1}, kExact, 1, kSmallLane);
      check_case<ops::Requantize>(t, {x({5, 6, 7}), per(5)}, {to, 0}, kExact, 1, kSmallLane);
      for (const Dims& d : kDims) check_case<ops::Requantize>(t, {x(d), one}, {to, 1}, kExact, 1, kSmallLane);
    }
}

TEST_CASE("lut finds every byte", "[kernel][quantize]") {
  for (const DType x : {kI8, kU8})
    for (const DType to : {kI8, kU8, DType::F16, DType::BF16, DType::F32}) {
      const Operand table{{256}, true, to == kU8 ? 0.0 : -128, to == kU8 ? 256.0 : 128, to};
      for (const Dims& d : kDims) check_case<ops::Lut>(x, {bytes(x, d), table}, {}, kExact, 1, kSmallLane);
    }
  check_case<ops::Lut>(kU8, {bytes(kU8, {1, 2, 300, 300}), {{256}, false, -128, 128, kI8}}, {}, kExact);
}

TEST_CASE("the allocator grants lut the banks of the fast gather where there is room", "[kernel][quantize]") {
  const auto gathers = [](const Dims& dims) {
    ConstantStore store;
    Graph graph("g", store);
    Value* x = graph.input({kI8, dims, {}}, "x");
    Op& op = graph.add<ops::Lut>({x, graph.constant(Tensor(kI8, {256}), "table")});
    graph.set_outputs({op.out(0)});
    std::set<SgOp> kinds;
    for (const CommandGroup& g : build_program(graph, {}).groups) {
      std::span<const uint8_t> rest(g.tiu);
      for (uint32_t i = 0; i < g.tiu_count; ++i) {
        const DecodedTiu d = decode_tiu(rest);
        if (const auto* sg = std::get_if<Sg>(&d.instr)) kinds.insert(sg->eu);
        rest = rest.subspan(d.length_bytes);
      }
    }
    return kinds;
  };
  CHECK(gathers({1, 128, 40, 40}) == std::set{SgOp::PemGather});
  CHECK(gathers({2, 70, 10, 10}) == std::set{SgOp::PemGather});
}

TEST_CASE("weighted_sum in 32 and in 16 bits", "[kernel][quantize]") {
  for (const auto& d : kPairs) {
    on_bytes<ops::WeightedSum>({kI8, kI8}, d, {{16384, 12345}, 5e-5F, 3});
    on_bytes<ops::WeightedSum>({kI8, kU8}, d, {{-8388607, 7654321}, 1e-7F, 3, kU8});
    on_bytes<ops::WeightedSum>({kI8, kI8}, d, {{127, 90}, 0.0061F, 0});       // multiplied and added
    on_bytes<ops::WeightedSum>({kU8, kI8}, d, {{-33, 130}, 0.0061F, -4});     // the larger one first
    on_bytes<ops::WeightedSum>({kU8, kU8}, d, {{200, 56}, 0.0039F, 1, kU8});  // unsigned sums
    on_bytes<ops::WeightedSum>({kI8, kI8}, d, {{128, -128}, 0.0061F, 0});     // neither fits a byte: product and sum
  }
  on_bytes<ops::WeightedSum>({kI8, kI8, kI8}, {{2, 70, 5, 9}, {70, 1, 1}, {2, 1, 5, 9}}, {{50, -60, 70}, 0.007F, 2});
  on_bytes<ops::WeightedSum>({kI8, kU8, kI8}, {{2, 70, 5, 9}, {70, 1, 1}, {2, 1, 5, 9}}, {{5000, -6000, 70}, 1e-4F, 2});
}

TEST_CASE("weighted_sum by shifts where the scale is a power of two", "[kernel][quantize]") {
  for (const auto& d : kPairs) {
    on_bytes<ops::WeightedSum>({kI8, kI8}, d, {{255, 200}, 1.0F / 256});
    on_bytes<ops::WeightedSum>({kU8, kU8}, d, {{77, 128}, 1.0F / 128});
    on_bytes<ops::WeightedSum>({kU8, kU8}, d, {{256, 100}, 1.0F / 256, 0, kU8});
    on_bytes<ops::WeightedSum>({kI8, kU8}, d, {{1, -1}, 0.5F});
  }
  on_bytes<ops::WeightedSum>({kI8, kI8, kI8}, {{2, 70, 5, 9}, {70, 1, 1}, {2, 1, 5, 9}}, {{90, 5, 100}, 1.0F / 64});
}

TEST_CASE("weighted_sum of one input changes its scale", "[kernel][quantize]") {
  for (const Dims& d : kDims) {
    on_bytes<ops::WeightedSum>({kI8}, {d}, {{27001}, 1.0F / 32768});
    on_bytes<ops::WeightedSum>({kI8}, {d}, {{-27001}, 1.0F / 8192});
    on_bytes<ops::WeightedSum>({kU8}, {d}, {{40001}, 1.0F / 32768, 0, kU8});
    on_bytes<ops::WeightedSum>({kU8}, {d}, {{20001}, 1.0F / 32768});
    on_bytes<ops::WeightedSum>({kI8}, {d}, {{3}, 0.5F, 0, kU8});
    on_bytes<ops::WeightedSum>({kI8}, {d}, {{1}, 0.7123F, 12, kU8});
    on_bytes<ops::WeightedSum>({kI8}, {d}, {{1}});
    on_bytes<ops::WeightedSum>({kI8}, {d}, {{-1000000}, 3e-7F, 100});
  }
}

TEST_CASE("scaled_product with and without zero points", "[kernel][quantize]") {
  for (const auto& d : kPairs) {
    on_bytes<ops::ScaledProduct>({kI8, kI8}, d, {0, 0, 0.0123F, 0});
    on_bytes<ops::ScaledProduct>({kU8, kU8}, d, {0, 0, 0.0123F, 3, kU8});
    on_bytes<ops::ScaledProduct>({kU8, kU8}, d, {0, 0, 0.0123F, -100});
    on_bytes<ops::ScaledProduct>({kI8, kU8}, d, {0, 128, 0.0123F, -10});
    on_bytes<ops::ScaledProduct>({kI8, kU8}, d, {5, 255, 0.0012F, 128, kU8});
    on_bytes<ops::ScaledProduct>({kI8, kI8}, d, {-128, 127, 0.0012F, 0});
    on_bytes<ops::ScaledProduct>({kI8, kI8}, d, {0, 0, 1.0F / 64});
    on_bytes<ops::ScaledProduct>({kU8, kU8}, d, {0, 0, 1.0F / 256, 0, kU8});
    on_bytes<ops::ScaledProduct>({kU8, kI8}, d, {3, 0, 1.0F / 128});
  }
}
