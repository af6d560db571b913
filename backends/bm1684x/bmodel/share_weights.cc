// Pools of weights: each stage joins the first pool with which it has a weight in common, or begins one.
#include "backends/bm1684x/bmodel/share_weights.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "backends/bm1684x/bmodel/debug_info.h"
#include "backends/bm1684x/bmodel/relocate.h"
#include "tpuc/support/int_math.h"

namespace tpuc::bm1684x::bmodel {
namespace {

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Weight {
  std::string name;
  std::span<const std::byte> bytes;  // whole pages
  uint64_t address = 0;              // where the stage's commands look for it
};

// The weights that the stage's commands or tensors name, by address; nothing where they cannot be taken apart: another
// compiler's stage, whose commands may read several weights at once, or one whose list of weights has holes.
std::optional<std::vector<Weight>> used_weights(const Net& net, size_t index) {
  const Stage& s = net.stages[index];
  if (!s.coefficients || !debug_info_from_json(s.tensor_loc)) return {};
  const Coefficients& c = *s.coefficients;
  std::vector<Weight> all;
  for (const WeightLocation& l : c.locations)
    all.push_back({l.name, c.bytes.subspan(l.offset_bytes, l.size_bytes), c.address + l.offset_bytes});
  std::stable_sort(all.begin(), all.end(), [](const Weight& a, const Weight& b) { return a.address < b.address; });
  for (size_t i = 0; i < all.size(); ++i) {
    const uint64_t end = i + 1 < all.size() ? all[i + 1].address : c.address + c.bytes.size();
    if (all[i].address % kPageBytes != 0 || all[i].bytes.size() % kPageBytes != 0 ||
        all[i].address + all[i].bytes.size() > end)
      return {};
  }
  std::vector<uint64_t> named = command_addresses(net, index);
  for (const auto* list : {&s.inputs, &s.outputs})
    for (const Tensor& t : *list) named.push_back(t.device_addr);
  std::vector<bool> used(all.size());
  for (const uint64_t addr : named) {
    if (addr < c.address || addr - c.address >= c.bytes.size()) continue;
    const auto after =
        std::upper_bound(all.begin(), all.end(), addr, [](uint64_t a, const Weight& w) { return a < w.address; });
    if (after == all.begin() || addr - std::prev(after)->address >= std::prev(after)->bytes.size()) return {};
    used[static_cast<size_t>(std::prev(after) - all.begin())] = true;
  }
  std::vector<Weight> out;
  for (size_t i = 0; i < all.size(); ++i)
    if (used[i]) out.push_back(std::move(all[i]));
  return out;
}

// A blob under construction. Holds views until build() copies them.
class Pool {
 public:
  explicit Pool(uint64_t address) : address_(address) {}

  uint64_t address() const { return address_; }
  bool has(const Weight& w) const { return find(w.bytes) != nullptr; }

  // The offset of the weight, which is added unless an equal one is there.
  uint64_t add(const Weight& w) {
    if (const uint64_t* known = find(w.bytes)) return *known;
    const uint64_t offset = size_;
    by_content_.emplace(std::hash<std::string_view>()(text_of(w.bytes)), parts_.size());
    parts_.push_back(w.bytes);
    offsets_.push_back(offset);
    locations_.push_back({w.name, offset, w.bytes.size()});
    size_ += w.bytes.size();
    return offset;
  }

  Coefficients build(std::deque<std::vector<std::byte>>& storage) const {
    std::vector<std::byte>& blob = storage.emplace_back(size_);
    for (size_t i = 0; i < parts_.size(); ++i)
      if (!parts_[i].empty()) std::memcpy(blob.data() + offsets_[i], parts_[i].data(), parts_[i].size());
    Coefficients c;
    c.address = address_;
    c.bytes = blob;
    c.locations = locations_;
    return c;
  }

 private:
  const uint64_t* find(std::span<const std::byte> bytes) const {
    const auto [first, last] = by_content_.equal_range(std::hash<std::string_view>()(text_of(bytes)));
    for (auto at = first; at != last; ++at)
      if (text_of(parts_[at->second]) == text_of(bytes)) return &offsets_[at->second];
    return nullptr;
  }

  uint64_t address_, size_ = 0;
  std::vector<std::span<const std::byte>> parts_;
  std::vector<uint64_t> offsets_;
  std::vector<WeightLocation> locations_;
  std::unordered_multimap<size_t, size_t> by_content_;  // looked up, never walked
};

// A stage whose weights are in a pool: where each went.
struct Member {
  Net* net;
  size_t stage, pool;
  std::vector<Weight> weights;
  std::vector<uint64_t> offsets;
};

size_t choose_pool(std::vector<Pool>& pools, const std::vector<Weight>& weights, uint64_t address) {
  for (size_t i = 0; i < pools.size(); ++i)
    if (pools[i].address() == address &&
        std::any_of(weights.begin(), weights.end(), [&](const Weight& w) { return pools[i].has(w); }))
      return i;
  pools.emplace_back(address);
  return pools.size() - 1;
}

// Regions keep their order: weights, then inputs and outputs where they are apart, then activations.
void move_stage(const Member& m, const Coefficients& c, std::deque<std::vector<std::byte>>& storage) {
  Stage& s = m.net->stages[m.stage];
  AddressMap map;
  for (size_t i = 0; i < m.weights.size(); ++i)
    map.move(m.weights[i].address, m.weights[i].bytes.size(), c.address + m.offsets[i]);
  uint64_t behind = c.address + c.bytes.size();
  if (s.io_bytes != 0) {
    map.move(s.io_addr, s.io_bytes, behind);
    behind = align_up(behind + s.io_bytes, kPageBytes);
  }
  map.move(s.context_addr, s.context_bytes, behind);
  relocate(*m.net, m.stage, map, storage);
  if (s.context_bytes == 0) s.context_addr = behind;
  s.coefficients.reset();
  if (!c.bytes.empty()) s.coefficients = c;
}

}  // namespace

void share_weights(Model& model, std::deque<std::vector<std::byte>>& storage) {
  std::vector<Pool> pools;
  std::vector<Member> members;
  for (Net& net : model.nets) {
    for (size_t i = 0; i < net.stages.size(); ++i) {
      std::optional<std::vector<Weight>> weights = used_weights(net, i);
      if (!weights) continue;
      const size_t pool = choose_pool(pools, *weights, net.stages[i].coefficients->address);
      std::vector<uint64_t> offsets;
      for (const Weight& w : *weights) offsets.push_back(pools[pool].add(w));
      members.push_back({&net, i, pool, std::move(*weights), std::move(offsets)});
    }
  }
  std::vector<Coefficients> blobs;
  blobs.reserve(pools.size());
  for (const Pool& pool : pools) blobs.push_back(pool.build(storage));
  for (const Member& m : members) move_stage(m, blobs[m.pool], storage);
}

}  // namespace tpuc::bm1684x::bmodel
