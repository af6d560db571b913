// Implements tpuc.h over the driver's own functions: requests in, Results out, no exception crosses.
#include "driver/check.h"
#include "driver/guard.h"
#include "driver/options.h"
#include "driver/pipeline.h"
#include "driver/run.h"
#include "tpuc/support/check.h"
#include "tpuc/tpuc.h"

namespace tpuc {
namespace {

PrecisionTable table_of(const Options& options) {
  return options.precision_table.empty() ? PrecisionTable{} : read_precision_table(options.precision_table);
}

CompileOptions to_options(const Options& options) {
  CompileOptions out;
  out.chip = options.chip;
  out.precision = options.precision;
  out.dump_dir = options.dump_dir;
  out.strict_precision = options.strict_precision;
  out.calibration = options.calibration;
  out.asymmetric = options.asymmetric;
  out.native_io = options.io == Io::Native;
  out.precision_table = table_of(options);
  return out;
}

// A value made by code that may throw.
template <class T, class F>
Result<T> result_of(const F& make) {
  T value;
  std::optional<Failure> failure = catch_failures([&] { value = make(); });
  if (failure) return *std::move(failure);
  return value;
}

}  // namespace

Result<Artifact> compile(const Source& source, const Options& options) {
  return result_of<Artifact>([&] {
    const CompileOptions how = to_options(options);
    const auto backend = make_backend(how.chip);
    PhaseClock clock;
    const Prepared lowered = prepare_lowered(to_request(source, options), how, *backend, clock);
    CompiledNet net = compile_lowered(lowered, how, *backend, options.threads, clock);
    for (const std::string& note : lowered.precision_notes) net.warnings.push_back({ErrorCode::E7002, note, {}});
    for (const auto& loss : {lowered.opt_range_loss, lowered.opt_rounding_loss})
      if (loss) net.warnings.push_back(*loss);
    return Artifact{std::move(net.bytes), std::move(net.warnings)};
  });
}

Result<CheckReport> check(const Source& source, const Options& options) {
  return result_of<CheckReport>(
      [&] { return check_model(to_request(source, options), table_of(options), *make_backend(options.chip)); });
}

Result<RunResult> run(const Source& source, const Arrays& inputs, const Options& options, const RunOptions& how) {
  return result_of<RunResult>([&] {
    RunRequest request;
    request.model = to_request(source, options);
    request.given = to_tensors(inputs);
    request.how.all_tensors = how.all_tensors;
    request.how.raw = how.raw;
    RunOutcome outcome = run_any(request);
    return RunResult{to_arrays(outcome.tensors), std::move(outcome.warnings)};
  });
}

Result<Estimate> estimate(std::span<const std::byte> artifact) {
  return result_of<Estimate>([&] {
    const ArtifactTime time = make_bm1684x_backend()->estimate(artifact);
    return Estimate{time.total_cycles, time.tiu_cycles, time.gdma_cycles, time.milliseconds};
  });
}

}  // namespace tpuc
