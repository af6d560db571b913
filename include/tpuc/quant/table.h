// Calibration tables: the range of real values that each tensor of the canonical float graph must be able to hold in 8
// bits. Written by `tpuc calibrate`, read by `compile`; people may edit them, and tables come from anybody.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "tpuc/ir/channel_values.h"
#include "tpuc/ir/type.h"
#include "tpuc/ir/weight_rounding.h"
#include "tpuc/runtime/preprocess.h"

namespace tpuc {

// What is to be represented; values beyond it saturate. A symmetric grid takes max(|min|, |max|), one of unsigned
// numbers needs min >= 0. min <= max, both finite; both 0 for a tensor that is always 0.
struct TensorRange {
  float min = 0, max = 0;
  float seen_min = 0, seen_max = 0;  // the samples' own extremes
  std::string method;                // which of the methods gave it; empty where nobody says
  std::optional<DType> precision{};  // F16 or F32: the operator that computes it does so, as 8 bits would cost too much
  std::optional<DType> float_type{};  // of that operator where it is not in 8 bits anyway; F32 where nobody says
  ChannelValues means{};              // of the samples, where a convolution or a constant matrix reads the tensor
  ChannelValues scales{};             // the network computes it divided by these; range and means are of the quotient
  WeightRounding rounding{};          // of the operator that computes it (`--round`)
  bool operator==(const TensorRange&) const = default;
};

struct CalibrationTable {
  int version = 1;
  std::string method;                    // as it was asked for
  int64_t samples = 0;                   // 0: not known
  std::optional<Preprocess> preprocess;  // where the samples were pictures
  std::map<std::string, TensorRange> ranges;
  bool operator==(const CalibrationTable&) const = default;
};

// Our JSON, or the text of tpu-mlir (lines `name threshold min max`, comments begin with #): told apart by content.
// E3030 for what is neither, and for numbers that are no ranges. `file` is for the message.
CalibrationTable parse_calibration_table(std::string_view text, const std::string& file);
CalibrationTable read_calibration_table(const std::string& path);

std::string to_json(const CalibrationTable& table);
// tpu-mlir's form: holds ranges only.
std::string to_peer_text(const CalibrationTable& table);

}  // namespace tpuc
