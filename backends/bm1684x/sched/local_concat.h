// Concatenations that happen in local memory: their parts are made side by side in one buffer, channels on whole rows
// of lanes, and those that come from elsewhere are loaded beside them.
#pragma once

#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "backends/bm1684x/kernel.h"

namespace tpuc::bm1684x {

// What an op of the group takes of the whole.
struct JoinedPart {
  const Op* concat = nullptr;
  int64_t channel = 0;  // of the whole, where the part begins
};

class LocalConcats {
 public:
  LocalConcats() = default;
  explicit LocalConcats(const std::unordered_set<const Op*>& members, const std::vector<const Op*>& ordered);

  bool contains(const Op* op) const { return concats_.contains(op); }
  // Null where the value is not made as a part.
  const JoinedPart* part(const Value* v) const {
    const auto it = parts_.find(v);
    return it == parts_.end() ? nullptr : &it->second;
  }

 private:
  std::unordered_set<const Op*> concats_;
  std::unordered_map<const Value*, JoinedPart> parts_;
};

// How a concatenation that may happen in local memory is seen, and the channel where each part begins.
View view_of_concat(const Op& op);
std::vector<int64_t> first_channels(const Op& op);

}  // namespace tpuc::bm1684x
