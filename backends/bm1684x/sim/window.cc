// Coordinates of padded and expanded images.
#include "backends/bm1684x/sim/window.h"

namespace tpuc::bm1684x {
namespace {

// Position in the inserted image (0 .. size-1) that padded position `at` shows; nothing valid (-1) in constant padding.
int64_t unpad(int64_t at, int64_t size, uint32_t mode) {
  if (at >= 0 && at < size) return at;
  switch (mode) {
    case 0:
      return -1;
    case 1: {
      if (size == 1) return 0;
      const int64_t period = 2 * (size - 1), m = ((at % period) + period) % period;
      return m < size ? m : period - m;
    }
    case 2:
      return at < 0 ? 0 : size - 1;
    default:
      return ((at % size) + size) % size;
  }
}

// By position of the padded axis: input position, -1 for padding, -2 for an inserted one.
std::vector<int64_t> axis_map(int64_t size, int64_t ins, int64_t before, int64_t after, uint32_t mode) {
  const int64_t inserted = (size - 1) * (ins + 1) + 1;
  std::vector<int64_t> map(static_cast<size_t>(inserted + before + after));
  for (size_t k = 0; k < map.size(); ++k) {
    const int64_t at = unpad(static_cast<int64_t>(k) - before, inserted, mode);
    map[k] = at < 0 ? -1 : at % (ins + 1) == 0 ? at / (ins + 1) : -2;
  }
  return map;
}

}  // namespace

WindowMap::WindowMap(const WindowGeometry& g) : g_(g), rows_(axis_map(g.h, g.ins_y, g.up, g.down, g.pad_mode)) {
  const std::vector<int64_t> columns = axis_map(g.w, g.ins_x, g.left, g.right, g.pad_mode);
  runs_.resize(static_cast<size_t>(g.kw));
  for (int64_t s = 0; s < g.kw; ++s) {
    std::vector<Run>& runs = runs_[static_cast<size_t>(s)];
    for (int64_t x = 0; x < g.ow; ++x) {
      const int64_t source = columns[static_cast<size_t>(x * g.stride_x + s * g.dilation_x)];
      if (!runs.empty()) {
        Run& last = runs.back();
        if (source < 0 && last.source == source) {
          ++last.count;
          continue;
        }
        if (source >= 0 && last.source >= 0 && last.count == 1) last.step = source - last.source;
        if (source >= 0 && last.source >= 0 && source == last.source + last.count * last.step) {
          ++last.count;
          continue;
        }
      }
      runs.push_back({x, 1, source, 0});
    }
  }
}

}  // namespace tpuc::bm1684x
