// Convolutions of few channels whose input is made on the chip: the rows of their filters become channels in local
// memory. Bytes to the bit; halves with f32 sums, in another order than the reference.
#include "backends/bm1684x/kernels/conv_geometry.h"
#include "backends/bm1684x/kernels/kernel_cases.h"
#include "ops/conv.h"
#include "ops/eltwise.h"

namespace tpuc::bm1684x {
namespace {

using ops::Conv2d;

struct FoldCase {
  Dims x, w;
  Conv2d::Attrs attrs;
};

// Largest of two inputs, then the convolution: in tilings, and with small lanes.
void check_fold(DType type, const FoldCase& c, const Tolerance& tol, unsigned seed) {
  INFO("filter " << c.w[0] << "," << c.w[1] << "," << c.w[2] << "," << c.w[3] << " in " << to_string(type));
  const bool is_byte = !is_float(type);
  const double low = type == DType::U8 ? 0 : is_byte ? -128 : -2, high = type == DType::U8 ? 256 : is_byte ? 128 : 2;
  std::mt19937 rng(seed);
  ConstantStore store;
  Graph graph("fold", store);
  std::map<std::string, Tensor> inputs;
  for (const char* name : {"a", "b"}) inputs[name] = random_tensor(type, {c.x, false, low, high}, rng);
  const DType filter_type = is_byte ? DType::I8 : type;
  const Tensor filter = random_tensor(filter_type, {c.w, true, is_byte ? -128. : -1., is_byte ? 128. : 1.}, rng);
  Value* a = graph.input(inputs["a"].type, "a");
  Value* b = graph.input(inputs["b"].type, "b");
  const Op& max = graph.add<ops::Max>({a, b});
  const Op& conv = graph.add<Conv2d>({max.out(0), graph.constant(filter, "w")}, c.attrs);
  graph.set_outputs({conv.out(0)});
  const ConvGeometry g = conv_geometry(conv);
  REQUIRE(g.folds_here);
  REQUIRE(g.folded.count == c.w[2]);
  CHECK(find_kernel("conv2d")->views(conv).in[0] == row_major({c.x[0], c.x[1], c.x[2], c.x[3]}));

  const Tensor larger = evaluate(max, std::vector<const Tensor*>{&inputs["a"], &inputs["b"]}).front();
  const Tensor want = evaluate(conv, std::vector<const Tensor*>{&larger, &filter}).front();
  for (const Shape4& tile : tilings()) {
    INFO("tile " << tile[0] << "," << tile[1] << "," << tile[2] << "," << tile[3]);
    PlanOptions options;
    options.forced_tile = tile;
    options.group_layers = tile == Shape4{};
    compare(run_graph_on_chip(graph, inputs, options).front(), want, tol);
  }
  PlanOptions small;
  small.lane_bytes = 12288;
  compare(run_graph_on_chip(graph, inputs, small).front(), want, tol);
}

TEST_CASE("rows of filters become channels in local memory", "[kernel]") {
  const FoldCase cases[] = {
      {{1, 12, 40, 64}, {12, 12, 3, 3}, {.pads = {1, 1, 1, 1}}},                      // every row inside twice
      {{2, 5, 37, 50}, {70, 5, 3, 3}, {.strides = {2, 2}, .pads = {1, 0, 1, 1}}},     // images, channel rows
      {{1, 3, 30, 45}, {9, 3, 7, 5}, {.strides = {3, 1}, .pads = {3, 2, 0, 2}}},      // rows left out
      {{1, 16, 9, 33}, {33, 16, 4, 3}, {.pads = {5, 1, 4, 1}}},                       // rows of padding alone
      {{1, 2, 3, 200}, {8, 2, 9, 3}, {.pads = {4, 1, 4, 1}, .dilations = {1, 2}}},    // a filter longer than the input
      {{1, 21, 16, 64}, {10, 21, 3, 4}, {.strides = {1, 2}, .pads = {0, 0, 0, 0}}}};  // nothing to fill
  unsigned seed = 1;
  for (FoldCase c : cases) {
    check_fold(DType::F16, c, {1e-3, 2e-3}, seed);
    check_fold(DType::BF16, c, {1e-2, 1e-2}, seed);
    c.attrs.pad_value = -37;
    check_fold(DType::I8, c, kExact, seed);
    c.attrs.pad_value = 200;
    check_fold(DType::U8, c, kExact, ++seed);
  }
}

TEST_CASE("one filter on a picture and on what is made here is packed for each", "[kernel]") {
  std::mt19937 rng(7);
  const Dims dims{1, 20, 32, 32};
  ConstantStore store;
  Graph graph("both", store);
  const std::map<std::string, Tensor> inputs{{"a", random_tensor(DType::F16, {dims}, rng)},
                                             {"b", random_tensor(DType::F16, {dims}, rng)}};
  Value* filter = graph.constant(random_tensor(DType::F16, {{12, 20, 3, 7}, true, -1, 1}, rng), "w");
  Value* picture = graph.input(inputs.at("a").type, "a");
  const Op& made = graph.add<ops::Max>({graph.input(inputs.at("b").type, "b"), picture});
  const Conv2d::Attrs same{.pads = {1, 3, 1, 3}};
  const Op& as_loaded = graph.add<Conv2d>({picture, filter}, same);
  const Op& folded = graph.add<Conv2d>({made.out(0), filter}, same);
  REQUIRE(conv_geometry(as_loaded).folded.count == 0);
  REQUIRE(conv_geometry(folded).folds_here);
  graph.set_outputs({as_loaded.out(0), folded.out(0)});
  const std::vector<Tensor> got = run_graph_on_chip(graph, inputs);
  const Tensor& w = filter->tensor();
  const Tensor larger = evaluate(made, std::vector<const Tensor*>{&inputs.at("b"), &inputs.at("a")}).front();
  compare(got[0], evaluate(as_loaded, std::vector<const Tensor*>{&inputs.at("a"), &w}).front(), {1e-3, 2e-3});
  compare(got[1], evaluate(folded, std::vector<const Tensor*>{&larger, &w}).front(), {1e-3, 2e-3});
}

}  // namespace
}  // namespace tpuc::bm1684x
