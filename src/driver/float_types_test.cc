// A network whose end has no place in 8 bits: it computes in F16 where that is faster and fits.
#include "driver/float_types.h"

#include <catch2/catch.hpp>

#include "driver/pipeline.h"
#include "driver/tensors.h"
#include "quant/calibrate.h"
#include "tpuc/ir/text.h"

namespace tpuc {
namespace {

// `gain` scales what is resized.
FloatTypes types_with(float gain) {
  const Module module = parse_module(fmt::format(R"(graph @g(%x: f32[1,16,32,32]) -> (%y) {{
  %w = const [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1] : f32[16,1,1,1]
  %v = const [{0}, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1] : f32[16,1,1,1]
  %a = conv2d(%x, %w) {{group=16}} : f32[1,16,32,32]
  %b = conv2d(%a, %v) {{group=16}} : f32[1,16,32,32]
  %c = resize(%b) {{mode=linear, sizes=[1,16,512,512], scales=[1.0f,1.0f,16.0f,16.0f]}} : f32[1,16,512,512]
  %y = arg_max(%c) {{axis=1}} : i64[1,1,512,512]
}}
)",
                                                 gain));
  const Graph& graph = *module.nets.front().stages.front();
  TableTrialsRequest request;
  for (uint64_t seed = 1; seed <= 2; ++seed) request.samples.push_back(random_inputs(inputs_of(graph), seed));
  const quant::SampleSource source{request.samples.size(), [&](size_t i) { return request.samples[i]; },
                                   [](size_t i) { return std::to_string(i); }};
  const CalibrationTable table = quant::calibrate(graph, source, {}).table;
  const auto backend = make_backend("bm1684x");
  return choose_float_types(TableTrials(module, request, *backend), table);
}

}  // namespace

TEST_CASE("what has no place in 8 bits computes in F16 where that is faster", "[float-types]") {
  CHECK(types_with(1).types == std::map<std::string, DType>{{"c", DType::F16}});
}

TEST_CASE("no operator computes in F16 near the end of its range", "[float-types]") {
  CHECK(types_with(1e5f).types.empty());
}

}  // namespace tpuc
