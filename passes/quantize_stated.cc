// See the header.
#include "passes/quantize_stated.h"

#include <algorithm>

#include "ops/integer_sum.h"
#include "ops/quantize.h"
#include "passes/quantize_plan.h"
#include "tpuc/pass/quantization.h"

namespace tpuc {
namespace {

using ops::Dequantize;
using ops::Quantize;

class Reader {
 public:
  explicit Reader(const Graph& graph) : graph_(graph) {}

  StatedParams read() {
    for (const Op& op : graph_.ops())
      if (is_stated_source(&op)) {
        const auto& attrs = op.attrs<Dequantize>();
        stated_[op.out(0)] = {op.in(0)->type.dtype, attrs.scale, static_cast<int32_t>(attrs.zero)};
      }
    for (const Op& op : graph_.ops())
      if (op.is<Quantize>()) read_sink(op);
    for (const Op& op : graph_.ops()) forwards(op);
    for (auto op = graph_.ops().rbegin(); op != graph_.ops().rend(); ++op) backwards(*op);
    return std::move(stated_);
  }

 private:
  static QuantParams params_of(const Op& quantize) {
    const auto& attrs = quantize.attrs<Quantize>();
    return {attrs.to, attrs.scale, static_cast<int32_t>(attrs.zero)};
  }

  // Where somebody else reads the value too, it may not be rounded for all.
  void read_sink(const Op& op) {
    const Value* v = op.in(0);
    if (v->def == nullptr || v->type.dtype != DType::F32 || graph_.is_output(v) || stated_.contains(v)) return;
    const QuantParams p = params_of(op);
    const auto agrees = [&](const Op* user) { return user->is<Quantize>() && params_of(*user) == p; };
    if (std::all_of(v->uses.begin(), v->uses.end(), agrees)) stated_[v] = p;
  }

  // The elements of all run-time operands are on one grid: so are those of the result.
  void forwards(const Op& op) {
    if (!keeps_elements(op) || stated_.contains(op.out(0))) return;
    const QuantParams* common = nullptr;
    for (const Value* v : data_operands(op, Int8Form::SameScale)) {
      const auto known = stated_.find(v);
      if (known == stated_.end() || (common != nullptr && !(*common == known->second))) return;
      common = &known->second;
    }
    if (common != nullptr) stated_[op.out(0)] = QuantParams(*common);
  }

  // Rounding before the elements are picked is rounding after it.
  void backwards(const Op& op) {
    if (!keeps_elements(op)) return;
    const auto known = stated_.find(op.out(0));
    if (known == stated_.end()) return;
    const QuantParams p = known->second;
    for (const Value* v : data_operands(op, Int8Form::SameScale))
      if (!v->is_constant() && v->def != nullptr && v->uses.size() == 1 && !graph_.is_output(v)) stated_.emplace(v, p);
  }

  const Graph& graph_;
  StatedParams stated_;
};

}  // namespace

bool is_stated_source(const Op* opt_op) {
  return opt_op != nullptr && opt_op->is<Dequantize>() && !opt_op->in(0)->is_constant() &&
         ops::is_byte(opt_op->in(0)->type.dtype) && opt_op->out(0)->type.dtype == DType::F32;
}

StatedParams stated_params(const Graph& graph) { return Reader(graph).read(); }

bool states_quantization(const Graph& graph) {
  return std::any_of(graph.ops().begin(), graph.ops().end(), [](const Op& op) { return is_stated_source(&op); });
}

std::vector<std::string> values_without_scale(const Graph& graph) {
  const StatedParams stated = stated_params(graph);
  std::vector<std::string> names;
  for (const Op& op : graph.ops())
    for (const auto& v : op.out())
      if (is_float(v->type.dtype) && !stated.contains(v.get())) names.push_back(v->name);
  return names;
}

}  // namespace tpuc
