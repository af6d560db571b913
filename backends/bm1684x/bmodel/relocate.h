// Moves the regions of a stage to other addresses: every DDR address in its commands, tensors and debug text follows.
// The same rule by which the chip's runtime places a network.   source: BMODEL.md section 5
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <vector>

#include "backends/bm1684x/bmodel/bmodel.h"

namespace tpuc::bm1684x::bmodel {

// Where ranges of DDR go. Addresses outside of all ranges stay.
class AddressMap {
 public:
  void move(uint64_t from, uint64_t bytes, uint64_t to);
  uint64_t operator()(uint64_t addr) const;
  bool is_identity() const;

 private:
  struct Range {
    uint64_t bytes, to;
  };
  std::map<uint64_t, Range> ranges_;  // by first address; disjoint
};

// Every DDR address that the stage's GDMA commands name, in no particular order. throws as decode_stage does.
std::vector<uint64_t> command_addresses(const Net& net, size_t stage);

// Rewrites streams (their new bytes live in `storage`), tensors, context_addr and io_addr, and our debug text.
// Coefficients are the caller's. throws as decode_stage does.
void relocate(Net& net, size_t stage, const AddressMap& map, std::deque<std::vector<std::byte>>& storage);

}  // namespace tpuc::bm1684x::bmodel
