// Options of compile and import --lower.
#include "cli/lower_args.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>

#include "cli/args.h"
#include "driver/options.h"
#include "tpuc/support/check.h"

namespace tpuc::cli {

void add_lower_args(CLI::App& app, LowerArgs& args) {
  app.add_option("--chip", args.chip, "the chip")->capture_default_str();
  app.add_option("--precision", args.precision, "f32 | f16 | bf16 | int8")->capture_default_str();
  app.add_flag("--asymmetric", args.asymmetric, "asymmetric activations in int8: zero points other than 0");
  app.add_option("--calibration", args.calibration,
                 "FILE.calib.json: ranges for int8, as `tpuc calibrate` writes them");
  app.add_option("--precision-table", args.precision_table,
                 "FILE: precision of single layers, by tensor or node name; JSON, or lines `name F32`");
  app.add_flag("--strict-precision", args.strict_precision,
               "keep the asked precision even where a sample (--like, --verify) leaves its range");
  app.add_option("--io", args.io,
                 "f32 | native: type of the network's inputs and outputs; native leaves 8-bit ones and halves")
      ->capture_default_str();
  app.add_flag("--allow-host", args.allow_host, "not yet: operators the chip cannot run become host steps");
  app.add_option("--dump", args.dump_dir, "DIR: graph text and JSON after every pass, schedule and memory maps");
  app.add_option("--dump-after", args.dump_after, "REGEX: dump after these passes only");
  app.add_option("--stop-after", args.stop_after, "PASS: write the graph at that point instead");
  app.add_option("--disable-rule", args.disabled_rules, "leave this rewrite rule out (repeatable)");
  app.add_option("--disable-pass", args.disabled_passes, "leave this pass out (repeatable)");
  app.add_flag("--no-layer-group", args.no_layer_group, "one operator at a time (debugging)");
  app.add_option("--max-time", args.max_seconds, "SECONDS: end the tiling search early and keep the best plan")
      ->check(CLI::NonNegativeNumber);
}

CompileOptions to_options(const LowerArgs& args) {
  if (args.allow_host) not_yet("--allow-host");
  if (args.io != "f32" && args.io != "native")
    throw UserError(diagnostic(ErrorCode::E2001, "--io `{}` is not known", args.io).note("hint", "one of f32, native"));
  CompileOptions options;
  options.chip = args.chip;
  options.precision = parse_precision(args.precision);
  options.group_layers = !args.no_layer_group;
  options.max_seconds = args.max_seconds;
  options.dump_dir = args.dump_dir;
  options.dump_after = args.dump_after;
  options.stop_after = args.stop_after;
  options.disabled_rules = split_list(args.disabled_rules);
  options.disabled_passes = split_list(args.disabled_passes);
  options.strict_precision = args.strict_precision;
  options.calibration = args.calibration;
  options.asymmetric = args.asymmetric;
  options.native_io = args.io == "native";
  if (!args.precision_table.empty()) options.precision_table = read_precision_table(args.precision_table);
  return options;
}

}  // namespace tpuc::cli
