// SGL: gathers, scatters and selections of whole rows.   source: TIU.md section 12
#include "backends/bm1684x/sim/tiu_gather.h"

namespace tpuc::bm1684x {
namespace {

void move_lines(const TiuContext& context, const Sgl& i, bool scatter) {
  const OperandViews& v = context.views;
  const uint64_t bytes = v.res->w * v.res->elem_bytes, line = v.res->hs * v.res->elem_bytes;
  const IndexReader index(context, i.opd1_prec, i.opd3_const != 0, scatter ? v.res->h : v.a->h);
  const bool fills = !scatter && i.opd2_const != 0;
  const auto channel = [&](size_t c) {
    for (uint64_t n = 0; n < v.res->n; ++n)
      for (uint64_t j = 0; j < v.b->h; ++j) {
        const auto at = index.read(context.src + v.b->at(n, c) + j * v.b->hs * v.b->elem_bytes);
        uint8_t* to = context.dst + v.res->at(n, c) + (scatter && at ? *at : j) * line;
        if (at) {
          std::memcpy(to, context.src + v.a->at(0, c) + (scatter ? j : *at) * line, bytes);
        } else if (fills) {
          for (uint64_t k = 0; k < bytes; k += v.res->elem_bytes) std::memcpy(to + k, &i.opd2_addr, v.res->elem_bytes);
        }
      }
  };
  context.parallel(v.res->c, channel, v.res->n * v.res->c * v.b->h * v.res->w);
}

void select_lines(const TiuContext& context) {
  const OperandViews& v = context.views;
  const uint64_t bytes = v.res->w * v.res->elem_bytes, line = v.res->hs * v.res->elem_bytes;
  for (uint64_t n = 0; n < v.res->n; ++n)
    for (uint64_t c = 0; c < v.res->c; ++c) {
      uint32_t count = 0;
      for (uint64_t j = 0; j < v.b->h; ++j) {
        if (!is_nonzero(context.src + v.b->at(n, c) + j * v.b->hs * v.b->elem_bytes, v.b->elem_bytes)) continue;
        if (count == v.res->h) context.illegal(fmt::format("more than {} rows are selected", v.res->h));
        std::memcpy(context.dst + v.res->at(n, c) + count++ * line, context.src + v.a->at(0, c) + j * line, bytes);
      }
      store(context.dst + v.res1->at(n, c), static_cast<uint16_t>(count));
    }
}

}  // namespace

void exec(const TiuContext& context, const Sgl& i) {
  switch (i.eu) {
    case SglOp::GatherLine:
      return move_lines(context, i, false);
    case SglOp::ScatterLine:
      return move_lines(context, i, true);
    case SglOp::MaskSelectLine:
      return select_lines(context);
  }
}

}  // namespace tpuc::bm1684x
