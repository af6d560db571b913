// Look-up of layers by command id.
#include "backends/bm1684x/bmodel/debug_info.h"

#include <algorithm>
#include <tuple>

namespace tpuc::bm1684x::bmodel {

LayerIndex::LayerIndex(const std::optional<DebugInfo>& info) {
  if (!info) return;
  for (size_t i = 0; i < info->layers.size(); ++i) {
    const DebugLayer& layer = info->layers[i];
    for (const Engine e : {Engine::Tiu, Engine::Gdma})
      for (const IdRange& r : e == Engine::Tiu ? layer.tiu : layer.gdma)
        entries_[static_cast<size_t>(e)].push_back({layer.group, r.first, r.last, static_cast<int32_t>(i)});
  }
  for (auto& list : entries_)
    std::stable_sort(list.begin(), list.end(), [](const Entry& a, const Entry& b) {
      return std::tie(a.group, a.first) < std::tie(b.group, b.first);
    });
}

int32_t LayerIndex::find(Engine engine, size_t group, uint32_t id) const {
  const auto& list = entries_[static_cast<size_t>(engine)];
  auto after = std::upper_bound(list.begin(), list.end(), std::pair(group, id), [](const auto& key, const Entry& e) {
    return std::tie(key.first, key.second) < std::tie(e.group, e.first);
  });
  if (after == list.begin()) return -1;
  --after;
  return after->group == group && id <= after->last ? after->layer : -1;
}

}  // namespace tpuc::bm1684x::bmodel
