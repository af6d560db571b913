// Fast convolutions and products of 8-bit integers against the operators' own `eval`: bit for bit, also where sums are
// far beyond what f32 holds.
#include "ops/conv.h"
#include "ops/matmul.h"
#include "runtime/fast/fast_case.h"

namespace tpuc {
namespace {

DType byte_type(Random& r) { return r.coin() ? DType::I8 : DType::U8; }
// Now and then extreme values only: the largest sums there are.
Tensor bytes(Random& r, DType t, const Dims& dims) {
  const float low = t == DType::I8 ? -128.0f : 0, high = t == DType::I8 ? 127.0f : 255;
  return r.between(0, 3) == 0 ? r.tensor(t, dims, high, high) : r.tensor(t, dims, low, high);
}
int64_t zero_of(Random& r, DType t) { return r.coin() ? 0 : t == DType::U8 ? r.between(0, 255) : r.between(-128, 127); }

// Bias and scales, each there or not.
template <class Attrs>
void finish_operands(Random& r, Case& c, std::vector<Value*>& operands, Attrs& attrs, int64_t channels,
                     int64_t columns) {
  operands.push_back(r.coin() ? c.operand(r.tensor(DType::I32, {channels}, -1e5f, 1e5f), r.coin()) : nullptr);
  if (r.coin()) return;
  operands.push_back(c.operand(r.tensor(DType::F32, {2, columns}, -0.002f, 0.002f), r.coin()));
  attrs.to = byte_type(r);
}

TEST_CASE("fast convolutions of bytes are exact", "[op]") {
  Random r;
  for (int i = 0; i < 2 * kRounds; ++i) {
    Case c;
    const DType t = byte_type(r);
    const bool is_long = i % 5 == 0;  // several parts
    const int64_t group = is_long || r.coin() ? 1 : r.between(2, 4),
                  in = is_long ? r.between(400, 600) : r.between(1, 9);
    const int64_t out = r.between(1, 5);
    ops::Conv2d::Attrs a;
    a.strides = {r.between(1, 3), r.between(1, 3)};
    a.dilations = {r.between(1, 2), r.between(1, 2)};
    a.pads = {r.between(0, 2), r.between(0, 2), r.between(0, 2), r.between(0, 2)};
    a.group = group;
    a.pad_value = zero_of(r, t);
    std::vector<Value*> operands{
        c.operand(bytes(r, t, {r.between(1, 2), in * group, r.between(7, 12), r.between(7, 12)})),
        c.operand(bytes(r, DType::I8, {out * group, in, r.between(1, 3), r.between(1, 3)}), r.between(0, 3) > 0)};
    finish_operands(r, c, operands, a, out * group, out * group);
    c.graph.add<ops::Conv2d>(operands, a);
    c.check(kExact);
  }
}

TEST_CASE("fast transposed convolutions of bytes are exact", "[op]") {
  Random r;
  for (int i = 0; i < 2 * kRounds; ++i) {
    Case c;
    const DType t = byte_type(r);
    const bool is_long = i % 5 == 0;
    const int64_t group = is_long || r.coin() ? 1 : r.between(2, 3),
                  in = is_long ? r.between(150, 300) : r.between(1, 9);
    const int64_t out = r.between(1, 5);
    ops::ConvTranspose2d::Attrs a;
    a.strides = {r.between(1, 3), r.between(1, 3)};
    a.pads = {r.between(0, 1), r.between(0, 1), r.between(0, 1), r.between(0, 1)};
    a.group = group;
    a.filter = r.coin() ? ops::FilterOrder::Iohw : ops::FilterOrder::Oihw;
    a.pad_value = zero_of(r, t);
    const bool iohw = a.filter == ops::FilterOrder::Iohw;
    const Dims filter{(iohw ? in : out) * group, iohw ? out : in, r.between(2, 4), r.between(2, 4)};
    std::vector<Value*> operands{c.operand(bytes(r, t, {r.between(1, 2), in * group, 5, 6})),
                                 c.operand(bytes(r, DType::I8, filter), r.between(0, 3) > 0)};
    finish_operands(r, c, operands, a, out * group, out * group);
    c.graph.add<ops::ConvTranspose2d>(operands, a);
    c.check(kExact);
  }
}

TEST_CASE("fast matrix products of bytes are exact", "[op]") {
  Random r;
  for (int i = 0; i < 2 * kRounds; ++i) {
    Case c;
    const DType ta = byte_type(r), tb = byte_type(r);
    const int64_t m = r.between(1, 9), k = i % 5 == 0 ? r.between(500, 2000) : r.between(1, 40), n = r.between(1, 20);
    ops::MatMul::Attrs at{.transpose_a = r.coin(), .transpose_b = r.coin()};
    at.zero_a = zero_of(r, ta), at.zero_b = zero_of(r, tb);
    const auto dims = [&](Dims batch, bool transposed, int64_t rows, int64_t columns) {
      batch.insert(batch.end(), {transposed ? columns : rows, transposed ? rows : columns});
      return batch;
    };
    const Dims batches[] = {{}, {3}, {2, 3}, {2, 1}, {1, 3}};
    const Dims left = batches[r.between(0, 4)], right = r.coin() ? Dims{} : batches[r.between(0, 4)];
    std::vector<Value*> operands{c.operand(bytes(r, ta, dims(left, at.transpose_a, m, k))),
                                 c.operand(bytes(r, tb, dims(right, at.transpose_b, k, n)), r.coin())};
    if (left.size() == 2 && r.coin()) at.order_y = {0, 2, 1, 3};
    finish_operands(r, c, operands, at, n, r.coin() ? 1 : n);
    c.graph.add<ops::MatMul>(operands, at);
    c.check(kExact);
  }
}

}  // namespace
}  // namespace tpuc
