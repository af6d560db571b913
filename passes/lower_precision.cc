// From the model's element types to those of the chip: floats become the asked precision, i64 -> i32, u64 -> u32,
// f64 -> f32. Inputs and outputs are f32, i32, u8 (for bool) ...; inside, bool stays bool: a byte of 0 or 1.
// Every value is followed in the type it was computed in; where an op wants another one, a cast of origin `lowering`
// stands before the op, once for all that want it.
#include <algorithm>
#include <limits>
#include <map>
#include <optional>
#include <unordered_map>

#include "ops/cast.h"
#include "ops/conv.h"
#include "ops/gather.h"
#include "ops/matmul.h"
#include "ops/norm.h"
#include "ops/quantize.h"
#include "ops/reduce.h"
#include "ops/shape.h"
#include "ops/weight_matmul.h"
#include "passes/narrow_filter.h"
#include "passes/narrow_floats.h"
#include "passes/passes.h"
#include "tpuc/ir/equal.h"
#include "tpuc/ir/text.h"
#include "tpuc/support/pages.h"

namespace tpuc {
namespace {

using namespace ops;

// What integers and bools are inside the chip; floats are the caller's business.
DType chip_integer(DType t) {
  if (t == DType::I64) return DType::I32;
  if (t == DType::U64) return DType::U32;
  return t;
}

DType border_type(DType t) {
  if (is_float(t)) return DType::F32;
  return t == DType::Bool ? DType::U8 : chip_integer(t);
}

// Operands that stay f32 beside half data: biases, the vectors of normalizations, scale and offset of requantizations.
bool is_f32_operand(const Op& op, size_t i) {
  if (op.is<Conv2d>() || op.is<ConvTranspose2d>() || op.is<MatMul>() || op.is<WeightMatMul>()) return i >= 2;
  return i >= 1 && (op.is<Requantize>() || op.is<Scale>() || op.is<LayerNorm>() || op.is<RmsNorm>() ||
                    op.is<GroupNorm>() || op.is<InstanceNorm>());
}

// Where they have no kernel they are spelled out as what moves or compares elements, which no type rounds: f32 would
// only make tables larger.
bool picks_elements(const Op& op) {
  return op.is<Gather>() || op.is<GatherElements>() || op.is<GatherNd>() || op.is<ArgMax>() || op.is<ArgMin>() ||
         (op.is<ScatterNd>() && op.attrs<ScatterNd>().kind == ScatterKind::Replace);
}

Tensor narrow_integer(const Value& v, DType to) {
  const std::vector<int64_t> values = v.tensor().to_i64();
  const bool is_signed_type = to == DType::I32;
  const int64_t low = is_signed_type ? std::numeric_limits<int32_t>::min() : 0;
  const int64_t high = is_signed_type ? std::numeric_limits<int32_t>::max() : std::numeric_limits<uint32_t>::max();
  for (const int64_t x : values)
    if (x < low || x > high)
      throw UserError(diagnostic(ErrorCode::E1107, "constant {} holds {}, which does not fit in {}", print_name(v), x,
                                 to_string(to))
                          .note("hint", "the chip computes with 32-bit integers"));
  Tensor out(to, v.type.dims);
  out.assign_f64(std::vector<double>(values.begin(), values.end()));  // exact: 32 bits fit in an f64
  return out;
}

class Lowering {
 public:
  Lowering(Graph& graph, const PassOptions& options) : graph_(graph), options_(options) {}

  void run() {
    if (options_.layer_precisions) layer_precisions_ = options_.layer_precisions(graph_);
    std::vector<std::string> names;  // of the outputs, before anything takes them
    for (const Value* v : graph_.outputs()) names.push_back(v->name);
    for (const auto& v : graph_.inputs()) {
      input_types_[v.get()] = v->type.dtype;
      v->type.dtype = input_type(*v);
    }
    std::vector<Op*> ops;
    for (Op& op : graph_.ops()) ops.push_back(&op);
    for (Op* op : ops) op->is<Cast>() ? lower_cast(*op) : lower(*op);
    lower_outputs(names);
    for (auto& [in, out] : graph_.aliases) out = lowered(out);
    graph_.dce();
  }

 private:
  // Float type the op computes in.
  DType precision_of(const Op& op) const {
    if (op.place == Place::Host) return DType::F32;
    const auto own = layer_precisions_.find(&op);
    if (own == layer_precisions_.end() && is_view_of_island(op)) return DType::F32;
    const DType wanted =
        own == layer_precisions_.end() ? type_of_only_operand(op).value_or(options_.precision) : own->second;
    if (wanted == DType::F32 || !options_.supports || options_.supports(op, wanted) || picks_elements(op))
      return wanted;
    return DType::F32;
  }

