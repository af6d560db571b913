// See the header.
#include "backends/bm1684x/driver/debug_ranges.h"

#include <algorithm>
#include <map>

#include "backends/bm1684x/bmodel/debug_info.h"
#include "backends/bm1684x/driver/border.h"

namespace tpuc::bm1684x {

namespace {

// One layer per compute (a tile of an op), in order. A tile's commands stay in one group of streams.
std::vector<bmodel::DebugLayer> layers_of(const Program& p) {
  std::vector<bmodel::DebugLayer> layers;
  for (const Compute& c : p.schedule.computes) {
    bmodel::DebugLayer l;
    l.name = c.op->out(0)->name;
    l.op = std::string(c.op->name());
    l.tile = c.tile;
    layers.push_back(std::move(l));
  }
  for (const Span& s : p.spans) {
    bmodel::DebugLayer& l = layers[static_cast<size_t>(s.compute)];
    l.group = static_cast<uint32_t>(s.group);
    if (s.tiu_first > 0) l.tiu.push_back({s.tiu_first, s.tiu_last});
    if (s.gdma_first > 0) l.gdma.push_back({s.gdma_first, s.gdma_last});
  }
  return layers;
}

// Tensors that come to lie in DDR; complete with the last compute that stores a part.
std::vector<bmodel::DebugTensor> tensors_of(const Graph& graph, const Program& p) {
  const Aliases aliases(graph);
  std::map<int, const Value*> complete;  // by compute
  std::unordered_map<const Value*, int> last;
  for (const Store& x : p.schedule.stores) last[x.value] = x.slot;
  for (size_t i = 0; i < p.schedule.computes.size(); ++i)
    if (p.schedule.computes[i].in_ddr) last[p.schedule.computes[i].op->out(0)] = static_cast<int>(i);
  for (const auto& [value, slot] : last) complete[slot] = value;
  std::vector<bmodel::DebugTensor> tensors;
  for (const auto& [slot, value] : complete) {
    bmodel::DebugTensor t;
    t.name = value->name;
    t.type = data_type_of(value->type.dtype);
    for (const int64_t d : value->type.dims) t.shape.push_back(static_cast<uint64_t>(d));
    t.addr = p.ddr.address(value, aliases);
    t.layer = static_cast<uint32_t>(slot);
    tensors.push_back(std::move(t));
  }
  return tensors;
}

// Elements by the precision in which they are computed: of the result, or f32 where a kernel widens in local memory.
std::vector<std::pair<std::string, uint64_t>> elements_of(const Program& p) {
  std::map<std::string, uint64_t> sums;
  const Op* last = nullptr;
  for (const Compute& c : p.schedule.computes) {
    if (c.in_ddr || c.op == last) continue;
    last = c.op;
    const DType t = p.widened.contains(c.op) ? DType::F32 : c.op->out(0)->type.dtype;
    sums[std::string(to_string(t))] += static_cast<uint64_t>(element_count(c.op->out(0)->type));
  }
  return {sums.begin(), sums.end()};
}

}  // namespace

std::string debug_ranges(const Graph& graph, const Program& p, const std::vector<std::string>& border_notes) {
  bmodel::DebugInfo info;
  info.layers = layers_of(p);
  info.tensors = tensors_of(graph, p);
  info.notes = border_notes;
  info.elements = elements_of(p);
  return bmodel::to_json(info);
}

std::vector<bmodel::WeightLocation> coefficient_locations(const Program& p) {
  std::vector<bmodel::WeightLocation> all;
  for (size_t i = 0; i < p.schedule.images.size(); ++i) {
    const Image& im = p.schedule.images[i];
    all.push_back({fmt::format("{}.{}", im.op->out(0)->name, im.region.begin[1]),
                   static_cast<uint64_t>(p.ddr.coefficients.images[i]),
                   static_cast<uint64_t>(align_up(im.lane_bytes * im.lanes, kDdrAlign))});
  }
  for (const auto& [value, offset] : p.ddr.coefficients.tensors)
    all.push_back({value->name, static_cast<uint64_t>(offset),
                   static_cast<uint64_t>(align_up(byte_count(value->type), kDdrAlign))});
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.offset_bytes < b.offset_bytes; });
  return all;
}

}  // namespace tpuc::bm1684x
