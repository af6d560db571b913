// Graph -> text. Keys in the order of the fields, defaults elided, a constant just before its first use: a small change
// of a graph is a small change of its text.
#include <fmt/format.h>

#include <cmath>
#include <iterator>
#include <unordered_set>

#include "ir/literal.h"
#include "tpuc/ir/text.h"

namespace tpuc {
namespace {

using Out = std::back_insert_iterator<std::string>;

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string bare_or_quoted(std::string_view text) { return is_bare_name(text) ? std::string(text) : quoted(text); }

bool is_bare_attr(std::string_view text) {
  return is_bare_name(text) && std::isalpha(static_cast<unsigned char>(text[0])) != 0 && text != "true" &&
         text != "false" && text != "inf" && text != "nan";
}

// Shortest text that reads back as x; `f` marks a float that is not the nearest double of its own text.
std::string print_double(double x) {
  if (std::isnan(x)) return "nan";
  if (std::isinf(x)) return x < 0 ? "-inf" : "inf";
  const auto narrow = static_cast<float>(x);
  std::string text = fmt::format("{}", x);
  bool marked = false;
  if (static_cast<double>(narrow) == x) {
    const std::string shorter = fmt::format("{}", narrow);
    marked = shorter.size() < text.size();
    if (marked) text = shorter;
  }
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return marked ? text + "f" : text;
}

struct AttrPrinter {
  std::string operator()(bool b) const { return b ? "true" : "false"; }
  std::string operator()(int64_t i) const { return fmt::format("{}", i); }
  std::string operator()(double d) const { return print_double(d); }
  std::string operator()(const std::string& s) const { return is_bare_attr(s) ? s : quoted(s); }
  std::string operator()(const std::vector<int64_t>& v) const { return fmt::format("[{}]", fmt::join(v, ",")); }
  std::string operator()(const std::vector<double>& v) const {
    std::vector<std::string> texts;
    texts.reserve(v.size());
    for (const double d : v) texts.push_back(print_double(d));
    return fmt::format("[{}]", fmt::join(texts, ","));
  }
};

void print_operands(Out out, const std::vector<Value*>& values) {
  for (size_t i = 0; i < values.size(); ++i)
    fmt::format_to(out, "{}{}", i == 0 ? "" : ", ", values[i] == nullptr ? "_" : print_name(*values[i]));
}

void print_constant(Out out, const Value& v) {
  const Tensor& t = v.tensor();
  fmt::format_to(out, "  {} = const ", print_name(v));
  if (t.count() > kInlineElements) {
    fmt::format_to(out, "#{}", constant_key(v.data->hash));
  } else {
    const std::vector<std::string> elements = print_elements(t);
    if (t.dims().empty())
      fmt::format_to(out, "{}", elements[0]);
    else
      fmt::format_to(out, "[{}]", fmt::join(elements, ", "));
  }
  fmt::format_to(out, " : {}\n", to_string(v.type));
}

void print_op(Out out, const Op& op) {
  for (size_t i = 0; i < op.out().size(); ++i) fmt::format_to(out, "{}{}", i == 0 ? "" : ", ", print_name(*op.out(i)));
  fmt::format_to(out, " = {}(", op.name());
  print_operands(out, op.in());
  fmt::format_to(out, ")");
  const std::string attrs = print_attrs(op.def(), op.any_attrs());
  if (!attrs.empty()) fmt::format_to(out, " {{{}}}", attrs);
  for (size_t i = 0; i < op.out().size(); ++i)
    fmt::format_to(out, "{} {}", i == 0 ? " :" : ",", to_string(op.out(i)->type));
  if (op.place == Place::Host) fmt::format_to(out, " place(host)");
  if (op.loc.empty()) return;
  std::vector<std::string> nodes;
  nodes.reserve(op.loc.size());
  for (const std::string& node : op.loc) nodes.push_back(quoted(node));
  fmt::format_to(out, " loc({})", fmt::join(nodes, ", "));
}

void print_graph(Out out, const Graph& g) {
  fmt::format_to(out, "graph @{}(", bare_or_quoted(g.name));
  for (size_t i = 0; i < g.inputs().size(); ++i)
    fmt::format_to(out, "{}{}: {}", i == 0 ? "" : ", ", print_name(*g.inputs()[i]), to_string(g.inputs()[i]->type));
  fmt::format_to(out, ") -> (");
  print_operands(out, g.outputs());
  fmt::format_to(out, ") {{\n");
  std::unordered_set<const Value*> printed;
  const auto constant = [&](const Value* v) {
    if (v != nullptr && v->is_constant() && printed.insert(v).second) print_constant(out, *v);
  };
  for (const Op& op : g.ops()) {
    for (const Value* v : op.in()) constant(v);
    fmt::format_to(out, "  ");
    print_op(out, op);
    fmt::format_to(out, "\n");
  }
  for (const Value* v : g.outputs()) constant(v);
  for (const auto& [in, result] : g.aliases)
    fmt::format_to(out, "  alias({}, {})\n", print_name(*in), print_name(*result));
  fmt::format_to(out, "}}\n");
}

}  // namespace

std::string print_name(const Value& v) { return "%" + bare_or_quoted(v.name); }

std::string print_attr(const AttrValue& value) { return std::visit(AttrPrinter{}, value); }

std::string print_attrs(const OpDef& d, const std::any& attrs) {
  const AttrList list = d.attrs(attrs);
  if (list.empty()) return {};
  const AttrList defaults = d.attrs(d.default_attrs());
  std::string out;
  for (size_t i = 0; i < list.size(); ++i) {
    if (list[i].value == defaults[i].value) continue;
    out += fmt::format("{}{}={}", out.empty() ? "" : ", ", list[i].name, print_attr(list[i].value));
  }
  return out;
}

std::string constant_key(const Hash& hash) { return fmt::format("{:016x}", hash.lo); }

std::string print(const Op& op) {
  std::string text;
  print_op(std::back_inserter(text), op);
  return text;
}

std::string print(const Graph& graph) {
  std::string text;
  print_graph(std::back_inserter(text), graph);
  return text;
}

std::string print(const Module& module) {
  std::string text;
  for (const Net& net : module.nets)
    for (const auto& graph : net.stages) print_graph(std::back_inserter(text), *graph);
  return text;
}

}  // namespace tpuc
