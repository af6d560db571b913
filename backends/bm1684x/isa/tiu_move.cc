// Which TRANS&BC, SG, SGL and SYSID commands the chip takes, and where their operands lie.   source: TIU.md sections
// 11-13
#include "backends/bm1684x/isa/tiu_move.h"

#include "backends/bm1684x/isa/tiu_checks.h"

namespace tpuc::bm1684x {
namespace {

// Offset in static memory; commands hold the DMA's address or the bare offset.
TensorView static_view(uint64_t address, Prec prec, uint64_t count) {
  TensorView v =
      strided_view(address >= kStaticBase ? address - kStaticBase : address, prec, {1, 1, 1, count}, {0, 0, 0, 1});
  v.space = Space::Static;
  return v;
}

bool is_index(Prec p) { return p == Prec::I8 || p == Prec::I16; }

}  // namespace

std::string illegal(const TransBc& i) {
  switch (i.eu) {
    case TransOp::Cw:
    case TransOp::Wc:
    case TransOp::LaneCopy:
    case TransOp::LaneBroadcast:
    case TransOp::StaticBroadcast:
    case TransOp::StaticDistribute:
      break;
    default:
      return unknown_operation(i.eu);
  }
  return first_of({zero_size({i.res0_n, i.res0_c, i.res0_h, i.res0_w}), unknown_prec({i.res0_prec})});
}

OperandViews views(const TransBc& i) {
  const ViewShape shape{i.res0_n, i.res0_c, i.res0_h, i.res0_w}, turned{shape.n, shape.w, shape.h, shape.c};
  const Prec p = i.res0_prec;
  OperandViews v;
  v.res = i.eu == TransOp::Cw ? line_view(i.res0_addr, p, shape) : aligned_view(i.res0_addr, p, shape);
  switch (i.eu) {
    case TransOp::Cw:
    case TransOp::Wc:
      v.a = aligned_view(i.opd0_addr, p, turned);
      break;
    case TransOp::LaneCopy:
      v.a = aligned_view(i.opd0_addr, p, shape);
      break;
    case TransOp::LaneBroadcast:
      v.a = aligned_view(i.opd0_addr, p, {shape.n, 1, shape.h, shape.w});
      break;
    case TransOp::StaticBroadcast:
      v.a = static_view(i.opd0_addr, p, shape.w);
      v.res = strided_view(i.res0_addr, p, {1, shape.c, 1, shape.w}, {0, 0, shape.w, 1});
      break;
    case TransOp::StaticDistribute:
      v.a = static_view(i.opd0_addr, p, shape.c);
      v.res = compact_view(i.res0_addr, p, {1, shape.c, 1, 1});
      break;
  }
  return v;
}

namespace {

std::string illegal_gather(const Sg& i) {
  return first_of(
      {refuse_unless(is_index(i.opd1_prec), "an index is 8 or 16 bits wide"),
       refuse_unless(size_of(i.opd0_prec) == size_of(i.res0_prec), "table and result differ in element size"),
       refuse_unless(i.res0_h == 1, "the result of this operation has one row")});
}

std::string illegal_pl(const Sg& i) {
  switch (i.eu) {
    case SgOp::PlGather1d:
      return first_of({illegal_gather(i), refuse_unless(i.opd1_c == i.res0_w, "as many indexes as results")});
    case SgOp::PlScatter1d:
      return first_of({illegal_gather(i), refuse_unless(i.opd1_c == i.opd0_w, "as many indexes as inputs")});
    case SgOp::PlGather2d:
      return refuse_unless(i.res0_h == 1 && i.opd1_c == i.res0_w, "as many indexes as results");
    case SgOp::PlScatter2d:
      return refuse_unless(i.opd0_h == 1 && i.opd1_c == i.opd0_w, "as many indexes as inputs");
    default: {
      const uint32_t kh = i.opd3_addr >> 16, kw = i.opd3_addr & 0xffff;
      return refuse_unless(kh != 0 && kw != 0, "a region of no pixels");
    }
  }
}

}  // namespace

std::string illegal(const Sg& i) {
  if (std::string why = first_of({zero_size({i.res0_n, i.res0_c, i.res0_h, i.res0_w, i.opd0_h, i.opd0_w}),
                                  unknown_prec({i.res0_prec, i.opd0_prec, i.opd1_prec})});
      !why.empty())
    return why;
  const char* indexes_differ = "index and result differ in shape";
  switch (i.eu) {
    case SgOp::PlGather1d:
    case SgOp::PlGather2d:
    case SgOp::PlGatherRec:
    case SgOp::PlScatter1d:
    case SgOp::PlScatter2d:
      return illegal_pl(i);
    case SgOp::PesGather:
    case SgOp::PesGatherHazard:
      return first_of({illegal_gather(i), refuse_unless(i.opd1_c == i.res0_c && i.opd1_w == i.res0_w, indexes_differ)});
    case SgOp::PemGather:
      return first_of({illegal_gather(i), refuse_unless(i.opd1_w == i.res0_w, indexes_differ)});
    case SgOp::PesScatter:
    case SgOp::PesScatterHazard:
      return first_of({illegal_gather(i), refuse_unless(i.opd1_w == i.opd0_w, "index and input differ in size")});
    case SgOp::PesMaskSelect:
    case SgOp::PesMaskSelectHazard:
      return refuse_unless(is_int(i.opd1_prec) && i.res0_h == 1, "a mask is an integer row");
    case SgOp::PesNonzero:
    case SgOp::PesNonzeroHazard:
      return refuse_unless((i.res0_prec == Prec::I16 || i.res0_prec == Prec::I32) && i.res0_h == 1,
                           "positions are rows of int16 or int32");
    case SgOp::PesScatterAdd:
      return "scatter with addition is not known well enough to be simulated";
  }
  return unknown_operation(i.eu);
}

namespace {

OperandViews views_pl(const Sg& i) {
  const ViewShape shape{i.res0_n, i.res0_c, i.res0_h, i.res0_w};
  const Prec p = i.res0_prec;
  OperandViews v;
  v.res = aligned_view(i.res0_addr, p, shape);
  v.loose_a = true;
  const bool flat = i.eu == SgOp::PlGather1d || i.eu == SgOp::PlScatter1d;
  v.a = aligned_view(i.opd0_addr, p, {shape.n, shape.c, flat ? 1 : i.opd0_h, i.opd0_w});
  if (flat) v.b = compact_view(i.opd1_addr, i.opd1_prec, {1, i.opd1_c, 1, 1});
  if (i.eu == SgOp::PlGather2d || i.eu == SgOp::PlScatter2d)
    v.b = compact_view(i.opd1_addr, Prec::I16, {1, i.opd1_c, 1, 2});
  if (i.eu == SgOp::PlGatherRec) {
    const uint64_t window = uint64_t{i.opd3_addr >> 16} * (i.opd3_addr & 0xffff);
    v.b = strided_view(i.opd1_addr, Prec::I16, {1, shape.w, 1, 4}, {0, 4, 4, 1});
    v.res = line_view(i.res0_addr, p, {shape.n, shape.c, window, shape.w});
  }
  return v;
}

// One table row per channel, or one per lane that all its channels share.
TensorView table_view(const Sg& i, uint64_t channels, bool shared) {
  const TensorView own = aligned_view(i.opd0_addr, i.res0_prec, {1, channels, 1, i.opd0_w});
  return shared ? strided_view(i.opd0_addr, i.res0_prec, {1, channels, 1, i.opd0_w}, {0, 0, 0, 1}) : own;
}

}  // namespace

OperandViews views(const Sg& i) {
  const ViewShape shape{i.res0_n, i.res0_c, i.res0_h, i.res0_w};
  OperandViews v;
  v.loose_a = true;
  v.res = aligned_view(i.res0_addr, i.res0_prec, shape);
  switch (i.eu) {
    case SgOp::PlGather1d:
    case SgOp::PlGather2d:
    case SgOp::PlGatherRec:
    case SgOp::PlScatter1d:
    case SgOp::PlScatter2d:
      v = views_pl(i);
      break;
    case SgOp::PesGather:
    case SgOp::PesGatherHazard:
    case SgOp::PesScatter:
    case SgOp::PesScatterHazard:
      v.a = table_view(i, shape.c, i.opd0_str != Layout::Aligned);
      v.b = aligned_view(i.opd1_addr, i.opd1_prec, {shape.n, shape.c, 1, i.opd1_w});
      break;
    case SgOp::PemGather:  // one batch, whatever res0_n says
      v.a = table_view(i, shape.c, i.opd0_str == Layout::SharedRow);
      v.a->h = 4;  // the four copies of the table, 0x8000 bytes apart
      v.a->hs = 0x8000 / v.a->elem_bytes;
      v.b = aligned_view(i.opd1_addr, i.opd1_prec, {1, shape.c, 1, i.opd1_w});
      v.res = aligned_view(i.res0_addr, i.res0_prec, {1, shape.c, 1, shape.w});
      break;
    case SgOp::PesMaskSelect:
    case SgOp::PesMaskSelectHazard:
      v.a = table_view(i, shape.c, i.opd0_str != Layout::Aligned);
      v.b = aligned_view(i.opd1_addr, i.opd1_prec, {shape.n, shape.c, 1, i.opd0_w});
      v.res1 = compact_view(i.res1_addr, Prec::I16, {shape.n, shape.c, 1, 1});
      break;
    case SgOp::PesNonzero:
    case SgOp::PesNonzeroHazard:
      v.a = aligned_view(i.opd0_addr, i.opd0_prec, {shape.n, shape.c, 1, i.opd0_w});
      v.loose_a = false;
      v.res1 = compact_view(i.res1_addr, Prec::I16, {shape.n, shape.c, 1, 1});
      break;
    case SgOp::PesScatterAdd:
      break;
  }
  v.partial_result = true;
  return v;
}

std::string illegal(const Sgl& i) {
  if (std::string why = first_of(
          {zero_size({i.res0_n, i.res0_c, i.res0_h, i.res0_w, i.opd0_h}), unknown_prec({i.res0_prec, i.opd1_prec})});
      !why.empty())
    return why;
  switch (i.eu) {
    case SglOp::GatherLine:
    case SglOp::ScatterLine:
      return refuse_unless(is_index(i.opd1_prec), "an index is 8 or 16 bits wide");
    case SglOp::MaskSelectLine:
      return refuse_unless(is_int(i.opd1_prec), "a mask is an integer");
  }
  return unknown_operation(i.eu);
}

OperandViews views(const Sgl& i) {
  const ViewShape shape{i.res0_n, i.res0_c, i.res0_h, i.res0_w}, table{1, shape.c, i.opd0_h, shape.w};
  OperandViews v;
  v.res = line_view(i.res0_addr, i.res0_prec, shape);
  v.a = line_view(i.opd0_addr, i.res0_prec, table);
  if (i.opd0_str != Layout::Free) v.a->cs = 0;
  v.loose_a = true;
  const uint64_t indexes = i.eu == SglOp::GatherLine ? shape.h : i.opd0_h;
  v.b = aligned_view(i.opd1_addr, i.opd1_prec, {shape.n, shape.c, indexes, 1});
  if (i.eu == SglOp::MaskSelectLine) v.res1 = compact_view(i.res1_addr, Prec::I16, {shape.n, shape.c, 1, 1});
  v.partial_result = true;
  return v;
}

std::string illegal(const SysId& i) {
  switch (i.eu) {
    case SysOp::InterruptBarrier:
    case SysOp::Spb:
    case SysOp::Swr:
    case SysOp::SwrFromLmem:
    case SysOp::SwrCollectFromLmem:
    case SysOp::DataBarrier:
    case SysOp::Nop:
    case SysOp::End:
      return {};
  }
  return unknown_operation(i.eu);
}
OperandViews views(const SysId&) { return {}; }

}  // namespace tpuc::bm1684x
