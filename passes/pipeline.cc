// The compiler's table of contents: every pass in order.
#include "tpuc/pass/pipeline.h"

#include <algorithm>
#include <array>

#include "passes/passes.h"

namespace tpuc {
namespace {

constexpr Pass kDce{"dce", "remove operations and constants that nothing needs", Stage::Imported, Stage::Imported,
                    run_dce};
constexpr Pass kFold{"constant-fold", "evaluate operations on constants", Stage::Imported, Stage::Imported,
                     run_constant_fold};
constexpr Pass kCse{"cse", "compute equal things once", Stage::Imported, Stage::Imported, run_cse};
constexpr Pass kCanonicalize{"canonicalize", "bring the graph into one form: rule sets idioms and canonical",
                             Stage::Imported, Stage::Canonical, run_canonicalize};
constexpr Pass kFuse{"fuse", "move activations into their producers: rule set fuse", Stage::Canonical, Stage::Canonical,
                     run_fuse};
constexpr Pass kBalanceChannels{"balance-channels",
                                "divide channels by the calibration's scales, so that 8 bits hold all of them well",
                                Stage::Canonical, Stage::Canonical, run_balance_channels};
constexpr Pass kRoundWeights{"round-weights",
                             "round weights up or down as calibration found best for each operator's results",
                             Stage::Canonical, Stage::Canonical, run_round_weights};
constexpr Pass kCorrectBias{"correct-bias", "add to biases what the rounding of weights to 8 bits takes on average",
                            Stage::Canonical, Stage::Canonical, run_correct_bias};
constexpr Pass kQuantize{"quantize", "compute in 8-bit integers where calibration gives the ranges", Stage::Canonical,
                         Stage::Canonical, run_quantize};
constexpr Pass kNativeBorder{"native-border", "leave 8-bit inputs and outputs as they are, where that is wanted",
                             Stage::Canonical, Stage::Canonical, run_native_border};
constexpr Pass kLowerPrecision{"lower-precision", "choose the element types of the chip and cast at the borders",
                               Stage::Canonical, Stage::Quantized, run_lower_precision};
constexpr Pass kDecompose{"decompose", "spell out operators that the chip has no kernel for, in the types they have",
                          Stage::Quantized, Stage::Quantized, run_decompose};
constexpr Pass kIntegerWeights{"integer-weights",
                               "constant matrices that are integers by nature or by wish stay integers",
                               Stage::Canonical, Stage::Canonical, run_integer_weights};
constexpr Pass kCleanCasts{"clean-casts", "drop casts that cancel: rule set lower", Stage::Quantized, Stage::Quantized,
                           run_clean_casts};

constexpr std::array kOptimise{kDce, kFold, kCse, kCanonicalize, kFold, kFuse, kCse, kDce};
constexpr std::array kLower{kBalanceChannels, kRoundWeights, kCorrectBias, kQuantize,   kNativeBorder, kIntegerWeights,
                            kLowerPrecision,  kDecompose,    kFold,        kCleanCasts, kCse,          kDce};

void require_known(const std::vector<std::string>& names, std::string_view what, const auto& is_known) {
  for (const std::string& name : names)
    if (!name.empty() && !is_known(name))
      throw UserError(diagnostic(ErrorCode::E2003, "no {} is called `{}`", what, name)
                          .note("hint", fmt::format("`tpuc {}{}` lists them", what, what == "pass" ? "es" : "s")));
}

bool is_pass(std::string_view name) {
  const std::vector<Pass> passes = all_passes();
  return std::any_of(passes.begin(), passes.end(), [&](const Pass& p) { return p.name == name; });
}

bool is_rule(std::string_view name) {
  return std::any_of(all_rules().begin(), all_rules().end(), [&](const RuleEntry& e) { return e.rule.name == name; });
}

void require_known_names(const PassOptions& options) {
  require_known(options.disabled_passes, "pass", is_pass);
  require_known({options.stop_after}, "pass", is_pass);
  require_known(options.disabled_rules, "rule", is_rule);
}

}  // namespace

std::span<const Pass> optimise_pipeline() { return kOptimise; }
std::span<const Pass> lower_pipeline() { return kLower; }

std::vector<Pass> all_passes() {
  std::vector<Pass> passes;
  for (const auto& pipeline : {optimise_pipeline(), lower_pipeline()})
    for (const Pass& p : pipeline)
      if (std::none_of(passes.begin(), passes.end(), [&](const Pass& q) { return q.name == p.name; }))
        passes.push_back(p);
  return passes;
}

PassReport run_pipeline(Module& module, const PassOptions& options) {
  require_known_names(options);
  std::vector<Pass> passes(kOptimise.begin(), kOptimise.end());
  if (options.lower) passes.insert(passes.end(), kLower.begin(), kLower.end());
  return PassManager(options).run(module, passes);
}

PassReport run_lowering(Module& module, const PassOptions& options) {
  require_known_names(options);
  return PassManager(options).run(module, kLower, Stage::Canonical);
}

PassReport run_passes(Module& module, std::span<const std::string> names, const PassOptions& options) {
  require_known({names.begin(), names.end()}, "pass", is_pass);
  require_known_names(options);
  std::vector<Pass> chosen;
  const std::vector<Pass> passes = all_passes();
  for (const std::string& name : names) {
    Pass p = *std::find_if(passes.begin(), passes.end(), [&](const Pass& q) { return q.name == name; });
    p.needs = Stage::Imported;  // the user's own order: what a graph from a file promises is not known
    p.gives = Stage::Imported;
    chosen.push_back(p);
  }
  return PassManager(options).run(module, chosen);
}

}  // namespace tpuc
