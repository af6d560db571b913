// Text of the listings. No fact stands here: every word comes from a table.
#include "driver/listing.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <vector>

#include "tpuc/ir/registry.h"
#include "tpuc/ir/text.h"
#include "tpuc/pass/pipeline.h"
#include "tpuc/support/check.h"
#include "tpuc/support/suggest.h"

namespace tpuc {
namespace {

std::string_view to_string(QuantTraits traits) {
  switch (traits) {
    case QuantTraits::SameScale:
      return "same scale";
    case QuantTraits::Requantize:
      return "requantize";
    case QuantTraits::Lut:
      return "table";
    case QuantTraits::FloatOnly:
      return "float only";
  }
  return "?";
}

std::string arity(const OpDef& d) {
  if (d.max_in == kVariadic) return fmt::format("{} or more inputs", d.min_in);
  if (d.min_in == d.max_in) return fmt::format("{} input{}", d.min_in, d.min_in == 1 ? "" : "s");
  return fmt::format("{} to {} inputs", d.min_in, d.max_in);
}

std::string opsets(const ImportRule& rule) {
  const int first = std::max(rule.first_opset, 1);
  return rule.last_opset >= kLastOpset ? fmt::format("{}..", first) : fmt::format("{}..{}", first, rule.last_opset);
}

// "Conv 1.., ConvInteger 10..": the foreign operators that import as this one.
std::string imports_of(const OpDef& d) {
  std::string out;
  for (const ImportRule& rule : d.imports)
    out += fmt::format("{}{} {}", out.empty() ? "" : ", ", rule.op, opsets(rule));
  return out;
}

}  // namespace

std::string list_ops() {
  std::string out;
  for (const OpDef& d : all_ops()) {
    out += fmt::format("{:<20} {} ({})\n", d.name, d.summary, arity(d));
    for (const NamedAttr& attr : d.attrs(d.default_attrs()))
      out += fmt::format("    {:<18} = {:<14} {}\n", attr.name, print_attr(attr.value), attr.doc);
    if (!d.imports.empty()) out += fmt::format("    imports {}\n", imports_of(d));
    out += fmt::format("    int8: {}{}; source: {}\n", to_string(d.quant),
                       d.decompose != nullptr ? "; decomposes where a chip has no kernel" : "", d.source);
  }
  return out;
}

std::string list_onnx_coverage() {
  std::map<std::string, std::vector<std::pair<const ImportRule*, std::string_view>>> by_name;
  for (const OpDef& d : all_ops())
    for (const ImportRule& rule : d.imports) by_name[std::string(rule.op)].emplace_back(&rule, d.name);
  std::string out = fmt::format("{:<32} {:<10} {}\n", "foreign operator", "opset", "rule stands with");
  for (auto& [name, rules] : by_name) {
    std::stable_sort(rules.begin(), rules.end(),
                     [](const auto& a, const auto& b) { return a.first->first_opset < b.first->first_opset; });
    for (const auto& [rule, op] : rules) out += fmt::format("{:<32} {:<10} {}\n", name, opsets(*rule), op);
  }
  return out + fmt::format("{} operators\n", by_name.size());
}

std::string list_passes() {
  std::string out;
  for (const Pass& pass : all_passes())
    out +=
        fmt::format("{:<24} {:<10} -> {:<10} {}\n", pass.name, to_string(pass.needs), to_string(pass.gives), pass.doc);
  return out;
}

std::string list_rules() {
  std::string out;
  for (const RuleEntry& entry : all_rules())
    out += fmt::format("{:<32} {:<10} {}\n    {}\n", entry.rule.name, entry.set, entry.rule.doc,
                       entry.rule.pattern.text());
  return out;
}

std::string explain_error(const std::string& code) {
  const std::string_view digits = std::string_view(code).substr(code.starts_with('E') || code.starts_with('e') ? 1 : 0);
  int number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const bool is_number = error == std::errc() && end == digits.data() + digits.size();
  const ErrorRow* row = is_number ? find_error(number) : nullptr;
  if (row == nullptr) {
    std::vector<std::string> names;
    for (const ErrorRow& r : all_errors()) names.push_back(fmt::format("E{}", static_cast<int>(r.code)));
    const std::string near = nearest_name(code, names);
    throw UserError(
        diagnostic(ErrorCode::E2001, "there is no error code `{}`", code)
            .note("hint", near.empty() ? "codes look like E1204" : fmt::format("did you mean `{}`?", near)));
  }
  return fmt::format("E{}: {} (exit code {})\n\n{}\n", number, row->title, row->exit_code, row->text);
}

}  // namespace tpuc
