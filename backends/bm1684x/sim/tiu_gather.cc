// SG: gathers, scatters and selections of elements inside lanes.   source: TIU.md section 12, SG7.md
#include "backends/bm1684x/sim/tiu_gather.h"

#include <vector>

namespace tpuc::bm1684x {
namespace {

// Copies of one element, by its size.
struct Copier {
  uint64_t bytes;
  void operator()(uint8_t* to, const uint8_t* from) const {
    switch (bytes) {
      case 1:
        *to = *from;
        break;
      case 2:
        store(to, load<uint16_t>(from));
        break;
      default:
        store(to, load<uint32_t>(from));
        break;
    }
  }
};

// What gathers leave at skipped indexes: a constant, or nothing new.
struct Fill {
  bool active;
  uint32_t value;
  void apply(const Copier& copy, uint8_t* to) const {
    if (active) copy(to, reinterpret_cast<const uint8_t*>(&value));
  }
};

void gather_1d(const TiuContext& context, const Sg& i, bool scatter) {
  const OperandViews& v = context.views;
  const Copier copy{v.res->elem_bytes};
  const Fill fill{!scatter && i.opd2_const != 0, i.opd2_addr};
  const IndexReader index(context, i.opd1_prec, i.opd3_const != 0, scatter ? v.res->w : v.a->w);
  std::vector<std::optional<uint64_t>> at(v.b->c);
  for (uint64_t j = 0; j < at.size(); ++j) at[j] = index.read(context.src + v.b->at(0, j));
  const auto channel = [&](size_t c) {
    for (uint64_t n = 0; n < v.res->n; ++n) {
      const uint8_t* a = context.src + v.a->at(n, c);
      uint8_t* r = context.dst + v.res->at(n, c);
      for (uint64_t j = 0; j < at.size(); ++j) {
        uint8_t* to = r + (scatter && at[j] ? *at[j] : j) * copy.bytes;
        if (at[j]) {
          copy(to, a + (scatter ? j : *at[j]) * copy.bytes);
        } else if (!scatter) {
          fill.apply(copy, to);
        }
      }
    }
  };
  context.parallel(v.res->c, channel, v.res->n * v.res->c * at.size());
}

void gather_2d(const TiuContext& context, const Sg& i, bool scatter) {
  const OperandViews& v = context.views;
  const Copier copy{v.res->elem_bytes};
  const Fill fill{!scatter && i.opd2_const != 0, i.opd2_addr};
  const TensorView& plane = scatter ? *v.res : *v.a;
  std::vector<std::optional<uint64_t>> at(v.b->c);
  for (uint64_t j = 0; j < at.size(); ++j) {
    const uint8_t* p = context.src + v.b->at(0, j);
    const uint64_t x = load<uint16_t>(p), y = load<uint16_t>(p + 2);
    if (i.opd3_const != 0 && x == 0xffff && y == 0xffff) continue;
    if (x >= plane.w || y >= plane.h)
      context.illegal(fmt::format("index ({},{}) of a plane of {} rows and {} columns", y, x, plane.h, plane.w));
    at[j] = y * plane.hs + x;
  }
  const auto channel = [&](size_t c) {
    for (uint64_t n = 0; n < v.res->n; ++n) {
      const uint8_t* a = context.src + v.a->at(n, c);
      uint8_t* r = context.dst + v.res->at(n, c);
      for (uint64_t j = 0; j < at.size(); ++j) {
        if (at[j]) {
          copy(r + (scatter ? *at[j] : j) * copy.bytes, a + (scatter ? j : *at[j]) * copy.bytes);
        } else if (!scatter) {
          fill.apply(copy, r + j * copy.bytes);
        }
      }
    }
  };
  context.parallel(v.res->c, channel, v.res->n * v.res->c * at.size());
}

// R[n,c,a*kw+b,i] = A[n,c,y0+a,x0+b] inside of region i.
void gather_regions(const TiuContext& context, const Sg& i) {
  const OperandViews& v = context.views;
  const Copier copy{v.res->elem_bytes};
  const Fill fill{i.opd2_const != 0, i.opd2_addr};
  const uint64_t kw = i.opd3_addr & 0xffff;
  for (uint64_t item = 0; item < v.res->w; ++item) {
    const uint8_t* p = context.src + v.b->at(0, item);
    const uint64_t x0 = load<uint16_t>(p), y0 = load<uint16_t>(p + 2), x1 = load<uint16_t>(p + 4),
                   y1 = load<uint16_t>(p + 6);
    for (uint64_t k = 0; k < v.res->h; ++k) {
      const uint64_t y = y0 + k / kw, x = x0 + k % kw;
      const bool inside = y <= y1 && x <= x1;
      if (inside && (y >= v.a->h || x >= v.a->w))
        context.illegal(
            fmt::format("region {} reaches ({},{}) of a plane of {} rows and {} columns", item, y, x, v.a->h, v.a->w));
      for (uint64_t n = 0; n < v.res->n; ++n)
        for (uint64_t c = 0; c < v.res->c; ++c) {
          uint8_t* to = context.dst + v.res->at(n, c) + (k * v.res->hs + item) * copy.bytes;
          if (inside) {
            copy(to, context.src + v.a->at(n, c) + (y * v.a->hs + x) * copy.bytes);
          } else {
            fill.apply(copy, to);
          }
        }
    }
  }
}

// Look-up tables are most of what int8 networks gather: no skipped index, one size of element and index.
template <class E, class I>
void look_up(const TiuContext& context, const uint8_t* table, uint64_t size, const uint8_t* indexes, uint64_t count,
             uint8_t* r) {
  for (uint64_t j = 0; j < count; ++j) {
    const uint64_t at = load<I>(indexes + j * sizeof(I));
    if (at >= size) context.illegal(fmt::format("index {} of a table of {}", at, size));
    store(r + j * sizeof(E), load<E>(table + at * sizeof(E)));
  }
}
template <class E>
void look_up(const TiuContext& context, const uint8_t* table, uint64_t size, const uint8_t* indexes, Prec index,
             uint64_t count, uint8_t* r) {
  index == Prec::I8 ? look_up<E, uint8_t>(context, table, size, indexes, count, r)
                    : look_up<E, uint16_t>(context, table, size, indexes, count, r);
}

void look_up_lanes(const TiuContext& context, const Sg& i) {
  const OperandViews& v = context.views;
  const auto channel = [&](size_t c) {
    for (uint64_t n = 0; n < v.res->n; ++n) {
      const uint8_t *a = context.src + v.a->at(0, c), *b = context.src + v.b->at(n, c);
      uint8_t* r = context.dst + v.res->at(n, c);
      switch (v.res->elem_bytes) {
        case 1:
          look_up<uint8_t>(context, a, v.a->w, b, i.opd1_prec, v.b->w, r);
          break;
        case 2:
          look_up<uint16_t>(context, a, v.a->w, b, i.opd1_prec, v.b->w, r);
          break;
        default:
          look_up<uint32_t>(context, a, v.a->w, b, i.opd1_prec, v.b->w, r);
          break;
      }
    }
  };
  context.parallel(v.res->c, channel, v.res->n * v.res->c * v.b->w);
}

void gather_lane(const TiuContext& context, const Sg& i, bool scatter) {
  if (!scatter && i.opd3_const == 0) return look_up_lanes(context, i);
  const OperandViews& v = context.views;
  const Copier copy{v.res->elem_bytes};
  const Fill fill{!scatter && i.opd2_const != 0, i.opd2_addr};
  const IndexReader index(context, i.opd1_prec, i.opd3_const != 0, scatter ? v.res->w : v.a->w);
  const auto channel = [&](size_t c) {
    for (uint64_t n = 0; n < v.res->n; ++n) {
      const uint8_t *a = context.src + v.a->at(0, c), *b = context.src + v.b->at(n, c);
      uint8_t* r = context.dst + v.res->at(n, c);
      for (uint64_t j = 0; j < v.b->w; ++j) {
        const auto at = index.read(b + j * v.b->elem_bytes);
        if (at) {
          copy(r + (scatter ? *at : j) * copy.bytes, a + (scatter ? j : *at) * copy.bytes);
        } else if (!scatter) {
          fill.apply(copy, r + j * copy.bytes);
        }
      }
    }
  };
  context.parallel(v.res->c, channel, v.res->n * v.res->c * v.b->w);
}

// The four-bank gather: as gather_lane, and the four copies of the table must be equal.
void gather_banks(const TiuContext& context, const Sg& i) {
  const TensorView& a = *context.views.a;
  for (uint64_t c = 0; c < a.c; ++c) {
    const uint8_t* first = context.src + a.at(0, c);
    for (uint64_t copy = 1; copy < a.h; ++copy)
      if (std::memcmp(first, first + copy * a.hs * a.elem_bytes, a.w * a.elem_bytes) != 0)
        context.illegal(fmt::format("copy {} of the table differs from the first in lane {}", copy, a.lane_of(c)));
  }
  gather_lane(context, i, false);
}

// Elements whose mask is not zero, packed; or the positions of elements that are not zero. Counts go to res1.
void select_packed(const TiuContext& context, bool positions) {
  const OperandViews& v = context.views;
  const TensorView& mask = positions ? *v.a : *v.b;
  const Copier copy{v.res->elem_bytes};
  for (uint64_t n = 0; n < v.res->n; ++n)
    for (uint64_t c = 0; c < v.res->c; ++c) {
      const uint8_t *m = context.src + mask.at(n, c), *a = context.src + v.a->at(positions ? n : 0, c);
      uint8_t* r = context.dst + v.res->at(n, c);
      uint32_t count = 0;
      for (uint32_t j = 0; j < mask.w; ++j) {
        if (!is_nonzero(m + j * mask.elem_bytes, mask.elem_bytes)) continue;
        if (count == v.res->w) context.illegal(fmt::format("more than {} elements are selected", v.res->w));
        copy(r + count++ * copy.bytes, positions ? reinterpret_cast<const uint8_t*>(&j) : a + j * copy.bytes);
      }
      store(context.dst + v.res1->at(n, c), static_cast<uint16_t>(count));
    }
}

}  // namespace

IndexReader::IndexReader(const TiuContext& context, Prec prec, bool skips, uint64_t limit)
    : context_(context), bytes_(size_of(prec)), skips_(skips), limit_(limit) {}

std::optional<uint64_t> IndexReader::read(const uint8_t* p) const {
  const uint64_t index = bytes_ == 1 ? *p : load<uint16_t>(p);
  if (skips_ && index == (bytes_ == 1 ? 0xffu : 0xffffu)) return std::nullopt;
  if (index >= limit_) context_.illegal(fmt::format("index {} of a table of {}", index, limit_));
  return index;
}

bool is_nonzero(const uint8_t* p, uint64_t bytes) {
  for (uint64_t k = 0; k < bytes; ++k)
    if (p[k] != 0) return true;
  return false;
}

void exec(const TiuContext& context, const Sg& i) {
  switch (i.eu) {
    case SgOp::PlGather1d:
      return gather_1d(context, i, false);
    case SgOp::PlScatter1d:
      return gather_1d(context, i, true);
    case SgOp::PlGather2d:
      return gather_2d(context, i, false);
    case SgOp::PlScatter2d:
      return gather_2d(context, i, true);
    case SgOp::PlGatherRec:
      return gather_regions(context, i);
    case SgOp::PesGather:
    case SgOp::PesGatherHazard:
      return gather_lane(context, i, false);
    case SgOp::PesScatter:
    case SgOp::PesScatterHazard:
      return gather_lane(context, i, true);
    case SgOp::PemGather:
      return gather_banks(context, i);
    case SgOp::PesMaskSelect:
    case SgOp::PesMaskSelectHazard:
      return select_packed(context, false);
    case SgOp::PesNonzero:
    case SgOp::PesNonzeroHazard:
      return select_packed(context, true);
    case SgOp::PesScatterAdd:
      return;  // refused before
  }
}

}  // namespace tpuc::bm1684x
