// The parts of statements: types, constants, attributes.
#include <algorithm>
#include <cstring>

#include "ir/literal.h"
#include "ir/parser.h"
#include "tpuc/ir/text.h"

namespace tpuc {
namespace {

constexpr size_t kMaxRank = 32;

// f32: a number like 1.5f keeps the precision it was printed with.
std::optional<float> parse_float(const std::string& text) {
  Tensor one(DType::F32, {1});
  if (!parse_element(text, one, 0)) return std::nullopt;
  return one.as<float>()[0];
}

// An attribute element: an integer stays one; everything else numeric is a real.
bool is_real(const std::string& text) { return !parse_int(text) && parse_double(text).has_value(); }

}  // namespace

int64_t Parser::integer(const Token& t) const {
  const auto i = parse_int(t.text);
  if (t.kind != TokenKind::Number || !i)
    throw UserError(diagnostic(ErrorCode::E1101, "{}: `{}` is no 64-bit integer", where(t), t.text));
  return *i;
}

// [a, b, ...] of numbers and words (inf, true).
std::vector<Token> Parser::list_of(std::string_view what) {
  std::vector<Token> items;
  expect("[");
  while (!token_.is("]")) {
    if (token_.kind != TokenKind::Number && token_.kind != TokenKind::Word) unexpected(what);
    items.push_back(token_);
    advance();
    if (!accept(",")) break;
  }
  expect("]");
  return items;
}

TensorType Parser::type() {
  const Token name = expect(TokenKind::Word, "a type, like `f32[1,3]`");
  const auto dtype = parse_dtype(name.text);
  if (!dtype) throw UserError(diagnostic(ErrorCode::E1101, "{}: `{}` is no element type", where(name), name.text));
  TensorType t{*dtype, {}, {}};
  for (const Token& item : list_of("a dimension")) t.dims.push_back(integer(item));
  if (t.dims.size() > kMaxRank || !is_sane(t.dims, t.dtype))
    throw UserError(diagnostic(ErrorCode::E1104,
                               "{}: a tensor has at most {} dimensions, none negative, and at most 2^40 bytes",
                               where(name), kMaxRank));
  if (accept("<")) t.quant = quant(t.dims.size());
  return t;
}

// <scale=[0.5], zero=[3], axis=1, block_axis=1, block=64>, after the <
Quant Parser::quant(size_t rank) {
  const Token start = token_;
  Quant q;
  do {
    const Token key = expect(TokenKind::Word, "scale, zero, axis, block_axis or block");
    expect("=");
    if (key.text == "scale") {
      for (const Token& item : list_of("a scale")) {
        const auto x = parse_float(item.text);
        if (!x) throw UserError(diagnostic(ErrorCode::E1101, "{}: `{}` is no number", where(item), item.text));
        q.scale.push_back(*x);
      }
    } else if (key.text == "zero") {
      for (const Token& item : list_of("a zero point")) q.zero.push_back(static_cast<int32_t>(integer(item)));
    } else if (key.text == "axis" || key.text == "block_axis") {
      (key.text == "axis" ? q.axis : q.block_axis) = static_cast<int>(integer(token_));
      advance();
    } else if (key.text == "block") {
      q.block = integer(token_);
      advance();
    } else {
      throw UserError(diagnostic(ErrorCode::E1101, "{}: `{}` is no part of a quantization", where(key), key.text));
    }
  } while (accept(","));
  expect(">");
  const int limit = static_cast<int>(rank);
  if (q.scale.empty() || (!q.zero.empty() && q.zero.size() != q.scale.size()) || q.axis >= limit ||
      q.block_axis >= limit || q.axis < -1 || q.block_axis < -1 || q.block < 0)
    throw UserError(diagnostic(ErrorCode::E1101, "{}: scales, zero points and axes do not go together", where(start)));
  return q;
}

// %c = const [1, 2.5] : f32[2]      %c = const 3 : i64[]      %c = const #hash : f32[6,1,5,5]
void Parser::constant(const Token& name) {
  const Token start = token_;
  std::vector<Token> elements;
  bool is_list = false;
  if (token_.kind == TokenKind::Hash) {
    advance();
  } else if (token_.is("[")) {
    is_list = true;
    elements = list_of("an element");
  } else {
    if (token_.kind != TokenKind::Number && token_.kind != TokenKind::Word)
      unexpected("`#hash`, a number or a list of numbers");
    elements.push_back(token_);
    advance();
  }
  expect(":");
  TensorType t = type();
  Tensor data =
      start.kind == TokenKind::Hash ? stored_data(start, std::move(t)) : inline_data(elements, is_list, std::move(t));
  values_[name.text] = graph_->constant(std::move(data), name.text);
}

Tensor Parser::inline_data(const std::vector<Token>& elements, bool is_list, TensorType t) {
  const int64_t count = element_count(t);
  if (count != static_cast<int64_t>(elements.size()) || is_list == t.dims.empty())
    throw UserError(diagnostic(ErrorCode::E1103, "{}: {} has {} elements, the text gives {}", where(token_),
                               to_string(t), count, elements.size()));
  Tensor data(std::move(t));
  for (size_t i = 0; i < elements.size(); ++i)
    if (!parse_element(elements[i].text, data, i))
      throw UserError(diagnostic(ErrorCode::E1103, "{}: `{}` is no {}", where(elements[i]), elements[i].text,
                                 to_string(data.dtype())));
  return data;
}

Tensor Parser::stored_data(const Token& key, TensorType t) const {
  const auto it = weights_.find(key.text);
  if (it == weights_.end())
    throw UserError(diagnostic(ErrorCode::E1102, "{}: constant #{} is not in the .npz", where(key), key.text)
                        .note("hint", "keep the .npz of the same name beside the .tpuir"));
  const NpyArray& array = *it->second;
  if (static_cast<int64_t>(array.data.size()) != byte_count(t))
    throw UserError(diagnostic(ErrorCode::E1103, "{}: constant #{} has {} bytes in the .npz, {} needs {}", where(key),
                               key.text, array.data.size(), to_string(t), byte_count(t)));
  Tensor data(std::move(t));
  if (!array.data.empty()) std::memcpy(data.mutable_bytes().data(), array.data.data(), array.data.size());
  return data;
}

// {name=value, ...}; none at all means all defaults.
std::any Parser::attributes(const OpDef& d) {
  std::any attrs = d.default_attrs();
  if (!accept("{")) return attrs;
  do {
    const Token name = expect(TokenKind::Word, "an attribute, `name=value`");
    expect("=");
    const Token start = token_;
    const AttrValue v = attribute_value();
    switch (d.set_attr(attrs, name.text, v)) {
      case AttrSet::Ok:
        break;
      case AttrSet::UnknownName:
        throw UserError(diagnostic(ErrorCode::E1102, "{}: {} has no attribute `{}`", where(name), d.name, name.text));
      case AttrSet::WrongKind:
        throw UserError(diagnostic(ErrorCode::E1101, "{}: `{}` is no value for {}.{}", where(start), print_attr(v),
                                   d.name, name.text));
    }
  } while (accept(","));
  expect("}");
  return attrs;
}

AttrValue Parser::attribute_value() {
  const Token t = token_;
  if (t.is("[")) return number_list(list_of("a number"));
  if (t.kind != TokenKind::Word && t.kind != TokenKind::String && t.kind != TokenKind::Number)
    unexpected("a value: a number, a word, a string or a list of numbers");
  advance();
  if (t.kind == TokenKind::String) return t.text;
  if (t.text == "true" || t.text == "false") return t.text == "true";
  if (const auto x = parse_double(t.text); x && !parse_int(t.text)) return *x;
  if (t.kind == TokenKind::Word) return t.text;
  return integer(t);
}

AttrValue Parser::number_list(const std::vector<Token>& items) {
  const bool reals = std::any_of(items.begin(), items.end(), [](const Token& t) { return is_real(t.text); });
  if (!reals) {
    std::vector<int64_t> ints;
    ints.reserve(items.size());
    for (const Token& t : items) ints.push_back(integer(t));
    return ints;
  }
  std::vector<double> values;
  for (const Token& t : items) {
    const auto x = parse_double(t.text);
    if (!x) throw UserError(diagnostic(ErrorCode::E1101, "{}: `{}` is no number", where(t), t.text));
    values.push_back(*x);
  }
  return values;
}

}  // namespace tpuc
