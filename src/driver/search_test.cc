// The search on the example network: a wide budget needs no floats, a narrow one finds layers to keep.
#include "driver/search.h"

#include <catch2/catch.hpp>

#include "driver/dataset.h"
#include "driver/layer_times.h"
#include "driver/model.h"
#include "quant/calibrate.h"
#include "tpuc/ir/text.h"

namespace tpuc {
namespace {

struct Searched {
  Prepared prepared;
  CalibrationTable table;
  std::vector<NamedTensors> samples;
};

void take_samples(Searched& s) {
  const Graph& graph = main_graph(s.prepared.module);
  for (uint64_t seed = 1; seed <= 4; ++seed) s.samples.push_back(random_inputs(inputs_of(graph), seed));
  const quant::SampleSource source{s.samples.size(), [&](size_t i) { return s.samples[i]; },
                                   [](size_t i) { return std::to_string(i); }};
  s.table = quant::calibrate(graph, source, {}).table;
}

Searched prepare() {
  Searched s;
  ModelRequest request;
  request.source.path = TPUC_SOURCE_DIR "/examples/shapes/shapes.onnx";
  PhaseClock clock;
  s.prepared = prepare_float(request, {}, clock);
  take_samples(s);
  return s;
}

SearchResult search(const Searched& s, double cosine) {
  SearchRequest request;
  request.calibration = &s.table;
  request.samples = s.samples;
  request.cosine = cosine;
  return search_precision(s.prepared.module, request, *make_backend("bm1684x"));
}

}  // namespace

TEST_CASE("a wide budget keeps every layer int8", "[search]") {
  const Searched s = prepare();
  const SearchResult r = search(s, 0.5);
  CHECK(r.table.rows.empty());
  CHECK(r.cosine == r.int8_cosine);
  CHECK(r.cycles == r.int8_cycles);
  CHECK(r.int8_cycles < r.float_cycles);
}

TEST_CASE("a narrow budget names layers, and the table is one that compile reads", "[search]") {
  const Searched s = prepare();
  const double all_int8 = search(s, 0.5).int8_cosine;
  const double budget = all_int8 + 0.9 * (1 - all_int8);
  const SearchResult r = search(s, budget);
  CHECK(all_int8 < budget);
  CHECK(r.cosine >= budget);
  REQUIRE_FALSE(r.table.rows.empty());
  const PrecisionTable read = parse_precision_table(to_json(r.table), "t.json");
  REQUIRE(read.rows.size() == r.table.rows.size());
  for (size_t i = 0; i < read.rows.size(); ++i) {
    CHECK(read.rows[i].name == r.table.rows[i].name);
    CHECK(read.rows[i].precision == r.table.rows[i].precision);
  }
}

TEST_CASE("operators between layers are not named where halves make the network slower", "[search]") {
  Searched s;
  // Layers large enough to pay in 8 bits: float operators between them would part them by casts.
  std::string weights;
  for (int i = 0; i < 128 * 128 * 9; ++i) weights += (i == 0 ? "" : ", ") + std::to_string((i * 37 % 101 - 50) * 0.001);
  s.prepared.module = parse_module("graph @g(%x: f32[1,128,20,20]) -> (%z) {\n  %w = const [" + weights +
                                   R"(] : f32[128,128,3,3]
  %a = conv2d(%x, %w) {pads=[1,1,1,1]} : f32[1,128,20,20]
  %s = silu(%a) : f32[1,128,20,20]
  %b = conv2d(%s, %w) {pads=[1,1,1,1]} : f32[1,128,20,20]
  %y = add(%b, %a) : f32[1,128,20,20]
  %z = conv2d(%y, %w) {pads=[1,1,1,1]} : f32[1,128,20,20]
})");
  take_samples(s);
  const SearchResult r = search(s, 0.5);
  CHECK(r.table.rows.empty());
  CHECK(r.cycles == r.int8_cycles);
}

namespace {

// Products so small that their casts take longer.
Searched prepare_small() {
  Searched s;
  s.prepared.module = parse_module(R"(graph @g(%x: f32[8,2]) -> (%y) {
  %w = const [0.5, 0.3, -0.7, 0.4] : f32[2,2]
  %k = const [0.7] : f32[1]
  %a = matmul(%x, %w) : f32[8,2]
  %d = div(%a, %k) : f32[8,2]
  %b = matmul(%d, %w) : f32[8,2]
  %e = div(%b, %k) : f32[8,2]
  %y = matmul(%e, %w) : f32[8,2]
})");
  take_samples(s);
  return s;
}

int64_t cycles_with(const Searched& s, const PrecisionTable& rows) {
  CompileOptions options;
  options.precision = Precision::Int8;
  options.precision_table = rows;
  return layer_times(s.prepared.module, s.table, options, *make_backend("bm1684x")).total;
}

}  // namespace

TEST_CASE("no mixture is slower than F16 where F16 is inside the budget", "[search]") {
  const Searched s = prepare_small();
  const SearchResult r = search(s, 0.99);
  CHECK(r.cosine >= 0.99);
  CHECK(r.cycles <= std::min(r.int8_cycles, r.float_cycles));
  CHECK(cycles_with(s, r.table) == r.cycles);
}

TEST_CASE("rows take back what the calibration leaves in floats", "[search]") {
  Searched s = prepare();
  const SearchResult without = search(s, 0.5);
  for (const LayerSearch& layer : without.layers) s.table.ranges.at(layer.name).precision = DType::F32;
  const SearchResult r = search(s, 0.5);
  CHECK(r.cycles == without.cycles);
  CHECK(r.table.rows.size() >= r.layers.size());
  CHECK(cycles_with(s, r.table) == r.cycles);
}

}  // namespace tpuc
