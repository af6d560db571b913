// Chooses between the two integers next to each weight so that what the weights compute errs least.
#pragma once

#include <vector>

#include "tpuc/ir/tensor.h"

namespace tpuc {

// The weights of one output, all of which multiply the same inputs.
struct WeightColumn {
  struct Weight {
    double low = 0, high = 0;  // real numbers that it may become, low <= value <= high unless both lie aside
    double value = 0;
    bool is_up = false;  // the answer: high
  };
  std::vector<Weight> weights;
};

// samples f32 [n,K]: rows of inputs; columns of K weights. Starts from the nearest integers and turns single weights
// the other way, each time the one with which the expected squared error falls most. The fewer the samples beside K,
// the less the correlations in them are believed. Never more expected error than nearest integers have.
void round_for_least_error(const Tensor& samples, std::vector<WeightColumn>& columns);

}  // namespace tpuc
