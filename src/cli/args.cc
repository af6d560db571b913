// Shared options; nothing here knows a command.
#include "cli/args.h"

#include <CLI/App.hpp>
#include <CLI/Config.hpp>
#include <CLI/Formatter.hpp>
#include <cstdio>
#include <filesystem>

#include "driver/options.h"
#include "driver/stage_shapes.h"
#include "tpuc/runtime/tensors.h"
#include "tpuc/support/check.h"
#include "tpuc/support/file.h"

namespace tpuc::cli {
namespace {

// A graph's text and the weights beside it; other files are alone.
std::vector<std::string> with_weights(const std::string& path) {
  const std::string_view suffix = ".tpuir";
  if (!path.ends_with(suffix)) return {path};
  return {path, path.substr(0, path.size() - suffix.size()) + ".npz"};
}

}  // namespace

void add_model_args(CLI::App& app, ModelArgs& args) {
  app.add_option("MODEL", args.path, "ONNX, graph text (.tpuir) or .bmodel: told apart by content")->required();
  app.add_option("--input-shape", args.input_shapes, "NAME=1x3x224x224: fixes dynamic dimensions (repeatable)");
  app.add_option("--input-value", args.input_values,
                 "NAME=16000 or NAME=FILE.npy: turns an input into a constant (repeatable)");
  app.add_option("--like", args.like,
                 "IN.npz: input shapes, and the values of inputs that decide shapes, from a sample");
  app.add_option("--outputs", args.outputs, "NAME[,NAME]: stop at these tensors");
  app.add_option("--threads", args.threads, "how many threads (default: all cores); results never depend on it");
  app.add_option("--weights", args.weights, "not yet: weights of a Darknet .cfg");
}

void protect_inputs(const std::string& output, const ModelArgs& model, std::vector<std::string> others) {
  // Told before the work, not after it.
  const std::filesystem::path folder = std::filesystem::path(output).parent_path();
  if (std::error_code ignored; !folder.empty() && !std::filesystem::is_directory(folder, ignored))
    throw UserError(diagnostic(ErrorCode::E5002, "cannot write `{}`: `{}` is no folder", output, folder.string()));
  others.push_back(model.like);
  // Results are written when the weights are no longer needed; a graph is not.
  if (with_weights(output).size() > 1)
    for (std::string& path : with_weights(model.path)) others.push_back(std::move(path));
  else
    others.push_back(model.path);
  for (const std::string& written : with_weights(output))
    for (const std::string& read : others) {
      std::error_code missing;
      if (!std::filesystem::equivalent(written, read, missing)) continue;
      throw UserError(diagnostic(ErrorCode::E2001, "writing `{}` would replace `{}`, which is read", output, read)
                          .note("hint", "choose another name for the output"));
    }
}

std::vector<std::string> split_list(const std::vector<std::string>& values) {
  std::vector<std::string> out;
  for (const std::string& value : values) {
    size_t from = 0;
    while (from <= value.size()) {
      const size_t to = std::min(value.find(',', from), value.size());
      if (to > from) out.push_back(value.substr(from, to - from));
      from = to + 1;
    }
  }
  return out;
}

ModelRequest to_request(const ModelArgs& args) {
  if (!args.weights.empty()) not_yet("--weights (Darknet)");
  ModelRequest request;
  request.source.path = args.path;
  request.threads = args.threads;
  request.import.outputs = split_list(args.outputs);
  const std::vector<std::map<std::string, Dims>> stages = parse_stage_shapes(args.input_shapes);
  if (stages.size() != 1)
    throw UserError(diagnostic(ErrorCode::E2001, "--input-shape names {} shapes; this command wants one", stages.size())
                        .note("hint", "`tpuc compile` makes a stage of each"));
  request.import.input_shapes = stages.front();
  for (const std::string& text : args.input_values) request.import.input_values.insert(parse_input_value(text));
  if (!args.like.empty()) request.import.like = read_tensors(args.like);
  return request;
}

std::vector<ModelRequest> to_stage_requests(const ModelArgs& args) {
  ModelArgs one = args;
  one.input_shapes.clear();
  const ModelRequest common = to_request(one);
  std::vector<ModelRequest> requests;
  for (std::map<std::string, Dims>& shapes : parse_stage_shapes(args.input_shapes)) {
    requests.push_back(common);
    requests.back().import.input_shapes = std::move(shapes);
  }
  return requests;
}

MappedFile open_bmodel(const std::string& path) {
  MappedFile file(path);
  const ModelFormat format = recognise(file.bytes());
  if (format != ModelFormat::Bmodel)
    throw UserError(
        diagnostic(ErrorCode::E3012, "`{}` is not a bmodel", path).note("found", std::string(to_string(format))));
  return file;
}

void not_yet(std::string_view what) { throw UserError(diagnostic(ErrorCode::E2002, "{}: not yet", what)); }

void write_or_print(const std::string& path, std::string_view text) {
  if (!path.empty()) return write_text_file(path, text);
  std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace tpuc::cli
