// What the frame around TIU commands does: traps with the reason, overlaps, lane masks; and no command, however
// hostile, leaves memory or hangs. Values are the golden vectors' business.
#include "backends/bm1684x/sim/tiu_exec.h"

#include <catch2/catch.hpp>
#include <random>

#include "tpuc/support/check.h"

namespace tpuc::bm1684x {
namespace {

struct Chip {
  explicit Chip(Uninitialised policy = Uninitialised::Off) : machine({.ddr_bytes = 1 << 20, .uninitialised = policy}) {}
  std::string run(const TiuInstr& instr) {
    try {
      exec_tiu(machine, pool, instr);
    } catch (const UserError& e) {
      return e.what();
    }
    return "executed";
  }
  Machine machine;
  ThreadPool pool{2};
};

Ar copy(uint32_t from, uint32_t to, uint32_t count) {
  Ar i;
  i.eu = ArOp::Copy;
  i.opd0_addr = from;
  i.res0_addr = to;
  i.res0_w = count;
  return i;
}

TEST_CASE("tiu: what the chip refuses is a trap with the reason", "[isa]") {
  Chip chip;
  CHECK(chip.run(copy(0, 0x100, 4)) == "executed");
  Ar i = copy(0, 0x100, 0);
  CHECK(chip.run(i) == "simulator: a size is 0");
  i.res0_w = 4;
  i.eu = static_cast<ArOp>(25);
  CHECK(chip.run(i) == "simulator: operation 25 does not exist on this chip");
  i.eu = ArOp::Div;
  CHECK(chip.run(i) == "simulator: division is for fp32");
  i.eu = ArOp::Copy;
  i.res0_prec = static_cast<Prec>(6);
  CHECK(chip.run(i) == "simulator: element type 6 does not exist on this chip");
  CHECK(chip.run(copy(64 << 18, 0, 4)) == "simulator: local address 0x1000000 is beyond lane 63 (limit 0x1000000)");
  CHECK(chip.run(copy(0x3fffe, 0, 4)) ==
        "simulator: a [1,1,1,4] tensor at lane 0 offset 0x3fffe ends at 0x40002 of a lane, which has 0x40000 bytes");
  Conv conv;
  conv.opd2_const = conv.opd3_const = 1;
  conv.opd1_h = 3;
  CHECK(chip.run(conv) == "simulator: vertical window of 3 is larger than the padded input of 1");
  conv.opd1_h = 1;
  conv.res0_w = 2;
  CHECK(chip.run(conv) == "simulator: horizontal result has size 2, the window gives 1");
  Mm2 product;
  product.opd0_prec = product.res0_prec = Prec::F32;
  CHECK(chip.run(product) == "simulator: mm2 of fp32 is wrong on this chip, use mm or a convolution");
}

ErrorCode code_of(Chip& chip, const TiuInstr& instr) {
  try {
    exec_tiu(chip.machine, chip.pool, instr);
  } catch (const UserError& e) {
    return e.diagnostics().front().code;
  }
  return {};
}

TEST_CASE("tiu: each kind of trap has its number", "[isa]") {
  Chip chip(Uninitialised::Error);
  CHECK(code_of(chip, copy(0x3ffff, 0, 4)) == ErrorCode::E6101);
  CHECK(code_of(chip, copy(0, 0x100, 0)) == ErrorCode::E6102);
  CHECK(code_of(chip, copy(0, 0x100, 4)) == ErrorCode::E6103);
  Ar endless = copy(0, 0x100, 65535);  // strides of 0 make any size fit
  endless.res0_n = endless.res0_c = endless.res0_h = 65535;
  endless.opd0_str = endless.res0_str = Layout::Free;
  CHECK(code_of(chip, endless) == ErrorCode::E6102);
}

TEST_CASE("tiu: a table index beyond the table traps", "[isa]") {
  Chip chip;
  Sg i;
  i.opd0_str = Layout::SharedRow;
  i.opd0_w = 16;
  i.opd1_addr = 0x100;
  i.res0_addr = 0x200;
  chip.machine.local()[0x100] = 16;
  CHECK(chip.run(i) == "simulator: index 16 of a table of 16");
}

TEST_CASE("tiu: reading what nothing wrote traps, warns or passes as asked", "[isa]") {
  Chip strict(Uninitialised::Error), lenient(Uninitialised::Warn);
  CHECK(strict.run(copy(0x40, 0x100, 4)) == "simulator: reads lane 0 at offset 0x40, which nothing wrote");
  CHECK(lenient.run(copy(0x40, 0x100, 4)) == "executed");
  CHECK(lenient.machine.unwritten_reads() == 1);
  strict.machine.mark_written(Space::Local, 0x40, 4);
  CHECK(strict.run(copy(0x40, 0x100, 4)) == "executed");
  CHECK(strict.run(copy(0x100, 0x200, 4)) == "executed");  // results count as written
  CHECK(strict.run(copy(0x100, 0x200, 5)) == "simulator: reads lane 0 at offset 0x104, which nothing wrote");
}

TEST_CASE("tiu: all operands are read before the result is written", "[isa]") {
  Chip chip;
  for (int k = 0; k < 8; ++k) chip.machine.local()[k] = static_cast<uint8_t>(k + 1);
  Ar i = copy(0, 2, 6);  // shifts the row by two
  i.opd0_str = i.res0_str = Layout::Compact;
  CHECK(chip.run(i) == "executed");
  const uint8_t expected[] = {1, 2, 1, 2, 3, 4, 5, 6};
  CHECK(std::equal(expected, expected + 8, chip.machine.local()));
}

TEST_CASE("tiu: the lane mask of the long form protects lanes", "[isa]") {
  Chip chip;
  Ar i = copy(7, 0, 1);
  i.opd0_const = 1;
  i.res0_c = 4;
  i.head.lane_mask = 0b1010;
  CHECK(chip.run(i) == "executed");
  CHECK(*chip.machine.lane(0) == 0);
  CHECK(*chip.machine.lane(1) == 7);
  CHECK(*chip.machine.lane(2) == 0);
  CHECK(*chip.machine.lane(3) == 7);
}

// Random bits, random small fields, and random addresses near the ends of lanes.
TEST_CASE("tiu: hostile commands end in a result or a trap", "[isa]") {
  const uint64_t seed = 11;
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  Chip chip;
  int executed = 0;
  const int tasks[] = {0, 1, 2, 3, 4, 5, 6, 9, 10, 13, 14, 15};
  for (int k = 0; k < 4000; ++k) {
    std::vector<uint8_t> bytes(128);
    for (uint8_t& b : bytes) b = static_cast<uint8_t>(random() % 3 == 0 ? random() : 0);
    const auto task = static_cast<uint64_t>(tasks[random() % 12]);
    bytes[0] |= 1;
    bytes[5] = static_cast<uint8_t>((bytes[5] & 0xe1) | task << 1);
    TiuInstr instr = decode_tiu(bytes).instr;
    std::visit(
        [&]<class I>(I& i) {
          for_each_field<I>([&](const auto& f) {
            if (f.width == 16 && random() % 4 != 0) f.set(i, 1 + random() % 6);
            if (f.width <= 4 && f.name.find("pad") != std::string_view::npos) f.set(i, random() % 3);
            if (f.name.ends_with("_prec") && random() % 2 == 0) f.set(i, static_cast<uint64_t>(random() % 6));
            if (f.width >= 20 && f.name.ends_with("_addr"))
              f.set(i, random() % 8 == 0 ? random() & low_mask(f.width)
                                         : random() % 64 * kLaneBytes + random() % 4096 * 64);
          });
        },
        instr);
    executed += chip.run(instr) == "executed" ? 1 : 0;
  }
  CHECK(executed > 100);
}

}  // namespace
}  // namespace tpuc::bm1684x
