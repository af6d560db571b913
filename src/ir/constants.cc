// Constants by content: 128 bits of xxh3 over type and bytes; equal tensors are stored once.
#include <xxhash.h>

#include "tpuc/ir/graph.h"
#include "tpuc/support/pages.h"

namespace tpuc {

Hash content_hash(const Tensor& t) {
  const std::string type_text = to_string(t.type);
  const XXH64_hash_t seed = XXH3_64bits(type_text.data(), type_text.size());
  const XXH128_hash_t h = XXH3_128bits_withSeed(t.bytes().data(), t.bytes().size(), seed);
  return {h.low64, h.high64};
}

const ConstantStore::Entry* ConstantStore::add(Tensor t) {
  const Hash hash = content_hash(t);
  release_pages(t.bytes());  // the weights of a large model are not needed before they are converted or packed
  const auto [first, last] = entries_.equal_range(hash.lo);
  for (auto it = first; it != last; ++it) {
    Entry& entry = *it->second;
    if (entry.hash != hash || !identical(entry.tensor, t)) continue;
    ++entry.holders;
    return &entry;
  }
  return entries_.emplace(hash.lo, std::make_unique<Entry>(Entry{std::move(t), hash, 1}))->second.get();
}

void ConstantStore::release(const Entry* entry) {
  const auto [first, last] = entries_.equal_range(entry->hash.lo);
  for (auto it = first; it != last; ++it) {
    if (it->second.get() != entry) continue;
    if (--it->second->holders > 0) return;
    release_pages(entry->tensor.bytes());  // the mapping outlives the tensor
    entries_.erase(it);
    return;
  }
  TPUC_CHECK(false, "a constant is released that the store does not have");
}

}  // namespace tpuc
