// Asks the system what a range of addresses is before it tells it to let go.
#include "tpuc/support/pages.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <memory>

namespace tpuc {
namespace {

constexpr size_t kWorthwhileBytes = size_t{1} << 20;

struct Close {
  void operator()(FILE* f) const { std::fclose(f); }
};

// Whether [begin, end) lies in one mapping of a file that nobody can write through.   source: proc(5), maps
bool is_mapped_file(uintptr_t begin, uintptr_t end) {
  const std::unique_ptr<FILE, Close> maps(std::fopen("/proc/self/maps", "r"));
  if (!maps) return false;
  char line[512];
  bool is_start = true;  // of a line of the file: long ones come in pieces
  while (std::fgets(line, sizeof line, maps.get()) != nullptr) {
    unsigned long long from = 0, to = 0, inode = 0;
    char rights[5] = {};
    const bool parsed =
        is_start && std::sscanf(line, "%llx-%llx %4s %*x %*x:%*x %llu", &from, &to, rights, &inode) == 4;
    is_start = false;
    for (const char* c = line; *c != 0; ++c) is_start = *c == '\n';
    if (!parsed || begin < from || begin >= to) continue;
    return end <= to && inode != 0 && rights[0] == 'r' && rights[1] == '-';
  }
  return false;
}

}  // namespace

void release_pages(std::span<const std::byte> bytes) {
  if (bytes.size() < kWorthwhileBytes) return;
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  const auto at = reinterpret_cast<uintptr_t>(bytes.data());
  const uintptr_t begin = (at + page - 1) / page * page, end = (at + bytes.size()) / page * page;
  if (begin >= end || !is_mapped_file(begin, end)) return;
  madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);  // NOLINT(performance-no-int-to-ptr): an address
}

}  // namespace tpuc
