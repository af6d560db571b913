// See the header.
#include "cli/calibrate_samples.h"

#include "cli/progress.h"
#include "passes/filter_layout.h"

namespace tpuc::cli {

quant::Calibration calibrate_samples(const Graph& graph, const SampleReader& reader, quant::CalibrationRequest how) {
  Progress progress("calibrating", reader.count());
  how.on_samples = [&](size_t done) { progress.show(done); };
  how.channel_axis = [](const Value& v) -> std::optional<int64_t> {
    for (const Op* user : v.uses)
      if (user->in(0) == &v)
        if (const auto layout = filter_layout(*user)) return layout->input_axis;
    return {};
  };
  return quant::calibrate(graph, sample_source(reader), how);
}

}  // namespace tpuc::cli
