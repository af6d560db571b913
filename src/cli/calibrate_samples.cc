// See the header.
#include "cli/calibrate_samples.h"

#include <algorithm>

#include "cli/progress.h"
#include "driver/balance.h"

namespace tpuc::cli {

quant::Calibration calibrate_samples(const Graph& graph, const SampleReader& reader, quant::CalibrationRequest how) {
  Progress progress("calibrating", reader.count());
  how.on_samples = [&](size_t done) { progress.show(done); };
  how.channel_axis = read_channel_axis;
  return quant::calibrate(graph, sample_source(reader), how);
}

std::vector<NamedTensors> trial_samples(const SampleReader& reader, size_t most) {
  const size_t count = std::min(most, reader.count());
  std::vector<NamedTensors> samples;
  for (size_t i = 0; i < count; ++i) samples.push_back(reader.read(i * reader.count() / count).tensors);
  return samples;
}

}  // namespace tpuc::cli
