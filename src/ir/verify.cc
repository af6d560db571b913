// The graph's promises, checked: single assignment, use lists, names, inferred types, and what the stage says.
#include "tpuc/ir/verify.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "tpuc/ir/text.h"

namespace tpuc {
namespace {

class Verifier {
 public:
  Verifier(const Graph& g, Stage stage, std::string_view after) : g_(g), stage_(stage), after_(after) {}

  void run() {
    known_.reserve(g_.inputs().size() + g_.constants().size() + 2 * g_.ops().size());
    for (const auto& v : g_.inputs()) define(*v);
    for (const auto& v : g_.constants()) {
      define(*v);
      check(v->is_constant() && v->type == v->tensor().type, "%{}: type and data differ", v->name);
    }
    for (const Op& op : g_.ops()) {
      operation(op);
      types(op);
      promises(op);
    }
    for (const auto& [v, unread] : known_) check(unread == 0, "%{} lists uses that no operand is", v->name);
    for (const Value* v : g_.outputs()) check(v != nullptr && known_.count(v) != 0, "an output is not of this graph");
    for (const auto& [in, out] : g_.aliases)
      check(known_.count(in) != 0 && known_.count(out) != 0, "an alias names values that are not of this graph");
  }

 private:
  template <class... Args>
  void check(bool ok, fmt::format_string<Args...> text, Args&&... args) const {
    if (!ok) fail(fmt::format(text, std::forward<Args>(args)...));
  }
  [[noreturn]] void fail(const std::string& text) const {
    throw InternalError(fmt::format("graph @{} after {}: {}", g_.name, after_, text));
  }

  void define(const Value& v) {
    uint64_t uses = 0;
    for (const Op* op : v.uses) uses += token(op);
    check(known_.emplace(&v, uses).second, "%{} is defined twice", v.name);
    check(g_.find(v.name) == &v, "%{} does not own its name", v.name);
  }

  // Stands for a use by the op. Uses are summed up, whatever their order: a sum of others that is the same by chance is
  // as good as impossible.
  static uint64_t token(const Op* op) {
    uint64_t z = reinterpret_cast<uintptr_t>(op) * 0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    return (z ^ (z >> 27)) | 1;
  }

  // Each operand is known by now, and its value lists this op as often as the op reads it.
  void operation(const Op& op) {
    for (const Value* v : op.in()) {
      if (v == nullptr) continue;
      const auto known = known_.find(v);
      check(known != known_.end(), "{}: %{} is used before it is defined", op.name(), v->name);
      known->second -= token(&op);
    }
    for (const auto& v : op.out()) {
      check(v->def == &op, "%{} names another op as its producer", v->name);
      define(*v);
    }
  }

  void types(const Op& op) const {
    std::vector<const TensorType*> in;
    for (const Value* v : op.in()) in.push_back(v == nullptr ? nullptr : &v->type);
    std::vector<TensorType> inferred;
    try {
      inferred = op.def().infer({op.name(), in}, op.any_attrs());
    } catch (const UserError& e) {
      fail(fmt::format("`{}`: {}", print(op), e.what()));
    }
    check(inferred.size() == op.out().size(), "`{}`: {} results inferred", print(op), inferred.size());
    for (size_t i = 0; i < inferred.size(); ++i) {
      const TensorType& t = op.out(i)->type;
      if (t.dtype != inferred[i].dtype || t.dims != inferred[i].dims)
        fail(fmt::format("`{}`: {} inferred", print(op), to_string(inferred[i])));
    }
  }

  void promises(const Op& op) const {
    if (stage_ >= Stage::Canonical) check(op.name() != "batch_norm", "`{}` is left", print(op));
    if (stage_ < Stage::Quantized || op.name() == "arg_max" || op.name() == "arg_min") return;
    for (const auto& v : op.out()) {
      const DType t = v->type.dtype;
      check(t != DType::I64 && t != DType::U64 && t != DType::F64, "`{}`: the chip has no {}", print(op), to_string(t));
    }
  }

  const Graph& g_;
  Stage stage_;
  std::string_view after_;
  std::unordered_map<const Value*, uint64_t> known_;  // the sum of its uses that no operand was found for yet
};

}  // namespace

std::string_view to_string(Stage stage) {
  static constexpr std::array<std::string_view, 4> kNames{"imported", "canonical", "quantized", "laid_out"};
  return kNames[static_cast<size_t>(stage)];
}

void verify(const Graph& graph, Stage stage, std::string_view after) { Verifier(graph, stage, after).run(); }

void verify(const Module& module, Stage stage, std::string_view after) {
  for (const Net& net : module.nets)
    for (const auto& graph : net.stages) verify(*graph, stage, after);
}

}  // namespace tpuc
