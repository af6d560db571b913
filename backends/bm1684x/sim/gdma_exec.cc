// Picks the function of a GDMA command; brings the short forms into the shape of the long ones.
#include "backends/bm1684x/sim/gdma_exec.h"

namespace tpuc::bm1684x {
namespace {

MatrixMove matrix_move(const GdmaMatrix& i, const Machine& m) {
  const bool store = m.place(i.src_addr, 1).space == Space::Local;  // the long form's fields go by direction
  const Dims4 &sys = store ? i.dst_size : i.src_size, &local = store ? i.src_size : i.dst_size;
  const Dims4 &sys_stride = store ? i.dst_stride : i.src_stride, &local_stride = store ? i.src_stride : i.dst_stride;
  return {i.head,       i.src_addr, i.dst_addr, i.lane_mask, sys.h,          sys.w,
          sys_stride.h, local.n,    local.c,    local.w,     local_stride.n, local_stride.c};
}

MatrixMove matrix_move(const GdmaShortMatrix& i) {
  return {i.head,           i.src_addr,    i.dst_addr,    i.lane_mask,   i.sys_hsize,     i.sys_wsize,
          i.sys_row_stride, i.local_nsize, i.local_csize, i.local_wsize, i.local_nstride, i.local_cstride};
}

struct Executor {
  Machine& m;
  using Result = std::optional<uint32_t>;

  Result operator()(const GdmaTensor& i) const {
    execute_tensor(i, m);
    return {};
  }
  Result operator()(const GdmaCwTranspose& i) const {
    execute_cw_transpose(i, m);
    return {};
  }
  Result operator()(const GdmaMatrix& i) const {
    execute_matrix(matrix_move(i, m), m);
    return {};
  }
  Result operator()(const GdmaShortMatrix& i) const {
    execute_matrix(matrix_move(i), m);
    return {};
  }
  Result operator()(const GdmaGeneral& i) const {
    execute_general(i, m);
    return {};
  }
  Result operator()(const GdmaShortGeneral& i) const {
    execute_general({i.head, i.constant, i.move_length, i.dst_csize, i.src_addr, i.dst_addr, i.lane_mask}, m);
    return {};
  }
  Result operator()(const GdmaMaskedSelect& i) const { return execute_masked_select(i, m); }
  Result operator()(const GdmaShortMaskedSelect& i) const {
    return execute_masked_select({i.head, i.mask_format, i.src_size, i.src_addr, i.dst_addr, i.mask_addr, ~uint64_t{0}},
                                 m);
  }
  Result operator()(const GdmaNonzero& i) const { return execute_nonzero(i, m); }
  Result operator()(const GdmaShortNonzero& i) const {
    return execute_nonzero({i.head, i.index_format, i.index_base, i.src_size, i.src_addr, i.dst_addr, ~uint64_t{0}}, m);
  }
  Result operator()(const GdmaIndexed& i) const {
    if (i.head.type == GdmaType::Gather) {
      execute_gather(i, m);
    } else {
      execute_scatter(i, m);
    }
    return {};
  }
  Result operator()(const GdmaSys&) const { return {}; }
};

}  // namespace

std::optional<uint32_t> execute(const GdmaInstr& instr, Machine& m) { return std::visit(Executor{m}, instr); }

}  // namespace tpuc::bm1684x
