// The cycle model against the vendor compiler's own totals, and the rules that whole networks rarely show.
#include "backends/bm1684x/cycles/cycles.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <sstream>

#include "backends/bm1684x/cycles/profile.h"
#include "backends/bm1684x/isa/memory_map.h"
#include "tpuc/support/file.h"

namespace tpuc::bm1684x {
namespace {

struct Expected {
  std::string name;
  uint64_t tiu, gdma, total, tiu_busy, gdma_busy;
};

// Rows of the table in the folder's README: name, bytes, commands, cycles.
std::vector<Expected> table_of(const std::string& readme) {
  std::vector<Expected> out;
  std::istringstream lines(readme);
  for (std::string line; std::getline(lines, line);) {
    std::vector<std::string> cells;
    std::istringstream parts(line);
    for (std::string cell; std::getline(parts, cell, '|');) {
      std::erase_if(cell, [](char c) { return c == ' ' || c == ','; });
      cells.push_back(cell);
    }
    if (cells.size() < 9 || cells[3].empty() || std::isdigit(static_cast<unsigned char>(cells[3][0])) == 0) continue;
    const auto number = [&](size_t k) { return std::stoull(cells[k]); };
    out.push_back({cells[1], number(3), number(4), number(5), number(6), number(7)});
  }
  return out;
}

TEST_CASE("cycles: totals of the vendor's files are the vendor's", "[cycles][vendor]") {
  const std::string folder = TPUC_SOURCE_DIR "/../shared/vendor_bmodels";
  if (!std::filesystem::exists(folder)) {
    WARN("skipped: " << folder << " is not there");
    return;
  }
  const std::vector<Expected> table = table_of(read_text_file(folder + "/README.md"));
  REQUIRE(table.size() == 24);
  for (const Expected& want : table) {
    INFO(want.name);
    const std::vector<std::byte> file = read_file(folder + "/" + want.name + ".bmodel");
    const bmodel::Model model = bmodel::read(file);
    const Profile p = profile_stage(model.nets.at(0), 0);
    CHECK(p.command_count[0] == want.tiu);
    CHECK(p.command_count[1] == want.gdma);
    CHECK(p.total_cycles == want.total);
    CHECK(p.busy[0] == want.tiu_busy);
    CHECK(p.busy[1] == want.gdma_busy);
    uint64_t rows = 0;
    for (const ProfileRow& r : p.rows) rows += r.elapsed_cycles;
    CHECK(rows == want.total);
  }
}

// The worked example of GDMA.md section 6.
TEST_CASE("cycles: a strided load", "[cycles]") {
  GdmaTensor i;
  i.head.stride_enable = 1;
  i.src_size = i.dst_size = {1, 32, 8, 100};
  i.src_stride = {25600, 800, 100, 1};
  i.dst_stride = {800, 800, 100, 1};
  i.src_addr = kDdrBase;
  i.dst_addr = 0x8140040;
  CHECK(cycles_of(GdmaInstr(i)) == 473);
  CHECK(cost_of(GdmaInstr(i)).ddr_read_bytes == 25600);
  i.dst_addr = kDdrBase + 0x10000;
  CHECK(cycles_of(GdmaInstr(i)) == 0);  // the vendor's estimate has no price for DDR to DDR
  i.head.fill_constant_en = 1;
  CHECK(cost_of(GdmaInstr(i)).ddr_read_bytes == 0);
}

TEST_CASE("cycles: convolution fills the array by type", "[cycles]") {
  Conv i;
  i.res0_c = 128;
  i.res0_h = i.res0_w = 28;
  i.opd0_c = 96;
  i.opd1_h = i.opd1_w = 3;
  i.opd0_prec = Prec::I8;
  CHECK(cycles_of(TiuInstr(i)) == 2 * 196 * 2 * 9);
  i.opd0_prec = Prec::F16;
  CHECK(cycles_of(TiuInstr(i)) == 2 * 196 * 3 * 9);
  i.opd0_prec = Prec::F32;
  CHECK(cycles_of(TiuInstr(i)) == 2 * 49 * 96 * 9);
  CHECK(peak_macs_per_cycle(Prec::F32) == 1024);
}

TEST_CASE("cycles: element-wise commands pay for strides and for writing in place", "[cycles]") {
  Ar i;
  i.eu = ArOp::Add;
  i.res0_prec = i.opd0_prec = i.opd1_prec = Prec::F32;
  i.tsk_opd_num = 2;
  i.res0_c = 64;
  i.res0_h = 4;
  i.res0_w = 16;
  i.res0_addr = 0x8000;
  i.opd1_addr = 0x4000;
  CHECK(cycles_of(TiuInstr(i)) == 4);
  i.opd1_addr = 0x8000;
  CHECK(cycles_of(TiuInstr(i)) == 8);
  i.opd1_addr = 0x4000;
  i.opd0_str = i.opd1_str = Layout::Free;
  i.opd0_h_str = i.opd1_h_str = 16;
  CHECK(cycles_of(TiuInstr(i)) == 8);
}

}  // namespace
}  // namespace tpuc::bm1684x
