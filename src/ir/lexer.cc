// Tokens of the text form. Comments run from // to the end of the line.
#include "ir/lexer.h"

#include "ir/literal.h"

namespace tpuc {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_name_char(char c) { return is_bare_name(std::string_view(&c, 1)); }
// Generous: 1e-5, 0x7fc0, 0.1f. The parser of numbers is strict.
bool is_number_char(char c) { return is_name_char(c) || c == '+'; }

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

bool Lexer::skip_space() {
  bool new_line = at_ == 0;
  while (at_ < text_.size()) {
    const char c = text_[at_];
    if (c == '\n') {
      ++line_;
      line_start_ = ++at_;
      new_line = true;
    } else if (c == ' ' || c == '\t' || c == '\r') {
      ++at_;
    } else if (c == '/' && peek(1) == '/') {
      while (at_ < text_.size() && text_[at_] != '\n') ++at_;
    } else {
      break;
    }
  }
  return new_line;
}

std::string_view Lexer::take_while(bool (*wanted)(char)) {
  const size_t start = at_;
  while (at_ < text_.size() && wanted(text_[at_])) ++at_;
  return text_.substr(start, at_ - start);
}

// At the opening quote. A string ends on its line.
bool Lexer::read_string(std::string& out) {
  ++at_;
  while (at_ < text_.size() && text_[at_] != '\n') {
    const char c = text_[at_++];
    if (c == '"') return true;
    if (c != '\\') {
      out += c;
    } else if (peek() == 'x' && hex_digit(peek(1)) >= 0 && hex_digit(peek(2)) >= 0) {
      out += static_cast<char>(hex_digit(peek(1)) * 16 + hex_digit(peek(2)));
      at_ += 3;
    } else if (peek() == '"' || peek() == '\\') {
      out += text_[at_++];
    } else {
      return false;
    }
  }
  return false;
}

// After % or @.
void Lexer::read_name(Token& t) {
  if (peek() == '"') {
    if (!read_string(t.text)) t.kind = TokenKind::Bad;
    return;
  }
  t.text = take_while(is_name_char);
  if (t.text.empty()) t.kind = TokenKind::Bad;
}

Token Lexer::next() {
  Token t;
  t.starts_line = skip_space();
  t.line = line_;
  t.column = static_cast<int>(at_ - line_start_) + 1;
  if (at_ >= text_.size()) return t;
  const char c = text_[at_];
  if (c == '%' || c == '@') {
    ++at_;
    t.kind = c == '%' ? TokenKind::Value : TokenKind::Symbol;
    read_name(t);
  } else if (c == '#') {
    ++at_;
    t.kind = TokenKind::Hash;
    t.text = take_while(is_name_char);
  } else if (c == '"') {
    t.kind = read_string(t.text) ? TokenKind::String : TokenKind::Bad;
  } else if (c == '-' && peek(1) == '>') {
    t.kind = TokenKind::Punct;
    t.text = "->";
    at_ += 2;
  } else if (is_digit(c) || c == '-') {
    t.kind = TokenKind::Number;
    t.text = c;
    ++at_;
    for (;;) {  // a sign may follow the e of an exponent
      t.text += take_while(is_number_char);
      if (peek() != '-' || t.text.back() != 'e') break;
      t.text += text_[at_++];
    }
  } else if (is_name_char(c)) {
    t.kind = TokenKind::Word;
    t.text = take_while(is_name_char);
  } else {
    t.kind = std::string_view("(){}[]<>,:=").find(c) != std::string_view::npos ? TokenKind::Punct : TokenKind::Bad;
    t.text = c;
    ++at_;
  }
  return t;
}

}  // namespace tpuc
