// Which AR, LIN, CMP and VC commands the chip takes, and where their operands lie.   source: TIU.md sections 3 and 10
#include "backends/bm1684x/isa/tiu_arith.h"

#include "backends/bm1684x/isa/tiu_checks.h"

namespace tpuc::bm1684x {
namespace {

bool has_second_operand(ArOp op) {
  switch (op) {
    case ArOp::Not:
    case ArOp::Cast:
    case ArOp::Copy:
    case ArOp::Abs:
    case ArOp::CopyBatch:
    case ArOp::LeadingZeros:
    case ArOp::LeadingOnes:
      return false;
    default:
      return true;
  }
}
bool is_select(ArOp op) { return op == ArOp::SelectGreater || op == ArOp::SelectEqual || op == ArOp::SelectLess; }
bool takes_shift(ArOp op) {
  return op == ArOp::Mul || op == ArOp::Add || op == ArOp::Sub || op == ArOp::MulSat || op == ArOp::AddSat ||
         op == ArOp::SubSat;
}

std::string illegal_cast(const Ar& i) {
  const Prec from = i.opd0_prec, to = i.res0_prec;
  if (is_half(from) && is_half(to) && from != to) return "a cast between fp16 and bf16 does not exist, go through fp32";
  if (is_float(from) && is_int(to))
    return refuse_unless(i.opd2_n_str <= 4, "float to integer rounds by modes 0 to 4 only");
  return refuse_unless(i.opd2_n_str <= 6, "rounding mode 7 does not exist");
}

// Rules on types; `ints` and `same` say what all three types have in common.
std::string illegal_types(const Ar& i, bool ints, bool same) {
  const Prec r = i.res0_prec, a = i.opd0_prec, b = i.opd1_prec;
  switch (i.eu) {
    case ArOp::Mul:
    case ArOp::Add:
    case ArOp::Sub:
      return refuse_unless(ints || same, "float arithmetic needs equal element types");
    case ArOp::MulSat:
    case ArOp::AddSat:
    case ArOp::SubSat:
      return refuse_unless(ints, "saturating arithmetic is for integers");
    case ArOp::Max:
    case ArOp::Min:
      return refuse_unless(same, "max and min need equal element types");
    case ArOp::AbsDiff:
      return refuse_unless(same && is_float(a), "absolute difference is for equal float types");
    case ArOp::LogicShift:
    case ArOp::ArithShift:
      return refuse_unless(ints, "shifts are for integers");
    case ArOp::Rotate:
      return refuse_unless(ints && r == a, "a rotation is for integers of one type");
    case ArOp::MulDhr:
      return refuse_unless(ints && a == b, "mulDHR is for integers of one type");
    case ArOp::And:
    case ArOp::Or:
    case ArOp::Xor:
      return refuse_unless(size_of(r) == size_of(a) && size_of(b) == size_of(a),
                           "bit operations need equal element sizes");
    case ArOp::Not:
    case ArOp::Copy:
    case ArOp::CopyBatch:
      return refuse_unless(size_of(r) == size_of(a), "a copy needs equal element sizes");
    case ArOp::Abs:
      return refuse_unless(r == a, "abs needs equal element types");
    case ArOp::SelectGreater:
    case ArOp::SelectEqual:
    case ArOp::SelectLess:
      return refuse_unless(size_of(r) <= size_of(a), "the result of a select is wider than its operands");
    case ArOp::Div:
      return refuse_unless(same && a == Prec::F32, "division is for fp32");
    case ArOp::Cast:
      return illegal_cast(i);
    case ArOp::Mac:
      return refuse_unless(
          (same && is_float(a)) || (a == Prec::I8 && b == Prec::I8 && r == Prec::I16 && i.opd2_const != 0),
          "mac is of one float type, or int8 x int8 to int16 with constant shifts");
    case ArOp::LeadingZeros:
    case ArOp::LeadingOnes:
      return refuse_unless(is_int(a) && is_int(r) && size_of(r) <= size_of(a), "counting leading bits is for integers");
  }
  return unknown_operation(i.eu);
}

TensorView operand(Layout layout, uint64_t address, Prec prec, ViewShape shape, ViewShape strides) {
  switch (layout) {
    case Layout::Aligned:
      return aligned_view(address, prec, shape);
    case Layout::Compact:
      return compact_view(address, prec, shape);
    case Layout::PerChannel:
      return strided_view(address, prec, shape, {0, 1, 0, 0});
    case Layout::Free:
    case Layout::SharedRow:
      break;
  }
  return strided_view(address, prec, shape, strides);
}

TensorView per_channel(uint64_t address, Prec prec, uint64_t channels) {
  return compact_view(address, prec, {1, channels, 1, 1});
}

}  // namespace

std::string illegal(const Ar& i) {
  const bool second = has_second_operand(i.eu);
  // Two-operand selects compare in the type of the first operand; one-operand forms leave opd1_prec unused.
  const Prec b = second && !is_select(i.eu) ? i.opd1_prec : i.opd0_prec;
  if (std::string why =
          first_of({zero_size({i.res0_n, i.res0_c, i.res0_h, i.res0_w}), unknown_prec({i.res0_prec, i.opd0_prec, b})});
      !why.empty())
    return why;
  const bool ints = is_int(i.res0_prec) && is_int(i.opd0_prec) && is_int(b);
  const bool rounds = ints && (takes_shift(i.eu) || i.eu == ArOp::MulDhr || i.eu == ArOp::LogicShift ||
                               i.eu == ArOp::ArithShift || i.eu == ArOp::Mac);
  return first_of({illegal_types(i, ints, i.res0_prec == i.opd0_prec && b == i.opd0_prec),
                   refuse_unless(!rounds || i.opd2_n_str <= 6, "rounding mode 7 does not exist")});
}

OperandViews views(const Ar& i) {
  const ViewShape shape{i.res0_n, i.res0_c, i.res0_h, i.res0_w};
  OperandViews v;
  v.res =
      operand(i.res0_str, i.res0_addr, i.res0_prec, shape, {i.res0_n_str, i.res0_c_str, i.res0_h_str, i.res0_w_str});
  if (i.opd0_const == 0) {
    v.a = operand(i.opd0_str, i.opd0_addr, i.opd0_prec,
                  i.eu == ArOp::CopyBatch ? ViewShape{1, shape.c, shape.h, shape.w} : shape,
                  {i.opd0_n_str, i.opd0_c_str, i.opd0_h_str, i.opd0_w_str});
    if (i.eu == ArOp::CopyBatch) {
      v.a->n = shape.n;
      v.a->ns = 0;
    }
  }
  if (has_second_operand(i.eu) && i.opd1_const == 0)
    v.b = operand(i.opd1_str, i.opd1_addr, is_select(i.eu) ? i.opd0_prec : i.opd1_prec, shape,
                  {i.opd1_n_str, i.opd1_c_str, i.opd1_h_str, i.opd1_w_str});
  if (takes_shift(i.eu) && is_int(i.opd0_prec) && i.tsk_opd_num == 3 && i.opd2_const == 0)
    v.c = per_channel(i.opd2_addr, Prec::I8, shape.c);
  v.reads_result = i.eu == ArOp::Mac;
  return v;
}

std::string illegal(const Lin& i) {
  switch (i.eu) {
    case LinOp::Mac:
    case LinOp::SquareSum:
    case LinOp::SquareDiff:
      break;
    default:
      return unknown_operation(i.eu);
  }
  return first_of({zero_size({i.res0_n, i.res0_c, i.res0_h, i.res0_w}), unknown_prec({i.res0_prec}),
                   refuse_unless(is_float(i.res0_prec), "linear commands are for float types")});
}

OperandViews views(const Lin& i) {
  const ViewShape shape{i.res0_n, i.res0_c, i.res0_h, i.res0_w};
  OperandViews v;
  v.res = aligned_view(i.res0_addr, i.res0_prec, shape);
  v.a = aligned_view(i.opd0_addr, i.res0_prec, shape);
  if (i.opd1_const == 0) v.b = per_channel(i.opd1_addr, i.res0_prec, shape.c);
  if (i.opd2_const == 0) v.c = per_channel(i.opd2_addr, i.res0_prec, shape.c);
  return v;
}

std::string illegal(const Cmp& i) {
  switch (i.eu) {
    case CmpOp::GreaterAndSelect:
    case CmpOp::SelectGreater:
    case CmpOp::SelectEqual:
    case CmpOp::LessAndSelect:
    case CmpOp::SelectLess:
      break;
    default:
      return unknown_operation(i.eu);
  }
  return first_of({zero_size({i.res0_n, i.res0_c, i.res0_h, i.res0_w}), unknown_prec({i.opd0_prec, i.opd2_prec})});
}

OperandViews views(const Cmp& i) {
  const ViewShape shape{i.res0_n, i.res0_c, i.res0_h, i.res0_w};
  const auto compared = [&](uint32_t address, Layout layout) {
    if (layout == Layout::Free) return strided_view(address, i.opd0_prec, shape, {0, 0, 0, 0});
    return aligned_view(address, i.opd0_prec, shape);
  };
  OperandViews v;
  if (i.opd0_const == 0) v.a = compared(i.opd0_addr, i.opd0_str);
  if (i.opd1_const == 0) v.b = compared(i.opd1_addr, i.opd1_str);
  if (i.opd2_const == 0) v.c = aligned_view(i.opd2_addr, i.opd2_prec, shape);
  if (i.opd3_const == 0) v.d = aligned_view(i.opd3_addr, i.opd2_prec, shape);
  const bool both = i.eu == CmpOp::GreaterAndSelect || i.eu == CmpOp::LessAndSelect;
  v.res = aligned_view(i.res0_addr, both ? i.opd0_prec : i.opd2_prec, shape);
  if (both) v.res1 = aligned_view(i.res1_addr, i.opd2_prec, shape);
  return v;
}

std::string illegal(const Vc& i) {
  if (std::string why =
          first_of({zero_size({i.res0_c, i.res0_w, i.opd0_c, i.opd0_w, i.opd1_w}),
                    unknown_prec({i.res0_prec, i.opd0_prec, i.opd1_prec}),
                    refuse_unless(i.opd1_w <= i.opd0_w, "the last lane holds more of the vector than the others")});
      !why.empty())
    return why;
  const bool ints = is_int(i.res0_prec) && is_int(i.opd0_prec) && is_int(i.opd1_prec);
  const bool same = i.res0_prec == i.opd0_prec && i.opd1_prec == i.opd0_prec;
  switch (i.eu) {
    case VcOp::Mul:
    case VcOp::Add:
    case VcOp::Sub:
      return refuse_unless(ints || same, "float arithmetic needs equal element types");
    case VcOp::Max:
    case VcOp::Min:
      return refuse_unless(same, "max and min need equal element types");
    case VcOp::And:
    case VcOp::Or:
    case VcOp::Xor:
      return refuse_unless(size_of(i.res0_prec) == size_of(i.opd0_prec) && size_of(i.opd1_prec) == size_of(i.opd0_prec),
                           "bit operations need equal element sizes");
    case VcOp::AddSat:
    case VcOp::SubSat:
    case VcOp::MulSat:
      return refuse_unless(ints, "saturating arithmetic is for integers");
    case VcOp::MulDhr:
      return refuse_unless(ints && i.opd0_prec == i.opd1_prec && i.opd2_n_str <= 6,
                           "mulDHR is for integers of one type");
    case VcOp::SelectGreater:
    case VcOp::SelectEqual:
    case VcOp::SelectLess:
      return refuse_unless(i.opd1_prec == i.opd0_prec && size_of(i.res0_prec) <= size_of(i.opd0_prec),
                           "a select needs equal operand types and no wider result");
    case VcOp::Div:
      return refuse_unless(same && i.opd0_prec == Prec::F32, "division is for fp32");
  }
  return unknown_operation(i.eu);
}

OperandViews views(const Vc& i) {
  const uint64_t count = uint64_t{i.opd0_c - 1} * i.opd0_w + i.opd1_w;
  OperandViews v;
  v.a = aligned_view(i.opd0_addr, i.opd0_prec, {1, i.opd0_c, 1, i.opd0_w});
  v.loose_a = i.opd1_w != i.opd0_w;
  if (v.loose_a && i.opd0_c > 1) {
    TensorView full = *v.a;
    full.c = i.opd0_c - 1;
    v.exact.push_back(full);
  }
  if (v.loose_a) {
    TensorView last = *v.a;
    last.address = v.a->at(0, i.opd0_c - 1);
    last.c = 1;
    last.w = i.opd1_w;
    v.exact.push_back(last);
  }
  v.b = aligned_view(i.opd1_addr, i.opd1_prec, {1, i.res0_c, 1, i.res0_w});
  v.res = aligned_view(i.res0_addr, i.res0_prec, {count, i.res0_c, 1, i.res0_w});
  return v;
}

}  // namespace tpuc::bm1684x
