// A resize axis by axis, each as the rows of a picture: every mode is a product of its axes.
#include "ops/import.h"
#include "ops/resize.h"

namespace tpuc::ops {

Values Resize::decompose(const Op& op, Builder& b) {
  const Attrs& a = op.attrs<Resize>();
  Dims d = op.in(0)->type.dims;
  if (d.size() == 4 && a.sizes[0] == d[0] && a.sizes[1] == d[1]) return {};
  Value* x = op.in(0);
  for (size_t i = 0; i < d.size(); ++i) {
    if (a.sizes[i] == d[i] && a.scales[i] == 1.0f) continue;
    const auto at = static_cast<std::ptrdiff_t>(i);
    const int64_t outer = element_count(Dims(d.begin(), d.begin() + at)),
                  inner = element_count(Dims(d.begin() + at + 1, d.end()));
    Attrs one = a;
    one.sizes = {1, outer, a.sizes[i], inner};
    one.scales = {1, 1, a.scales[i], 1};
    x = b.add<Resize>({reshape(b, x, {1, outer, d[i], inner})}, one);
    d[i] = a.sizes[i];
    x = reshape(b, x, d);
  }
  if (x == op.in(0)) return {};
  return {x};
}

}  // namespace tpuc::ops
