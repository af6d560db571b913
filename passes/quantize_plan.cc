// Forms first, by operator; then those that would stand alone among floats are dropped until nothing changes; then the
// values that must share a scale are joined, and each set gets the hull of its ranges.
#include "passes/quantize_plan.h"

#include <algorithm>
#include <vector>

#include "ops/activation.h"
#include "ops/cast.h"
#include "ops/conv.h"
#include "ops/eltwise.h"
#include "ops/gather.h"
#include "ops/integer_sum.h"
#include "ops/matmul.h"
#include "ops/norm.h"
#include "ops/pool.h"
#include "ops/quantize.h"
#include "ops/resize.h"
#include "ops/shape.h"
#include "ops/slice.h"
#include "passes/quantize_slopes.h"
#include "passes/quantize_softmax.h"
#include "passes/quantize_stated.h"

namespace tpuc {
namespace {

using namespace ops;

bool is_constant_or_absent(const Value* v) { return v == nullptr || v->is_constant(); }

bool has_no_activation(const Op& op) {
  const Activation a = op.is<Conv2d>()   ? op.attrs<Conv2d>().activation
                       : op.is<MatMul>() ? op.attrs<MatMul>().activation
                                         : op.attrs<ConvTranspose2d>().activation;
  return a == Activation::None;
}

bool is_sum_of_products(const Op& op) {
  if (op.is<Conv2d>() || op.is<ConvTranspose2d>() || op.is<MatMul>())
    return op.in(1)->is_constant() ? is_constant_or_absent(op.in(2)) : op.is<MatMul>() && op.in(2) == nullptr;
  return false;
}

// Products that one element of the result adds up.
int64_t terms_of(const Op& op) {
  if (op.is<AvgPool2d>()) return op.attrs<AvgPool2d>().kernel[0] * op.attrs<AvgPool2d>().kernel[1];
  if (op.is<MatMul>()) {
    const auto& a = op.attrs<MatMul>();
    const Dims& d = op.in(0)->type.dims;
    const size_t axis = d.size() - (a.transpose_a ? 2 : 1);
    return d[a.order_a.empty() ? axis : static_cast<size_t>(a.order_a[axis])];
  }
  if (!op.is<Conv2d>() && !op.is<ConvTranspose2d>()) return 1;
  const Dims& f = op.in(1)->type.dims;
  return (op.is<Conv2d>() ? f[1] : f[0] / op.attrs<ConvTranspose2d>().group) * f[2] * f[3];
}

// Sums of products of bytes stay in int32.
bool sums_fit(const Op& op) { return terms_of(op) <= (op.is<MatMul>() ? kMostMatrixTerms : kMostFilterTerms); }

std::optional<Int8Form> form_for(const Op& op) {
  if (op.out().size() != 1 || op.out(0)->type.dtype != DType::F32 || op.in(0) == nullptr || !sums_fit(op)) return {};
  if (is_sum_of_products(op)) return op.is<MatMul>() ? Int8Form::MatMul : Int8Form::Convolution;
  if (op.is<AvgPool2d>()) return Int8Form::Convolution;
  if (op.is<Scale>()) {
    const bool is_image = op.in(0)->type.dims.size() == 4 && op.in(1)->is_constant() && is_constant_or_absent(op.in(2));
    return is_image ? std::optional(Int8Form::Convolution) : std::nullopt;
  }
  if (op.is<Add>() || op.is<Sub>()) return Int8Form::WeightedSum;
  if (op.is<Mul>()) return Int8Form::Product;
  if (has_constant_slopes(op)) return Int8Form::Slopes;
  if (is_table_softmax(op)) return Int8Form::Softmax;
  const bool is_unary = op.in().size() == 1 && !op.in(0)->is_constant();
  if (is_unary && (op.def().quant == QuantTraits::Lut || op.is<Relu>() || op.is<Clip>())) return Int8Form::Table;
  const bool is_linear = op.is<Resize>() && op.attrs<Resize>().mode == ResizeMode::Linear;
  if (keeps_elements(op) || is_linear) return Int8Form::SameScale;  // weights of a mean sum to 1
  return {};
}

class Planner {
 public:
  Planner(const Graph& graph, const Quantization& how) : graph_(graph), how_(how), stated_(stated_params(graph)) {}

  QuantizePlan plan() {
    for (const Op& op : graph_.ops())
      if (op.place == Place::Chip && (!how_.wants_int8 || how_.wants_int8(op)))
        if (const auto form = form_for(op); form && has_ranges(op, *form) && is_fine_enough(op, *form))
          plan_.forms.emplace(&op, *form);
    while (drop_lone_ops()) {
    }
    find_sums();
    join_scales();
    plan_.is_stated = !stated_.empty();
    return std::move(plan_);
  }

