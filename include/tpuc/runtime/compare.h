// How far a tensor is from the one that was wanted: bits first, then cosine, distance and noise.
#pragma once

#include <string>
#include <vector>

#include "tpuc/runtime/tensors.h"

namespace tpuc {

struct Tolerance {
  double cosine = 0.99, euclidean = 0.90;  // the least that passes
};

struct Comparison {
  std::string name;
  Dims dims;                         // of the wanted tensor
  bool identical = false;            // same type, same bits
  double cosine = 0, euclidean = 0;  // euclidean: 1 - |got - want| / |want|
  double max_abs = 0;                // largest absolute difference
  double sqnr_db = 0;                // 10 log10(|want|^2 / |got - want|^2), infinite for equal values
  int64_t first_difference = -1;     // index of the first element whose value differs
  std::string problem;               // why it cannot be compared at all, or fails whatever the tolerance; else empty
  bool passes(const Tolerance& t) const { return problem.empty() && cosine >= t.cosine && euclidean >= t.euclidean; }
};

// NaN or infinity on one side only is a problem, and so is a constant on one side only; where both sides have the same
// one it is left out of the figures.
Comparison compare(const std::string& name, const Tensor& got, const Tensor& want);

// One row per wanted tensor, by name; a missing one has a problem. `only_got` receives the names nobody wanted.
std::vector<Comparison> compare_all(const NamedTensors& got, const NamedTensors& want,
                                    std::vector<std::string>* opt_only_got = nullptr);

}  // namespace tpuc
