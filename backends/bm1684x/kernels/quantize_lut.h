// lut: any function of bytes, from a table of 256 entries; and the gather by four banks, for all that read such tables.
#pragma once

#include "backends/bm1684x/emit/emitter.h"
#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

Kernel lut_kernel();

// The view of a table, which every lane holds.
inline constexpr Shape4 kTableView{1, 1, 1, 256};
// Where the vendor's encoder accepts the operands of the four-bank gather; ends are strict. source: SG7.md section 2
inline constexpr Wish kIndexBanks{0, 0x10000 - kEuBytes}, kResultBanks{0x10000, 0x20000 - kEuBytes};

// Adds kTableCopies scratch buffers, with their wishes, for copies of a table of so many bytes.
void add_table_copies(Footprint& f, int64_t bytes);
// A table that is read once or more often: by the four-bank gather where everything lies as it wants, else by the plain
// one. `copies`: the addresses of those scratch buffers, filled when they are first of use.
class GatherTable {
 public:
  GatherTable(const LocalTensor& table, std::span<const uint32_t> copies) : table_(table), copies_(copies) {}
  // out = table[index]
  void look_up(const LocalTensor& out, const LocalTensor& index, Emitter& e);

 private:
  bool is_banked(const LocalTensor& out, const LocalTensor& index) const;

  LocalTensor table_;
  std::span<const uint32_t> copies_;
  bool are_filled_ = false;
};

}  // namespace tpuc::bm1684x
