// Recursive descent over the tokens of one .tpuir text; see text.h for what it accepts. Errors are collected: a bad
// statement is skipped, its results count as known so that they cause no further messages.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ir/lexer.h"
#include "tpuc/ir/graph.h"
#include "tpuc/support/npz.h"

namespace tpuc {

class Parser {
 public:
  Parser(std::string_view text, const NamedArrays& weights, std::string_view file);
  Module run();

 private:
  struct Attr {
    Token name;
    AttrValue value;
  };

  // tokens
  void advance() { token_ = lexer_.next(); }
  bool accept(std::string_view punct);
  Token expect(std::string_view punct);
  Token expect(TokenKind kind, std::string_view what);
  std::string where(const Token& t) const;
  [[noreturn]] void unexpected(std::string_view wanted) const;
  void skip_statement();
  void skip_to_graph();
  void keep(const UserError& e);

  // structure
  void graph(Module& m);
  void inputs();
  void statement();
  void alias();
  void constant(const Token& name);
  void operation(const std::vector<Token>& results);
  void check_results(Op& op, const std::vector<Token>& results, std::vector<TensorType> types, const Token& op_name);
  void resolve_outputs(const std::vector<Token>& names);

  // parts
  TensorType type();
  Quant quant(size_t rank);
  Tensor inline_data(const std::vector<Token>& elements, bool is_list, TensorType t);
  Tensor stored_data(const Token& key, TensorType t) const;
  std::vector<Token> list_of(std::string_view what);
  std::any attributes(const OpDef& d);
  AttrValue attribute_value();
  AttrValue number_list(const std::vector<Token>& items);
  int64_t integer(const Token& t) const;
  Value* value(const Token& name);  // null: the statement that defines it was bad
  void define(const Token& name, Value* v);

  Lexer lexer_;
  std::string file_;
  Token token_;
  std::unordered_map<std::string_view, const NpyArray*> weights_;
  std::vector<Diagnostic> errors_;
  Graph* graph_ = nullptr;
  std::unordered_map<std::string, Value*> values_;
};

}  // namespace tpuc
