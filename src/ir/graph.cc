// Upkeep of the graph: insertion, def-use lists, names, dead code. Every change of a graph goes through here.
#include "tpuc/ir/graph.h"

#include <algorithm>

namespace tpuc {
namespace {

// Values that no foreign model named are called after their first computed input: "conv_0~relu".
constexpr char kMadeUpMark = '~';

std::string made_up_name(const OpDef& d, const std::vector<Value*>& in) {
  const Value* source = nullptr;
  for (const Value* v : in)
    if (v != nullptr && (source == nullptr || (source->is_constant() && !v->is_constant()))) source = v;
  if (source == nullptr) return std::string(d.name);
  return source->name.substr(0, source->name.find(kMadeUpMark)) + kMadeUpMark + std::string(d.name);
}

}  // namespace

Value* Graph::input(TensorType type, std::string_view value_name) {
  inputs_.push_back(std::make_unique<Value>());
  Value* v = inputs_.back().get();
  v->type = std::move(type);
  v->index = inputs_.size() - 1;
  take_name(v, value_name);
  return v;
}

Value* Graph::constant(Tensor t, std::string_view value_name) {
  const ConstantStore::Entry* entry = constants_->add(std::move(t));
  Value*& v = by_entry_[entry];
  if (v != nullptr) {
    constants_->release(entry);  // the value holds it already
    return v;
  }
  const_values_.push_back(std::make_unique<Value>());
  v = const_values_.back().get();
  v->type = entry->tensor.type;
  v->data = entry;
  take_name(v, value_name);
  return v;
}

std::vector<TensorType> Graph::infer(const OpDef& d, const std::any& attrs, const std::vector<Value*>& in) const {
  const int given = static_cast<int>(in.size());
  if (given < d.min_in || given > d.max_in)
    throw UserError(diagnostic(ErrorCode::E1105, "{}: {} inputs, expected {}", d.name, given,
                               d.max_in == kVariadic  ? fmt::format("at least {}", d.min_in)
                               : d.min_in == d.max_in ? fmt::format("{}", d.min_in)
                                                      : fmt::format("{} to {}", d.min_in, d.max_in)));
  std::vector<const TensorType*> types(in.size());
  for (size_t i = 0; i < in.size(); ++i) types[i] = in[i] == nullptr ? nullptr : &in[i]->type;
  for (int i = 0; i < d.min_in; ++i)
    if (in[static_cast<size_t>(i)] == nullptr)
      throw UserError(diagnostic(ErrorCode::E1105, "{}: input {} is absent but required", d.name, i));
  std::vector<TensorType> out = d.infer({d.name, types}, attrs);
  for (const TensorType& t : out)
    if (!is_sane(t.dims, t.dtype))
      throw UserError(
          diagnostic(ErrorCode::E1106, "{}: the result would be {}{}", d.name, to_string(t.dtype), to_string(t.dims))
              .note("hint", "no dimension may be negative and a tensor has at most 2^40 bytes"));
  return out;
}

Op& Graph::add_op(const OpDef& d, std::any attrs, std::vector<Value*> in, std::string_view value_name, Op* opt_before) {
  ++edits_;
  std::vector<TensorType> types = infer(d, attrs, in);
  const auto place = opt_before == nullptr ? ops_.end() : opt_before->self_;
  const auto it = ops_.emplace(place, d, std::move(attrs));
  Op& op = *it;
  op.self_ = it;
  op.in_ = std::move(in);
  op.use_at_.resize(op.in_.size());
  for (size_t i = 0; i < op.in_.size(); ++i) add_use(op, i);
  const std::string base = value_name.empty() ? made_up_name(d, op.in_) : std::string(value_name);
  for (size_t i = 0; i < types.size(); ++i) {
    op.out_.push_back(std::make_unique<Value>());
    Value* v = op.out_.back().get();
    v->type = std::move(types[i]);
    v->def = &op;
    v->index = i;
    take_name(v, base);
  }
  return op;
}

void Graph::add_use(Op& op, size_t operand) {
  Value* v = op.in_[operand];
  if (v == nullptr) return;
  op.use_at_[operand] = v->uses.size();
  v->uses.push_back(&op);
}

// The last entry of `uses` moves into the gap; its owner is told where it went.
void Graph::drop_use(Op& op, size_t operand) {
  Value* v = op.in_[operand];
  if (v == nullptr) return;
  const size_t gap = op.use_at_[operand], last = v->uses.size() - 1;
  Op* moved = v->uses[last];
  v->uses[gap] = moved;
  v->uses.pop_back();
  if (gap == last) return;
  for (size_t i = 0; i < moved->in_.size(); ++i)
    if (moved->in_[i] == v && moved->use_at_[i] == last) {
      moved->use_at_[i] = gap;
      return;
    }
  TPUC_CHECK(false, "the use list of %{} is damaged", v->name);
}

void Graph::set_input(Op& op, size_t i, Value* v) {
  ++edits_;
  TPUC_CHECK(i < op.in_.size(), "{}: operand {} of {}", op.name(), i, op.in_.size());
  drop_use(op, i);
  op.in_[i] = v;
  add_use(op, i);
}

void Graph::replace_uses(Value* from, Value* to) {
  if (from == to) return;
  ++edits_;
  TPUC_CHECK(from->type.dtype == to->type.dtype && from->type.dims == to->type.dims, "%{}: {} cannot stand for %{}: {}",
             to->name, to_string(to->type), from->name, to_string(from->type));
  std::vector<Op*> uses;
  uses.swap(from->uses);
  for (Op* op : uses)
    for (size_t i = 0; i < op->in_.size(); ++i)
      if (op->in_[i] == from) {
        op->in_[i] = to;
        add_use(*op, i);
      }
  for (auto& [in, out] : aliases)
    if (out == from) out = to;
  if (!is_output(from)) return;
  std::replace(outputs_.begin(), outputs_.end(), from, to);
  output_set_.erase(from);
  output_set_.insert(to);
}

void Graph::set_attrs(Op& op, std::any attrs) {
  const std::vector<TensorType> types = infer(*op.def_, attrs, op.in_);
  TPUC_CHECK(types.size() == op.out_.size(), "{}: the number of results changed", op.name());
  ++edits_;
  op.attrs_ = std::move(attrs);
  for (size_t i = 0; i < types.size(); ++i) op.out_[i]->type = types[i];
}

void Graph::forget(Value* v) {
  const auto it = by_name_.find(v->name);
  if (it != by_name_.end() && it->second == v) by_name_.erase(it);
}

void Graph::erase(Op& op) {
  ++edits_;
  for (const auto& v : op.out_) {
    TPUC_CHECK(v->uses.empty() && !is_output(v.get()), "%{} is still used", v->name);
    forget(v.get());
  }
  for (size_t i = 0; i < op.in_.size(); ++i) drop_use(op, i);
  ops_.erase(op.self_);
}

size_t Graph::dce() {
  std::unordered_set<const Value*> kept(output_set_);
  for (const auto& [in, out] : aliases) kept.insert(out);
  size_t erased = 0;
  // Users come after producers: walking backwards removes whole dead chains in one go.
  for (auto it = ops_.end(); it != ops_.begin();) {
    Op& op = *--it;
    const bool needed = std::any_of(op.out_.begin(), op.out_.end(),
                                    [&](const auto& v) { return !v->uses.empty() || kept.count(v.get()) != 0; });
    if (needed) continue;
    ++it;
    erase(op);
    ++erased;
  }
  std::erase_if(const_values_, [&](const auto& v) {
    if (!v->uses.empty() || kept.count(v.get()) != 0) return false;
    forget(v.get());
    by_entry_.erase(v->data);
    constants_->release(v->data);
    return true;
  });
  return erased;
}

void Graph::set_outputs(std::vector<Value*> outputs) {
  ++edits_;
  outputs_ = std::move(outputs);
  output_set_.clear();
  output_set_.insert(outputs_.begin(), outputs_.end());
}

bool Graph::is_output(const Value* v) const { return output_set_.count(v) != 0; }

Value* Graph::find(std::string_view value_name) const {
  const auto it = by_name_.find(std::string(value_name));
  return it == by_name_.end() ? nullptr : it->second;
}

std::string Graph::unique_name(std::string_view base) const {
  std::string wish(base.empty() ? "value" : base);
  if (by_name_.count(wish) == 0) return wish;
  int64_t& suffix = next_suffix_[wish];
  std::string candidate;
  do candidate = fmt::format("{}_{}", wish, ++suffix);
  while (by_name_.count(candidate) != 0);
  return candidate;
}

void Graph::take_name(Value* v, std::string_view wish) {
  v->name = unique_name(wish);
  by_name_.emplace(v->name, v);
}

void Graph::rename(Value* v, std::string_view value_name) {
  if (v->name == value_name) return;
  ++edits_;
  forget(v);
  if (Value* other = find(value_name)) {
    const std::string wish = other->name;
    take_name(other, wish);  // `wish` is still taken, so the other value gets a suffix
    by_name_.erase(wish);
  }
  v->name = value_name;
  by_name_.emplace(v->name, v);
}

std::vector<Tensor> evaluate(const Op& op, std::span<const Tensor* const> in) {
  std::vector<Tensor> out;
  out.reserve(op.out().size());
  for (const auto& v : op.out()) out.emplace_back(v->type);
  op.def().eval({in}, op.any_attrs(), out);
  return out;
}

}  // namespace tpuc
