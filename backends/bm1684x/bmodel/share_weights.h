// The weights of several stages in one blob, equal ones once. Only stages of tpuc say enough about their weights to be
// taken apart; the weights of others are shared where the whole blobs are equal, which the writer sees to.
#pragma once

#include <cstddef>
#include <deque>
#include <vector>

#include "backends/bm1684x/bmodel/bmodel.h"

namespace tpuc::bm1684x::bmodel {

// Leaves out weights that no command reads, unites the weights of stages that have some in common, and moves what lies
// behind them. New bytes live in `storage`, which must outlive the model. Deterministic; the order of stages decides.
void share_weights(Model& model, std::deque<std::vector<std::byte>>& storage);

}  // namespace tpuc::bm1684x::bmodel
