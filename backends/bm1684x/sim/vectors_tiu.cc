// Golden vectors of TIU commands. Per case KKK: KKK_cmd; rows (lane, offset, length) and their bytes before and after;
// all of local memory else is 0x5A before, and must be so after.
#include <algorithm>
#include <cstring>

#include "backends/bm1684x/sim/static_tables.h"
#include "backends/bm1684x/sim/tiu_exec.h"
#include "backends/bm1684x/sim/vector_file.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x {
namespace {

constexpr uint8_t kBackground = 0x5A;

struct Rows {
  std::span<const int32_t> index;  // [r, 3]
  std::span<const uint8_t> bytes;
};

Rows rows_of(const VectorFile& file, const std::string& prefix) {
  const Rows rows{file.values<int32_t>(prefix + "_idx", "<i4"), file.values<uint8_t>(prefix + "_dat", "|u1")};
  uint64_t total = 0;
  for (size_t r = 0; r + 3 <= rows.index.size(); r += 3) {
    const int64_t lane = rows.index[r], offset = rows.index[r + 1], length = rows.index[r + 2];
    const auto lane_bytes = static_cast<int64_t>(kLaneBytes);
    if (lane < 0 || lane >= kLaneCount || offset < 0 || length < 0 || offset + length > lane_bytes)
      file.damaged(fmt::format("{}_idx names lane {} offset {} length {}", prefix, lane, offset, length));
    total += static_cast<uint64_t>(length);
  }
  if (rows.index.size() % 3 != 0 || total != rows.bytes.size())
    file.damaged(fmt::format("{}: {} bytes for rows of {}", prefix, rows.bytes.size(), total));
  return rows;
}

// fn(byte of local memory, bytes of the row)
template <class Fn>
void for_each_row(const Rows& rows, Fn&& fn) {
  size_t at = 0;
  for (size_t r = 0; r + 3 <= rows.index.size(); r += 3) {
    const auto length = static_cast<size_t>(rows.index[r + 2]);
    const uint64_t to = static_cast<uint64_t>(rows.index[r]) * kLaneBytes + static_cast<uint64_t>(rows.index[r + 1]);
    fn(to, rows.bytes.subspan(at, length));
    at += length;
  }
}

// The machine under test beside the image of local memory that it should end up with.
class Bench {
 public:
  Bench()
      : machine_({.ddr_bytes = 1 << 20, .uninitialised = Uninitialised::Off, .fill = kBackground}),
        expected_(kLocalBytes, kBackground) {}

  // Empty when all bytes are right.
  std::string run(const TiuInstr& instr, const Rows& before, const Rows& after, std::span<const uint8_t> statics) {
    for_each_row(before, [&](uint64_t at, std::span<const uint8_t> bytes) {
      std::copy(bytes.begin(), bytes.end(), machine_.local() + at);
      std::copy(bytes.begin(), bytes.end(), expected_.begin() + static_cast<int64_t>(at));
    });
    for_each_row(after, [&](uint64_t at, std::span<const uint8_t> bytes) {
      std::copy(bytes.begin(), bytes.end(), expected_.begin() + static_cast<int64_t>(at));
    });
    load_statics(statics);
    std::string failure;
    try {
      exec_tiu(machine_, pool_, instr);
      failure = first_difference();
    } catch (const UserError& e) {
      failure = e.what();
    }
    clear(before);
    clear(after);
    if (!failure.empty()) std::memset(machine_.local(), kBackground, kLocalBytes);
    return failure;
  }

 private:
  void load_statics(std::span<const uint8_t> bytes) {
    Memory& memory = machine_.memory(Space::Static);
    std::memset(memory.data(), 0, memory.size());
    const std::vector<uint32_t> tables = static_tables();
    if (bytes.empty()) {
      std::memcpy(memory.data(), tables.data(), tables.size() * 4);
    } else {
      std::memcpy(memory.data(), bytes.data(), std::min<size_t>(bytes.size(), memory.size()));
    }
  }
  std::string first_difference() {
    const uint8_t* got = machine_.local();
    if (std::memcmp(got, expected_.data(), kLocalBytes) == 0) return {};
    const uint64_t at =
        static_cast<uint64_t>(std::mismatch(expected_.begin(), expected_.end(), got).first - expected_.begin());
    return fmt::format("lane {} offset {:#x} is {:02x}, expected {:02x}", at / kLaneBytes, at % kLaneBytes, got[at],
                       expected_[at]);
  }
  void clear(const Rows& rows) {
    for_each_row(rows, [&](uint64_t at, std::span<const uint8_t> bytes) {
      std::memset(machine_.local() + at, kBackground, bytes.size());
      std::memset(expected_.data() + at, kBackground, bytes.size());
    });
  }

  Machine machine_;
  ThreadPool pool_;
  std::vector<uint8_t> expected_;
};

}  // namespace

void replay_tiu(const VectorFile& file, VectorReport& report) {
  const auto count = file.values<int64_t>("n", "<i8");
  if (count.size() != 1 || count[0] < 0) file.damaged("array `n` is no number of cases");
  Bench bench;
  for (int64_t k = 0; k < count[0]; ++k) {
    const std::string prefix = fmt::format("{:03}", k);
    const auto command = file.values<uint8_t>(prefix + "_cmd", "|u1");
    const Rows before = rows_of(file, prefix + "_in"), after = rows_of(file, prefix + "_out");
    const bool own_statics = file.has(prefix + "_smem");
    const auto statics = own_statics ? file.values<uint8_t>(prefix + "_smem", "|u1") : std::span<const uint8_t>();
    std::string name = "?", failure;
    try {
      const DecodedTiu decoded = decode_tiu(command);
      name = name_of(decoded.instr);
      failure = decoded.length_bytes == command.size()
                    ? bench.run(decoded.instr, before, after, statics)
                    : fmt::format("{} bytes decode as {}", command.size(), decoded.length_bytes);
    } catch (const UserError& e) {
      failure = e.what();
    }
    report.add(name, fmt::format("{} case {}", file.name(), k), failure);
  }
}

}  // namespace tpuc::bm1684x
