// Plans of what repeats, made once: the blocks of a network are often equal but for their weights. Two ops are of one
// kind when no kernel's views, axes, needs and footprint can tell them apart, nor the loads of their operands; groups
// of the same kinds, wired alike, get the answer found for the first of them. Those functions are pure, so a plan with
// and without memo is the same.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "backends/bm1684x/alloc/alias.h"
#include "backends/bm1684x/plan/group.h"

namespace tpuc::bm1684x {

class PlanMemo {
 public:
  // Not `enabled`: every question is answered anew (tests).
  PlanMemo(const Graph& graph, const Aliases& aliases, bool enabled)
      : graph_(&graph), aliases_(&aliases), enabled_(enabled) {}

  // Equal for ops of one kind. Of constants a kind has the type; their content too where kernels look at it when they
  // plan: numbers, and the indices of gathers.
  size_t kind_of(const Op& op);
  // Finds tile_resident of all ops, each kind once, on `threads` threads (0: all cores).
  void prepare_residents(const std::vector<const Op*>& ops, unsigned threads);
  const std::vector<Region>& resident_tiles(const Op& op);
  // Whether a group of tile_resident ops fits.
  bool fits(const Group& group, int64_t lane_bytes);
  // What `make` found for the first group of ops like these. `purpose` keeps questions of several sorts apart.
  template <class Make>
  std::vector<Region> tiles(char purpose, const std::vector<OpTiles>& ops, const Make& make) {
    if (!enabled_) return make();
    std::string key = key_of(purpose, 0, ops);
    const auto it = tiles_.find(key);
    return it != tiles_.end() ? it->second : tiles_.emplace(std::move(key), make()).first->second;
  }

  // What a group of ops like these costs.
  template <class Make>
  uint64_t price(char purpose, const std::vector<OpTiles>& ops, const Make& make) {
    if (!enabled_) return make();
    std::string key = key_of(purpose, 0, ops);
    const auto it = prices_.find(key);
    return it != prices_.end() ? it->second : prices_.emplace(std::move(key), make()).first->second;
  }

 private:
  std::string key_of(char purpose, int64_t number, const std::vector<OpTiles>& ops);

  const Graph* graph_;
  const Aliases* aliases_;
  bool enabled_;
  std::unordered_multimap<uint64_t, std::pair<const Op*, size_t>> by_look_;  // the first op of each kind
  std::unordered_map<const Op*, size_t> kind_;
  std::vector<std::optional<std::vector<Region>>> residents_;  // by kind
  std::unordered_map<std::string, std::vector<Region>> tiles_;
  std::unordered_map<std::string, uint64_t> prices_;
  std::unordered_map<std::string, bool> fits_;
};

}  // namespace tpuc::bm1684x
