// See the header.
#include "driver/balance.h"

#include <algorithm>

#include "passes/balance_channels.h"
#include "passes/filter_layout.h"
#include "tpuc/pass/pipeline.h"

namespace tpuc {
namespace {

constexpr size_t kSamples = 16;

void divide(Module& module, const ChannelScales& scales) {
  if (scales.empty()) return;
  PassOptions options;
  options.channel_scales = scales;
  const std::string names[] = {"balance-channels"};
  run_passes(module, names, options);
}

}  // namespace

std::optional<int64_t> read_channel_axis(const Value& v) {
  for (const Op* user : v.uses)
    if (user->in(0) == &v)
      if (const auto layout = filter_layout(*user)) return layout->input_axis;
  return {};
}

ChannelScales balance_channels(Module& canonical, const quant::SampleSource& samples, unsigned threads) {
  const Graph& graph = *canonical.nets.front().stages.front();
  if (states_quantization(graph)) return {};
  const size_t count = std::min(kSamples, samples.count);
  const quant::SampleSource few{count, [&](size_t i) { return samples.load(i * samples.count / count); },
                                [&](size_t i) { return samples.name(i * samples.count / count); }};
  quant::CalibrationRequest how;
  how.method = quant::Method::Max;
  how.threads = threads;
  how.channel_axis = read_channel_axis;
  const ChannelScales scales = balancing_scales(graph, quant::calibrate(graph, few, how).magnitudes);
  divide(canonical, scales);
  return scales;
}

void apply_channel_scales(Module& canonical, const CalibrationTable& table) {
  ChannelScales scales;
  for (const auto& [name, row] : table.ranges)
    if (!row.scales.values.empty()) scales.emplace(name, row.scales);
  divide(canonical, scales);
}

}  // namespace tpuc
