// The choice between two queues that both may go on.   source: GDMA.md section 7
#include "backends/bm1684x/sim/queue_order.h"

#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

QueueOrder::QueueOrder(const bmodel::DecodedGroup& group, Order order, uint64_t seed)
    : group_(group), order_(order), random_(seed) {}

std::optional<Engine> QueueOrder::next(const std::string& where) {
  const bool tiu = ready(Engine::Tiu), gdma = ready(Engine::Gdma);
  if (tiu && gdma) {
    switch (order_) {
      case Order::Tiu:
        return Engine::Tiu;
      case Order::Gdma:
        return Engine::Gdma;
      case Order::Alternate:
        return other(last_);
      case Order::Random:
        return (random_() >> 32 & 1) != 0 ? Engine::Tiu : Engine::Gdma;
    }
  }
  if (tiu) return Engine::Tiu;
  if (gdma) return Engine::Gdma;
  if (done(Engine::Tiu) && done(Engine::Gdma)) return {};
  const auto text = [&](Engine e) {
    return done(e) ? fmt::format("{} is done at id {}", name_of(e), finished(e))
                   : fmt::format("{} command {} waits for {} {}", name_of(e), front(e).id, name_of(other(e)),
                                 front(e).wait_for);
  };
  throw UserError(diagnostic(ErrorCode::E6003, "{}: {}, {}", where, text(Engine::Tiu), text(Engine::Gdma)));
}

void QueueOrder::pop(Engine e) {
  finished_[static_cast<size_t>(e)] = front(e).id;
  ++at_[static_cast<size_t>(e)];
  last_ = e;
}

}  // namespace tpuc::bm1684x
