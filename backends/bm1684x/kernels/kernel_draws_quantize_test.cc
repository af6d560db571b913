// Draws of the operators of quantized graphs: all exact.
#include "backends/bm1684x/kernels/kernel_draws.h"
#include "ops/quantize.h"
#include "ops/table_softmax.h"

namespace tpuc::bm1684x {

namespace {

using namespace ops;

DType byte_type(Draws& d) { return d.chance(50) ? DType::I8 : DType::U8; }
Operand bytes(DType t, Dims dims) {
  return {std::move(dims), false, t == DType::U8 ? 0.0 : -128, t == DType::U8 ? 256.0 : 128, t};
}
int64_t zero_of(Draws& d, DType t) {
  if (d.chance(40)) return 0;
  return t == DType::U8 ? d.between(0, 255) : d.between(-128, 127);
}
float scale_of(Draws& d) {
  if (d.chance(40)) return 1.0f / static_cast<float>(int64_t{1} << d.between(0, 15));
  return static_cast<float>(d.between(1, 9999)) * 1e-6f;
}
float offset_of(Draws& d) { return d.chance(40) ? 0.0f : static_cast<float>(d.between(-300, 300)) / 2; }
Dims any_dims(Draws& d) { return d.dims(static_cast<size_t>(d.between(1, 5))); }

void quantize(Draws& d) {
  const DType to = byte_type(d);
  d.run<Quantize>(d.float_type(), {{any_dims(d), false, -30, 30}}, {to, scale_of(d) * 30, zero_of(d, to)}, kExact);
}

void dequantize(Draws& d) {
  const DType from = d.any<DType>({DType::I8, DType::U8, DType::I16, DType::I32});
  const double most = from == DType::I32 ? 2e9 : from == DType::I16 ? 32767 : 127;
  d.run<Dequantize>(from, {{any_dims(d), false, from == DType::U8 ? 0 : -most, most}},
                    {d.float_type(), scale_of(d), zero_of(d, from)}, kExact);
}

void requantize(Draws& d) {
  const Dims x = any_dims(d);
  const int64_t axis = d.between(0, static_cast<int64_t>(x.size()) - 1);
  const int64_t columns = d.chance(30) ? 1 : x[static_cast<size_t>(axis)];
  const DType from = d.any<DType>({DType::I32, DType::I32, DType::I16, DType::I8, DType::U8});
  const bool is_byte = from == DType::I8 || from == DType::U8;
  const Operand rq{{2, columns}, true, is_byte ? -2 : 0.0005, is_byte ? 2 : 0.01, DType::F32};
  d.run<Requantize>(from, {is_byte ? bytes(from, x) : Operand{x, false, -30000, 30000}, rq}, {byte_type(d), axis},
                    kExact);
}

void look_up(Draws& d) {
  const DType from = byte_type(d), to = d.any<DType>({DType::I8, DType::U8, DType::F32, DType::F16, DType::BF16});
  const Operand table{{256}, d.chance(70), to == DType::U8 ? 0.0 : -128, 127, to};
  d.run<Lut>(from, {bytes(from, any_dims(d)), table}, {}, kExact);
}

void weighted_sum(Draws& d) {
  const Dims out = any_dims(d);
  const int64_t most = d.any<int64_t>({127, 256, 32767, 8388607});
  WeightedSum::Attrs a{{}, scale_of(d), offset_of(d), byte_type(d)};
  std::vector<Operand> in;
  for (int64_t k = d.between(1, 4); k > 0; --k) {
    in.push_back(bytes(byte_type(d), in.empty() && d.chance(60) ? out : d.broadcasting(out)));
    in.back().is_constant = d.chance(10);
    a.multipliers.push_back(d.between(d.chance(50) ? 0 : -most, most));
  }
  d.run<WeightedSum>(DType::I8, in, a, kExact);
}

void scaled_product(Draws& d) {
  const Dims out = any_dims(d);
  const DType a = byte_type(d), b = byte_type(d);
  d.run<ScaledProduct>(a, {bytes(a, d.chance(60) ? out : d.broadcasting(out)), bytes(b, d.broadcasting(out))},
                       {zero_of(d, a), zero_of(d, b), scale_of(d), offset_of(d), byte_type(d)}, kExact);
}

void table_softmax(Draws& d) {
  const DType from = byte_type(d), to = byte_type(d);
  const Dims x = any_dims(d);
  const int64_t axis = d.between(0, static_cast<int64_t>(x.size()) - 1);
  const Operand table{{256}, d.chance(70), d.chance(50) ? 1e-9 : 0.3, 1, DType::F32};
  d.run<TableSoftmax>(from, {bytes(from, x), table},
                      {axis, d.chance(50), d.chance(30) ? 1.0F / 255 : scale_of(d), zero_of(d, to), to}, kExact);
}

}  // namespace

std::vector<Draw> quantize_draws() {
  return {{Quantize::kName, quantize},         {Dequantize::kName, dequantize},
          {Requantize::kName, requantize},     {Lut::kName, look_up},
          {WeightedSum::kName, weighted_sum},  {ScaledProduct::kName, scaled_product},
          {TableSoftmax::kName, table_softmax}};
}

}  // namespace tpuc::bm1684x
