// NumPy files: .npy (one array) and .npz (a zip of them), as plain structs. Knows nothing of tpuc's own tensors.
// Files may come from anybody: sizes are checked before memory is taken, trouble is E3001 and names the member.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace tpuc {

struct NpyArray {
  std::string dtype;            // NumPy's own spelling, little-endian: "<f4", "<f2", "|i1", "|b1", "<U7", ...
  std::vector<int64_t> shape;   // elements; empty for a scalar
  std::vector<std::byte> data;  // C order
};
using NamedArrays = std::vector<std::pair<std::string, NpyArray>>;

// Bytes of one element of a dtype in NumPy's spelling, 0 where tpuc does not know it.
int64_t npy_item_bytes(const std::string& dtype);
// Product of the dimensions; E3001 when it leaves int64. `name` is for the message.
int64_t npy_element_count(const NpyArray& array, const std::string& name);

// Big-endian and Fortran-order arrays come back little-endian and in C order.
NpyArray parse_npy(std::span<const std::byte> file, const std::string& name);
NamedArrays parse_npz(std::span<const std::byte> file, const std::string& name);
NpyArray read_npy(const std::string& path);
NamedArrays read_npz(const std::string& path);  // in the order of the archive
bool is_npy(std::span<const std::byte> file);   // by the first bytes
bool is_npz(std::span<const std::byte> file);

// Deterministic: same arrays, same bytes (stored, not compressed; time stamps fixed).
std::vector<std::byte> format_npy(const NpyArray& array);
std::vector<std::byte> format_npz(const NamedArrays& arrays);
void write_npz(const std::string& path, const NamedArrays& arrays);

}  // namespace tpuc
