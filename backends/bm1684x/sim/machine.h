// The memories of one chip as the simulator sees them: 64 lanes of local memory, static memory, L2 SRAM and DDR, each
// with a map of the bytes that were written. Knows addresses and bounds, not instructions.
//   source: TIU.md section 2, GDMA.md section 1
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "backends/bm1684x/isa/memory_map.h"
#include "tpuc/status.h"

namespace tpuc::bm1684x {

// What to do when a command reads a byte that nothing wrote.
enum class Uninitialised : uint8_t { Error, Warn, Off };

// Bytes of one memory; a page costs nothing until it is touched. `fill` is what unwritten bytes read as.
class Memory {
 public:
  Memory(uint64_t size_bytes, uint8_t fill);
  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory();
  uint8_t* data() { return bytes_; }
  const uint8_t* data() const { return bytes_; }
  uint64_t size() const { return size_; }
  // Bounds are the caller's business: Machine::check.
  void mark_written(uint64_t begin, uint64_t size);
  bool is_written(uint64_t begin, uint64_t size) const;

 private:
  uint8_t* bytes_ = nullptr;
  uint64_t* written_ = nullptr;  // a bit per byte
  uint64_t size_ = 0, map_bytes_ = 0;
};

// Where an address of the DMA's map lies.
struct Place {
  Space space;
  uint64_t offset;
};

struct MachineOptions {
  uint64_t ddr_bytes = uint64_t{4} << 30;
  Uninitialised uninitialised = Uninitialised::Error;
  uint8_t fill = 0;  // tests use a pattern; only local memory, L2 and static memory get it
};

class Machine {
 public:
  explicit Machine(const MachineOptions& options = {});

  Memory& memory(Space space) { return *memories_[static_cast<size_t>(space)]; }
  const Memory& memory(Space space) const { return *memories_[static_cast<size_t>(space)]; }
  uint8_t* local() { return memory(Space::Local).data(); }  // lane k starts at k * kLaneBytes
  uint8_t* lane(int k) { return local() + static_cast<uint64_t>(k) * kLaneBytes; }

  // Traps (E6101) when [address, address + size) does not lie inside one memory.
  Place place(uint64_t address, uint64_t size) const;
  void check(Space space, uint64_t offset, uint64_t size) const;

  // Checked access at a DMA address. `read` also checks that the bytes were written; `write` marks them as written.
  std::span<const uint8_t> read(uint64_t address, uint64_t size);
  std::span<uint8_t> write(uint64_t address, uint64_t size);

  // For a command about to read [offset, offset + size): traps or counts when a byte was never written.
  void check_written(Space space, uint64_t offset, uint64_t size);
  void mark_written(Space space, uint64_t offset, uint64_t size) { memory(space).mark_written(offset, size); }

  // Whoever executes a command names it first: "tiu command 17 (arith.add)". Every trap's text begins with it.
  void set_command(std::string text) { command_ = std::move(text); }
  const std::string& command() const { return command_; }
  [[noreturn]] void trap(ErrorCode code, const std::string& why) const;

  uint64_t unwritten_reads() const { return unwritten_reads_; }
  const std::string& first_unwritten_read() const { return first_unwritten_read_; }

 private:
  std::unique_ptr<Memory> memories_[kSpaceCount];
  Uninitialised policy_;
  std::string command_;
  uint64_t unwritten_reads_ = 0;
  std::string first_unwritten_read_;
};

}  // namespace tpuc::bm1684x
