// Interval map over one lane of local memory.
#include "backends/bm1684x/emit/hazards.h"

#include <algorithm>
#include <iterator>

#include "backends/bm1684x/arch.h"

namespace tpuc::bm1684x {

Hazards::Hazards() { reset(); }

void Hazards::reset() {
  segments_.clear();
  segments_[0] = {};
  segments_[kLaneRoom] = {};
}

std::map<int64_t, Hazards::Users>::iterator Hazards::split(int64_t at) {
  auto it = segments_.lower_bound(at);
  if (it != segments_.end() && it->first == at) return it;
  return segments_.emplace_hint(it, at, std::prev(it)->second);
}

uint32_t Hazards::read(Engine e, uint32_t id, int64_t begin, int64_t end) {
  const auto me = static_cast<size_t>(e), you = 1 - me;
  uint32_t wait = 0;
  const auto last = split(end);
  for (auto it = split(begin); it != last; ++it) {
    wait = std::max(wait, it->second.written[you]);
    it->second.read[me] = id;
  }
  return wait;
}

uint32_t Hazards::write(Engine e, uint32_t id, int64_t begin, int64_t end) {
  const auto me = static_cast<size_t>(e), you = 1 - me;
  uint32_t wait = 0;
  const auto last = split(end);
  auto first = split(begin);
  for (auto it = first; it != last; ++it) wait = std::max({wait, it->second.written[you], it->second.read[you]});
  // The writer stands for everything before it: whoever waits for it has waited for what it waited for.
  Users u;
  u.written[me] = id;
  segments_.erase(first, last);
  segments_[begin] = u;
  return wait;
}

}  // namespace tpuc::bm1684x
