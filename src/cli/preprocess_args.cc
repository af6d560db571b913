// Options about pictures, from text.
#include "cli/preprocess_args.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <charconv>
#include <cmath>

#include "cli/args.h"
#include "tpuc/support/check.h"

namespace tpuc::cli {
namespace {

constexpr int64_t kMaxSide = 1 << 15;

template <class T>
bool parse_whole(std::string_view text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

void parse_resize(const std::string& text, Preprocess& p) {
  const size_t at = text.find('x');
  const bool ok = at != std::string::npos && parse_whole(std::string_view(text).substr(0, at), p.width) &&
                  parse_whole(std::string_view(text).substr(at + 1), p.height) && p.width > 0 && p.height > 0 &&
                  p.width <= kMaxSide && p.height <= kMaxSide;
  if (!ok)
    throw UserError(diagnostic(ErrorCode::E2001, "--resize `{}` is not WIDTHxHEIGHT in pixels", text)
                        .note("hint", fmt::format("like 224x224; at most {}", kMaxSide)));
}

std::vector<float> parse_numbers(const std::string& text, const char* option) {
  std::vector<float> out;
  for (const std::string& part : split_list({text})) {
    float x = 0;
    if (!parse_whole(std::string_view(part), x) || !std::isfinite(x) || out.size() == 4)
      throw UserError(diagnostic(ErrorCode::E2001, "{} `{}` is not a list of numbers, one per channel", option, text));
    out.push_back(x);
  }
  return out;
}

}  // namespace

void add_data_args(CLI::App& app, DataArgs& args) {
  app.add_option("--data", args.data,
                 "PATH of samples: a folder, a list of files, or a file; pictures (JPEG, PNG, BMP), .npy, .npz, raw")
      ->required();
  app.add_option("--samples", args.samples, "N: at most so many, spread evenly over the data (default: all)");
  const auto picture = [&](CLI::Option* option) {
    option->each([&args](const std::string&) { args.has_preprocess = true; })->group("Pictures");
  };
  picture(app.add_option("--resize", args.resize, "WxH (default: what the input wants)"));
  picture(app.add_option("--fit", args.fit,
                         "stretch | letterbox (in the middle) | corner (letterbox at the top left) | crop (default: "
                         "stretch)"));
  picture(app.add_option("--crop-share", args.crop_share, "S: --fit crop keeps this share, 0.875 for 224 of 256")
              ->check(CLI::Range(0.01, 1.0)));
  picture(app.add_option("--mean", args.mean, "a,b,c: value = (pixel - mean) * scale, pixels 0..255, by channel"));
  picture(app.add_option("--scale", args.scale, "a,b,c"));
  picture(app.add_option("--channels", args.channels, "rgb | bgr | gray (default: by the input's channels)"));
  picture(app.add_option("--layout", args.layout, "nchw | nhwc (default: by the input's shape)"));
  picture(app.add_option("--pad", args.pad, "V: pixel value beside a letterboxed picture (default 0)"));
}

Preprocess to_preprocess(const DataArgs& args) {
  Preprocess p;
  if (!args.resize.empty()) parse_resize(args.resize, p);
  if (!args.fit.empty()) p.fit = parse_fit(args.fit, "--fit");
  if (!args.channels.empty()) p.channels = parse_channels(args.channels, "--channels");
  if (!args.layout.empty()) p.layout = parse_layout(args.layout, "--layout");
  p.mean = parse_numbers(args.mean, "--mean");
  p.scale = parse_numbers(args.scale, "--scale");
  for (const float x : p.scale)
    if (x == 0)
      throw UserError(diagnostic(ErrorCode::E2001, "--scale `{}` holds 0: every pixel would be the same", args.scale));
  if (!std::isfinite(args.pad)) throw UserError(diagnostic(ErrorCode::E2001, "--pad is not a finite number"));
  p.pad = args.pad;
  p.crop_share = args.crop_share;
  return p;
}

}  // namespace tpuc::cli
