// Reference of table_softmax: the chip's steps in the chip's order (kernels/softmax_table.cc), so that the bits are the
// same.
#include "ops/table_softmax.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "ops/infer_check.h"
#include "ops/integer_sum.h"
#include "tpuc/numerics/fixed_point.h"
#include "tpuc/support/check.h"

namespace tpuc::ops {

namespace {

constexpr size_t kColumns = 16;  // f32 that a lane adds at once

float pairwise_sum(const float* e, size_t count, size_t stride) {
  std::array<float, 2> sums{};
  for (size_t k = 0; k < count; ++k) sums[k % 2] += e[k * stride];
  return sums[0] + sums[1];
}

// `e` is a multiple of kColumns long, its end zeros.
float sum_of_row(const std::vector<float>& e) {
  if (e.size() == kColumns) return pairwise_sum(e.data(), kColumns, 1);
  std::array<float, kColumns> columns{};
  for (size_t w = 0; w < kColumns; ++w) columns[w] = pairwise_sum(e.data() + w, e.size() / kColumns, kColumns);
  return pairwise_sum(columns.data(), kColumns, 1);
}

float reciprocal(float x) {
  float y = std::bit_cast<float>(0x7EF311C7U - std::bit_cast<uint32_t>(x));
  for (int step = 0; step < 2; ++step) {
    const float product = x * y, rest = 2.0F - product;
    y = y * rest;
  }
  return y;
}

struct Line {
  const uint8_t* x;
  uint8_t* y;
  size_t length, stride;  // elements
};

uint8_t top_of(const Line& l, bool is_signed) {
  const uint8_t flip = is_signed ? 0x80 : 0;  // orders bytes as their values
  uint8_t top = 0;
  for (size_t i = 0; i < l.length; ++i) top = std::max(top, static_cast<uint8_t>(l.x[i * l.stride] ^ flip));
  return top ^ flip;
}

// `e`: zeros behind the line's length.
void softmax_line(const Line& l, std::span<const float> table, uint8_t top, const TableSoftmax::Attrs& a,
                  std::vector<float>& e) {
  for (size_t i = 0; i < l.length; ++i) e[i] = table[static_cast<uint8_t>(l.x[i * l.stride] - top)];
  const float sum = l.stride == 1 ? sum_of_row(e) : pairwise_sum(e.data(), l.length, 1);
  const float share = reciprocal(sum) * (1 / a.scale);
  for (size_t i = 0; i < l.length; ++i)
    l.y[i * l.stride] =
        static_cast<uint8_t>(affine_to_int(e[i], share, static_cast<float>(a.zero), 8, a.to == DType::I8));
}

bool is_f32(DType t) { return t == DType::F32; }

}  // namespace

std::vector<TensorType> TableSoftmax::infer(const InferCtx& c, const Attrs& a) {
  require_type(c, 0, is_byte, "i8 or u8");
  require_type(c, 1, is_f32, "f32");
  require_vector(c, 1, "table", 256, "values of a byte");
  require_axis(c, 0, a.axis);
  const bool is_signed = a.to == DType::I8;
  if (!is_byte(a.to))
    throw UserError(diagnostic(ErrorCode::E1208, "{}: to is {}, expected i8 or u8", c.op, to_string(a.to)));
  if (!std::isnormal(a.scale) || a.scale < 0 || !std::isnormal(1 / a.scale))
    throw UserError(diagnostic(ErrorCode::E1208, "{}: scale is {}, expected a positive number", c.op, a.scale));
  if (a.zero != saturate(a.zero, 8, is_signed))
    throw UserError(
        diagnostic(ErrorCode::E1208, "{}: zero is {}, expected a value of {}", c.op, a.zero, to_string(a.to)));
  return {{a.to, c.dims(0), Quant{{a.scale}, {static_cast<int32_t>(a.zero)}}}};
}

void TableSoftmax::eval(EvalArgs in, const Attrs& a, std::span<Tensor> out) {
  const Dims& d = in[0].dims();
  const auto length = static_cast<size_t>(d[static_cast<size_t>(a.axis)]);
  const auto inner = static_cast<size_t>(element_count(Dims(d.begin() + a.axis + 1, d.end())));
  const auto x = in[0].as<uint8_t>();
  const auto table = in[1].as<float>();
  const auto y = out[0].as_mutable<uint8_t>();
  std::vector<float> e((length + kColumns - 1) / kColumns * kColumns);
  for (size_t start = 0; start < x.size(); start += length * inner)
    for (size_t i = start; i < start + inner; ++i) {
      const Line line{x.data() + i, y.data() + i, length, inner};
      softmax_line(line, table, a.below_top ? top_of(line, in[0].dtype() == DType::I8) : uint8_t{0}, a, e);
    }
}

}  // namespace tpuc::ops
