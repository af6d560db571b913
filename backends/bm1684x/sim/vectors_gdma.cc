// Golden vectors of GDMA commands: arrays over all cases. Memory that no region names is zero before and after.
#include <algorithm>
#include <cstring>

#include "backends/bm1684x/sim/gdma_exec.h"
#include "backends/bm1684x/sim/vector_file.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x {
namespace {

constexpr uint64_t kDdrBytes = 1 << 24;  // what the model had

struct GdmaCases {
  std::span<const uint8_t> cmd, init, result;
  std::span<const uint32_t> cmd_offset, region_case, region_len;
  std::span<const uint64_t> region_addr;
  std::span<const int32_t> result_count;
  std::vector<uint64_t> region_begin;  // in init and result
};

GdmaCases cases_of(const VectorFile& file) {
  GdmaCases c{file.values<uint8_t>("cmd", "|u1"),
              file.values<uint8_t>("init", "|u1"),
              file.values<uint8_t>("result", "|u1"),
              file.values<uint32_t>("cmd_offset", "<u4"),
              file.values<uint32_t>("region_case", "<u4"),
              file.values<uint32_t>("region_len", "<u4"),
              file.values<uint64_t>("region_addr", "<u8"),
              file.values<int32_t>("result_count", "<i4"),
              {}};
  uint64_t bytes = 0;
  for (const uint32_t length : c.region_len) {
    c.region_begin.push_back(bytes);
    bytes += length;
  }
  const size_t regions = c.region_len.size();
  if (c.cmd_offset.size() != c.result_count.size() + 1 || c.region_case.size() != regions ||
      c.region_addr.size() != regions || c.init.size() != bytes || c.result.size() != bytes)
    file.damaged("the arrays differ in their number of cases, regions or bytes");
  if (!std::is_sorted(c.cmd_offset.begin(), c.cmd_offset.end()) || c.cmd_offset.back() > c.cmd.size())
    file.damaged("array `cmd_offset` does not ascend to the end of `cmd`");
  return c;
}

bool all_zero(const Memory& memory) {
  const uint8_t* p = memory.data();
  return p[0] == 0 && std::memcmp(p, p + 1, memory.size() - 1) == 0;
}

// Runs case `k`; the machine is all zero again afterwards. Empty when every byte is right.
std::string run_case(const GdmaCases& cases, size_t k, const GdmaInstr& instr, Machine& machine) {
  std::vector<size_t> regions;
  for (size_t r = 0; r < cases.region_case.size(); ++r)
    if (cases.region_case[r] == k) regions.push_back(r);
  const auto memory_of = [&](size_t r) {
    const Place p = machine.place(cases.region_addr[r], cases.region_len[r]);
    return machine.memory(p.space).data() + p.offset;
  };
  for (const size_t r : regions)
    std::memcpy(memory_of(r), cases.init.data() + cases.region_begin[r], cases.region_len[r]);
  std::string failure;
  try {
    const auto result = execute(instr, machine);
    const int32_t want = cases.result_count[k];
    if (want >= 0 && result != static_cast<uint32_t>(want))
      failure = fmt::format("result register is {}, expected {}", result.value_or(0), want);
  } catch (const UserError& e) {
    failure = e.what();
  }
  for (const size_t r : regions) {
    const uint8_t *want = cases.result.data() + cases.region_begin[r], *got = memory_of(r);
    const auto at = static_cast<uint64_t>(std::mismatch(want, want + cases.region_len[r], got).first - want);
    if (failure.empty() && at != cases.region_len[r])
      failure = fmt::format("address {:#x} is {:02x}, expected {:02x}", cases.region_addr[r] + at, got[at], want[at]);
  }
  for (const size_t r : regions) std::memset(memory_of(r), 0, cases.region_len[r]);
  for (const Space s : {Space::Local, Space::L2, Space::Ddr}) {
    if (all_zero(machine.memory(s))) continue;
    if (failure.empty()) failure = "memory outside of the regions changed";
    std::memset(machine.memory(s).data(), 0, machine.memory(s).size());
  }
  return failure;
}

}  // namespace

void replay_gdma(const VectorFile& file, VectorReport& report) {
  const GdmaCases cases = cases_of(file);
  Machine machine({.ddr_bytes = kDdrBytes, .uninitialised = Uninitialised::Off});
  for (size_t k = 0; k < cases.result_count.size(); ++k) {
    std::string name = "?", failure;
    try {
      const DecodedGdma decoded =
          decode_gdma(cases.cmd.subspan(cases.cmd_offset[k], cases.cmd_offset[k + 1] - cases.cmd_offset[k]));
      name = name_of(decoded.instr);
      failure = run_case(cases, k, decoded.instr, machine);
    } catch (const UserError& e) {
      failure = e.what();
    }
    report.add(name, fmt::format("{} case {}", file.name(), k), failure);
  }
}

}  // namespace tpuc::bm1684x
