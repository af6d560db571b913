// What the execution of one TIU command works with. Private to the simulator.
#pragma once

#include <cstring>
#include <functional>

#include "backends/bm1684x/isa/tensor_view.h"
#include "backends/bm1684x/sim/machine.h"
#include "tpuc/support/thread_pool.h"

namespace tpuc::bm1684x {

// Operands are read from `src` and results written to `dst`: both are local memory, except when a result overlaps an
// operand in another order. Then `src` is a copy, since the chip reads everything before it writes.
struct TiuContext {
  Machine& machine;
  ThreadPool& pool;
  const OperandViews& views;
  const uint8_t* src;
  uint8_t* dst;

  // Rounds run in the chip's floating-point mode, on all threads; use only where rounds write different bytes. `work`
  // counts elements or products: little work is not worth waking threads for.
  void parallel(size_t count, const std::function<void(size_t)>& fn, uint64_t work = ~uint64_t{0}) const;
  [[noreturn]] void illegal(const std::string& why) const { machine.trap(ErrorCode::E6102, why); }
};

template <class T>
T load(const uint8_t* p) {
  T v;
  std::memcpy(&v, p, sizeof(T));
  return v;
}
template <class T>
void store(uint8_t* p, T v) {
  std::memcpy(p, &v, sizeof(T));
}

void exec(const TiuContext&, const Ar&);
void exec(const TiuContext&, const Cmp&);
void exec(const TiuContext&, const Conv&);
void exec(const TiuContext&, const Lin&);
void exec(const TiuContext&, const Mm&);
void exec(const TiuContext&, const Mm2&);
void exec(const TiuContext&, const Pord&);
void exec(const TiuContext&, const RqDq&);
void exec(const TiuContext&, const Sfu&);
void exec(const TiuContext&, const Sg&);
void exec(const TiuContext&, const Sgl&);
void exec(const TiuContext&, const SysId&);
void exec(const TiuContext&, const TransBc&);
void exec(const TiuContext&, const Vc&);

}  // namespace tpuc::bm1684x
