// Which MM and MM2 commands the chip takes, and where their operands lie.   source: TIU.md sections 7 and 8
#include "backends/bm1684x/isa/tiu_matmul.h"

#include <algorithm>

#include "backends/bm1684x/isa/tiu_checks.h"

namespace tpuc::bm1684x {

std::string illegal(const Mm& i) {
  const Prec in = i.opd0_prec, out = i.res0_prec;
  if (std::string why =
          first_of({zero_size({i.res0_c, i.res0_w, i.opd0_n, i.opd0_c, i.opd0_w, i.opd1_w}), unknown_prec({in, out}),
                    refuse_unless(i.opd1_w <= i.opd0_w, "the last lane holds more columns than the others")});
      !why.empty())
    return why;
  if (is_half(in)) return "mm of half types does not work on this chip, use mm2";
  if (i.res_add != 0 && size_of(out) != 4) return "accumulating into a result needs 32-bit elements";
  switch (i.eu) {
    case MmOp::Normal:
      if (in == Prec::F32) return refuse_unless(out == Prec::F32, "mm of fp32 gives fp32");
      if (in == Prec::I8) return refuse_unless(out == Prec::I32, "mm of int8 gives int32");
      return first_of({refuse_unless(in == Prec::I32 && out == Prec::I32, "mm takes int8, int32 or fp32"),
                       refuse_unless((i.opd2_n_str & 7) <= 6, "rounding mode 7 does not exist")});
    case MmOp::Wrq:
    case MmOp::WrqRelu:
      return refuse_unless(in == Prec::I8 && (out == Prec::I8 || out == Prec::I16),
                           "wrq products take int8 and give int8 or int16");
  }
  return unknown_operation(i.eu);
}

OperandViews views(const Mm& i) {
  const uint64_t columns = uint64_t{i.opd0_c - 1} * i.opd0_w + i.opd1_w;
  const uint64_t rows = i.left_tran != 0 ? columns : i.opd0_n, inner = i.left_tran != 0 ? i.opd0_n : columns;
  OperandViews v;
  if (i.opd0_const == 0) {
    v.a = aligned_view(i.opd0_addr, i.opd0_prec, {i.opd0_n, i.opd0_c, 1, i.opd0_w});
    v.loose_a = i.opd1_w != i.opd0_w;
  }
  v.b = aligned_view(i.opd1_addr, i.opd0_prec, {inner, i.res0_c, 1, i.res0_w});
  // opd2: a bias of int8 and fp32 products, the shift of int32 products.
  const bool has_vector = i.opd0_prec == Prec::F32 || i.opd0_prec == Prec::I32 || i.eu != MmOp::Normal;
  const Prec vector = i.opd0_prec == Prec::F32 ? Prec::F32 : i.opd0_prec == Prec::I32 ? Prec::I8 : Prec::I16;
  if (has_vector && i.opd2_const == 0) v.c = aligned_view(i.opd2_addr, vector, {1, i.res0_c, 1, i.res0_w});
  v.res = aligned_view(i.res0_addr, i.res0_prec, {rows, i.res0_c, 1, i.res0_w});
  v.reads_result = i.res_add != 0;
  return v;
}

std::string illegal(const Mm2& i) {
  switch (i.eu) {
    case Mm2Op::Nn:
    case Mm2Op::Nt:
    case Mm2Op::Tt:
      break;
    default:
      return unknown_operation(i.eu);
  }
  if (std::string why =
          first_of({zero_size({i.res0_c, i.res0_w, i.opd1_c, i.opd1_w}), unknown_prec({i.res0_prec, i.opd0_prec})});
      !why.empty())
    return why;
  if (i.opd0_prec == Prec::I8) return refuse_unless(i.res0_prec == Prec::I32, "mm2 of int8 gives int32");
  if (i.opd0_prec == Prec::F32) return "mm2 of fp32 is wrong on this chip, use mm or a convolution";
  if (!is_half(i.opd0_prec)) return "mm2 takes int8, fp16 or bf16";
  return first_of(
      {refuse_unless(i.res0_prec == i.opd0_prec || i.res0_prec == Prec::F32,
                     "mm2 of half types gives fp32 or its own type"),
       refuse_unless(i.res_add == 0 || i.res0_prec == Prec::F32, "accumulating into a result needs 32-bit elements")});
}

OperandViews views(const Mm2& i) {
  const uint64_t m = i.res0_c, n = i.res0_w;
  OperandViews v;
  ViewShape left{1, m, 1, i.eu == Mm2Op::Nn ? i.opd1_c : i.opd1_w}, right{1, i.opd1_c, 1, n};
  if (i.eu == Mm2Op::Nt) right = {1, n, 1, i.opd1_w};
  if (i.eu == Mm2Op::Tt) {
    left = {1, i.opd1_w, 1, n};
    right = {1, m, 1, i.opd1_w};
  }
  if (i.opd0_const == 0) v.a = aligned_view(i.opd0_addr, i.opd0_prec, left);
  if (i.opd1_const == 0) v.b = aligned_view(i.opd1_addr, i.opd0_prec, right);
  if (i.opd0_prec == Prec::I8 && i.opd2_const == 0) {
    // Zero points: one per result column, repeated in the lanes of all rows; for Tt one per row.
    v.c = i.eu == Mm2Op::Tt
              ? compact_view(i.opd2_addr, Prec::I8, {1, m, 1, 1})
              : strided_view(i.opd2_addr, Prec::I8, {1, std::min<uint64_t>(m, kLaneCount), 1, n}, {0, 0, n, 1});
  }
  v.res = aligned_view(i.res0_addr, i.res0_prec, {1, m, 1, n});
  v.reads_result = i.res_add != 0;
  return v;
}

}  // namespace tpuc::bm1684x
