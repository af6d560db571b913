// Runs a float graph over samples and keeps of every tensor how its values are distributed: memory grows with the
// number of tensors, not with that of samples.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "quant/range_methods.h"
#include "tpuc/ir/graph.h"
#include "tpuc/quant/table.h"
#include "tpuc/runtime/tensors.h"

namespace tpuc::quant {

// Samples by number. `load` is called from several threads, each number once.
struct SampleSource {
  size_t count = 0;
  std::function<NamedTensors(size_t)> load;  // the graph's inputs
  std::function<std::string(size_t)> name;   // for messages
};

struct CalibrationRequest {
  Method method = Method::Auto;
  bool asymmetric = false;
  unsigned threads = 0;                    // 0: all cores
  std::function<void(size_t)> on_samples;  // so many are done; called from one thread at a time
  // The axis of a value whose channels are to be told apart; nothing for most values. May be empty.
  std::function<std::optional<int64_t>(const Value&)> channel_axis;
};

struct Calibration {
  CalibrationTable table;                                     // every float value that is no constant has a row
  std::vector<std::string> infinite;                          // tensors with infinities, which their ranges leave out
  std::unordered_map<std::string, ChannelValues> magnitudes;  // largest of each channel, where channels were asked for
};

// The same table whatever the number of threads. E3034 where an input holds something that is no finite number, or
// where the graph computes NaN, for the first such sample; whatever `load` throws.
Calibration calibrate(const Graph& graph, const SampleSource& samples, const CalibrationRequest& request);

}  // namespace tpuc::quant
