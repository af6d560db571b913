// Text -> tokens with line and column. Never fails: what is no token comes out as Bad and the parser reports it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace tpuc {

enum class TokenKind : uint8_t {
  Word,    // f32, conv2d, true, _
  Value,   // %name, text without the %
  Symbol,  // @name
  Hash,    // #0123abcd
  Number,  // -1.5e3, 0x7fc0, inf
  String,  // "..."
  Punct,   // one of ( ) { } [ ] < > , : =  and ->
  Bad,
  End,
};

struct Token {
  TokenKind kind = TokenKind::End;
  std::string text;  // decoded
  int line = 1, column = 1;
  bool starts_line = false;
  bool is(std::string_view punct_or_word) const {
    return (kind == TokenKind::Punct || kind == TokenKind::Word) && text == punct_or_word;
  }
};

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}
  Token next();

 private:
  bool skip_space();  // true when a new line began
  bool read_string(std::string& out);
  void read_name(Token& t);
  std::string_view take_while(bool (*wanted)(char));
  char peek(size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }

  std::string_view text_;
  size_t at_ = 0, line_start_ = 0;
  int line_ = 1;
};

}  // namespace tpuc
