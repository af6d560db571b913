// Hash and difference of graphs. Values are numbered in the order in which a reader of the text meets them.
#include "tpuc/ir/equal.h"

#include <xxhash.h>

#include <bit>
#include <memory>
#include <unordered_map>

#include "tpuc/ir/text.h"

namespace tpuc {
namespace {

// Feeds plain data into xxh3; every variable-length part is preceded by its length.
class Hasher {
 public:
  Hasher() : state_(XXH3_createState()) { XXH3_128bits_reset(state_.get()); }
  void bytes(const void* p, size_t n) { XXH3_128bits_update(state_.get(), p, n); }
  void number(uint64_t x) { bytes(&x, sizeof x); }
  void text(std::string_view s) {
    number(s.size());
    bytes(s.data(), s.size());
  }
  Hash result() const {
    const XXH128_hash_t h = XXH3_128bits_digest(state_.get());
    return {h.low64, h.high64};
  }

 private:
  struct Free {
    void operator()(XXH3_state_t* s) const { XXH3_freeState(s); }
  };
  std::unique_ptr<XXH3_state_t, Free> state_;
};

struct AttrHasher {
  Hasher& h;
  void operator()(bool b) const { h.number(b ? 1 : 0); }
  void operator()(int64_t i) const { h.number(static_cast<uint64_t>(i)); }
  void operator()(double d) const { h.number(std::bit_cast<uint64_t>(d)); }
  void operator()(const std::string& s) const { h.text(s); }
  template <class T>
  void operator()(const std::vector<T>& v) const {
    h.number(v.size());
    h.bytes(v.data(), v.size() * sizeof(T));
  }
};

void add_attrs(Hasher& h, const Op& op) {
  for (const NamedAttr& a : op.def().attrs(op.any_attrs())) {
    h.number(a.value.index());
    std::visit(AttrHasher{h}, a.value);
  }
}

void add_type(Hasher& h, const TensorType& t) {
  h.number(static_cast<uint64_t>(t.dtype));
  AttrHasher{h}(t.dims);
  h.number(t.quant ? 1 : 0);
  if (t.quant) h.text(to_string(t));
}

class GraphHasher {
 public:
  explicit GraphHasher(Hasher& h) : h_(h) {}

  void add(const Graph& g) {
    number_.reserve(g.inputs().size() + g.constants().size() + 2 * g.ops().size());
    h_.text(g.name);
    h_.number(g.inputs().size());
    for (const auto& v : g.inputs()) define(*v);
    for (const Op& op : g.ops()) add(op);
    h_.number(g.outputs().size());
    for (const Value* v : g.outputs()) use(v);
    h_.number(g.aliases.size());
    for (const auto& [in, out] : g.aliases) {
      use(in);
      use(out);
    }
  }

 private:
  void define(const Value& v) {
    number_.emplace(&v, number_.size());
    h_.text(v.name);
    add_type(h_, v.type);
  }

  void use(const Value* v) {
    if (v == nullptr) return h_.number(~uint64_t{0});
    const auto it = number_.find(v);
    if (it != number_.end()) return h_.number(it->second);
    define(*v);
    h_.number(v->is_constant() ? v->data->hash.lo : 0);
    h_.number(v->is_constant() ? v->data->hash.hi : 0);
  }

  void add(const Op& op) {
    h_.text(op.name());
    add_attrs(h_, op);
    h_.number(op.in().size());
    for (const Value* v : op.in()) use(v);
    h_.number(op.out().size());
    for (const auto& v : op.out()) define(*v);
    h_.number(static_cast<uint64_t>(op.place));
    h_.number(op.loc.size());
    for (const std::string& s : op.loc) h_.text(s);
  }