  // A native border has what the first reader computes with.
  DType input_type(const Value& v) const {
    if (!options_.native_border || !is_float(v.type.dtype)) return border_type(v.type.dtype);
    return v.uses.empty() ? options_.precision : precision_of(*v.uses.front());
  }
  DType output_type(const Value* old) const {
    const DType t = old_type(old), own = lowered(const_cast<Value*>(old))->type.dtype;
    return options_.native_border && is_float(t) && is_float(own) && own != DType::F64 ? own : border_type(t);
  }

  // A view costs nothing in any type; narrowing for its sake would lose what an f32 op behind it still wants.
  bool is_view_of_island(const Op& op) const {
    if (!op.is<Reshape>() || op.in(0)->def == nullptr) return false;
    return lowered(op.in(0))->type.dtype == DType::F32;
  }

  // A result that is not a float (of arg_max, say) is no better or worse for a cast of the operand.
  std::optional<DType> type_of_only_operand(const Op& op) const {
    const Value* only = nullptr;
    for (Value* v : op.in()) {
      if (v == nullptr || v->is_constant() || !is_float(lowered(v)->type.dtype)) continue;
      if (only != nullptr) return std::nullopt;
      only = lowered(v);
    }
    if (only == nullptr || only->def == nullptr || is_float(op.out(0)->type.dtype)) return std::nullopt;
    return only->type.dtype;
  }

  // The value that stands for the old one, in the type it was computed in.
  Value* lowered(Value* old) const {
    const auto it = new_value_.find(old);
    return it == new_value_.end() ? old : it->second;
  }

  Value* get(Value* old, DType wanted, Op* opt_before) {
    Value* v = lowered(old);
    if (v->type.dtype == wanted) return v;
    Value*& cast = converted_[{v, wanted}];
    if (cast == nullptr && v->is_constant())
      cast = convert_constant(*v, wanted);
    else if (cast == nullptr)
      cast = add_cast(v, wanted, opt_before);
    return cast;
  }

  Value* filter(Value& v, DType precision) {
    Value*& narrow = filters_[{&v, precision}];
    if (narrow == nullptr) narrow = replace_constant(v, narrow_filter(v.tensor(), precision));
    return narrow;
  }

  Value* convert_constant(Value& v, DType wanted) {
    return replace_constant(v, is_float(wanted) ? narrow_floats(v.tensor(), wanted) : narrow_integer(v, wanted));
  }

  Value* replace_constant(Value& v, Tensor t) {
    release_pages(v.tensor().bytes());  // weights of a mapped file: the original is not read again
    Value* converted = graph_.constant(std::move(t), v.name);
    graph_.rename(converted, std::string(v.name));
    return converted;
  }

  // The chip rounds factors and offsets of a scale to its type: a mask's -3.4e38 would be infinite there, and 0 times
  // that a NaN, where any other constant becomes the lowest half.
  Value* bounded(Value* v, DType precision) {
    Value*& value = bounded_[{v, precision}];
    if (value != nullptr) return value;
    Tensor t = finite_in(v->tensor(), precision);
    return value = identical(t, v->tensor()) ? v : graph_.constant(std::move(t), v->name);
  }

  Value* add_cast(Value* v, DType to, Op* opt_before) {
    Op& op = graph_.add<Cast>({v}, {.to = to, .origin = Origin::Lowering}, {}, opt_before);
    if (v->def != nullptr) op.loc = v->def->loc;
    return op.out(0);
  }

  void lower(Op& op) {
    const DType precision = precision_of(op);
    std::vector<Value*> in;
    for (size_t i = 0; i < op.in().size(); ++i) {
      Value* old = op.in(i);
      if (old == nullptr) {
        in.push_back(nullptr);
      } else if (!is_float(old_type(old))) {
        in.push_back(get(old, chip_integer(old_type(old)), &op));
      } else {
        const bool stays_f32 = old->is_constant() && is_f32_operand(op, i);
        const bool is_filter = i == 1 && op.is<Conv2d>() && old->is_constant() && precision != DType::F32;
        Value* v = is_filter ? filter(*old, precision) : get(old, stays_f32 ? DType::F32 : precision, &op);
        in.push_back(stays_f32 && op.is<Scale>() ? bounded(v, precision) : v);
      }
    }
    if (op.is<ArgMax>() || op.is<ArgMin>()) return lower_arg(op, std::move(in));
    rebuild(op, op.any_attrs(), std::move(in));
  }

