// Where the matrices of a matmul lie: products of one batch axis, each operand read by strides in whatever order the
// graph holds it.
#pragma once

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

struct ConvArgs;

// [batch, rows, columns] over memory; strides are elements.
struct MatrixStack {
  int64_t batch = 1, rows = 1, columns = 1;
  int64_t batch_stride = 0, row_stride = 0, column_stride = 1;
  // The matrices lie side by side in each row, and each begins where a command may: they are loaded as [1,R,batch,C]
  // with bursts of whole rows, and cut apart in local memory. Otherwise as [batch,R,1,C].
  bool is_side_by_side = false;

  View view() const;
  Region box(int64_t first, int64_t count, const Region& matrix) const;  // `matrix`: rows on axis 1, columns on axis 3
  // Matrix `i` of a tensor that holds such a box.
  LocalTensor one(const LocalTensor& held, int64_t i) const;
};

struct MatMulGeometry {
  MatrixStack a, b, y;
  bool by_columns = false, b_is_transposed = false;
  Prec prec = Prec::F32;  // of the operands
  // 8-bit integers: sums in int32, with operand 3 requantized.
  bool is_integer = false, a_signed = true, b_signed = true, out_signed = true;
  int64_t zero_a = 0, zero_b = 0;
  Prec sum_prec() const { return is_integer ? Prec::I32 : Prec::F32; }
  int64_t k() const { return a.columns; }
  // The matrices that a tile of the result computes.
  int64_t first_matrix(const Region& out) const { return out.begin[y.is_side_by_side ? 2 : 0]; }
  int64_t matrix_count(const Region& out) const { return out.extent[y.is_side_by_side ? 2 : 0]; }
};
MatMulGeometry matmul_geometry(const Op& op);

// out [1,M,1,N] = rows of a * image b (+ what `out` holds, where it accumulates): the rows of a [1,M,1,K] are filters,
// b [1,K,1,N] the image. matmul.cc.
void multiply_rows(const LocalTensor& out, const LocalTensor& a, const LocalTensor& b, const ConvArgs& args,
                   Emitter& e);

Support matmul_supports(const Op& op, DType precision);

}  // namespace tpuc::bm1684x
