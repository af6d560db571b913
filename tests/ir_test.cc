// Types, host tensors, constants and the graph's upkeep. Expected numbers are computed by hand.
#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "ops/activation.h"
#include "ops/eltwise.h"
#include "ops/slice.h"
#include "tpuc/ir/equal.h"
#include "tpuc/ir/text.h"
#include "tpuc/ir/verify.h"

namespace tpuc {
namespace {

using namespace ops;

TEST_CASE("which types hold which values", "[ir]") {
  CHECK(holds_all_values(DType::F32, DType::F16));
  CHECK(holds_all_values(DType::F32, DType::BF16));
  CHECK_FALSE(holds_all_values(DType::F16, DType::BF16));
  CHECK_FALSE(holds_all_values(DType::BF16, DType::F16));
  CHECK(holds_all_values(DType::F32, DType::I16));
  CHECK_FALSE(holds_all_values(DType::F32, DType::I32));
  CHECK(holds_all_values(DType::F64, DType::I32));
  CHECK(holds_all_values(DType::I16, DType::U8));
  CHECK_FALSE(holds_all_values(DType::U16, DType::I8));
  CHECK(holds_all_values(DType::F16, DType::I8));
  CHECK(holds_all_values(DType::BF16, DType::U8));
  CHECK_FALSE(holds_all_values(DType::I64, DType::F16));
}

TEST_CASE("sizes are checked", "[ir]") {
  CHECK(is_sane({2, 0, 3}, DType::F32));
  CHECK_FALSE(is_sane({2, -1}, DType::F32));
  CHECK_FALSE(is_sane({0, int64_t{1} << 62, 8}, DType::F32));
  CHECK(broadcast({3, 1}, {4}) == Dims{3, 4});
  CHECK_FALSE(broadcast({3}, {4}).has_value());
  CHECK(byte_count({DType::I4, {3}, {}}) == 2);
}

TEST_CASE("f64 to half rounds once, to nearest even", "[ir]") {
  const auto bits = [](DType t, double x) {
    Tensor one(t, {1});
    one.assign_f64(std::span(&x, 1));
    return one.as<uint16_t>()[0];
  };
  CHECK(bits(DType::F16, 1.0) == 0x3c00);
  CHECK(bits(DType::F16, 65504.0) == 0x7bff);
  CHECK(bits(DType::F16, 65519.99) == 0x7bff);
  CHECK(bits(DType::F16, 65520.0) == 0x7c00);
  CHECK(bits(DType::F16, -0x1p-24) == 0x8001);
  CHECK(bits(DType::F16, 0x1p-25) == 0x0000);  // a tie, to even
  CHECK(bits(DType::F16, 0x1.0000000001p-25) == 0x0001);
  // 1 + 2^-11 is a tie between 1 and 1 + 2^-10; the tiny rest would be lost by rounding to f32 first.
  CHECK(bits(DType::F16, 1.0 + 0x1p-11) == 0x3c00);
  CHECK(bits(DType::F16, 1.0 + 0x1p-11 + 0x1p-40) == 0x3c01);
  CHECK(bits(DType::BF16, 1.0 + 0x1p-8) == 0x3f80);
  CHECK(bits(DType::BF16, 1.0 + 0x1p-8 + 0x1p-40) == 0x3f81);
  CHECK(bits(DType::BF16, 3.4e38) == 0x7f80);
}

TEST_CASE("integers saturate", "[ir]") {
  const std::vector<double> in{-1e30, -2.5, 3.5, 1e30, std::nan("")};
  Tensor i8(DType::I8, {5}), u4(DType::U4, {5}), i64(DType::I64, {5});
  i8.assign_f64(in);
  u4.assign_f64(in);
  i64.assign_f64(in);
  CHECK(i8.to_i64() == std::vector<int64_t>{-128, -2, 4, 127, 0});
  CHECK(u4.to_i64() == std::vector<int64_t>{0, 0, 4, 15, 0});
  CHECK(i64.to_i64()[0] == std::numeric_limits<int64_t>::min());
  CHECK(i64.to_i64()[3] == std::numeric_limits<int64_t>::max());
}

TEST_CASE("a borrowed tensor copies before it is written", "[ir]") {
  const float values[2] = {1, 2};
  Tensor t = Tensor::borrow({DType::F32, {2}, {}}, std::as_bytes(std::span(values)));
  CHECK(static_cast<const void*>(t.bytes().data()) == values);
  t.as_mutable<float>()[0] = 5;
  CHECK(values[0] == 1);
  CHECK(t.to_f32() == std::vector<float>{5, 2});
}

struct Small {
  ConstantStore store;
  Graph g{"g", store};
  Value* x = g.input({DType::F32, {2}, {}}, "x");
};

TEST_CASE("equal constants are one value", "[ir]") {
  Small s;
  const std::vector<float> v{1, 2};
  CHECK(s.g.constant(Tensor::from_f32({2}, v)) == s.g.constant(Tensor::from_f32({2}, v)));
  CHECK(s.g.constant(Tensor::from_f32({1, 2}, v)) != s.g.constant(Tensor::from_f32({2}, v)));
  CHECK(s.store.size() == 2);
  s.g.dce();  // nothing uses them
  CHECK(s.store.size() == 0);
}

TEST_CASE("use lists follow every change", "[ir]") {
  Small s;
  Op& a = s.g.add<Add>({s.x, s.x});
  Op& b = s.g.add<Relu>({s.x});
  Op& c = s.g.add<Concat>({s.x, a.out(0), s.x, b.out(0)});
  s.g.set_outputs({c.out(0)});
  verify(s.g);
  CHECK(s.x->uses.size() == 5);
  s.g.set_input(c, 0, b.out(0));
  s.g.replace_uses(a.out(0), b.out(0));
  verify(s.g);
  CHECK(b.out(0)->uses.size() == 3);
  CHECK(s.g.dce() == 1);
  CHECK(s.x->uses.size() == 2);
  verify(s.g);
  CHECK_THROWS_AS(s.g.erase(b), InternalError);
}

TEST_CASE("names are unique and can be handed on", "[ir]") {
  Small s;
  Value* a = s.g.add<Relu>({s.x}, {}, "a").out(0);
  Value* b = s.g.add<Relu>({a}, {}, "a").out(0);
  Value* c = s.g.add<Relu>({b}).out(0);
  CHECK(b->name == "a_1");
  CHECK(c->name == "a_1~relu");
  s.g.rename(b, "a");
  CHECK(b->name == "a");
  CHECK(a->name != "a");
  CHECK(s.g.find("a") == b);
  CHECK(s.g.find(a->name) == a);
}

TEST_CASE("an op that does not fit throws and leaves the graph alone", "[ir]") {
  Small s;
  CHECK_THROWS_AS(s.g.add_op(op_def<Add>(), Add::Attrs{}, {s.x}), UserError);
  try {
    s.g.add_op(op_def<Add>(), Add::Attrs{}, {s.x, nullptr});
    FAIL("no error");
  } catch (const UserError& e) {
    CHECK(e.diagnostics()[0].code == ErrorCode::E1105);
  }
  CHECK(s.g.ops().empty());
  CHECK(s.x->uses.empty());
}

TEST_CASE("the verifier sees a type that inference does not give", "[ir]") {
  Small s;
  Op& a = s.g.add<Relu>({s.x});
  s.g.set_outputs({a.out(0)});
  a.out(0)->type.dims = {3};
  CHECK_THROWS_WITH(verify(s.g, Stage::Imported, "test"), Catch::Contains("after test") && Catch::Contains("f32[2]"));
}

TEST_CASE("the hash sees names, types and data, not unused constants", "[ir]") {
  Small s, t;
  s.g.set_outputs({s.g.add<Relu>({s.x}, {}, "y").out(0)});
  t.g.set_outputs({t.g.add<Relu>({t.x}, {}, "y").out(0)});
  CHECK(hash(s.g) == hash(t.g));
  const float one = 1;
  t.g.constant(Tensor::from_f32({}, std::span(&one, 1)));
  CHECK(hash(s.g) == hash(t.g));
  t.g.rename(t.g.find("y"), "z");
  CHECK(hash(s.g) != hash(t.g));
  CHECK(difference(s.g, t.g) != "");
}

}  // namespace
}  // namespace tpuc
