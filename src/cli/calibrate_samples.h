// Calibration with a progress bar: of `tpuc calibrate`, and of `tpuc quantize` where it is given no table.
#pragma once

#include "driver/dataset.h"
#include "quant/calibrate.h"

namespace tpuc::cli {

// quant::calibrate over all samples of the reader; `how.on_samples` is the bar's.
quant::Calibration calibrate_samples(const Graph& graph, const SampleReader& reader, quant::CalibrationRequest how);

// At most so many samples, spread over all: for trials that run each of them.
std::vector<NamedTensors> trial_samples(const SampleReader& reader, size_t most);

}  // namespace tpuc::cli
