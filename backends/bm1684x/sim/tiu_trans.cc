// TRANS&BC: transposes of channels and width, copies and broadcasts between lanes, reads of static memory.
//   source: TIU.md section 11
#include <vector>

#include "backends/bm1684x/sim/tiu_context.h"

namespace tpuc::bm1684x {
namespace {

// result[n,c,h,w] = source[n,w,h,c]
template <class T>
void transpose(const TiuContext& context, const TensorView& from, const TensorView& to) {
  std::vector<const uint8_t*> column(from.c);
  for (uint64_t n = 0; n < to.n; ++n) {
    for (uint64_t w = 0; w < from.c; ++w) column[w] = context.src + from.at(n, w);
    const auto channel = [&](size_t c) {
      for (uint64_t h = 0; h < to.h; ++h) {
        uint8_t* out = context.dst + to.at(n, c) + h * to.hs * sizeof(T);
        const uint64_t in = (h * from.hs + c) * sizeof(T);
        for (uint64_t w = 0; w < to.w; ++w) store(out + w * sizeof(T), load<T>(column[w] + in));
      }
    };
    context.parallel(to.c, channel, to.c * to.h * to.w);
  }
}

// Channel c of the result is channel c (or the only channel) of the source; both have dense rows.
void copy_channels(const TiuContext& context, const TensorView& from, const TensorView& to) {
  const auto channel = [&](size_t c) {
    for (uint64_t n = 0; n < to.n; ++n)
      std::memcpy(context.dst + to.at(n, c), context.src + from.at(n, from.c == 1 ? 0 : c),
                  to.h * to.w * to.elem_bytes);
  };
  context.parallel(to.c, channel, to.n * to.c * to.h * to.w);
}

}  // namespace

void exec(const TiuContext& context, const TransBc& i) {
  const TensorView &from = *context.views.a, &to = *context.views.res;
  switch (i.eu) {
    case TransOp::Cw:
    case TransOp::Wc:
      switch (to.elem_bytes) {
        case 1:
          return transpose<uint8_t>(context, from, to);
        case 2:
          return transpose<uint16_t>(context, from, to);
        default:
          return transpose<uint32_t>(context, from, to);
      }
    case TransOp::LaneCopy:
    case TransOp::LaneBroadcast:
      return copy_channels(context, from, to);
    case TransOp::StaticBroadcast:
    case TransOp::StaticDistribute:
      break;
  }
  const uint8_t* table = context.machine.memory(Space::Static).data() + from.address;
  const uint64_t step = i.eu == TransOp::StaticDistribute ? to.elem_bytes : 0;
  for (uint64_t c = 0; c < to.c; ++c) std::memcpy(context.dst + to.at(0, c), table + c * step, to.w * to.elem_bytes);
}

}  // namespace tpuc::bm1684x
