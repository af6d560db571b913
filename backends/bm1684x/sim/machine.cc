// Lazily backed memories with a written map, and the bounds checks that every simulated access goes through.
#include "backends/bm1684x/sim/machine.h"

#include <fmt/core.h>
#include <sys/mman.h>

#include <cstring>
#include <new>

#include "tpuc/support/check.h"

namespace tpuc::bm1684x {
namespace {

void* map_zero_pages(uint64_t bytes) {
  void* p = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (p == MAP_FAILED) throw std::bad_alloc();
  return p;
}

uint64_t bit_range(uint64_t first, uint64_t last) {  // bits first..last of a word, both included
  return (~uint64_t{0} >> (63 - last)) & (~uint64_t{0} << first);
}

const char* space_name(Space space) {
  switch (space) {
    case Space::Local:
      return "local memory";
    case Space::Static:
      return "static memory";
    case Space::L2:
      return "L2 SRAM";
    case Space::Ddr:
      return "DDR";
  }
  return "?";
}

}  // namespace

Memory::Memory(uint64_t size_bytes, uint8_t fill) : size_(size_bytes), map_bytes_(size_bytes / 8 + 16) {
  bytes_ = static_cast<uint8_t*>(map_zero_pages(size_ + 64));  // vector code may load a little past the last element
  written_ = static_cast<uint64_t*>(map_zero_pages(map_bytes_));
  if (fill != 0) std::memset(bytes_, fill, size_);
}

Memory::~Memory() {
  munmap(bytes_, size_ + 64);
  munmap(written_, map_bytes_);
}

void Memory::mark_written(uint64_t begin, uint64_t size) {
  if (size == 0) return;
  const uint64_t last = begin + size - 1, first_word = begin / 64, last_word = last / 64;
  if (first_word == last_word) {
    written_[first_word] |= bit_range(begin % 64, last % 64);
    return;
  }
  written_[first_word] |= bit_range(begin % 64, 63);
  std::memset(written_ + first_word + 1, 0xff, (last_word - first_word - 1) * 8);
  written_[last_word] |= bit_range(0, last % 64);
}

bool Memory::is_written(uint64_t begin, uint64_t size) const {
  if (size == 0) return true;
  const uint64_t last = begin + size - 1, first_word = begin / 64, last_word = last / 64;
  const auto has = [&](uint64_t word, uint64_t mask) { return (written_[word] & mask) == mask; };
  if (first_word == last_word) return has(first_word, bit_range(begin % 64, last % 64));
  if (!has(first_word, bit_range(begin % 64, 63)) || !has(last_word, bit_range(0, last % 64))) return false;
  for (uint64_t k = first_word + 1; k < last_word; ++k)
    if (written_[k] != ~uint64_t{0}) return false;
  return true;
}

Machine::Machine(const MachineOptions& options) : policy_(options.uninitialised) {
  const auto make = [&](Space s, uint64_t size, uint8_t fill) {
    memories_[static_cast<size_t>(s)] = std::make_unique<Memory>(size, fill);
  };
  make(Space::Local, kLocalBytes, options.fill);
  make(Space::Static, kStaticBytes, options.fill);
  make(Space::L2, kL2Bytes, options.fill);
  make(Space::Ddr, options.ddr_bytes, 0);
}

Place Machine::place(uint64_t address, uint64_t size) const {
  Place p{};
  if (address >= kDdrBase) {
    p = {Space::Ddr, address - kDdrBase};
  } else if (address >= kL2Base) {
    p = {Space::L2, address - kL2Base};
  } else if (address >= kStaticBase) {
    p = {Space::Static, address - kStaticBase};
  } else if (address >= kLocalBase) {
    p = {Space::Local, address - kLocalBase};
  } else {
    trap(ErrorCode::E6101, fmt::format("address {:#x} belongs to no memory", address));
  }
  check(p.space, p.offset, size);
  return p;
}

void Machine::check(Space space, uint64_t offset, uint64_t size) const {
  const uint64_t limit = memory(space).size();
  if (offset <= limit && size <= limit - offset) return;
  trap(ErrorCode::E6101,
       fmt::format("{} bytes at offset {:#x} of {}, which has {:#x}", size, offset, space_name(space), limit));
}

std::span<const uint8_t> Machine::read(uint64_t address, uint64_t size) {
  const Place p = place(address, size);
  check_written(p.space, p.offset, size);
  return {memory(p.space).data() + p.offset, size};
}

std::span<uint8_t> Machine::write(uint64_t address, uint64_t size) {
  const Place p = place(address, size);
  mark_written(p.space, p.offset, size);
  return {memory(p.space).data() + p.offset, size};
}

void Machine::check_written(Space space, uint64_t offset, uint64_t size) {
  if (policy_ == Uninitialised::Off || memory(space).is_written(offset, size)) return;
  uint64_t first = offset;
  while (memory(space).is_written(first, 1)) ++first;
  std::string why = fmt::format("reads {} at offset {:#x}, which nothing wrote", space_name(space), first);
  if (space == Space::Local)
    why = fmt::format("reads lane {} at offset {:#x}, which nothing wrote", first / kLaneBytes, first % kLaneBytes);
  if (policy_ == Uninitialised::Error) trap(ErrorCode::E6103, why);
  if (unwritten_reads_++ == 0) first_unwritten_read_ = command_ + ": " + why;
}

void Machine::trap(ErrorCode code, const std::string& why) const {
  throw UserError(diagnostic(code, "{}: {}", command_.empty() ? "simulator" : command_, why));
}

}  // namespace tpuc::bm1684x
