// External tensor data: path safety first, then mapping and bounds.
#include "frontends/onnx/external_data.h"

#include <filesystem>
#include <memory>

#include "tpuc/support/check.h"
#include "tpuc/support/file.h"

namespace tpuc::frontend {

namespace {

// A model must not make tpuc read files outside its own folder.
void check_location(const std::string& location) {
  const std::filesystem::path path(location);
  bool safe = !location.empty() && path.is_relative() && location.find('\0') == std::string::npos;
  for (const auto& part : path) safe = safe && part != "..";
  if (!safe)
    throw UserError(diagnostic(ErrorCode::E1019, "external data at `{}` lies outside the model's folder", location)
                        .note("hint", "the location must be a relative path without `..`"));
}

}  // namespace

std::span<const std::byte> ExternalData::open(const std::string& location) {
  const auto known = files_.find(location);
  if (known != files_.end()) return known->second;
  check_location(location);
  std::span<const std::byte> bytes;
  if (source_->external_data) {
    auto data = std::make_shared<Bytes>(source_->external_data(location));
    bytes = *data;
    keep_alive_.emplace_back(std::move(data));
  } else if (source_->path.empty()) {
    throw UserError(diagnostic(ErrorCode::E1019, "the model keeps tensors in `{}`, which was not given", location)
                        .note("hint", "compile from the file's path, or answer Source::external_data"));
  } else {
    try {
      const auto path = std::filesystem::path(source_->path).parent_path() / location;
      auto file = std::make_shared<MappedFile>(path.string());
      bytes = file->bytes();
      keep_alive_.emplace_back(std::move(file));
    } catch (const UserError& e) {
      throw UserError(diagnostic(ErrorCode::E1019, "external data cannot be read: {}", e.what()));
    }
  }
  files_.emplace(location, bytes);
  return bytes;
}

std::span<const std::byte> ExternalData::get(const std::string& location, int64_t offset, int64_t length) {
  const auto bytes = open(location);
  const auto size = static_cast<int64_t>(bytes.size());
  const bool fits = offset >= 0 && offset <= size && length <= size - offset;
  if (!fits)
    throw UserError(diagnostic(ErrorCode::E1019, "`{}` has {} bytes; the tensor wants {} from {} on", location, size,
                               length, offset));
  return bytes.subspan(static_cast<size_t>(offset), static_cast<size_t>(length < 0 ? size - offset : length));
}

}  // namespace tpuc::frontend
