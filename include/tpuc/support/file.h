// Whole files in and out. Reading maps where it can; writing goes to a temporary file beside the target which is then
// renamed, so nothing half-written is ever left behind. Trouble is E5001 (reading) or E5002 (writing).
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tpuc {

// Read-only view of a file's bytes for as long as the object lives; movable, not copyable.
class MappedFile {
 public:
  explicit MappedFile(const std::string& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&&) = delete;
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
};

std::vector<std::byte> read_file(const std::string& path);
std::string read_text_file(const std::string& path);

void write_file(const std::string& path, std::span<const std::byte> bytes);
void write_text_file(const std::string& path, std::string_view text);

}  // namespace tpuc
