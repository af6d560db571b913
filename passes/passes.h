// The passes' entry points, for pipeline.cc. Each returns whether it changed the graph.
#pragma once

#include "tpuc/pass/pass.h"

namespace tpuc {

bool run_dce(Graph& graph, PassCtx& ctx);
bool run_cse(Graph& graph, PassCtx& ctx);
bool run_constant_fold(Graph& graph, PassCtx& ctx);
bool run_canonicalize(Graph& graph, PassCtx& ctx);
bool run_fuse(Graph& graph, PassCtx& ctx);
bool run_decompose(Graph& graph, PassCtx& ctx);
bool run_integer_weights(Graph& graph, PassCtx& ctx);
bool run_balance_channels(Graph& graph, PassCtx& ctx);
bool run_round_weights(Graph& graph, PassCtx& ctx);
bool run_correct_bias(Graph& graph, PassCtx& ctx);
bool run_quantize(Graph& graph, PassCtx& ctx);
bool run_native_border(Graph& graph, PassCtx& ctx);
bool run_lower_precision(Graph& graph, PassCtx& ctx);
bool run_clean_casts(Graph& graph, PassCtx& ctx);

// Applies the rules of one set (rules.def) without the disabled ones, and records their statistics.
bool run_rule_set(Graph& graph, std::string_view set, PassCtx& ctx);

}  // namespace tpuc
