// Which command must wait for which: exact dependencies from the bytes of local memory that commands read and write.
// Lanes are not told apart: nearly every command uses all of them.
#pragma once

#include <cstdint>
#include <map>

#include "backends/bm1684x/isa/engine.h"

namespace tpuc::bm1684x {

// Commands are told in program order. Inside one engine commands run in order, so only the other engine's ids matter.
//   source: GDMA.md section 7, COOKBOOK.md section 0
class Hazards {
 public:
  Hazards();
  // Bytes [begin, end) of every lane. Returns the id of the other engine's last command that must be finished first.
  uint32_t read(Engine e, uint32_t id, int64_t begin, int64_t end);
  uint32_t write(Engine e, uint32_t id, int64_t begin, int64_t end);
  void reset();

 private:
  struct Users {
    uint32_t read[2] = {0, 0}, written[2] = {0, 0};  // last command id per engine; 0: none
  };
  std::map<int64_t, Users> segments_;  // key: first byte; a segment reaches to the next key
  std::map<int64_t, Users>::iterator split(int64_t at);
};

}  // namespace tpuc::bm1684x
