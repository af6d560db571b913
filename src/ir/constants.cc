// Constants by content: 128 bits of xxh3 over type and bytes; equal tensors are stored once.
#include <xxhash.h>

#include "tpuc/ir/graph.h"

namespace tpuc {

Hash content_hash(const Tensor& t) {
  const std::string type_text = to_string(t.type);
  const XXH64_hash_t seed = XXH3_64bits(type_text.data(), type_text.size());
  const XXH128_hash_t h = XXH3_128bits_withSeed(t.bytes().data(), t.bytes().size(), seed);
  return {h.low64, h.high64};
}

const ConstantStore::Entry* ConstantStore::add(Tensor t) {
  const Hash hash = content_hash(t);
  const auto [first, last] = index_.equal_range(hash.lo);
  for (auto it = first; it != last; ++it)
    if (it->second->hash == hash && identical(it->second->tensor, t)) return it->second;
  entries_.push_back({std::move(t), hash});
  index_.emplace(hash.lo, &entries_.back());
  return &entries_.back();
}

}  // namespace tpuc
