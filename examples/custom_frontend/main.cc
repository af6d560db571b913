// A front end for a format of one's own: reads a list of image filters, builds a graph through the API, saves it as
// graph text and compiles it. Usage: custom_frontend filters.txt out.tpuir out.bmodel
//   input NAME C H W         the picture, f32[1,C,H,W]; the first line
//   filter S  k k k ...      one SxS kernel for every channel, row by row; same size out
//   relu                     negative values become zero
//   halve                    mean of each 2x2 block
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "ops/activation.h"
#include "ops/conv.h"
#include "ops/pool.h"
#include "tpuc/ir/text.h"
#include "tpuc/tpuc.h"

namespace {

using tpuc::Value;

// The kernel as a depthwise convolution: [C,1,S,S], the same for every channel.
Value* add_filter(tpuc::Builder& builder, Value* x, std::istream& words) {
  int64_t size = 0;
  words >> size;
  if (size < 1 || size > 15 || size % 2 == 0) throw std::runtime_error("filter: the size must be odd, 1 to 15");
  std::vector<float> kernel(static_cast<size_t>(size * size));
  for (float& k : kernel) words >> k;
  const int64_t channels = x->type.dims[1], pad = size / 2;
  std::vector<float> all;
  for (int64_t c = 0; c < channels; ++c) all.insert(all.end(), kernel.begin(), kernel.end());
  Value* w = builder.constant(tpuc::Tensor::from_f32({channels, 1, size, size}, all), "kernel");
  return builder.add<tpuc::ops::Conv2d>({x, w}, {.pads = {pad, pad, pad, pad}, .group = channels}, "filtered");
}

Value* add_layer(tpuc::Builder& builder, Value* x, const std::string& layer, std::istream& words) {
  if (layer == "filter") return add_filter(builder, x, words);
  if (layer == "relu") return builder.add<tpuc::ops::Relu>({x}, {}, "positive");
  if (layer == "halve") return builder.add<tpuc::ops::AvgPool2d>({x}, {.kernel = {2, 2}, .strides = {2, 2}}, "half");
  throw std::runtime_error("no layer is called '" + layer + "'");
}

tpuc::Module read_filters(std::istream& in) {
  tpuc::Module module;
  auto graph = std::make_unique<tpuc::Graph>("filters", *module.constants);
  Value* x = nullptr;
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) {
    std::istringstream words(line);
    std::string layer;
    if (!(words >> layer) || layer[0] == '#') continue;
    if (x == nullptr) {
      std::string name;
      int64_t c = 0, h = 0, w = 0;
      if (layer != "input" || !(words >> name >> c >> h >> w))
        throw std::runtime_error("the first line is: input NAME C H W");
      x = graph->input({tpuc::DType::F32, {1, c, h, w}, {}}, name);
      continue;
    }
    tpuc::Builder builder(*graph, {layer + ", line " + std::to_string(number)});  // what messages will call the op
    x = add_layer(builder, x, layer, words);
    if (words.fail()) throw std::runtime_error("line " + std::to_string(number) + ": numbers are missing");
  }
  if (x == nullptr) throw std::runtime_error("the file is empty");
  graph->set_outputs({x});
  module.nets.push_back({"filters", {}});
  module.nets.back().stages.push_back(std::move(graph));
  return module;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4) return std::fprintf(stderr, "usage: custom_frontend filters.txt out.tpuir out.bmodel\n"), 2;
  std::ifstream in(argv[1]);
  const tpuc::Module module = read_filters(in);
  std::cout << tpuc::print(module);
  tpuc::save_module(module, argv[2]);

  const auto compiled = tpuc::compile({.path = argv[2], .bytes = {}, .external_data = {}});
  if (!compiled.ok()) return std::cerr << tpuc::render(compiled.failure().diagnostics.front()) << '\n', 1;
  const tpuc::Bytes& bmodel = compiled.value().bytes;
  std::ofstream(argv[3], std::ios::binary)
      .write(reinterpret_cast<const char*>(bmodel.data()), static_cast<std::streamsize>(bmodel.size()));
  std::cout << argv[3] << ": " << bmodel.size() << " bytes\n";
  return 0;
} catch (const std::exception& e) {
  std::cerr << e.what() << '\n';
  return 1;
}
