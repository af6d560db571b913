// See the header. exact: rounding and saturation keep the order of numbers, so the larger of two rounded lines is the
// larger line, rounded.
#include "passes/quantize_slopes.h"

#include <algorithm>
#include <limits>

#include "ops/activation.h"
#include "ops/eltwise.h"
#include "ops/quantize.h"

namespace tpuc {
namespace {

using namespace ops;

// One per channel, or one for all.
std::vector<double> slopes_of(const Op& op) {
  if (op.is<LeakyRelu>()) return {double(op.attrs<LeakyRelu>().alpha)};
  return op.in(1)->tensor().to_f64();
}

class SlopeWriter {
 public:
  SlopeWriter(Op& op, QuantizedValues& values)
      : op_(op), values_(values), y_(values.params(op.out(0))), slopes_(slopes_of(op)), x_(values.sums_of(op.in(0))) {
    if (x_.integers != nullptr) return;
    const QuantParams& p = values.params(op.in(0));
    x_ = {values.integer_of(op.in(0), &op), {p.scale}, {-double(p.zero) * p.scale}, 1};
  }

  // Where slopes lie on both sides of 1, each side has its line and the other a bound that changes nothing.
  void run() {
    const auto is_flat = [](double s) { return s <= 1; };
    Value* y = line([](double) { return 1.0; });
    const bool any_flat = std::any_of(slopes_.begin(), slopes_.end(), is_flat);
    const bool any_steep = !std::all_of(slopes_.begin(), slopes_.end(), is_flat);
    if (any_flat) y = combine<Max>(y, line([](double s) { return std::min(s, 1.0); }));
    if (any_steep) y = combine<Min>(y, line([](double s) { return s > 1 ? s : kEverywhereAbove; }));
    values_.hold(op_, *y->def);
  }

 private:
  static constexpr double kEverywhereAbove = std::numeric_limits<double>::infinity();

  // x * slope, slopes made of the operator's.
  template <class F>
  Value* line(F slope_of) {
    const size_t count = std::max(slopes_.size(), x_.scale.size());
    std::vector<float> rows(2 * count);
    for (size_t c = 0; c < count; ++c) {
      const double slope = slope_of(slopes_[slopes_.size() == 1 ? 0 : c]);
      const size_t k = x_.scale.size() == 1 ? 0 : c;
      const bool is_bound = slope == kEverywhereAbove;
      rows[c] = is_bound ? 0.0f : static_cast<float>(slope * x_.scale[k] / y_.scale);
      rows[count + c] =
          is_bound ? static_cast<float>(y_.highest()) : static_cast<float>(slope * x_.offset[k] / y_.scale + y_.zero);
    }
    Value* constant =
        values_.graph().constant(Tensor::from_f32({2, static_cast<int64_t>(count)}, rows), "requantization");
    return finish(
        values_.graph().add<Requantize>({x_.integers, constant}, {.to = y_.dtype, .axis = x_.axis}, {}, &op_));
  }

  template <class S>
  Value* combine(Value* a, Value* b) {
    return finish(values_.graph().add<S>({a, b}, {}, {}, &op_));
  }

  Value* finish(Op& made) const {
    made.loc = op_.loc;
    made.out(0)->type.quant = to_quant(y_);
    return made.out(0);
  }

  Op& op_;
  QuantizedValues& values_;
  const QuantParams y_;
  const std::vector<double> slopes_;
  ExactSums x_;
};

}  // namespace

bool has_constant_slopes(const Op& op) {
  if (op.is<LeakyRelu>()) return true;
  if (!op.is<PRelu>() || !op.in(1)->is_constant()) return false;
  const Dims &x = op.in(0)->type.dims, &slope = op.in(1)->type.dims;
  if (element_count(slope) == 1) return true;
  if (x.size() < 2 || slope.size() + 1 < x.size()) return false;  // axis 1 is one of the slope's
  return element_count(slope) == x[1] && slope[slope.size() - (x.size() - 1)] == x[1];
}

void quantize_slopes(Op& op, QuantizedValues& values) { SlopeWriter(op, values).run(); }

}  // namespace tpuc
