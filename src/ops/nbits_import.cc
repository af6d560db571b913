// com.microsoft.MatMulNBits: a product with a matrix whose columns are blocks of 4 or 8 bits, each with a scale and a
// zero point. The matrix becomes real numbers; lowering finds the integers again.
#include <algorithm>

#include "ops/import.h"
#include "ops/matmul.h"
#include "ops/quantize_import.h"
#include "ops/shape.h"
#include "tpuc/support/int_math.h"

namespace tpuc::ops {
namespace {

constexpr int64_t kMostLength = 1 << 20;  // of K and N: products of both stay numbers

struct Blocks {
  int64_t depth = 0, columns = 0, bits = 4, block = 32;
  int64_t count() const { return ceil_div(depth, block); }                     // in a column
  int64_t column_bytes() const { return count() * block * bits / 8; }          // of the matrix
  int64_t zero_bytes() const { return ceil_div<int64_t>(count() * bits, 8); }  // of the zero points of a column
};

Blocks read_blocks(const NodeView& n) {
  const Blocks s{n.get_int("K", 0), n.get_int("N", 0), n.get_int("bits", 4), n.get_int("block_size", 32)};
  const auto is_length = [](int64_t x) { return x >= 1 && x <= kMostLength; };
  const bool is_block = s.block >= 16 && is_length(s.block) && (s.block & (s.block - 1)) == 0;
  if (!is_length(s.depth) || !is_length(s.columns) || !is_block)
    throw UserError(
        diagnostic(ErrorCode::E1024, "{}: K is {}, N is {}, block_size is {}", n.op, s.depth, s.columns, s.block)
            .note("hint", "K and N are lengths, block_size a power of two from 16 on"));
  if (s.bits != 4 && s.bits != 8)
    refuse(n, fmt::format("elements have {} bits", s.bits), "there are elements of 4 and of 8 bits");
  if (n.has_input(4)) refuse(n, "g_idx is given: rows of the matrix are in another order", "export without it");
  return s;
}

const Tensor& operand(const NodeView& n, size_t i, std::string_view what, int64_t count) {
  const Tensor& t = n.constant_input(i);
  if (t.count() == count) return t;
  throw UserError(
      diagnostic(ErrorCode::E1209, "{}: the {} have {} elements, expected {}", n.op, what, t.count(), count));
}

// Element `i` of a row of `bits` bits each, the low half of a byte first.
int64_t element(std::span<const uint8_t> row, int64_t i, int64_t bits) {
  if (bits == 8) return row[static_cast<size_t>(i)];
  return row[static_cast<size_t>(i / 2)] >> (i % 2 == 0 ? 0 : 4) & 15;
}

// Zero points of all blocks; half the range where none are given.
std::vector<float> zeros_of(const NodeView& n, const Blocks& s) {
  std::vector<float> zeros(static_cast<size_t>(s.columns * s.count()), s.bits == 8 ? 128.0F : 8.0F);
  if (!n.has_input(3)) return zeros;
  if (is_float(n.constant_input(3).dtype())) return operand(n, 3, "zero points", s.columns * s.count()).to_f32();
  const Tensor& t = operand(n, 3, "zero points", s.columns * s.zero_bytes());
  if (t.dtype() != DType::U8)
    refuse(n, fmt::format("zero points are {}", to_string(t.dtype())), "they are u8 or floats");
  for (size_t i = 0; i < zeros.size(); ++i) {
    const int64_t column = static_cast<int64_t>(i) / s.count(), block = static_cast<int64_t>(i) % s.count();
    const auto row = t.as<uint8_t>().subspan(static_cast<size_t>(column * s.zero_bytes()));
    zeros[i] = static_cast<float>(element(row, block, s.bits));
  }
  return zeros;
}

// The matrix [K,N] that is multiplied.
Tensor matrix_of(const NodeView& n, const Blocks& s, DType type) {
  const Tensor& q = operand(n, 1, "weights", s.columns * s.column_bytes());
  if (q.dtype() != DType::U8) refuse(n, fmt::format("weights are {}", to_string(q.dtype())), "they are u8");
  const std::vector<float> scales = operand(n, 2, "scales", s.columns * s.count()).to_f32(), zeros = zeros_of(n, s);
  std::vector<float> real(static_cast<size_t>(s.depth * s.columns));
  for (int64_t c = 0; c < s.columns; ++c) {
    const auto column = q.as<uint8_t>().subspan(static_cast<size_t>(c * s.column_bytes()));
    for (int64_t k = 0; k < s.depth; ++k) {
      const auto block = static_cast<size_t>(c * s.count() + k / s.block);
      real[static_cast<size_t>(k * s.columns + c)] =
          (static_cast<float>(element(column, k, s.bits)) - zeros[block]) * scales[block];
    }
  }
  Tensor out(type, {s.depth, s.columns});
  out.assign_f32(real);
  return out;
}

}  // namespace

Values import_matmul_nbits(const NodeView& n, Builder& b) {
  const Blocks s = read_blocks(n);
  Value* x = n.input(0);
  if (!is_float(x->type.dtype))
    throw UserError(diagnostic(ErrorCode::E1202, "{}: the input is {}, expected floats", n.op, to_string(x->type)));
  const bool is_vector = x->type.dims.size() == 1;
  if (is_vector) x = b.add<Reshape>({x}, {.shape = {1, x->type.dims[0]}});
  Values in = {x, b.constant(matrix_of(n, s, x->type.dtype), n.input(1)->name)};
  if (n.has_input(5)) in.push_back(n.input(5));
  Value* y = b.add<MatMul>(std::move(in));
  return {is_vector ? b.add<Reshape>({y}, {.shape = {s.columns}}) : y};
}

}  // namespace tpuc::ops
