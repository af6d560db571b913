// Options that several commands share, and their translation into what the driver takes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "driver/model.h"
#include "tpuc/support/file.h"

namespace CLI {
class App;
}

namespace tpuc::cli {

// What every command that takes a model accepts.
struct ModelArgs {
  std::string path, weights, like;
  std::vector<std::string> input_shapes, input_values, outputs;
  unsigned threads = 0;
};
void add_model_args(CLI::App& app, ModelArgs& args);
// Reads --like and the values that are files. E2001 where an option is not understood.
ModelRequest to_request(const ModelArgs& args);
// The same for each set of shapes of `--input-shape x=1x{160,320}`.
std::vector<ModelRequest> to_stage_requests(const ModelArgs& args);

// E5002 where the folder of `output` is not there; E2001 where writing `output` would replace a file that is read: the
// model, the sample of --like, one of `others`, and where the output is a graph, the weights beside graph text.
void protect_inputs(const std::string& output, const ModelArgs& model, std::vector<std::string> others = {});

// "a,b,,c" and repeated options alike: {"a", "b", "c"}.
std::vector<std::string> split_list(const std::vector<std::string>& values);

// The file's bytes, once they are known to be a bmodel; else E3012.
MappedFile open_bmodel(const std::string& path);

// Throws E2002.
[[noreturn]] void not_yet(std::string_view what);

// The file, or standard output when `path` is empty; written whole or not at all.
void write_or_print(const std::string& path, std::string_view text);

}  // namespace tpuc::cli
