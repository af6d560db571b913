// See the header.
#include "backends/bm1684x/driver/debug_ranges.h"
#include <algorithm>


namespace tpuc::bm1684x {

std::string debug_ranges(const Graph&, const Program&, const std::vector<std::string>&) { return {}; }

std::vector<bmodel::WeightLocation> coefficient_locations(const Program& p) {
  std::vector<bmodel::WeightLocation> all;
  for (size_t i = 0; i < p.schedule.images.size(); ++i) {
    const Image& im = p.schedule.images[i];
    all.push_back({fmt::format("{}.{}", im.op->out(0)->name, im.region.begin[1]), static_cast<uint64_t>(p.ddr.coefficients.images[i]),
                   static_cast<uint64_t>(align_up(im.lane_bytes * im.lanes, kDdrAlign))});
  }
  for (const auto& [value, offset] : p.ddr.coefficients.tensors)
    all.push_back({value->name, static_cast<uint64_t>(offset), static_cast<uint64_t>(align_up(byte_count(value->type), kDdrAlign))});
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.offset_bytes < b.offset_bytes; });
  return all;
}

}  // namespace tpuc::bm1684x
