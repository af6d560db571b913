// ONNX Einsum, operand by operand: letters that nothing else needs are summed first, then two operands become a matmul,
// or a product where no letter is summed over. A letter that occurs twice in one operand (a diagonal) is refused.
#include "ops/einsum_import.h"

#include <algorithm>
#include <map>
#include <string>

#include "ops/eltwise.h"
#include "ops/import.h"
#include "ops/matmul.h"
#include "ops/reduce.h"
#include "ops/shape.h"

namespace tpuc::ops {

namespace {

// One character per axis. The axes of an ellipsis are digits, counted from the right: '0' is the last one.
using Letters = std::string;

struct Term {
  Value* value;
  Letters letters;
};

[[noreturn]] void refuse_equation(const NodeView& n, std::string_view why) {
  refuse(n, fmt::format("equation `{}`: {}", n.get_string("equation", ""), why),
         "letters, commas, one `...` per operand, and no letter twice in one operand");
}

bool has(const Letters& letters, char c) { return letters.find(c) != Letters::npos; }

// The operand's letters with the ellipsis written out as `axes` digits.
Letters spell(const NodeView& n, std::string_view text, size_t axes) {
  Letters all;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 3) == "...") {
      if (axes > 9) refuse_equation(n, "more than nine axes in `...`");
      for (size_t k = axes; k-- > 0;) all += static_cast<char>('0' + k);
      i += 2;
      continue;
    }
    const char c = text[i];
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) refuse_equation(n, fmt::format("`{}`", c));
    all += c;
  }
  for (const char c : all)
    if (std::count(all.begin(), all.end(), c) != 1) refuse_equation(n, fmt::format("`{}` twice in one operand", c));
  return all;
}

size_t letters_in(std::string_view text) {
  return text.find("...") == std::string_view::npos ? text.size() : text.size() - 3;
}

struct Equation {
  std::vector<Letters> in;
  Letters out;
};

// Without an arrow the result has the ellipsis, then the letters that occur once, in alphabetical order.
Letters implied_result(const std::vector<Letters>& in, size_t ellipsis) {
  Letters all, out;
  for (const Letters& l : in) all += l;
  for (const char c : all)
    if (c > '9' && std::count(all.begin(), all.end(), c) == 1) out += c;
  std::sort(out.begin(), out.end());
  for (size_t k = 0; k < ellipsis; ++k) out.insert(0, 1, static_cast<char>('0' + k));
  return out;
}

Equation parse(const NodeView& n) {
  std::string text = n.get_string("equation", "");
  std::erase(text, ' ');
  const size_t arrow = text.find("->");
  std::vector<std::string> parts{""};
  for (const char c : text.substr(0, arrow)) {
    if (c == ',')
      parts.emplace_back();
    else
      parts.back() += c;
  }
  if (parts.size() != n.in.size())
    refuse_equation(n, fmt::format("{} operands, the node has {} inputs", parts.size(), n.in.size()));
  Equation e;
  size_t ellipsis = 0;
  for (size_t i = 0; i < parts.size(); ++i) {
    const size_t rank = n.input(i)->type.dims.size(), named = letters_in(parts[i]);
    if (rank < named || (rank > named && named == parts[i].size()))
      refuse_equation(n, fmt::format("operand {} has {} axes", i, rank));
    e.in.push_back(spell(n, parts[i], rank - named));
    ellipsis = std::max(ellipsis, rank - named);
  }
  e.out = arrow == std::string::npos ? implied_result(e.in, ellipsis) : spell(n, text.substr(arrow + 2), ellipsis);
  return e;
}

// Lengths of all letters. An axis of an ellipsis broadcasts, others agree.
std::map<char, int64_t> lengths(const NodeView& n, const Equation& e) {
  std::map<char, int64_t> all;
  for (size_t k = 0; k < e.in.size(); ++k) {
    for (size_t i = 0; i < e.in[k].size(); ++i) {
      const char c = e.in[k][i];
      const int64_t d = n.input(k)->type.dims[i];
      auto [at, is_new] = all.emplace(c, d);
      if (is_new || at->second == d) continue;
      if (c > '9' || (d != 1 && at->second != 1))
        refuse_equation(n, fmt::format("`{}` is {} and {} long", c, at->second, d));
      at->second = std::max(at->second, d);
    }
  }
  for (const char c : e.out)
    if (!all.contains(c)) refuse_equation(n, fmt::format("`{}` of the result is in no operand", c));
  return all;
}

