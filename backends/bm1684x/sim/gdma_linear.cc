// Linear copies ("general") and matrices cut into sections of columns over the lanes.
#include <fmt/core.h>

#include <algorithm>
#include <cstring>

#include "backends/bm1684x/sim/gdma_exec.h"
#include "backends/bm1684x/sim/gdma_operand.h"
#include "tpuc/support/int_math.h"

namespace tpuc::bm1684x {
namespace {

uint64_t check_aligned(uint64_t address, uint64_t element_bytes, const Machine& m) {
  if (address % element_bytes != 0)
    m.trap(ErrorCode::E6102,
           fmt::format("address {:#x} is not a multiple of the element's {} bytes", address, element_bytes));
  return address;
}

// Copies or fills [at, at + bytes), leaving out lanes that the mask shuts.
void put_linear(Place at, const uint8_t* from, uint64_t bytes, const uint8_t* fill, uint64_t element_bytes,
                uint64_t lane_mask, Machine& m) {
  Memory& out = m.memory(at.space);
  uint64_t done = 0;
  while (done < bytes) {
    uint64_t n = bytes - done;
    const uint64_t to = at.offset + done;
    bool open = true;
    if (at.space == Space::Local) {
      n = std::min(n, kLaneBytes - to % kLaneBytes);
      open = (lane_mask >> (to / kLaneBytes % kLaneCount) & 1) != 0;
    }
    if (open) {
      if (fill != nullptr) {
        for (uint64_t k = 0; k < n; k += element_bytes) std::memcpy(out.data() + to + k, fill, element_bytes);
      } else {
        std::memmove(out.data() + to, from + done, n);
      }
      out.mark_written(to, n);
    }
    done += n;
  }
}

// The two sides of a matrix in bytes.
struct MatrixSides {
  GdmaOperand local;
  Place system{};
  uint64_t row_bytes = 0;  // from row to row on the system side
  uint64_t local_rows = 0, local_columns = 0;
};

MatrixSides matrix_sides(const MatrixMove& v, bool transpose, bool store, Machine& m) {
  MatrixSides s;
  const uint64_t z = element_bytes_of(v.head.format, m);
  s.local_rows = transpose ? v.columns : v.rows;
  s.local_columns = transpose ? v.rows : v.columns;
  if (v.section_width == 0 || v.rows == 0 || v.columns == 0)
    m.trap(ErrorCode::E6102, fmt::format("a matrix of {} x {} in sections of {}", v.rows, v.columns, v.section_width));
  const uint64_t sections = ceil_div(s.local_columns, v.section_width);
  if (v.local_rows != s.local_rows || v.sections != sections)
    m.trap(ErrorCode::E6102, fmt::format("the local side has {} rows of {} sections, the matrix needs {} of {}",
                                         v.local_rows, v.sections, s.local_rows, sections));
  const bool given = v.head.stride_enable != 0;
  const Dims4 size{static_cast<uint32_t>(v.local_rows), static_cast<uint32_t>(v.sections), 1,
                   static_cast<uint32_t>(std::min(v.section_width, s.local_columns))};
  const Dims4 stride{static_cast<uint32_t>(v.local_nstride), static_cast<uint32_t>(v.local_cstride), 0, 1};
  s.local = make_operand(store ? v.src_addr : v.dst_addr, size, stride, given ? Strides::Given : Strides::Default,
                         v.head.format, m);
  const uint64_t system_addr = check_aligned(store ? v.dst_addr : v.src_addr, z, m);
  const uint64_t row_stride = given ? v.row_stride : v.columns;
  if (store && v.rows > 1 && row_stride < v.columns)
    m.trap(ErrorCode::E6102, fmt::format("rows of {} elements are stored {} apart", v.columns, row_stride));
  s.row_bytes = row_stride * z;
  s.system = m.place(system_addr, (v.rows - 1) * s.row_bytes + v.columns * z);
  if (s.system.space == Space::Local || s.system.space == Space::Static || !s.local.is_local())
    m.trap(ErrorCode::E6102, "a matrix goes between local memory and DDR or L2 SRAM");
  return s;
}

// One run of a local row: `width` elements at `local_at`, the first of them at row r, column j of the local matrix.
void move_section(const MatrixSides& s, bool transpose, bool store, uint64_t r, uint64_t j, uint64_t width,
                  uint64_t local_at, Machine& m) {
  const uint64_t z = s.local.element_bytes;
  const auto move = [&](uint64_t system_at, uint64_t lane_at, uint64_t bytes) {
    const Place from = store ? Place{Space::Local, lane_at} : Place{s.system.space, system_at};
    const Place to = store ? Place{s.system.space, system_at} : Place{Space::Local, lane_at};
    m.check_written(from.space, from.offset, bytes);
    std::memcpy(m.memory(to.space).data() + to.offset, m.memory(from.space).data() + from.offset, bytes);
    m.mark_written(to.space, to.offset, bytes);
  };
  if (!transpose) return move(s.system.offset + r * s.row_bytes + j * z, local_at, width * z);
  for (uint64_t k = 0; k < width; ++k) move(s.system.offset + (j + k) * s.row_bytes + r * z, local_at + k * z, z);
}

}  // namespace

void execute_general(const GdmaGeneral& i, Machine& m) {
  const uint64_t z = element_bytes_of(i.head.format, m), bytes = i.move_length * z;
  const bool fill = i.head.fill_constant_en != 0, broadcast = i.head.function == 1;
  check_aligned(i.dst_addr, z, m);
  if (!fill) check_aligned(i.src_addr, z, m);
  if (bytes == 0) return;
  const uint64_t lanes = broadcast ? i.dst_csize : 1;
  const Place dst = m.place(i.dst_addr, bytes);
  if (broadcast && (dst.space != Space::Local || dst.offset / kLaneBytes + lanes > kLaneCount))
    m.trap(ErrorCode::E6102, fmt::format("a broadcast to {} lanes from address {:#x}", lanes, i.dst_addr));
  uint8_t value[4];
  std::memcpy(value, &i.constant, sizeof value);
  const uint8_t* from = fill ? nullptr : m.read(i.src_addr, bytes).data();
  for (uint64_t lane = 0; lane < lanes; ++lane) {
    const Place to{dst.space, dst.offset + lane * kLaneBytes};
    m.check(to.space, to.offset, bytes);
    put_linear(to, from, bytes, fill ? value : nullptr, z, i.lane_mask, m);
  }
}

void execute_matrix(const MatrixMove& v, Machine& m) {
  if (v.head.fill_constant_en != 0) m.trap(ErrorCode::E6102, "a matrix move cannot fill");
  const bool store = m.place(v.src_addr, 1).space == Space::Local, transpose = v.head.function == 1;
  const MatrixSides s = matrix_sides(v, transpose, store, m);
  for (uint64_t r = 0; r < s.local_rows; ++r) {
    for (uint64_t section = 0; section < v.sections; ++section) {
      const uint64_t j = section * v.section_width;
      const bool open = store || (v.lane_mask >> ((s.local.lane + section) % kLaneCount) & 1) != 0;
      if (open)
        move_section(s, transpose, store, r, j, std::min(v.section_width, s.local_columns - j),
                     s.local.offset(r, section, 0, 0), m);
    }
  }
}

}  // namespace tpuc::bm1684x
