// Indexes and masks as SG and SGL read them.
#pragma once

#include <optional>

#include "backends/bm1684x/sim/tiu_context.h"

namespace tpuc::bm1684x {

// Unsigned indexes of 8 or 16 bits. With `skips`, all ones means "leave this one out"; an index >= limit traps.
class IndexReader {
 public:
  IndexReader(const TiuContext& context, Prec prec, bool skips, uint64_t limit);
  std::optional<uint64_t> read(const uint8_t* p) const;

 private:
  const TiuContext& context_;
  uint64_t bytes_;
  bool skips_;
  uint64_t limit_;
};

bool is_nonzero(const uint8_t* p, uint64_t bytes);

}  // namespace tpuc::bm1684x
