// The table of kernels, by family; and what all kernels share of the contract.
#include "backends/bm1684x/kernel.h"

#include <algorithm>

#include "backends/bm1684x/kernels/families.h"

namespace tpuc::bm1684x {

View row_major(const Shape4& dims) { return {dims, {dims[1] * dims[2] * dims[3], dims[2] * dims[3], dims[3], 1}}; }

FoldedRows::Range FoldedRows::rows_inside(int64_t k, int64_t first, int64_t seen) const {
  const int64_t begin = std::clamp<int64_t>((k >= pad ? 0 : ceil_div(pad - k, stride)) - first, 0, seen);
  const int64_t last = rows - 1 + pad < k ? -1 : (rows - 1 + pad - k) / stride;
  return {begin, std::clamp<int64_t>(last + 1 - first, begin, seen)};
}

LocalTensor TileCtx::input(size_t i, const Region& box) const {
  const Region& held = in_held[i];
  return in[i].at(box.begin[0] - held.begin[0], in[i].shared ? 0 : box.begin[1] - held.begin[1],
                  box.begin[2] - held.begin[2], box.begin[3] - held.begin[3], box.extent);
}

LocalTensor TileCtx::output() const {
  return out.at(region.begin[0] - out_held.begin[0], region.begin[1] - out_held.begin[1],
                region.begin[2] - out_held.begin[2], region.begin[3] - out_held.begin[3], region.extent);
}

std::span<const Kernel> all_kernels() {
  static const std::vector<Kernel> table = [] {
    std::vector<Kernel> all;
    for (const auto family :
         {conv_kernels(), matmul_kernels(), pool_kernels(), eltwise_kernels(), activation_kernels(), norm_kernels(),
          softmax_kernels(), reduce_kernels(), move_kernels(), cast_kernels(), quantize_kernels()})
      all.insert(all.end(), family.begin(), family.end());
    std::sort(all.begin(), all.end(), [](const Kernel& a, const Kernel& b) { return a.op < b.op; });
    return all;
  }();
  return table;
}

const Kernel* find_kernel(std::string_view op) {
  const auto all = all_kernels();
  const auto it =
      std::lower_bound(all.begin(), all.end(), op, [](const Kernel& k, std::string_view name) { return k.op < name; });
  return it != all.end() && it->op == op ? &*it : nullptr;
}

bool seen_alike(const Op& a, const Op& b) {
  const Kernel* k = find_kernel(a.name());
  if (k == nullptr || k->emit == nullptr) return true;
  const Views views = k->views(a);
  const Region all = whole(views.out.dims);
  return views == k->views(b) && k->footprint(a, all) == k->footprint(b, all);
}

}  // namespace tpuc::bm1684x
