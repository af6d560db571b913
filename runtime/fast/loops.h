// Loops on all threads (OpenMP, as oneDNN uses). Results never depend on how a range is cut.
#pragma once

#include <algorithm>
#include <cstdint>

namespace tpuc::fast {

inline constexpr int64_t kChunkElems = 1 << 14;  // below this a thread costs more than it saves

// Calls fn(begin, end) for pieces that cover [0, count).
template <class Fn>
void for_chunks(int64_t count, Fn&& fn, int64_t chunk = kChunkElems) {
  const int64_t pieces = (count + chunk - 1) / chunk;
#pragma omp parallel for if (pieces > 1)
  for (int64_t i = 0; i < pieces; ++i) fn(i * chunk, std::min(count, (i + 1) * chunk));
}

// Calls fn(i) for rows of `row_elems` elements each; several rows to a piece where they are short.
template <class Fn>
void for_rows(int64_t rows, int64_t row_elems, Fn&& fn) {
  const int64_t together = std::max<int64_t>(1, kChunkElems / std::max<int64_t>(1, row_elems));
  for_chunks(
      rows,
      [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) fn(i);
      },
      together);
}

}  // namespace tpuc::fast
