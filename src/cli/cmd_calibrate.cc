// tpuc calibrate: ranges of a network's tensors from samples, as a table for `tpuc compile --precision int8`.
#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cmath>

#include "cli/args.h"
#include "cli/calibrate_samples.h"
#include "cli/command.h"
#include "cli/preprocess_args.h"
#include "cli/progress.h"
#include "driver/balance.h"
#include "driver/dataset.h"
#include "driver/float_layers.h"
#include "driver/float_types.h"
#include "driver/pipeline.h"
#include "driver/slow_islands.h"
#include "driver/weight_rounding.h"
#include "quant/calibrate.h"
#include "tpuc/support/check.h"
#include "tpuc/support/file.h"
#include "tpuc/support/log.h"

namespace tpuc::cli {
namespace {

struct CalibrateArgs {
  ModelArgs model;
  DataArgs data;
  std::string output, method = "auto", format = "json";
  bool asymmetric = false, all_int8 = false, balance = false, round = false;
  double decibels = kUsualDecibels;
};

constexpr size_t kTrialSamples = 4;  // of --data: each trial runs them all

// Operators that 8 bits are too coarse for get a row that says so.
void leave_in_floats(const CalibrateArgs& args, const Module& module, const std::vector<NamedTensors>& samples,
                     CalibrationTable& table) {
  FloatLayersRequest request;
  request.table = &table;
  request.asymmetric = args.asymmetric;
  request.decibels = args.decibels;
  request.threads = args.model.threads;
  request.samples = samples;
  std::optional<Progress> progress;
  request.on_trials = [&](size_t done, size_t total) {
    if (!progress) progress.emplace("rating operators", total);
    progress->show(done);
  };
  const FloatLayers found = find_float_layers(module, request);
  progress.reset();
  for (const auto& [name, precision] : found.precisions) table.ranges.at(name).precision = precision;
  if (!found.precisions.empty())
    log::note(
        "operators that stay in floats: {}; {} of them, with {:.1f} % of the work, cost too much in 8 bits; signal to "
        "noise {:.1f} dB instead of {:.1f}",
        found.precisions.size(), found.layers, 100 * found.work, found.decibels, found.int8_decibels);
  else if (!found.suffices)
    log::note(
        "warning: in 8 bits the results have a signal to noise ratio of {:.1f} dB, and no few operators are to "
        "blame; `tpuc quantize` searches for a mixture",
        found.int8_decibels);
  else if (found.int8_decibels < args.decibels)
    log::note("in 8 bits the results have a signal to noise ratio of {:.1f} dB; no operator is left in floats for it",
              found.int8_decibels);
}

void keep_roundings(const std::unordered_map<std::string, WeightRounding>& roundings, CalibrationTable& table) {
  for (const auto& [name, rounding] : roundings) table.ranges.at(name).rounding = rounding;
  log::note("the weights of {} operators are rounded for their results", roundings.size());
}

// Operators that have no place in 8 bits get a row that says what they compute in, and so do those that are faster
// without. Tells what both precisions take.
void settle_times(const CalibrateArgs& args, const TableTrials& trials, CalibrationTable& table) {
  const FloatTypes found = choose_float_types(trials, table);
  for (const auto& [name, type] : found.types) table.ranges.at(name).float_type = type;
  const std::optional<LayerTimes> half = trials.times(table, Precision::F16);
  if (!found.times || !half) return;
  int64_t cycles = found.times->total;
  if (!args.all_int8) {
    SlowIslands slow = leave_slow_islands({&trials, &table, *found.times, *half, {}});
    if (!slow.floats.empty())
      log::note("{} operators stay in floats because 8 bits are predicted slower there: {} cycles instead of {}{}",
                slow.floats.size(), slow.times.total, cycles, slow.all_leave ? "; none is left in 8 bits" : "");
    cycles = slow.times.total;
    table = std::move(slow.table);
  }
  log::note("predicted time: {} cycles in int8, {} in f16{}", cycles, half->total,
            cycles < half->total ? "" : kInt8DoesNotPay);
}

int run_calibrate(const CalibrateArgs& args) {
  quant::parse_method(args.method);
  if (args.format != "json" && args.format != "text")
    throw UserError(
        diagnostic(ErrorCode::E2001, "--format `{}` is not known", args.format).note("hint", "one of json, text"));
  if (args.format == "text" && (args.balance || args.round))  // balanced ranges without their scales are wrong ones
    throw UserError(diagnostic(ErrorCode::E2001, "--format text has no room for what {} finds",
                               args.balance ? "--balance" : "--round")
                        .note("hint", "--format json holds it"));
  if (!std::isfinite(args.decibels) || args.decibels < 0)
    throw UserError(diagnostic(ErrorCode::E2001, "--snr `{}` is no ratio in dB", args.decibels)
                        .note("hint", "30 is usual; --all-int8 leaves no operator in floats"));
  protect_inputs(args.output, args.model);
  const Preprocess preprocess = to_preprocess(args.data);
  const Dataset data(args.data.data, args.data.samples);
  ModelRequest request = to_request(args.model);
  take_shapes_from_data(data, request);
  PhaseClock clock;
  Prepared prepared = prepare_float(request, {}, clock);
  const Graph& graph = main_graph(prepared.module);
  const SampleReader reader(data, inputs_of(graph), preprocess);
  if (const auto doubt = reader.doubt()) log::note("warning: {}", *doubt);
  quant::CalibrationRequest how;
  how.method = quant::parse_method(args.method);
  how.asymmetric = args.asymmetric;
  how.threads = args.model.threads;
  const quant::SampleSource source = sample_source(reader);
  const ChannelScales scales =
      args.balance ? balance_channels(prepared.module, source, args.model.threads) : ChannelScales{};
  quant::Calibration result = calibrate_samples(graph, reader, how);
  if (result.table.ranges.empty())
    throw UserError(diagnostic(ErrorCode::E3031, "the network computes no floats: there is nothing to calibrate"));
  for (const auto& [name, own] : scales) result.table.ranges.at(name).scales = own;
  if (!scales.empty()) log::note("{} tensors have their channels balanced", scales.size());
  for (const std::string& name : result.infinite)
    log::note("warning: tensor `{}` holds infinities: its range leaves them out", name);
  if (args.round) keep_roundings(round_weights(graph, source, args.model.threads), result.table);
  std::vector<NamedTensors> samples = trial_samples(reader, kTrialSamples);
  if (!args.all_int8) leave_in_floats(args, prepared.module, samples, result.table);
  const auto backend = make_backend("bm1684x");
  settle_times(args, TableTrials(prepared.module, {std::move(samples), args.asymmetric, args.model.threads}, *backend),
               result.table);
  if (args.format == "text")
    log::note("--format text holds ranges only: means, and what stays in floats, are left out");
  if (data.has_pictures()) result.table.preprocess = preprocess;
  write_text_file(args.output, args.format == "json" ? to_json(result.table) : to_peer_text(result.table));
  log::note("{}: ranges of {} tensors from {} samples", args.output, result.table.ranges.size(), reader.count());
  return 0;
}

}  // namespace

Run define_calibrate(CLI::App& app, std::any& storage) {
  auto& args = storage.emplace<CalibrateArgs>();
  add_model_args(app, args.model);
  add_data_args(app, args.data);
  app.add_option("-o,--output", args.output, "OUT.calib.json")->required();
  app.add_option("--method", args.method, "max | percentile | kl | mse | aciq | auto: the best of them for each tensor")
      ->capture_default_str();
  app.add_flag("--asymmetric", args.asymmetric, "choose ranges for asymmetric activations");
  app.add_option("--snr", args.decibels,
                 "dB between the results' signal and their noise on the samples: a few operators "
                 "stay in floats where 8 bits cannot give it")
      ->capture_default_str();
  app.add_flag("--balance", args.balance, "give channels alike ranges, by scaling the weights around them");
  app.add_flag("--round", args.round, "round weights up or down as the operators' results lose least by it");
  app.add_flag("--all-int8", args.all_int8, "leave no operator in floats for its noise or its time");
  app.add_option("--format", args.format, "json | text: tpuc's table, or tpu-mlir's")->capture_default_str();
  return [&args] { return run_calibrate(args); };
}

}  // namespace tpuc::cli
