// See the header. Shares do not change where all of a line is moved: where the exponentials of all 256 values are far
// from the ends of f32 one table for all lines will do; else it is of distances from the largest of each line.
#include "passes/quantize_softmax.h"

#include <cmath>

#include "ops/softmax.h"
#include "ops/table_softmax.h"

namespace tpuc {
namespace {

constexpr int64_t kLongest = 16384;
constexpr double kWidest = 80;  // e^-80 and its reciprocal, times all that a sum or a scale may be, are normal numbers

// Entry k: of the byte k, or of the distance k - 256, 0 being 0.
Tensor exponentials(const QuantParams& p, bool below_top) {
  std::vector<float> entries(256);
  for (int byte = 0; byte < 256; ++byte) {
    const int q = p.dtype == DType::I8 && byte > 127 ? byte - 256 : byte;
    const int below = below_top ? (256 - byte) % 256 : p.highest() - q;
    const double distance = double(p.scale) * below;
    entries[static_cast<size_t>(byte)] = distance > kWidest ? 0.0F : static_cast<float>(std::exp(-distance));
  }
  return Tensor::from_f32({256}, entries);
}

}  // namespace

bool is_table_softmax(const Op& op) {
  if (!op.is<ops::Softmax>() || op.in(0)->is_constant()) return false;
  return op.in(0)->type.dims[static_cast<size_t>(op.attrs<ops::Softmax>().axis)] <= kLongest;
}

void quantize_softmax(Op& op, QuantizedValues& values) {
  const QuantParams &x = values.params(op.in(0)), &y = values.params(op.out(0));
  const bool below_top = 255 * double(x.scale) > kWidest;
  Value* table = values.graph().constant(exponentials(x, below_top), "exponentials");
  const ops::TableSoftmax::Attrs attrs{op.attrs<ops::Softmax>().axis, below_top, y.scale, y.zero, y.dtype};
  values.hold(op, values.graph().add<ops::TableSoftmax>({values.integer_of(op.in(0), &op), table}, attrs, {}, &op));
}

}  // namespace tpuc
