// Memory of mapped files, given back early: what was read once and will be needed late, or never, need not stay.
#pragma once

#include <cstddef>
#include <span>

namespace tpuc {

// Where `bytes` lie in a read-only mapping of a file, its pages leave this process; a later access reads them again.
// Other memory, and what is too small to matter, is left alone.
void release_pages(std::span<const std::byte> bytes);

}  // namespace tpuc
