// Fast versions for quantized values against the operators' own `eval`: bit for bit.
#include "ops/activation.h"
#include "ops/eltwise.h"
#include "ops/pool.h"
#include "ops/quantize.h"
#include "ops/resize.h"
#include "runtime/fast/fast_case.h"

namespace tpuc {
namespace {

DType byte_type(Random& r) { return r.coin() ? DType::I8 : DType::U8; }
Tensor bytes(Random& r, DType t, const Dims& dims) { return r.tensor(t, dims, t == DType::I8 ? -128.0f : 0, 255); }
Dims any_dims(Random& r) { return {r.between(1, 3), r.between(1, 20), r.between(1, 20), r.between(1, 70)}; }
Dims broadcasting(Random& r, Dims d) {
  for (int64_t& n : d)
    if (r.between(0, 3) == 0) n = 1;
  if (r.between(0, 3) == 0) d.erase(d.begin(), d.begin() + r.between(0, 4));
  return d;
}
float scale_of(Random& r) { return static_cast<float>(r.between(1, 9999)) * 1e-5f; }
int64_t zero_of(Random& r, DType t) { return t == DType::U8 ? r.between(0, 255) : r.between(-128, 127); }

TEST_CASE("fast conversions of quantized values are exact", "[op]") {
  Random r;
  for (int i = 0; i < 2 * kRounds; ++i) {
    const DType to = byte_type(r);
    Case q;
    const DType real = i % 3 == 0 ? DType::F16 : i % 3 == 1 ? DType::BF16 : DType::F32;
    q.graph.add<ops::Quantize>({q.operand(r.tensor(real, any_dims(r), -9, 9))},
                               {to, scale_of(r), zero_of(r, to), r.coin()});
    q.check(kExact);
    Case d;
    const DType from = i % 4 == 0 ? DType::I16 : i % 4 == 1 ? DType::I32 : byte_type(r);
    d.graph.add<ops::Dequantize>({d.operand(r.tensor(from, any_dims(r), from == DType::U8 ? 0.0f : -3e4f, 3e4f))},
                                 {real, scale_of(r), r.between(0, 127)});
    d.check(kExact);
    Case w;
    const Dims x = any_dims(r);
    const int64_t axis = r.between(0, 3), columns = r.coin() ? 1 : x[static_cast<size_t>(axis)];
    const Tensor rq = r.tensor(DType::F32, {2, columns}, 0, i % 2 == 0 ? 2.0f : 0.01f);
    const Tensor integers =
        i % 2 == 0 ? bytes(r, byte_type(r), x) : r.tensor(r.coin() ? DType::I16 : DType::I32, x, -3e4f, 3e4f);
    w.graph.add<ops::Requantize>({w.operand(integers), w.operand(rq, r.coin())}, {to, axis});
    w.check(kExact);
  }
}

TEST_CASE("fast look-ups are exact", "[op]") {
  Random r;
  for (const DType to : {DType::I8, DType::U8, DType::F16, DType::BF16, DType::F32}) {
    Case c;
    const DType from = byte_type(r);
    c.graph.add<ops::Lut>({c.operand(bytes(r, from, any_dims(r))), c.operand(r.tensor(to, {256}, 0, 127), true)});
    c.check(kExact);
  }
}

TEST_CASE("fast arithmetic of bytes is exact", "[op]") {
  Random r;
  for (int i = 0; i < 2 * kRounds; ++i) {
    const Dims out = any_dims(r);
    Case s;
    ops::WeightedSum::Attrs a{{}, scale_of(r) / 1000, static_cast<float>(r.between(-99, 99)), byte_type(r)};
    std::vector<Value*> operands;
    for (int64_t k = r.between(1, 4); k > 0; --k) {
      operands.push_back(s.operand(bytes(r, byte_type(r), broadcasting(r, out)), r.between(0, 4) == 0));
      a.multipliers.push_back(r.between(-8388607, 8388607));
    }
    s.graph.add<ops::WeightedSum>(operands, a);
    s.check(kExact);
    Case p;
    const DType ta = byte_type(r), tb = byte_type(r);
    p.graph.add<ops::ScaledProduct>(
        {p.operand(bytes(r, ta, broadcasting(r, out))), p.operand(bytes(r, tb, broadcasting(r, out)))},
        {zero_of(r, ta), zero_of(r, tb), scale_of(r), 3, byte_type(r)});
    p.check(kExact);
    Case m;
    Value *x = m.operand(bytes(r, ta, broadcasting(r, out))), *y = m.operand(bytes(r, ta, broadcasting(r, out)));
    if (r.coin())
      m.graph.add<ops::Max>({x, y});
    else
      m.graph.add<ops::Min>({x, y});
    m.check(kExact);
  }
}

TEST_CASE("fast clamps, pools and nearest resizes of bytes are exact", "[op]") {
  Random r;
  for (int i = 0; i < kRounds; ++i) {
    const DType t = byte_type(r);
    Case relu;
    relu.graph.add<ops::Relu>({relu.operand(bytes(r, t, any_dims(r)))});
    relu.check(kExact);
    Case clip;
    clip.graph.add<ops::Clip>({clip.operand(bytes(r, t, any_dims(r)))}, {static_cast<float>(r.between(-200, 50)) / 2,
                                                                         static_cast<float>(r.between(50, 600)) / 2});
    clip.check(kExact);
    Case pool;
    pool.graph.add<ops::MaxPool2d>({pool.operand(bytes(r, t, {2, 3, r.between(5, 12), r.between(5, 70)}))},
                                   {.kernel = {r.between(1, 4), r.between(1, 4)},
                                    .strides = {r.between(1, 3), r.between(1, 3)},
                                    .pads = {r.between(0, 1), r.between(0, 1), r.between(0, 1), r.between(0, 1)}});
    pool.check(kExact);
    Case resize;
    const Dims d{1, r.between(1, 3), r.between(2, 12), r.between(2, 12)};
    ops::Resize::Attrs a;
    a.mode = ops::ResizeMode::Nearest;
    a.sizes = {1, d[1], r.between(1, 25), r.between(1, 25)};
    for (size_t k = 0; k < 4; ++k) a.scales.push_back(static_cast<float>(a.sizes[k]) / static_cast<float>(d[k]));
    resize.graph.add<ops::Resize>({resize.operand(bytes(r, t, d))}, a);
    resize.check(kExact);
  }
}

}  // namespace
}  // namespace tpuc
