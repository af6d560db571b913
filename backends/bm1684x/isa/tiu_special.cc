// Which RQ&DQ and SFU commands the chip takes, and where their operands lie.   source: TIU.md sections 6 and 9
#include "backends/bm1684x/isa/tiu_special.h"

#include <algorithm>

#include "backends/bm1684x/isa/tiu_checks.h"
#include "tpuc/support/int_math.h"

namespace tpuc::bm1684x {

std::string illegal(const RqDq& i) {
  if (std::string why =
          first_of({zero_size({i.res0_n, i.res0_c, i.res0_h, i.res0_w}), unknown_prec({i.res0_prec, i.opd0_prec})});
      !why.empty())
    return why;
  const bool wide_input = i.opd0_prec == Prec::I16 || i.opd0_prec == Prec::I32;
  const bool narrow_input = i.opd0_prec == Prec::I8 || i.opd0_prec == Prec::I16;
  const bool narrow_result = i.res0_prec == Prec::I8 || i.res0_prec == Prec::I16;
  switch (i.eu) {
    case RqOp::Rq0:
      return first_of(
          {refuse_unless(wide_input && narrow_result, "rq0 takes int16 or int32 to int8 or int16"),
           refuse_unless((i.opd2_n_str & 7) <= 4 && (i.opd2_n_str >> 3 & 7) <= 4, "rq0 rounds by modes 0 to 4 only")});
    case RqOp::Rq1:
      return first_of({refuse_unless(wide_input && is_int(i.res0_prec), "rq1 takes int16 or int32 to integers"),
                       refuse_unless(i.opd2_n_str <= 6, "rounding mode 7 does not exist")});
    case RqOp::Dq0:
      return first_of({refuse_unless(narrow_input && i.res0_prec == Prec::F32, "dq0 takes int8 or int16 to fp32"),
                       refuse_unless((i.opd2_n_str & 7) <= 6, "rounding mode 7 does not exist")});
    case RqOp::Dq1:
      return first_of({refuse_unless(narrow_input && is_int(i.res0_prec), "dq1 takes int8 or int16 to integers"),
                       refuse_unless(i.opd2_n_str <= 6, "rounding mode 7 does not exist")});
  }
  return unknown_operation(i.eu);
}

OperandViews views(const RqDq& i) {
  const ViewShape shape{i.res0_n, i.res0_c, i.res0_h, i.res0_w};
  OperandViews v;
  v.a = aligned_view(i.opd0_addr, i.opd0_prec, shape);
  v.res = aligned_view(i.res0_addr, i.res0_prec, shape);
  // Parameter words: 64 bytes per channel row.
  const uint64_t words = i.eu == RqOp::Rq0 || i.eu == RqOp::Dq0 ? 2 : 3;
  if (i.opd1_const == 0) v.b = strided_view(i.opd1_addr, Prec::I32, {1, i.res0_c, 1, words}, {0, 16, 0, 1});
  return v;
}

std::string illegal(const Sfu& i) {
  if (std::string why =
          first_of({zero_size({i.res0_n, i.res0_c, i.res0_h, i.res0_w}), unknown_prec({i.res0_prec, i.opd0_prec}),
                    refuse_unless(is_float(i.opd0_prec), "special functions take float types")});
      !why.empty())
    return why;
  const bool same = i.res0_prec == i.opd0_prec;
  switch (i.eu) {
    case SfuOp::Taylor4x:
    case SfuOp::Taylor:
      return first_of({refuse_unless(same, "a polynomial keeps its element type"),
                       refuse_unless(i.opd1_n >= 2, "a polynomial has at least 2 coefficients")});
    case SfuOp::Normalize: {
      const Prec exponent = i.opd0_prec == Prec::F32 ? Prec::I32 : Prec::I16;
      return refuse_unless(same || i.res0_prec == exponent,
                           "normalize gives its own type or an integer of the same size");
    }
    case SfuOp::Rsqrt:
      return refuse_unless(same && i.opd0_prec == Prec::F32, "rsqrt is for fp32");
  }
  return unknown_operation(i.eu);
}

OperandViews views(const Sfu& i) {
  const ViewShape shape{i.res0_n, i.res0_c, i.res0_h, i.res0_w};
  OperandViews v;
  v.a = aligned_view(i.opd0_addr, i.opd0_prec, shape);
  v.res = aligned_view(i.res0_addr, i.res0_prec, shape);
  if (i.eu == SfuOp::Taylor || i.eu == SfuOp::Taylor4x)  // the table is repeated in every lane that computes
    v.b = strided_view(i.opd1_addr, i.opd0_prec, {1, std::min<uint64_t>(shape.c, kLaneCount), 1, i.opd1_n},
                       {0, 0, i.opd1_n, 1});
  return v;
}

}  // namespace tpuc::bm1684x
