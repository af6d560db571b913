// See the header.
#include "cli/calibrate_samples.h"

#include "cli/progress.h"
#include "driver/balance.h"

namespace tpuc::cli {

quant::Calibration calibrate_samples(const Graph& graph, const SampleReader& reader, quant::CalibrationRequest how) {
  Progress progress("calibrating", reader.count());
  how.on_samples = [&](size_t done) { progress.show(done); };
  how.channel_axis = read_channel_axis;
  return quant::calibrate(graph, sample_source(reader), how);
}

}  // namespace tpuc::cli