 private:
  static bool is_anchor(Int8Form form, const Op& op) {
    return form == Int8Form::MatMul || op.is<Conv2d>() || op.is<ConvTranspose2d>();
  }

  bool has_range(const Value* v) const {
    return v->is_constant() || stated_.contains(v) || how_.ranges.contains(v->name);
  }
  // Sums of products need no range of their result: where it is not known, floats read it.
  bool has_ranges(const Op& op, Int8Form form) const {
    const std::vector<Value*> data = data_operands(op, form);
    return (is_anchor(form, op) || has_range(op.out(0))) &&
           std::all_of(data.begin(), data.end(), [&](const Value* v) { return has_range(v); });
  }

  // Exponentials tell what a rounded operand has lost: where its steps would be coarse they are taken of floats, unless
  // the user names the operator or the network has rounded it already.
  bool is_fine_enough(const Op& op, Int8Form form) const {
    if (form != Int8Form::Softmax || stated_.contains(op.in(0))) return true;
    if (how_.insists_on_int8 && how_.insists_on_int8(op)) return true;
    return choose_params(range_of(op.in(0)), usual()).scale <= kMostSoftmaxStep;
  }

  bool is_integer_input(const Value* v) const { return how_.native_border && v->def == nullptr && has_range(v); }
  bool is_int8(const Op* op) const { return plan_.forms.contains(op); }
  bool read_in_int8(const Value* v) const {
    if (how_.native_border && graph_.is_output(v) && has_range(v)) return true;
    return std::any_of(v->uses.begin(), v->uses.end(), [&](const Op* user) {
      if (user->is<Quantize>()) return stated_.contains(v);
      const auto form = plan_.forms.find(user);
      if (form == plan_.forms.end()) return false;
      const std::vector<Value*> data = data_operands(*user, form->second);
      return std::find(data.begin(), data.end(), v) != data.end();
    });
  }

  bool stands_alone(const Op& op, Int8Form form) const {
    if (is_anchor(form, op)) return false;
    if (!read_in_int8(op.out(0))) return true;
    const std::vector<Value*> data = data_operands(op, form);
    const auto comes_in_float = [&](const Value* v) {
      return !v->is_constant() && !is_int8(v->def) && !is_stated_source(v->def) && !is_integer_input(v) &&
             !is_cast_of_bytes(v->def) && !is_mask(graph_, v);
    };
    return std::any_of(data.begin(), data.end(), comes_in_float) ||
           std::all_of(data.begin(), data.end(), [](const Value* v) { return v->is_constant(); });
  }

  bool drop_lone_ops() {
    std::vector<const Op*> lone;
    for (const Op& op : graph_.ops())
      if (const auto form = plan_.forms.find(&op); form != plan_.forms.end() && stands_alone(op, form->second))
        lone.push_back(&op);
    for (const Op* op : lone) plan_.forms.erase(op);
    return !lone.empty();
  }

  // What only an op with slopes reads stays a sum, unless the network itself rounds it.
  void find_sums() {
    for (const auto& [op, form] : plan_.forms) {
      if (form != Int8Form::Slopes) continue;
      const Value* x = op->in(0);
      const auto made = plan_.forms.find(x->def);
      if (made == plan_.forms.end() || !is_anchor(made->second, *x->def) || x->uses.size() != 1) continue;
      if (!graph_.is_output(x) && !stated_.contains(x) && has_no_activation(*x->def)) plan_.sums.insert(x);
    }
  }

  ZeroPoint usual() const { return how_.asymmetric ? ZeroPoint::Always : ZeroPoint::WhereLopsided; }

  // Sets of values that share scale and zero point, as a forest.
  const Value* root(const Value* v) {
    auto it = parent_.find(v);
    while (it != parent_.end() && it->second != v) v = it->second, it = parent_.find(v);
    return v;
  }
  void join(const Value* a, const Value* b) {
    if (stated_.contains(a) || stated_.contains(b)) return;  // a stated scale is nobody else's
    a = root(a), b = root(b);
    if (a != b) parent_[b] = a;
  }

  ValueRange seen_range(const Value* v) const {
    if (const auto given = how_.ranges.find(v->name); given != how_.ranges.end()) return given->second;
    ValueRange r;
    for (const double x : v->tensor().to_f64()) r = {std::min(r.min, x), std::max(r.max, x)};
    return r;
  }

  ValueRange range_of(const Value* v) const {
    const ValueRange r = seen_range(v);
    if (is_mask(graph_, v)) return {std::max(r.min, kMaskEnd), r.max};
    if (const Value* opt_scores = masked_scores(graph_, v))
      return {std::max(r.min, std::min(seen_range(opt_scores).min - kMaskedBelow, r.max)), r.max};
    return r;
  }

