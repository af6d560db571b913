// tpuc as a library: compiles an ONNX model that is in memory, runs the result on the simulator, compares it with the
// float graph and writes the bmodel. Usage: embed model.onnx out.bmodel (a model like examples/shapes/shapes.onnx).
#include <tpuc/tpuc.h>

#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <vector>

namespace {

std::vector<std::byte> read_file(const char* path) {
  std::ifstream in(path, std::ios::binary);
  const std::vector<char> text{std::istreambuf_iterator<char>(in), {}};
  const auto* first = reinterpret_cast<const std::byte*>(text.data());
  return {first, first + text.size()};
}

int complain(const tpuc::Failure& failure) {
  for (const tpuc::Diagnostic& d : failure.diagnostics) std::fprintf(stderr, "%s\n", tpuc::render(d).c_str());
  return 1;
}

// A smooth pattern, as f32.
tpuc::Array test_picture(std::vector<int64_t> shape) {
  size_t count = 1;
  for (const int64_t n : shape) count *= static_cast<size_t>(n);
  std::vector<float> pixels(count);
  for (size_t i = 0; i < count; ++i) pixels[i] = std::sin(static_cast<float>(i) * 0.01F);
  tpuc::Array out{"f32", std::move(shape), tpuc::Bytes(count * sizeof(float))};
  std::memcpy(out.data.data(), pixels.data(), out.data.size());
  return out;
}

float largest_difference(const tpuc::Array& a, const tpuc::Array& b) {
  float worst = 0;
  for (size_t i = 0; i + sizeof(float) <= a.data.size(); i += sizeof(float)) {
    float x = 0, y = 0;
    std::memcpy(&x, a.data.data() + i, sizeof x);
    std::memcpy(&y, b.data.data() + i, sizeof y);
    worst = std::fmax(worst, std::fabs(x - y));
  }
  return worst;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fprintf(stderr, "usage: embed model.onnx out.bmodel\n"), 2;
  const std::vector<std::byte> model = read_file(argv[1]);
  const tpuc::Source network{.path = {}, .bytes = model, .external_data = {}};

  tpuc::Options options;
  options.precision = tpuc::Precision::F16;
  const auto compiled = tpuc::compile(network, options);
  if (!compiled.ok()) return complain(compiled.failure());
  const tpuc::Bytes& bmodel = compiled.value().bytes;

  const tpuc::Arrays inputs = {{"image", test_picture({1, 3, 48, 48})}};
  const auto want = tpuc::run(network, inputs);
  const auto got = tpuc::run({.path = {}, .bytes = bmodel, .external_data = {}}, inputs);
  if (!want.ok()) return complain(want.failure());
  if (!got.ok()) return complain(got.failure());
  for (const auto& [name, tensor] : want.value().tensors) {
    const float difference = largest_difference(tensor, got.value().tensors.at(name));
    std::printf("%s: largest difference of the bmodel from the float graph %g\n", name.c_str(), difference);
    if (!(difference < 0.1F)) return 1;
  }

  const auto time = tpuc::estimate(bmodel);
  if (!time.ok()) return complain(time.failure());
  std::printf("%zu bytes of bmodel, %.3f ms on the chip\n", bmodel.size(), time.value().milliseconds);

  std::ofstream(argv[2], std::ios::binary)
      .write(reinterpret_cast<const char*>(bmodel.data()), static_cast<std::streamsize>(bmodel.size()));
  return 0;
}
