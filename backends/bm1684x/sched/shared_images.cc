// See the header. `pack` is a function of the op's attributes, its types and constants, and the region.
#include "backends/bm1684x/sched/shared_images.h"

#include "tpuc/ir/equal.h"

namespace tpuc::bm1684x {

namespace {

bool pack_alike(const Op& a, const Op& b) {
  if (a.in().size() != b.in().size() || a.out(0)->type != b.out(0)->type || !same_meaning(a, b)) return false;
  for (size_t i = 0; i < a.in().size(); ++i) {
    const Value *x = a.in(i), *y = b.in(i);
    if (x == nullptr || y == nullptr || x->is_constant() || y->is_constant()) {
      if (x != y) return false;  // constants of equal content are one value
    } else if (x->type != y->type) {
      return false;
    }
  }
  return seen_alike(a, b);
}

}  // namespace

int64_t SharedImages::find(const std::vector<Image>& images, const Op& op, const std::string& key) const {
  const auto [first, last] = known_.equal_range(meaning_hash(op));
  for (auto it = first; it != last; ++it) {
    const Known& k = it->second;
    if (k.key == key && pack_alike(*images[k.image].op, op)) return static_cast<int64_t>(k.image);
  }
  return -1;
}

void SharedImages::add(size_t image, const Op& op, const std::string& key) {
  known_.emplace(meaning_hash(op), Known{image, key});
}

}  // namespace tpuc::bm1684x
