// The larger a channel, the more of its size moves into the weights that read it, as far as the noise that rounding
// adds is expected to fall: weights of all input channels share a scale, too.
#include "passes/balance_channels.h"

#include <algorithm>
#include <cmath>

#include "passes/filter_layout.h"
#include "passes/passes.h"
#include "tpuc/support/check.h"

namespace tpuc {
namespace {

// Share of a channel's size that moves. All of it would leave small channels no room for what other data bring.
constexpr double kExponents[] = {0.25, 0.5};
constexpr double kWorthwhile = 0.7;   // of the noise before
constexpr double kMostRatio = 256;    // between the scales of two channels
constexpr double kUsualShare = 0.25;  // of its largest magnitude: what a channel usually holds

// A reader's weights by channel of its input.
struct Reader {
  std::vector<double> largest, squares;     // by input channel
  std::vector<std::vector<float>> weights;  // magnitudes by output channel, a row over its input channels: the largest
  std::vector<int64_t> first;               // input channel that each row begins with
};

Reader read_weights(const Op& op) {
  const FilterLayout layout = *filter_layout(op);
  const std::vector<double> values = op.in(1)->tensor().to_f64();
  Reader r;
  r.largest.resize(static_cast<size_t>(layout.inputs)), r.squares = r.largest;
  r.weights.resize(static_cast<size_t>(layout.outputs));
  r.first.assign(static_cast<size_t>(layout.outputs), layout.inputs);
  for (size_t i = 0; i < values.size(); ++i) {
    const auto at = static_cast<int64_t>(i);
    r.first[static_cast<size_t>(layout.output(at))] =
        std::min(r.first[static_cast<size_t>(layout.output(at))], layout.input(at));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const auto in = static_cast<size_t>(layout.input(static_cast<int64_t>(i))),
               out = static_cast<size_t>(layout.output(static_cast<int64_t>(i)));
    const double magnitude = std::abs(values[i]);
    r.largest[in] = std::max(r.largest[in], magnitude);
    r.squares[in] += magnitude * magnitude;
    const size_t column = in - static_cast<size_t>(r.first[out]);
    if (r.weights[out].size() <= column) r.weights[out].resize(column + 1);
    r.weights[out][column] = std::max(r.weights[out][column], static_cast<float>(magnitude));
  }
  return r;
}

class Balance {
 public:
  Balance(const ChannelPath& path, const std::vector<float>& magnitudes)
      : magnitudes_(magnitudes.begin(), magnitudes.end()) {
    for (const Op* op : path.readers) readers_.push_back(read_weights(*op));
    weights_.resize(magnitudes_.size());
    for (const Reader& r : readers_)
      for (size_t c = 0; c < weights_.size(); ++c) weights_[c] = std::max(weights_[c], r.largest[c]);
  }

  // Empty where nothing is won.
  std::vector<double> best() const {
    std::vector<double> best;
    double least = kWorthwhile * noise(std::vector<double>(magnitudes_.size(), 1));
    for (const double exponent : kExponents) {
      std::vector<double> scales = scales_for(exponent);
      if (const double now = noise(scales); now < least) least = now, best = std::move(scales);
    }
    return best;
  }

 private:
  // magnitude^e / weight^(1-e), the largest 1. Channels without values or without weights follow the largest.
  std::vector<double> scales_for(double exponent) const {
    std::vector<double> scales(magnitudes_.size());
    double largest = 0;
    for (size_t c = 0; c < scales.size(); ++c) {
      if (magnitudes_[c] <= 0 || weights_[c] <= 0) continue;
      scales[c] = std::pow(magnitudes_[c], exponent) / std::pow(weights_[c], 1 - exponent);
      largest = std::max(largest, scales[c]);
    }
    for (double& s : scales) s = s <= 0 || largest <= 0 ? 1 : std::max(s / largest, 1 / kMostRatio);
    return scales;
  }

  // What rounding adds to the readers' sums, beside what they sum: of the values, which share one scale, and of the
  // weights, which share one for each output channel.
  double noise(const std::vector<double>& scales) const {
    double range = 0;
    for (size_t c = 0; c < scales.size(); ++c) range = std::max(range, magnitudes_[c] / scales[c]);
    double sum = 0;
    for (const Reader& r : readers_) {
      double of_values = 0, of_weights = 0, signal = 0;
      for (size_t c = 0; c < scales.size(); ++c) {
        const double usual = kUsualShare * magnitudes_[c];
        of_values += range * range * scales[c] * scales[c] * r.squares[c];
        signal += usual * usual * r.squares[c];
      }
      for (size_t o = 0; o < r.weights.size(); ++o) of_weights += weight_noise(r, o, scales);
      if (signal > 0) sum += (of_values / 4 + of_weights) / signal;  // unsigned values have half the step
    }
    return sum;
  }

  double weight_noise(const Reader& r, size_t output, const std::vector<double>& scales) const {
    double largest = 0, power = 0;
    for (size_t i = 0; i < r.weights[output].size(); ++i) {
      const size_t c = static_cast<size_t>(r.first[output]) + i;
      const double usual = kUsualShare * magnitudes_[c] / scales[c];
      largest = std::max(largest, r.weights[output][i] * scales[c]);
      power += usual * usual;
    }
    return largest * largest * power;
  }

  std::vector<double> magnitudes_, weights_;
  std::vector<Reader> readers_;
};

}  // namespace

std::unordered_map<std::string, ChannelValues> balancing_scales(
    const Graph& canonical, const std::unordered_map<std::string, ChannelValues>& magnitudes) {
  std::unordered_map<std::string, ChannelValues> out;
  for (const Op& op : canonical.ops()) {
    const auto found = magnitudes.find(op.out(0)->name);
    if (found == magnitudes.end()) continue;
    const auto path = channel_path(canonical, *op.out(0));
    if (!path || path->axis != found->second.axis ||
        path->channels != static_cast<int64_t>(found->second.values.size()))
      continue;
    const std::vector<double> scales = Balance(*path, found->second.values).best();
    if (!scales.empty()) out.emplace(found->first, ChannelValues{path->axis, {scales.begin(), scales.end()}});
  }
  return out;
}

bool run_balance_channels(Graph& graph, PassCtx& ctx) {
  bool changed = false;
  std::vector<Value*> values;
  for (Op& op : graph.ops())
    if (ctx.options.channel_scales.contains(op.out(0)->name)) values.push_back(op.out(0));
  for (Value* v : values) {
    const ChannelValues& scales = ctx.options.channel_scales.at(v->name);
    const auto path = channel_path(graph, *v);
    if (!path || path->axis != scales.axis || path->channels != static_cast<int64_t>(scales.values.size()))
      throw UserError(diagnostic(ErrorCode::E3031,
                                 "the calibration table scales the channels of `{}`, which this network cannot",
                                 v->name)
                          .note("hint", "`tpuc calibrate` anew, with the same model, --outputs and shapes"));
    divide_channels(graph, *path, {scales.values.begin(), scales.values.end()});
    changed = true;
  }
  return changed;
}

}  // namespace tpuc
