// The files beside a model that hold its large tensors. Files stay mapped for as long as the module lives.
#pragma once

#include <any>
#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "tpuc/tpuc.h"

namespace tpuc::frontend {

class ExternalData {
 public:
  explicit ExternalData(const Source& source) : source_(&source) {}
  // `length` < 0: to the end of the file. E1019 when the location leaves the model's folder, the file is missing or
  // too short.
  std::span<const std::byte> get(const std::string& location, int64_t offset, int64_t length);
  std::vector<std::any> take_memory() { return std::move(keep_alive_); }

 private:
  std::span<const std::byte> open(const std::string& location);

  const Source* source_;
  std::map<std::string, std::span<const std::byte>> files_;
  std::vector<std::any> keep_alive_;
};

}  // namespace tpuc::frontend