class Contraction {
 public:
  Contraction(Builder& b, std::map<char, int64_t> lengths) : b_(&b), lengths_(std::move(lengths)) {}

  // Axes of length 1 that broadcast against longer ones are left out: what lacks a letter is repeated along it.
  Term without_repeated(Term t) const {
    Letters kept;
    for (size_t i = 0; i < t.letters.size(); ++i)
      if (t.value->type.dims[i] == lengths_.at(t.letters[i])) kept += t.letters[i];
    return {reshape(*b_, t.value, dims(kept)), kept};
  }

  // Sums over the letters that are not in `needed`.
  Term summed(const Term& t, const Letters& needed) const {
    std::vector<int64_t> axes;
    Letters kept;
    for (size_t i = 0; i < t.letters.size(); ++i) {
      if (has(needed, t.letters[i]))
        kept += t.letters[i];
      else
        axes.push_back(static_cast<int64_t>(i));
    }
    if (axes.empty()) return t;
    return {b_->add<Reduce>({t.value}, {ReduceKind::Sum, std::move(axes), false}), kept};
  }

  Term product(const Term& x, const Term& y, const Letters& needed) const {
    Letters batch, rows, columns, sum;
    for (const char c : x.letters) (!has(y.letters, c) ? rows : has(needed, c) ? batch : sum) += c;
    for (const char c : y.letters)
      if (!has(x.letters, c)) columns += c;
    const Letters all = batch + rows + columns;
    const int64_t many = count(batch), m = count(rows), k = count(sum), o = count(columns);
    Value* left = permuted(x, batch + rows + sum);
    Value* right = permuted(y, batch + sum + columns);
    Value* z = sum.empty() ? b_->add<Mul>({reshape(*b_, left, {many, m, 1}), reshape(*b_, right, {many, 1, o})})
                           : b_->add<MatMul>({reshape(*b_, left, {many, m, k}), reshape(*b_, right, {many, k, o})});
    return {reshape(*b_, z, dims(all)), all};
  }

  // The result's letters in order; those that were left out everywhere have length 1 or are repeated.
  Value* result(const Term& t, const Letters& out) const {
    Letters present;
    for (const char c : out)
      if (has(t.letters, c)) present += c;
    return reshape(*b_, permuted(t, present), dims(out));
  }

 private:
  Value* permuted(const Term& t, const Letters& to) const {
    if (t.letters == to) return t.value;
    std::vector<int64_t> order;
    for (const char c : to) order.push_back(static_cast<int64_t>(t.letters.find(c)));
    return b_->add<Permute>({t.value}, {.order = std::move(order)});
  }
  Dims dims(const Letters& letters) const {
    Dims d;
    for (const char c : letters) d.push_back(lengths_.at(c));
    return d;
  }
  int64_t count(const Letters& letters) const { return element_count(dims(letters)); }

  Builder* b_;
  std::map<char, int64_t> lengths_;
};

}  // namespace

Values import_einsum(const NodeView& n, Builder& b) {
  const Equation e = parse(n);
  const Contraction c(b, lengths(n, e));
  std::vector<Term> terms;
  for (size_t i = 0; i < e.in.size(); ++i) terms.push_back(c.without_repeated({n.input(i), e.in[i]}));
  Term acc = terms[0];
  for (size_t i = 0; i < terms.size(); ++i) {
    Letters later = e.out;
    for (size_t k = i + 1; k < terms.size(); ++k) later += terms[k].letters;
    if (i > 0) acc = c.product(acc, c.summed(terms[i], later + acc.letters), later);
    acc = c.summed(acc, later);
  }
  return {c.result(acc, e.out)};
}

}  // namespace tpuc::ops
