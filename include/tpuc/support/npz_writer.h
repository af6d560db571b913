// An .npz of arrays that lie elsewhere, written without a copy of them in memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tpuc {

struct NpyView {
  std::string dtype;                // as NpyArray's
  std::vector<int64_t> shape;       // elements
  std::span<const std::byte> data;  // C order
};

// The same file as write_npz of the arrays, or E5002. Pages of mapped files go as soon as they are written.
void stream_npz(const std::string& path, const std::vector<std::pair<std::string, NpyView>>& arrays);

}  // namespace tpuc
