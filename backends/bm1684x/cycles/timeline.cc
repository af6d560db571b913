// Simulation of the queues with the prices of cycles.h.
#include "backends/bm1684x/cycles/timeline.h"

#include <algorithm>

#include "tpuc/support/check.h"

namespace tpuc::bm1684x {
namespace {

class Queues {
 public:
  Queues(const bmodel::StageGroup& group, uint64_t begin, Timeline& out) : out_(out) {
    timeline_.group = &group;
    timeline_.begin = begin;
    for (const Engine e : {Engine::Tiu, Engine::Gdma}) {
      free_[index(e)] = begin;
      for (const bmodel::Command& c : group.commands.of(e))
        timeline_.queue[index(e)].push_back({&c, 0, std::visit([](const auto& i) { return cost_of(i); }, c.instr)});
    }
  }

  GroupTimeline run() {
    bool moved = true;
    while (moved) {
      moved = false;
      for (const Engine e : {Engine::Gdma, Engine::Tiu})
        while (step(e)) moved = true;
    }
    for (const Engine e : {Engine::Tiu, Engine::Gdma}) {
      if (at_[index(e)] == timeline_.queue[index(e)].size()) continue;
      const bmodel::Command& stuck = *timeline_.queue[index(e)][at_[index(e)]].command;
      throw UserError(diagnostic(ErrorCode::E6003, "{}: {} command {} waits for {} {} for ever", timeline_.group->where,
                                 name_of(e), stuck.id, name_of(other(e)), stuck.wait_for));
    }
    timeline_.end = std::max(free_[0], free_[1]);
    return std::move(timeline_);
  }

 private:
  static size_t index(Engine e) { return static_cast<size_t>(e); }

  // Places the front command of a queue in time; false when it has to wait for one without a place yet.
  bool step(Engine e) {
    auto& queue = timeline_.queue[index(e)];
    size_t& at = at_[index(e)];
    if (at == queue.size()) return false;
    TimedCommand& c = queue[at];
    uint64_t& free = free_[index(e)];
    c.start = free;
    if (c.command->wait_for != 0) {
      const auto& others = timeline_.queue[index(other(e))];
      const auto placed = others.begin() + static_cast<ptrdiff_t>(at_[index(other(e))]);
      const auto awaited = std::lower_bound(others.begin(), placed, c.command->wait_for,
                                            [](const TimedCommand& t, uint32_t id) { return t.command->id < id; });
      if (awaited == placed) return false;
      c.start = std::max(free, awaited->end());
    }
    out_.wait[index(e)] += c.start - free;
    out_.busy[index(e)] += c.cost.cycles;
    free = c.end();
    ++at;
    return true;
  }

  Timeline& out_;
  GroupTimeline timeline_;
  size_t at_[kEngineCount] = {0, 0};
  uint64_t free_[kEngineCount] = {0, 0};
};

}  // namespace

Timeline make_timeline(const std::vector<bmodel::StageGroup>& groups) {
  Timeline out;
  for (const bmodel::StageGroup& group : groups) {
    out.groups.push_back(Queues(group, out.total_cycles, out).run());
    out.total_cycles = out.groups.back().end;
  }
  return out;
}

}  // namespace tpuc::bm1684x
