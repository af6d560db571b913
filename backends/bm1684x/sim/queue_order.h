// In which order two in-order queues may be served: one command at a time, respecting who waits for whom.
#pragma once

#include <cstdint>
#include <optional>
#include <random>

#include "backends/bm1684x/bmodel/commands.h"
#include "backends/bm1684x/sim/simulator.h"

namespace tpuc::bm1684x {

// End commands are left out.
class QueueOrder {
 public:
  QueueOrder(const bmodel::DecodedGroup& group, Order order, uint64_t seed);
  // The engine whose front command goes next; nothing when both queues are done. throws UserError E6003 on a deadlock.
  std::optional<Engine> next(const std::string& where);
  const bmodel::Command& front(Engine e) const { return group_.of(e)[at_[static_cast<size_t>(e)]]; }
  void pop(Engine e);
  uint32_t finished(Engine e) const { return finished_[static_cast<size_t>(e)]; }

 private:
  bool done(Engine e) const { return at_[static_cast<size_t>(e)] + 1 >= group_.of(e).size(); }
  bool ready(Engine e) const { return !done(e) && finished(other(e)) >= front(e).wait_for; }

  const bmodel::DecodedGroup& group_;
  Order order_;
  std::mt19937_64 random_;
  size_t at_[kEngineCount] = {0, 0};
  uint32_t finished_[kEngineCount] = {0, 0};  // id of the last finished command
  Engine last_ = Engine::Gdma;
};

}  // namespace tpuc::bm1684x
