// The graph: one SSA block. Program order is a topological order; the graph owns, pointers observe.
#pragma once

#include <any>
#include <list>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "tpuc/ir/op_def.h"
#include "tpuc/ir/registry.h"
#include "tpuc/ir/tensor.h"

namespace tpuc {

class Graph;

// 128 bits of xxh3.
struct Hash {
  uint64_t lo = 0, hi = 0;
  auto operator<=>(const Hash&) const = default;
};
Hash content_hash(const Tensor& t);  // type and bytes

// Constants by content: equal tensors are stored once, for as long as a value of some graph holds them.
class ConstantStore {
 public:
  struct Entry {
    Tensor tensor;
    Hash hash;
    int64_t holders = 0;
  };
  // Each add is to be followed by a release when its holder is gone.
  const Entry* add(Tensor t);
  void release(const Entry* entry);
  size_t size() const { return entries_.size(); }

 private:
  std::unordered_multimap<uint64_t, std::unique_ptr<Entry>> entries_;  // by hash.lo; looked up, never walked
};

struct Value {
  TensorType type;
  Op* def = nullptr;                           // null: graph input or constant
  size_t index = 0;                            // which output of `def`
  std::vector<Op*> uses;                       // one entry per operand slot
  std::string name;                            // unique in the graph; the foreign tensor's name where it has one
  const ConstantStore::Entry* data = nullptr;  // set for constants only
  bool is_constant() const { return data != nullptr; }
  const Tensor& tensor() const {
    TPUC_CHECK(data != nullptr, "%{} is not a constant", name);
    return data->tensor;
  }
};

enum class Place : uint8_t { Chip, Host };

// One operation. No class per operator: `is<S>()` and `attrs<S>()` say what it is.
class Op final {
 public:
  Op(const OpDef& d, std::any attrs) : def_(&d), attrs_(std::move(attrs)) {}
  Op(const Op&) = delete;
  Op& operator=(const Op&) = delete;

  const OpDef& def() const { return *def_; }
  std::string_view name() const { return def_->name; }
  template <class S>
  bool is() const {
    return def_->name == S::kName;
  }
  template <class S>
  const typename S::Attrs& attrs() const {
    return std::any_cast<const typename S::Attrs&>(attrs_);
  }
  const std::any& any_attrs() const { return attrs_; }

  const std::vector<Value*>& in() const { return in_; }  // null where an optional input is absent
  Value* in(size_t i) const { return i < in_.size() ? in_[i] : nullptr; }
  const std::vector<std::unique_ptr<Value>>& out() const { return out_; }
  Value* out(size_t i) const { return out_[i].get(); }

  std::vector<std::string> loc;  // the foreign nodes that went into this op
  Place place = Place::Chip;

 private:
  friend class Graph;  // keeps def-use chains true; the only friend in the project
  const OpDef* def_;
  std::any attrs_;
  std::vector<Value*> in_;
  std::vector<std::unique_ptr<Value>> out_;
  std::vector<size_t> use_at_;  // of each operand: its place in the value's `uses`
  std::list<Op>::iterator self_;
};

class Graph {
 public:
  Graph(std::string graph_name, ConstantStore& constants) : name(std::move(graph_name)), constants_(&constants) {}
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  std::string name;

  Value* input(TensorType type, std::string_view value_name);
  // A new constant value, or the existing one with this content. The name is a wish for a new one.
  Value* constant(Tensor t, std::string_view value_name = "const");
  // Appends an op, or inserts it before `opt_before`. Infers types; throws UserError when the inputs do not fit.
  // Outputs are named after `value_name` (made unique); empty: after the first computed input, as "x~relu".
  Op& add_op(const OpDef& d, std::any attrs, std::vector<Value*> in, std::string_view value_name = {},
             Op* opt_before = nullptr);
  template <class S>  // NOLINTNEXTLINE(performance-unnecessary-value-param): both are moved on
  Op& add(std::vector<Value*> in, typename S::Attrs attrs = {}, std::string_view value_name = {},
          Op* opt_before = nullptr) {
    return add_op(op_def<S>(), std::any(std::move(attrs)), std::move(in), value_name, opt_before);
  }

