// The two command streams of a net while they grow: ids, dependency fields, end commands, groups.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "backends/bm1684x/arch.h"
#include "backends/bm1684x/emit/hazards.h"
#include "backends/bm1684x/isa/commands.h"

namespace tpuc::bm1684x {

// One pair of streams whose ids start at 1; bytes end with the end command and are padded to 128.
struct CommandGroup {
  std::vector<uint8_t> tiu, gdma;
  uint32_t tiu_count = 0, gdma_count = 0;  // end commands included
};

// Bytes [begin, end) of every lane that a command reads or writes.
struct Access {
  int64_t begin = 0, end = 0;
  bool write = false;
};

class Stream {
 public:
  explicit Stream(uint32_t most_ids = kMaxCommandId) : most_ids_(most_ids) { groups_.emplace_back(); }
  void tiu(TiuInstr instr, const std::vector<Access>& accesses);
  void gdma(GdmaInstr instr, const std::vector<Access>& accesses);
  std::vector<CommandGroup> finish();

  uint32_t tiu_id() const { return tiu_id_; }  // id of the last command of the current group
  uint32_t gdma_id() const { return gdma_id_; }
  size_t group() const { return groups_.size() - 1; }
  // When the last command so far is done, by the cycle model.
  uint64_t predicted_cycles() const { return std::max(free_[0], free_[1]); }
  // How long an engine has worked.
  uint64_t busy_cycles(Engine e) const { return busy_[static_cast<size_t>(e)]; }
  // Whether a TIU command since the last call computed in f32 (casts and copies do not count).
  bool take_f32_flag() { return std::exchange(computed_f32_, false); }

 private:
  // Ends the group when its ids come near their limit. Between groups both engines come to rest, and memory stays.
  void breathe();
  uint32_t depend(Engine e, uint32_t id, const std::vector<Access>& accesses);
  void end_group();
  void price(Engine e, uint32_t wait_for, uint64_t cycles);

  uint32_t most_ids_;
  std::vector<CommandGroup> groups_;
  Hazards hazards_;
  uint32_t tiu_id_ = 0, gdma_id_ = 0, tiu_dep_ = 0, gdma_dep_ = 0;
  bool computed_f32_ = false;
  uint64_t busy_[kEngineCount] = {0, 0};
  uint64_t free_[kEngineCount] = {0, 0};      // from this cycle on
  std::vector<uint64_t> ends_[kEngineCount];  // of the current group's commands, by id - 1
};

}  // namespace tpuc::bm1684x