  static ValueRange hull(ValueRange a, ValueRange b) { return {std::min(a.min, b.min), std::max(a.max, b.max)}; }

  // A same-scale op joins its result with its run-time operands; constants and padding only widen the set's range: a
  // constant may serve several ops.
  void join_same_scale(const Op& op, const std::vector<Value*>& data) {
    const Value* y = op.out(0);
    for (const Value* v : data)
      if (v->is_constant())
        widened_.emplace_back(y, range_of(v));
      else
        join(y, v);
    if (op.is<Pad>()) widened_.emplace_back(y, ValueRange{op.attrs<Pad>().value, op.attrs<Pad>().value});
  }

  void join_scales() {
    std::vector<const Value*> held, factors;  // in program order
    for (const Op& op : graph_.ops()) {
      const auto form = plan_.forms.find(&op);
      if (form == plan_.forms.end()) continue;
      const std::vector<Value*> data = data_operands(op, form->second);
      std::copy_if(data.begin(), data.end(), std::back_inserter(held),
                   [&](const Value* v) { return !plan_.sums.contains(v); });
      if (read_in_int8(op.out(0)) && !plan_.sums.contains(op.out(0))) held.push_back(op.out(0));
      if (form->second == Int8Form::SameScale) join_same_scale(op, data);
      if (form->second == Int8Form::MatMul && data.size() == 2) factors.insert(factors.end(), data.begin(), data.end());
    }
    std::unordered_map<const Value*, ValueRange> ranges;  // by root
    for (const auto& [v, params] : stated_) plan_.params.emplace(v, params);
    for (const Value* v : held)
      if (const auto exact = v->is_constant() && !stated_.empty() ? exact_params(v->tensor()) : std::nullopt)
        plan_.params.emplace(v, *exact);
    for (const Value* v : held)
      if (!stated_.contains(v)) ranges[root(v)] = hull(ranges[root(v)], range_of(v));
    for (const auto& [v, range] : widened_) ranges[root(v)] = hull(ranges[root(v)], range);
    // Operands of products of two run-time matrices have no zero point: the correction would be a product of its own.
    std::unordered_set<const Value*> symmetric;
    for (const Value* v : factors) symmetric.insert(root(v));
    for (const Value* v : held)
      if (!stated_.contains(v))
        plan_.params.emplace(
            v, choose_params(ranges.at(root(v)), symmetric.contains(root(v)) ? ZeroPoint::Never : usual()));
  }

  const Graph& graph_;
  const Quantization& how_;
  const StatedParams stated_;
  QuantizePlan plan_;
  std::unordered_map<const Value*, const Value*> parent_;
  std::vector<std::pair<const Value*, ValueRange>> widened_;
};

}  // namespace

bool keeps_elements(const Op& op) {
  if (op.is<Resize>()) return op.attrs<Resize>().mode == ResizeMode::Nearest;
  return op.is<Reshape>() || op.is<Permute>() || op.is<Expand>() || op.is<Tile>() || op.is<Slice>() ||
         op.is<Concat>() || op.is<Pad>() || op.is<MaxPool2d>() || op.is<DepthToSpace>() || op.is<SpaceToDepth>() ||
         op.is<Gather>() || op.is<Max>() || op.is<Min>();
}

std::vector<Value*> data_operands(const Op& op, Int8Form form) {
  if (form == Int8Form::Convolution || form == Int8Form::Slopes || op.is<Gather>()) return {op.in(0)};
  if (form == Int8Form::MatMul && op.in(1)->is_constant()) return {op.in(0)};
  if (form == Int8Form::MatMul) return {op.in(0), op.in(1)};
  std::vector<Value*> data;
  for (Value* v : op.in())
    if (v != nullptr) data.push_back(v);
  return data;
}

bool is_cast_of_bytes(const Op* opt_op) {
  return opt_op != nullptr && opt_op->is<Cast>() && is_byte(opt_op->in(0)->type.dtype) &&
         opt_op->out(0)->type.dtype == DType::F32;
}

std::optional<Int8Form> QuantizePlan::form_of(const Op& op) const {
  const auto it = forms.find(&op);
  return it == forms.end() ? std::nullopt : std::optional(it->second);
}

const QuantParams* QuantizePlan::params_of(const Value* v) const {
  const auto it = params.find(v);
  return it == params.end() ? nullptr : &it->second;
}

QuantizePlan plan_quantization(const Graph& graph, const Quantization& how) { return Planner(graph, how).plan(); }

}  // namespace tpuc