  // The index type is an attribute.
  void lower_arg(Op& op, std::vector<Value*> in) {
    ArgAttrs attrs = op.is<ArgMax>() ? op.attrs<ArgMax>() : op.attrs<ArgMin>();
    const bool changed = attrs.index != DType::I32;
    attrs.index = DType::I32;
    rebuild(op, attrs, std::move(in), changed);
  }

  // Inputs were retyped in place.
  DType old_type(const Value* v) const {
    const auto it = input_types_.find(v);
    return it == input_types_.end() ? v->type.dtype : it->second;
  }

  // An op whose operands did not change stays as it is.
  void rebuild(Op& op, std::any attrs, std::vector<Value*> in, bool attrs_changed = false) {
    const auto is_retyped = [&](const Value* v) { return v != nullptr && v->type.dtype != old_type(v); };
    const bool same_inputs = in == op.in() && std::none_of(in.begin(), in.end(), is_retyped);
    if (same_inputs && !attrs_changed && results_fit(op)) return;
    Op& n = graph_.add_op(op.def(), std::move(attrs), std::move(in), op.out(0)->name, &op);
    n.loc = op.loc;
    n.place = op.place;
    for (size_t i = 0; i < n.out().size(); ++i) {
      graph_.rename(n.out(i), std::string(op.out(i)->name));
      Value* v = n.out(i);
      const DType t = v->type.dtype;
      new_value_[op.out(i)] = t == chip_integer(t) ? v : add_cast(v, chip_integer(t), &op);
    }
  }

  static bool results_fit(const Op& op) {
    return std::all_of(op.out().begin(), op.out().end(), [](const auto& v) {
      return v->type.dtype != DType::F64 && v->type.dtype == chip_integer(v->type.dtype);
    });
  }

  void lower_cast(Op& op) {
    auto attrs = op.attrs<Cast>();
    Value* x = lowered(op.in(0));
    if (attrs.origin == Origin::Lowering && x == op.in(0)) {  // the graph was lowered before
      converted_.emplace(std::pair(x, attrs.to), op.out(0));
      return;
    }
    if (old_type(op.in(0)) == DType::Bool) x = get(op.in(0), DType::Bool, &op);
    const DType from = old_type(op.in(0));
    if (x->is_constant() && x->type.dtype != chip_integer(x->type.dtype)) x = get(op.in(0), chip_integer(from), &op);
    const DType precision = precision_of(op);
    if (is_float(from) && is_float(attrs.to)) {
      // A widening is nothing where all values live in the precision; a model's own narrowing stays a rounding.
      if (holds_all_values(attrs.to, x->type.dtype) || holds_all_values(attrs.to, precision)) {
        new_value_[op.out(0)] = x;
        return;
      }
    } else {
      attrs.to = is_float(attrs.to) ? precision : chip_integer(attrs.to);
      if (attrs.to == x->type.dtype) {
        new_value_[op.out(0)] = x;
        return;
      }
    }
    rebuild(op, attrs, {x}, attrs.to != op.attrs<Cast>().to);
  }

  void lower_outputs(const std::vector<std::string>& names) {
    std::vector<Value*> outputs;
    for (Value* old : graph_.outputs()) {
      Value* v = get(old, output_type(old), nullptr);
      if (is_integer(v->type.dtype)) v->type.quant = old->type.quant;  // a model's own integers have none
      const bool is_input = v->def == nullptr && !v->is_constant();
      const bool is_taken = std::find(outputs.begin(), outputs.end(), v) != outputs.end();
      if (v != old && (is_input || is_taken)) v = add_cast(v, v->type.dtype, nullptr);
      const std::string& name = names[outputs.size()];
      Value* inner = lowered(old);
      if (v != inner && inner->name == name && inner->def != nullptr)
        graph_.rename(inner, fmt::format("{}~{}", name, to_string(inner->type.dtype)));
      if (v != old) graph_.rename(v, name);
      outputs.push_back(v);
    }
    graph_.set_outputs(std::move(outputs));
  }

  Graph& graph_;
  const PassOptions& options_;
  std::unordered_map<const Op*, DType> layer_precisions_;
  std::unordered_map<const Value*, Value*> new_value_;
  std::map<std::pair<Value*, DType>, Value*> converted_, bounded_, filters_;  // looked up only, never walked
  std::unordered_map<const Value*, DType> input_types_;
};

}  // namespace

bool run_lower_precision(Graph& graph, PassCtx& ctx) {
  const Hash before = hash(graph);
  Lowering lowering(graph, ctx.options);
  lowering.run();
  return hash(graph) != before;
}

}  // namespace tpuc
