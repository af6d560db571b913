// From a calibration table and the user's precision table to what the quantize pass wants.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <vector>

#include "driver/precision_table.h"
#include "tpuc/ir/graph.h"
#include "tpuc/pass/quantization.h"
#include "tpuc/quant/table.h"
#include "tpuc/tpuc.h"

namespace tpuc {

struct QuantizationRequest {
  Precision precision = Precision::Int8;   // of operators that the table does not name
  const LayerPrecisions* table = nullptr;  // never null when used
  bool asymmetric = false;
};

// Whether anything is asked to compute in 8 bits.
bool asks_for_int8(Precision precision, const PrecisionTable& table);

// What the calibration leaves in floats, by name of the result.
std::unordered_map<std::string, DType> calibrated_floats(const Graph& canonical, const CalibrationTable& calibration);

// The types of operators in floats as the calibration has them, where the user's table does not say otherwise.
std::unordered_map<const Op*, DType> calibrated_types(const Graph& graph, const CalibrationTable& calibration,
                                                      const LayerPrecisions& table);

// E3031 when the calibration names no tensor of the graph, or mostly others. `notes` tells of names that are not there
// and of tensors without a range, whose operators compute in floats. An empty table will do for a network that arrives
// quantized; else E2001.
Quantization make_quantization(const Graph& canonical, const CalibrationTable& calibration,
                               const QuantizationRequest& request, std::vector<std::string>& notes);

// How weights are rounded, by name of their operator's result.
std::unordered_map<std::string, WeightRounding> calibrated_roundings(const CalibrationTable& calibration);

// A copy of a canonical network with `how` of it in 8 bits, weights rounded as the calibration says: for trials. The
// source must outlive it.
Module quantized_copy(const Module& canonical, const CalibrationTable& calibration,
                      const std::function<Quantization(const Graph&)>& how);

// What an operator that leaves 8 bits computes in, when this is the largest magnitude seen: other data may go beyond.
DType float_beside_int8(double largest);
// The largest magnitude that the samples showed of its operands and its result, and the type by that.
double largest_seen(const Op& op, const CalibrationTable& calibration);
DType float_beside_int8(const Op& op, const CalibrationTable& calibration);

}  // namespace tpuc
