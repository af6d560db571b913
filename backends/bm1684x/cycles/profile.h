// Where the time of a stage goes: per layer where the file says which commands belong to which, else per kind of
// command.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/bm1684x/bmodel/bmodel.h"
#include "backends/bm1684x/isa/engine.h"

namespace tpuc::bm1684x {

enum class Bound : uint8_t { Compute, Dma, Weights };
std::string_view name_of(Bound bound);

struct ProfileRow {
  std::string name, op;  // of a layer; without debug information the command's name and its engine
  uint64_t commands = 0, tiles = 0;
  uint64_t elapsed_cycles = 0;  // by which its commands push the end of the run further; all rows add up to the total
  uint64_t busy[kEngineCount] = {0, 0};
  uint64_t macs = 0, ddr_read_bytes = 0, weight_bytes = 0, ddr_written_bytes = 0;
  uint64_t elapsed_by[kEngineCount] = {0, 0};
  Bound bound() const;
};

struct Profile {
  std::string net;
  size_t stage = 0;
  bool by_layer = false;
  uint64_t total_cycles = 0;
  uint64_t busy[kEngineCount] = {0, 0}, wait[kEngineCount] = {0, 0};
  uint64_t command_count[kEngineCount] = {0, 0};
  uint64_t macs = 0, mac_floor_cycles = 0;  // the floor: all multiplications at full rate
  uint64_t ddr_read_bytes = 0, ddr_written_bytes = 0;
  std::vector<ProfileRow> rows;  // in the order in which they first run
  double milliseconds() const { return static_cast<double>(total_cycles) * 1e-6; }  // both clocks 1 GHz
};

Profile profile_stage(const bmodel::Net& net, size_t stage);
std::string to_text(const Profile& profile);
// {"total_cycles": sum over all stages, ..., "stages": [...]}, as the whole model.
std::string to_json(const std::vector<Profile>& profiles);

}  // namespace tpuc::bm1684x
