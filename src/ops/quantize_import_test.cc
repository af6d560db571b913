// Rules of ONNX operators around 8-bit integers: values worked out by hand, and what is refused.
#include <limits>

#include "ops/import_case.h"
#include "ops/op_case.h"
#include "ops/quantize.h"

namespace tpuc::ops::test {
namespace {

Tensor i8(Dims dims, const Reals& v) { return typed(DType::I8, std::move(dims), v); }
Tensor u8(Dims dims, const Reals& v) { return typed(DType::U8, std::move(dims), v); }
Tensor i32(Dims dims, const Reals& v) { return typed(DType::I32, std::move(dims), v); }
Tensor scalar(float x) { return f32({}, {x}); }

TEST_CASE("QuantizeLinear takes the type of its zero point, u8 without one", "[op]") {
  ImportCase c("QuantizeLinear", 13);
  c.input(f32({3}, {-1, 0.6F, 300})).constant(scalar(0.5F)).constant(i8({}, {-3}));
  CHECK(c.values() == Reals{-5, -2, 127});
  ImportCase d("QuantizeLinear", 10);
  d.input(f32({3}, {-1, 0.6F, 300})).constant(f32({1}, {0.5F}));
  const auto attrs = d.attrs<Quantize>();
  CHECK(attrs.to == DType::U8);
  CHECK(attrs.zero == 0);
  CHECK(attrs.scale == 0.5F);
}

TEST_CASE("QuantizeLinear with a scale for each channel divides first", "[op]") {
  ImportCase c("QuantizeLinear", 13);
  c.input(f32({1, 2, 2}, {1, 2, 1, 2})).constant(f32({2}, {0.5F, 0.25F})).constant(u8({2}, {0, 10}));
  CHECK(c.values() == Reals{2, 4, 14, 18});
  CHECK(ImportCase("QuantizeLinear", 13).input(f32({1, 2, 2}, {1, 2, 1, 2})).constant(f32({2}, {0.5F, 0.25F})).ops() ==
        "div quantize");
}

TEST_CASE("DequantizeLinear of a constant is a constant: per tensor, axis and block", "[op]") {
  ImportCase one("DequantizeLinear", 13);
  one.constant(u8({2, 2}, {0, 1, 2, 255})).constant(scalar(0.5F)).constant(u8({}, {1}));
  CHECK(one.values() == Reals{-0.5, 0, 0.5, 127});
  CHECK(one.ops().empty());
  ImportCase rows("DequantizeLinear", 13);
  rows.constant(i8({2, 2}, {1, 2, 3, 4})).constant(f32({2}, {1, 10})).constant(i8({2}, {0, 1}));
  CHECK(rows.attr("axis", int64_t{0}).values() == Reals{1, 2, 20, 30});
  ImportCase bias("DequantizeLinear", 13);
  CHECK(bias.constant(i32({2}, {100000, -7})).constant(f32({2}, {1, 2})).attr("axis", int64_t{0}).values() ==
        Reals{100000, -14});
  ImportCase blocks("DequantizeLinear", 21);
  blocks.constant(i8({1, 5}, {1, 1, 1, 1, 1})).constant(f32({1, 3}, {1, 2, 3}));
  CHECK(blocks.attr("axis", int64_t{1}).attr("block_size", int64_t{2}).values() == Reals{1, 1, 2, 2, 3});
}

TEST_CASE("DequantizeLinear of run-time integers", "[op]") {
  ImportCase c("DequantizeLinear", 13);
  c.input(u8({2}, {0, 255})).constant(scalar(0.5F)).constant(u8({}, {128}));
  CHECK(c.values() == Reals{-64, 63.5});
  ImportCase channels("DequantizeLinear", 13);
  channels.input(i8({1, 2}, {4, 4})).constant(f32({2}, {0.5F, 2})).constant(i8({2}, {0, 1}));
  CHECK(channels.values() == Reals{2, 6});
}

TEST_CASE("QLinearConv and QLinearMatMul compute with real numbers and round once", "[op]") {
  ImportCase conv("QLinearConv", 13);
  conv.input(u8({1, 1, 1, 2}, {130, 120})).constant(scalar(0.5F)).constant(u8({}, {128}));
  conv.constant(i8({2, 1, 1, 1}, {3, -2})).constant(f32({2}, {1, 2})).constant(i8({2}, {0, 0}));
  conv.constant(scalar(0.5F)).constant(u8({}, {100})).constant(i32({2}, {2, 1}));
  CHECK(conv.values() == Reals{108, 78, 94, 134});  // 1 * 3 + 1, -4 * 3 + 1; 1 * -4 + 1, -4 * -4 + 1: in halves
  ImportCase product("QLinearMatMul", 10);
  product.input(i8({1, 2}, {2, 3})).constant(scalar(1)).constant(i8({}, {0}));
  product.constant(i8({2, 2}, {1, 1, 1, 2})).constant(f32({2}, {1, 0.5F})).constant(i8({2}, {0, 0}));
  product.constant(scalar(1)).constant(i8({}, {1}));
  CHECK(product.values() == Reals{6, 5});
}

TEST_CASE("ConvInteger and MatMulInteger give sums", "[op]") {
  ImportCase conv("ConvInteger", 10);
  conv.input(u8({1, 1, 1, 2}, {3, 5})).constant(u8({1, 1, 1, 1}, {7})).constant(u8({}, {1})).constant(u8({}, {5}));
  CHECK(conv.values() == Reals{4, 8});
  ImportCase product("MatMulInteger", 10);
  CHECK(product.input(u8({1, 2}, {3, 5})).constant(i8({2, 1}, {1, -1})).values() == Reals{-2});
}

TEST_CASE("quantized operators of ONNX Runtime", "[op]") {
  ImportCase add("QLinearAdd", 1), concat("QLinearConcat", 1), gemm("QGemm", 1);
  for (ImportCase* c : {&add, &concat, &gemm}) c->domain("com.microsoft");
  add.input(u8({2}, {1, 2})).constant(scalar(1)).constant(u8({}, {0}));
  add.input(u8({2}, {4, 8})).constant(scalar(0.5F)).constant(u8({}, {0}));
  CHECK(add.constant(scalar(1)).constant(u8({}, {3})).values() == Reals{6, 9});
  concat.constant(scalar(1)).constant(u8({}, {0})).input(u8({1}, {4})).constant(scalar(0.5F)).constant(u8({}, {0}));
  concat.input(u8({1}, {9})).constant(scalar(1)).constant(u8({}, {2})).attr("axis", int64_t{0});
  CHECK(concat.values() == Reals{2, 7});
  gemm.input(u8({1, 2}, {2, 4})).constant(scalar(0.5F)).constant(u8({}, {0})).constant(i8({1, 2}, {1, 1}));
  gemm.constant(scalar(1)).constant(i8({}, {0})).constant(i32({1}, {10})).attr("transB", int64_t{1});
  CHECK(gemm.values() == Reals{8});
}

TEST_CASE("DynamicQuantizeLinear of a constant", "[op]") {
  ImportCase c("DynamicQuantizeLinear", 11);
  CHECK(c.constant(f32({3}, {0, 51, 255})).values() == Reals{0, 51, 255});
  CHECK(ImportCase("DynamicQuantizeLinear", 11).input(f32({1}, {0})).error() == 1024);
}

TEST_CASE("scales and zero points that cannot be used", "[op]") {
  const auto error = [](const Tensor& scale, const Tensor& zero) {
    return ImportCase("QuantizeLinear", 13).input(f32({1, 2}, {0, 0})).constant(scale).constant(zero).error();
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const float s : {0.0F, -1.0F, nan, std::numeric_limits<float>::infinity(), 1e-42F})
    CHECK(error(scalar(s), u8({}, {0})) == 1025);
  CHECK(error(scalar(1), f32({}, {0})) == 1025);
  CHECK(error(scalar(1), u8({2}, {0, 0})) == 1025);
  CHECK(error(f32({3}, {1, 1, 1}), u8({3}, {0, 0, 0})) == 1209);
  CHECK(error(scalar(1), typed(DType::U16, {}, {0})) == 1024);
  CHECK(ImportCase("QuantizeLinear", 13).input(f32({2}, {0, 0})).input(scalar(1)).error() == 1012);
  CHECK(ImportCase("DequantizeLinear", 13).input(f32({2}, {0, 0})).constant(scalar(1)).error() == 1202);
}

TEST_CASE("a channel of a filter may have a scale of 0, the filter may not", "[op]") {
  const auto filter = [](const Tensor& scale) {
    ImportCase c("DequantizeLinear", 13);
    c.constant(i8({2, 1}, {5, 3})).constant(scale).attr("axis", int64_t{0});
    return c;
  };
  CHECK(filter(f32({2}, {0.5F, 0})).values() == Reals{2.5, 0});
  CHECK(filter(f32({2}, {0, 0})).error() == 1025);
  CHECK(filter(f32({2}, {0.5F, -1})).error() == 1025);
  CHECK(ImportCase("DequantizeLinear", 13).input(i8({1, 2}, {5, 3})).constant(f32({2}, {0.5F, 0})).error() == 1025);
}

}  // namespace
}  // namespace tpuc::ops::test