  // All uses of `from`, and graph outputs, become `to`. Types must agree in element type and dimensions.
  void replace_uses(Value* from, Value* to);
  void set_input(Op& op, size_t i, Value* v);
  // Replaces the attributes and infers types again.
  void set_attrs(Op& op, std::any attrs);
  // The op must have no uses left and no graph outputs.
  void erase(Op& op);
  // Removes ops nobody needs, and constants without uses; graph inputs stay. Returns how many ops went.
  size_t dce();
  void set_outputs(std::vector<Value*> outputs);
  // The value takes this name; another value that has it gets a suffix.
  void rename(Value* v, std::string_view value_name);
  // `in` is an input whose memory `out` shares (a cache updated in place).
  std::vector<std::pair<Value*, Value*>> aliases;

  const std::list<Op>& ops() const { return ops_; }
  std::list<Op>& ops() { return ops_; }
  const std::vector<std::unique_ptr<Value>>& inputs() const { return inputs_; }
  const std::vector<std::unique_ptr<Value>>& constants() const { return const_values_; }
  const std::vector<Value*>& outputs() const { return outputs_; }
  bool is_output(const Value* v) const;
  Value* find(std::string_view value_name) const;  // any value; null when there is none
  ConstantStore& store() { return *constants_; }
  // Counts changes of operations, uses, outputs and names; new constants do not count.
  uint64_t edits() const { return edits_; }
  // A name nobody has: `base`, or base_1, base_2, ...
  std::string unique_name(std::string_view base) const;

 private:
  void take_name(Value* v, std::string_view wish);
  void add_use(Op& op, size_t operand);
  void drop_use(Op& op, size_t operand);
  void forget(Value* v);
  std::vector<TensorType> infer(const OpDef& d, const std::any& attrs, const std::vector<Value*>& in) const;

  ConstantStore* constants_;
  uint64_t edits_ = 0;
  std::list<Op> ops_;
  std::vector<std::unique_ptr<Value>> inputs_, const_values_;
  std::vector<Value*> outputs_;
  std::unordered_set<const Value*> output_set_;
  std::unordered_map<std::string, Value*> by_name_;
  std::unordered_map<const ConstantStore::Entry*, Value*> by_entry_;
  mutable std::unordered_map<std::string, int64_t> next_suffix_;
};

// Stages are the same network at other input shapes.
struct Net {
  std::string name;
  std::vector<std::unique_ptr<Graph>> stages;
};
struct Module {
  std::unique_ptr<ConstantStore> constants = std::make_unique<ConstantStore>();
  std::vector<Net> nets;
  std::vector<std::any> keep_alive;  // mapped files that borrowed constants point into
};

// Adds ops at one place of a graph with the loc of what they stand for: used by import rules, decompositions and
// rewrites.
class Builder {
 public:
  Builder(Graph& graph, std::vector<std::string> loc, Op* opt_before = nullptr)
      : graph_(&graph), loc_(std::move(loc)), before_(opt_before) {}
  template <class S>
  Value* add(std::vector<Value*> in, typename S::Attrs attrs = {}, std::string_view value_name = {}) {
    return add_op<S>(std::move(in), std::move(attrs), value_name).out(0);
  }
  template <class S>
  Op& add_op(std::vector<Value*> in, typename S::Attrs attrs = {}, std::string_view value_name = {}) {
    Op& op = graph_->add<S>(std::move(in), std::move(attrs), value_name, before_);
    op.loc = loc_;
    return op;
  }
  Value* constant(Tensor t, std::string_view value_name = "const") {
    return graph_->constant(std::move(t), value_name);
  }
  Value* scalar(float x) { return constant(Tensor::from_f32({}, std::span(&x, 1))); }
  Graph& graph() { return *graph_; }

 private:
  Graph* graph_;
  std::vector<std::string> loc_;
  Op* before_;
};

// Evaluates one op on the host by its reference `eval` (outputs allocated here).
std::vector<Tensor> evaluate(const Op& op, std::span<const Tensor* const> in);

}  // namespace tpuc
