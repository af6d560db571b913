// Constant images that are equal before they are packed: steps of a recurrent layer, or branches with one set of
// weights, read the same constants in the same form. They are stored once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "backends/bm1684x/sched/schedule.h"

namespace tpuc::bm1684x {

class SharedImages {
 public:
  // The image of `images` that has the bytes of the one for `op` and `key`, a region as text; -1: there is none yet.
  int64_t find(const std::vector<Image>& images, const Op& op, const std::string& key) const;
  void add(size_t image, const Op& op, const std::string& key);

 private:
  struct Known {
    size_t image;
    std::string key;
  };
  std::unordered_multimap<uint64_t, Known> known_;  // by the meaning of the op
};

}  // namespace tpuc::bm1684x
