// The index of import rules over all operators, and the table of hints for what is refused.
#include "frontends/onnx/rules.h"

#include <algorithm>
#include <map>

#include "tpuc/ir/registry.h"

namespace tpuc::frontend {

namespace {

// Opsets 22 to 24 only widened the element types of operators that have rules here.
constexpr int kNewestOpset = 24;

struct Hint {
  std::string_view ops, text;  // operators separated by spaces
};
constexpr Hint kHints[] = {
    {"RandomNormalLike RandomNormal RandomUniform RandomUniformLike Multinomial Bernoulli",
     "it gives other numbers at every run: give the noise as an input or a constant"},
    {"NonMaxSuppression Compress Unique StringNormalizer",
     "the size of its result depends on the data: cut the model before it with --outputs and do this step on the host"},
    {"NonZero", "cut the model before it with --outputs and do this step on the host"},
    {"Loop Scan", "a graph is one block: export the model with the loop unrolled"},
    {"SequenceConstruct SequenceAt SequenceEmpty SequenceInsert SequenceErase SequenceLength SequenceMap "
     "SplitToSequence "
     "ConcatFromSequence Optional OptionalGetElement OptionalHasElement",
     "tensors only: export the model without sequences"},
    {"DFT STFT MelWeightMatrix HammingWindow HannWindow BlackmanWindow",
     "do this step of the preparation on the host, or export it as a convolution"},
    {"Attention MultiHeadAttention SkipLayerNormalization FusedConv FusedGemm FusedMatMul BiasGelu "
     "EmbedLayerNormalization",
     "export the model without the fused operators of a runtime: in ONNX Runtime set the optimization level to "
     "disabled"},
};

using RuleIndex = std::map<std::string_view, std::vector<const ImportRule*>>;

const RuleIndex& rule_index() {
  static const RuleIndex index = [] {
    RuleIndex built;
    for (const OpDef& d : all_ops())
      for (const ImportRule& rule : d.imports) built[rule.op].push_back(&rule);
    return built;
  }();
  return index;
}

bool applies(const ImportRule& rule, int opset) {
  const bool open_ended = rule.last_opset == kLastOpset && opset <= kNewestOpset;
  return opset >= rule.first_opset && (opset <= rule.last_opset || open_ended);
}

bool contains_word(std::string_view words, std::string_view word) {
  for (size_t at = words.find(word); at != std::string_view::npos; at = words.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || words[at - 1] == ' ') && (end == words.size() || words[end] == ' ')) return true;
  }
  return false;
}

[[noreturn]] void refuse_version(const NodeRecord& node, int opset, const std::vector<const ImportRule*>& rules) {
  std::string known;
  for (const ImportRule* rule : rules) {
    const int last = rule->last_opset == kLastOpset ? kNewestOpset : rule->last_opset;
    known += fmt::format("{}{} to {}", known.empty() ? "" : ", ", rule->first_opset, last);
  }
  throw UserError(diagnostic(ErrorCode::E1010, "{} of opset {} is not supported", node.op, opset)
                      .note("hint", fmt::format("known are opsets {}: export the model with one of 7 to 21", known)));
}

}  // namespace

std::string_view hint_for(std::string_view op) {
  for (const Hint& hint : kHints)
    if (!op.empty() && contains_word(hint.ops, op)) return hint.text;
  return {};
}

const ImportRule& find_rule(const NodeRecord& node, int opset, const ModelRecord& model) {
  const std::string key = (node.domain.empty() ? "onnx" : node.domain) + "." + node.op;
  const auto it = rule_index().find(key);
  if (it != rule_index().end()) {
    for (const ImportRule* rule : it->second)
      if (applies(*rule, opset)) return *rule;
    refuse_version(node, opset, it->second);
  }
  if (model.functions.count(node.domain + "." + node.op) != 0)
    throw UserError(diagnostic(ErrorCode::E1010, "{} is a function of the model itself", node.op)
                        .note("hint", "inline the model's functions when exporting (onnx.inliner)"));
  const bool loop = node.domain.empty() && (node.op == "Loop" || node.op == "Scan");
  Diagnostic d = loop ? diagnostic(ErrorCode::E1021, "{} is not supported", node.op)
                      : diagnostic(ErrorCode::E1010, "operator {} is not supported",
                                   node.domain.empty() ? node.op : node.domain + "." + node.op);
  if (const auto hint = hint_for(node.op); !hint.empty()) d.notes.emplace_back("hint", hint);
  throw UserError(std::move(d));
}

}  // namespace tpuc::frontend
