// Text -> module: tokens, errors, graphs and statements. Types, constants and attributes are parser_parts.cc.
#include "ir/parser.h"

#include <algorithm>

#include "tpuc/ir/text.h"

namespace tpuc {
namespace {

constexpr size_t kMaxErrors = 20;

}  // namespace

Parser::Parser(std::string_view text, const NamedArrays& weights, std::string_view file) : lexer_(text), file_(file) {
  for (const auto& [name, array] : weights) weights_.emplace(name, &array);
  advance();
}

std::string Parser::where(const Token& t) const { return fmt::format("{}:{}:{}", file_, t.line, t.column); }

void Parser::unexpected(std::string_view wanted) const {
  const std::string got = token_.kind == TokenKind::End ? "the end of the text" : fmt::format("`{}`", token_.text);
  throw UserError(diagnostic(ErrorCode::E1101, "{}: expected {}, got {}", where(token_), wanted, got));
}

bool Parser::accept(std::string_view punct) {
  if (!token_.is(punct)) return false;
  advance();
  return true;
}

Token Parser::expect(std::string_view punct) {
  if (!token_.is(punct)) unexpected(fmt::format("`{}`", punct));
  Token t = token_;
  advance();
  return t;
}

Token Parser::expect(TokenKind kind, std::string_view what) {
  if (token_.kind != kind) unexpected(what);
  Token t = token_;
  advance();
  return t;
}

void Parser::keep(const UserError& e) {
  errors_.insert(errors_.end(), e.diagnostics().begin(), e.diagnostics().end());
  if (errors_.size() >= kMaxErrors) throw UserError(errors_);
}

// A statement begins on a line of its own.
void Parser::skip_statement() {
  while (token_.kind != TokenKind::End && !token_.starts_line) advance();
}

void Parser::skip_to_graph() {
  while (token_.kind != TokenKind::End && !(token_.starts_line && token_.is("graph"))) advance();
}

Module Parser::run() {
  Module m;
  while (token_.kind != TokenKind::End) {
    try {
      graph(m);
    } catch (const UserError& e) {
      if (errors_.size() >= kMaxErrors) throw;
      keep(e);
      if (token_.starts_line && token_.is("graph")) advance();
      skip_to_graph();
    }
  }
  if (!errors_.empty()) throw UserError(errors_);
  if (m.nets.empty()) throw UserError(diagnostic(ErrorCode::E1101, "{}: the text holds no graph", file_));
  return m;
}

// graph @name(%a: f32[1,3], ...) -> (%y, ...) { statements }      Graphs of one name in a row are stages of one net.
void Parser::graph(Module& m) {
  expect("graph");
  const Token name = expect(TokenKind::Symbol, "the graph's name, `@name`");
  auto owned = std::make_unique<Graph>(name.text, *m.constants);
  graph_ = owned.get();
  values_.clear();
  inputs();
  expect("->");
  expect("(");
  std::vector<Token> outputs;
  while (!token_.is(")")) {
    outputs.push_back(expect(TokenKind::Value, "an output, `%name`, or `)`"));
    if (!accept(",")) break;
  }
  expect(")");
  expect("{");
  while (!token_.is("}") && token_.kind != TokenKind::End) {
    const int line = token_.line;
    try {
      statement();
    } catch (const UserError& e) {
      keep(e);
      if (token_.line == line) advance();
      skip_statement();
    }
  }
  expect("}");
  resolve_outputs(outputs);
  if (m.nets.empty() || m.nets.back().name != name.text) m.nets.push_back({name.text, {}});
  m.nets.back().stages.push_back(std::move(owned));
}

void Parser::inputs() {
  expect("(");
  while (!token_.is(")")) {
    const Token name = expect(TokenKind::Value, "an input, `%name: type`, or `)`");
    expect(":");
    TensorType t = type();
    define(name, nullptr);
    values_[name.text] = graph_->input(std::move(t), name.text);
    if (!accept(",")) break;
  }
  expect(")");
}

void Parser::resolve_outputs(const std::vector<Token>& names) {
  std::vector<Value*> outputs;
  for (const Token& name : names) {
    try {
      outputs.push_back(value(name));
    } catch (const UserError& e) {
      keep(e);
    }
  }
  // A missing output was reported; the graph is dropped with the module.
  if (errors_.empty()) graph_->set_outputs(std::move(outputs));
}

// Names that begin a statement: known from now on, whatever comes of it.
void Parser::define(const Token& name, Value* v) {
  if (!values_.emplace(name.text, v).second)
    throw UserError(diagnostic(ErrorCode::E1102, "{}: %{} is defined twice", where(name), name.text));
}

Value* Parser::value(const Token& name) {
  const auto it = values_.find(name.text);
  if (it == values_.end())
    throw UserError(diagnostic(ErrorCode::E1102, "{}: %{} is not defined above", where(name), name.text));
  return it->second;
}

void Parser::statement() {
  if (token_.is("alias")) return alias();
  std::vector<Token> results;
  do results.push_back(expect(TokenKind::Value, "a statement, `%name = ...`, or `}`"));
  while (accept(","));
  for (const Token& r : results) define(r, nullptr);
  expect("=");
  if (results.size() == 1 && accept("const")) return constant(results[0]);
  operation(results);
}

void Parser::alias() {
  advance();
  expect("(");
  const Token in = expect(TokenKind::Value, "an input, `%name`");
  expect(",");
  const Token out = expect(TokenKind::Value, "a value, `%name`");
  expect(")");
  Value *a = value(in), *b = value(out);
  if (a != nullptr && b != nullptr) graph_->aliases.emplace_back(a, b);
}

// %r = op(%a, _, ...) {attr=value, ...} : type, ... place(host) loc("node", ...)
void Parser::operation(const std::vector<Token>& results) {
  const Token name = expect(TokenKind::Word, "an operator");
  const OpDef* d = find_op(name.text);
  if (d == nullptr)
    throw UserError(diagnostic(ErrorCode::E1102, "{}: no operator is called `{}`", where(name), name.text)
                        .note("hint", "`tpuc ops` lists them"));
  expect("(");
  std::vector<Value*> in;
  bool all_known = true;
  while (!token_.is(")")) {
    if (accept("_")) {
      in.push_back(nullptr);
    } else {
      in.push_back(value(expect(TokenKind::Value, "an operand, `%name` or `_`")));
      all_known = all_known && in.back() != nullptr;
    }
    if (!accept(",")) break;
  }
  expect(")");
  std::any attrs = attributes(*d);
  expect(":");
  std::vector<TensorType> types;
  do types.push_back(type());
  while (accept(","));
  Place place = Place::Chip;
  if (accept("place")) {
    expect("(");
    if (!accept("chip")) expect("host"), place = Place::Host;
    expect(")");
  }
  std::vector<std::string> loc;
  if (accept("loc")) {
    expect("(");
    do loc.push_back(expect(TokenKind::String, "a node's name in quotes").text);
    while (accept(","));
    expect(")");
  }
  if (!all_known) return;
  try {
    Op& op = graph_->add_op(*d, std::move(attrs), std::move(in), results[0].text);
    op.place = place;
    op.loc = std::move(loc);
    check_results(op, results, std::move(types), name);
  } catch (const UserError& e) {  // say where
    std::vector<Diagnostic> all = e.diagnostics();
    for (Diagnostic& one : all)
      if (!one.message.starts_with(file_ + ":")) one.notes.emplace_back("at", where(name));
    throw UserError(std::move(all));
  }
}

void Parser::check_results(Op& op, const std::vector<Token>& results, std::vector<TensorType> types,
                           const Token& op_name) {
  if (results.size() != op.out().size() || types.size() != op.out().size())
    throw UserError(diagnostic(ErrorCode::E1103, "{}: {} has {} results, the text names {} with {} types",
                               where(op_name), op.name(), op.out().size(), results.size(), types.size()));
  for (size_t i = 0; i < results.size(); ++i) {
    Value* v = op.out(i);
    if (v->type.dtype != types[i].dtype || v->type.dims != types[i].dims)
      throw UserError(diagnostic(ErrorCode::E1103, "{}: {} gives {}, the text says {}", where(op_name), op.name(),
                                 to_string(v->type), to_string(types[i])));
    v->type = std::move(types[i]);
    graph_->rename(v, results[i].text);
    values_[results[i].text] = v;
  }
}

Module parse_module(std::string_view text, const NamedArrays& weights, std::string_view file) {
  return Parser(text, weights, file).run();
}

}  // namespace tpuc