  Hasher& h_;
  std::unordered_map<const Value*, size_t> number_;
};

// Walks two graphs side by side.
class Comparer {
 public:
  std::string run(const Graph& a, const Graph& b) {
    if (a.name != b.name) return fmt::format("graph @{} and @{}", a.name, b.name);
    if (a.inputs().size() != b.inputs().size()) return "the number of inputs";
    for (size_t i = 0; i < a.inputs().size(); ++i)
      if (!define(*a.inputs()[i], *b.inputs()[i])) return why_;
    auto it = b.ops().begin();
    for (const Op& op : a.ops()) {
      if (it == b.ops().end()) return fmt::format("only the first has `{}`", print(op));
      if (!same(op, *it)) return fmt::format("`{}` and `{}`: {}", print(op), print(*it), why_);
      ++it;
    }
    if (it != b.ops().end()) return fmt::format("only the second has `{}`", print(*it));
    if (!use_all(a.outputs(), b.outputs())) return "outputs: " + why_;
    if (a.aliases.size() != b.aliases.size()) return "the number of aliases";
    for (size_t i = 0; i < a.aliases.size(); ++i)
      if (!use(a.aliases[i].first, b.aliases[i].first) || !use(a.aliases[i].second, b.aliases[i].second))
        return "aliases: " + why_;
    return {};
  }

 private:
  bool fail(std::string text) {
    why_ = std::move(text);
    return false;
  }

  bool define(const Value& a, const Value& b) {
    pair_.emplace(&a, &b);
    if (a.name != b.name) return fail(fmt::format("%{} and %{}", a.name, b.name));
    if (a.type != b.type) return fail(fmt::format("%{}: {} and {}", a.name, to_string(a.type), to_string(b.type)));
    return true;
  }

  bool use(const Value* a, const Value* b) {
    if (a == nullptr || b == nullptr) return a == b || fail("an absent input");
    const auto it = pair_.find(a);
    if (it != pair_.end()) return it->second == b || fail(fmt::format("%{} and %{}", a->name, b->name));
    if (!a->is_constant() || !b->is_constant()) return fail(fmt::format("%{} is not defined before use", a->name));
    return define(*a, *b) && (identical(a->tensor(), b->tensor()) || fail(fmt::format("the data of %{}", a->name)));
  }

  bool use_all(const std::vector<Value*>& a, const std::vector<Value*>& b) {
    if (a.size() != b.size()) return fail("how many there are");
    for (size_t i = 0; i < a.size(); ++i)
      if (!use(a[i], b[i])) return false;
    return true;
  }

  bool same(const Op& a, const Op& b) {
    if (!same_meaning(a, b)) return fail("operator, attributes or place");
    if (!use_all(a.in(), b.in())) return false;
    if (a.out().size() != b.out().size()) return fail("the number of results");
    for (size_t i = 0; i < a.out().size(); ++i)
      if (!define(*a.out(i), *b.out(i))) return false;
    return a.loc == b.loc || fail("loc");
  }

  std::unordered_map<const Value*, const Value*> pair_;
  std::string why_;
};

}  // namespace

Hash hash(const Graph& graph) {
  Hasher h;
  GraphHasher(h).add(graph);
  return h.result();
}

Hash hash(const Module& module) {
  Hasher h;
  for (const Net& net : module.nets) {
    h.text(net.name);
    h.number(net.stages.size());
    for (const auto& graph : net.stages) GraphHasher(h).add(*graph);
  }
  return h.result();
}

std::string difference(const Graph& a, const Graph& b) { return Comparer().run(a, b); }

std::string difference(const Module& a, const Module& b) {
  if (a.nets.size() != b.nets.size()) return "the number of nets";
  for (size_t n = 0; n < a.nets.size(); ++n) {
    if (a.nets[n].stages.size() != b.nets[n].stages.size()) return "the number of stages";
    for (size_t s = 0; s < a.nets[n].stages.size(); ++s) {
      std::string text = difference(*a.nets[n].stages[s], *b.nets[n].stages[s]);
      if (!text.empty()) return text;
    }
  }
  return {};
}

uint64_t meaning_hash(const Op& op) {
  Hasher h;
  h.text(op.name());
  add_attrs(h, op);
  h.number(static_cast<uint64_t>(op.place));
  return h.result().lo;
}

bool same_meaning(const Op& a, const Op& b) {
  if (a.name() != b.name() || a.place != b.place) return false;
  const AttrList x = a.def().attrs(a.any_attrs()), y = b.def().attrs(b.any_attrs());
  for (size_t i = 0; i < x.size(); ++i)
    if (x[i].value != y[i].value) return false;
  return true;
}

}  // namespace tpuc
