// Decides for each weight that 8 or 4 bits are to hold whether it is rounded up or down, by what the operators' results
// lose on samples: AdaRound's objective, solved by descent (pass round-weights applies it).
#pragma once

#include <string>
#include <unordered_map>

#include "quant/calibrate.h"
#include "tpuc/ir/graph.h"
#include "tpuc/ir/weight_rounding.h"

namespace tpuc {

// By name of the results of convolutions and constant matrices. None for a network that arrives quantized, and for
// matrices that are integers by nature. The same whatever the number of threads.
std::unordered_map<std::string, WeightRounding> round_weights(const Graph& canonical,
                                                              const quant::SampleSource& samples, unsigned threads);

}  // namespace tpuc
