// MatMulNBits: matrices of 4 and 8 bits in blocks, worked out by hand, and what is refused.
#include "ops/import_case.h"
#include "ops/op_case.h"

namespace tpuc::ops::test {
namespace {

// K 17, N 2, blocks of 16: each column has two, the second with one element that counts.
constexpr int64_t kDepth = 17;

Tensor u8(Dims dims, const Reals& v) { return typed(DType::U8, std::move(dims), v); }

ImportCase product(int64_t bits, int64_t depth = kDepth, int64_t block = 16) {
  ImportCase c("MatMulNBits", 1);
  c.domain("com.microsoft").input(f32({1, depth}, std::vector<float>(static_cast<size_t>(depth), 1)));
  c.attr("K", depth).attr("N", int64_t{2}).attr("bits", bits).attr("block_size", block);
  return c;
}

// Columns of bytes: all elements of a block alike, 9 and 7 of 4 bits, 130 and 126 of 8.
Tensor weights(int64_t bits) {
  const size_t bytes = bits == 4 ? 8 : 16;
  Reals v(4 * bytes, bits == 4 ? 0x99 : 130);
  for (size_t i = 2 * bytes; i < v.size(); ++i) v[i] = bits == 4 ? 0x77 : 126;
  return u8({2, 2, static_cast<int64_t>(bytes)}, v);
}
const Tensor& scales() {
  static const Tensor kScales = f32({4}, {1, 0.5F, 2, 4});
  return kScales;
}

int code_of(ImportCase& c) {
  try {
    c.values();
  } catch (const UserError& e) {
    return static_cast<int>(e.diagnostics().front().code);
  }
  return 0;
}

TEST_CASE("MatMulNBits: half the range is 0 where no zero points are given", "[op]") {
  CHECK(product(4).constant(weights(4)).constant(scales()).values() == Reals{16.5, -36});
  CHECK(product(8).constant(weights(8)).constant(scales()).values() == Reals{33, -72});
  CHECK(product(4).constant(weights(4)).constant(scales()).ops() == "matmul");
}

TEST_CASE("MatMulNBits: zero points of blocks, packed or real; a bias", "[op]") {
  CHECK(product(4).constant(weights(4)).constant(scales()).constant(u8({2}, {0x98, 0x70})).values() ==
        Reals{16, 14 * 16});
  CHECK(product(4).constant(weights(4)).constant(scales()).constant(f32({4}, {9, 9, 7, 6.5F})).values() == Reals{0, 2});
  ImportCase biased = product(4);
  biased.constant(weights(4)).constant(scales()).absent().absent().constant(f32({2}, {100, 200}));
  CHECK(biased.values() == Reals{116.5, 164});
}

TEST_CASE("MatMulNBits refuses what does not fit", "[op]") {
  CHECK(code_of(product(4, kDepth, 15).constant(weights(4)).constant(scales())) == 1024);
  CHECK(code_of(product(4, kDepth, 24).constant(weights(4)).constant(scales())) == 1024);
  CHECK(code_of(product(4, 0).constant(weights(4)).constant(scales())) == 1024);
  CHECK(code_of(product(2).constant(weights(4)).constant(scales())) == 1024);
  CHECK(code_of(product(4).constant(weights(8)).constant(scales())) == 1209);
  CHECK(code_of(product(4).constant(weights(4)).constant(f32({2}, {1, 1}))) == 1209);
  CHECK(code_of(product(4).constant(weights(4)).constant(scales()).constant(u8({1}, {1}))) == 1209);
}

}  // namespace
}  // namespace tpuc::ops::test
