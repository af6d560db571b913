// The search for mixed precision: the fastest table whose network stays inside an accuracy budget.
// A layer here is a convolution or a matrix product; what stands between two of them follows.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "driver/pipeline.h"
#include "tpuc/quant/table.h"
#include "tpuc/runtime/tensors.h"

namespace tpuc {

struct SearchRequest {
  CompileOptions options;  // calibration and precision table are given apart
  const CalibrationTable* calibration = nullptr;
  std::vector<NamedTensors> samples;  // inputs of the network
  double cosine = 0.99;               // least similarity of every output to the float network's, mean over the samples
  // Instead of `cosine`: whether the network with these operators is good enough. May be empty.
  std::function<bool(const Module&)> accepts;
  std::string accepts_what;  // what the answers of `accepts` depend on besides the module
  std::string journal;       // file of what is known so far: a stopped search goes on; empty: none
  unsigned threads = 0;
  std::function<void(size_t done, size_t total)> on_trials;
};

struct LayerSearch {
  std::string name, op;
  ValueRange range;           // of the result
  double alone_db = 0;        // SQNR of the outputs where only this layer is int8
  double accumulated_db = 0;  // of its result where all chosen ones are; infinite for a layer before the first
  int64_t int8_cycles = 0, float_cycles = 0;  // predicted
  DType precision = DType::I8;                // as chosen
  std::string reason;
};

struct SearchResult {
  PrecisionTable table;                                   // the layers that are not int8
  std::vector<LayerSearch> layers;                        // in program order
  double int8_cosine = 0;                                 // all layers int8
  double cosine = 0;                                      // as chosen
  int64_t int8_cycles = 0, float_cycles = 0, cycles = 0;  // predicted: all int8, none, as chosen
  size_t trials = 0;
  bool is_measured = false;  // the layers' alone_db
};

// `module`: as prepare_float made it; it stays as it is. Any budget is reached: with every layer in floats nothing
// differs.
SearchResult search_precision(const Module& module, const SearchRequest& request, const Backend& backend);

// A row a layer, and the three networks side by side.
std::string render(const SearchResult& result);

}  // namespace tpuc
