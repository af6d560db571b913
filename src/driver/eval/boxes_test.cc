// Boxes by hand: overlap, suppression, average precision, decoders.
#include "driver/eval/boxes.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "tpuc/support/check.h"

using namespace tpuc;
using namespace tpuc::eval;

TEST_CASE("overlap is intersection over union", "[eval]") {
  CHECK(overlap({0, 0, 2, 2, 0, 0}, {1, 1, 3, 3, 0, 0}) == Approx(1 / 7.));
  CHECK(overlap({0, 0, 2, 2, 0, 0}, {2, 0, 3, 3, 0, 0}) == 0);
  CHECK(overlap({0, 0, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0}) == 0);
}

TEST_CASE("of boxes on one another the best of each class stays", "[eval]") {
  const std::vector<Box> kept = without_doubles(
      {{0, 0, 10, 10, 0.5, 1}, {0, 0, 10, 9, 0.9, 1}, {0, 0, 10, 10, 0.4, 2}, {20, 20, 30, 30, 0.3, 1}}, 0.5);
  REQUIRE(kept.size() == 3);
  CHECK(kept[0].score == 0.9);
  CHECK(kept[1].class_id == 2);
  CHECK(kept[2].left == 20);
}

TEST_CASE("average precision of a hand-made ranking", "[eval]") {
  // Two truths; found in order of score: right, wrong, right. Precision 1 up to recall 1/2, then 2/3.
  Detections d;
  d.truth = {{0, 0, 10, 10, 1, 0}, {20, 0, 30, 10, 1, 0}};
  d.found = {{0, 0, 10, 10, 0.9, 0}, {50, 50, 60, 60, 0.8, 0}, {20, 0, 30, 10, 0.7, 0}};
  CHECK(mean_average_precision({&d, 1}, 0.5) == Approx(0.5 + 0.5 * 2 / 3));
  // A second hit on the same truth is wrong; a class without truth does not count.
  d.found = {{0, 0, 10, 10, 0.9, 0}, {0, 0, 10, 10, 0.8, 0}, {0, 0, 10, 10, 0.7, 5}};
  CHECK(mean_average_precision({&d, 1}, 0.5) == Approx(0.5));
  const Matches m = match_boxes({&d, 1}, 0.85, 0.5);
  CHECK((m.truth == 2 && m.found == 1 && m.matched == 1));
  d.truth.clear();
  CHECK(mean_average_precision({&d, 1}, 0.5) == 0);
}

TEST_CASE("boxes find their way back into the picture", "[eval]") {
  image::Placement p;
  p.scale_x = 0.5;
  p.scale_y = 2;
  p.left = 10;
  p.cut_top = 3;
  const Box b = placed_back({10, 0, 20, 8, 0.5, 4}, p);
  CHECK((b.left == 0 && b.right == 20 && b.top == 3 && b.bottom == 7 && b.class_id == 4));
}

TEST_CASE("a decoder reads one box where its network wrote it", "[eval]") {
  // YOLOX on 32 x 32: 16 + 4 + 1 cells of strides 8, 16, 32; the cell (1, 0) of stride 16 is row 17.
  std::vector<float> rows(21 * 7, 0.f);
  float* r = rows.data() + 17 * 7;
  r[0] = 0.5f;
  r[1] = 0.25f;
  r[2] = std::log(0.5f);
  r[4] = 0.9f;
  r[6] = 0.8f;
  NamedTensors out;
  out.emplace("o", Tensor::from_f32({1, 21, 7}, rows));
  const Decoder& yolox = find_decoder("yolox");
  const std::vector<Box> boxes = yolox.decode(out, 32, 32, 0.3);
  REQUIRE(boxes.size() == 1);
  CHECK(boxes[0].class_id == 1);
  CHECK(boxes[0].score == Approx(0.72));
  CHECK(boxes[0].left == Approx(20));
  CHECK(boxes[0].right == Approx(28));
  CHECK(boxes[0].top == Approx(-4));
  CHECK(boxes[0].bottom == Approx(12));
  CHECK_THROWS_AS(yolox.decode(out, 64, 32, 0.3), UserError);
  rows[17 * 7 + 4] = std::nanf("");
  NamedTensors broken;
  broken.emplace("o", Tensor::from_f32({1, 21, 7}, rows));
  CHECK(yolox.decode(broken, 32, 32, 0.3).empty());
}

TEST_CASE("decoders refuse outputs of other networks", "[eval]") {
  NamedTensors out;
  out.emplace("scores", Tensor(DType::F32, {1, 10}));
  for (const Decoder& d : decoders()) {
    INFO(d.name);
    try {
      d.decode(out, 64, 64, 0.5);
      FAIL("accepted");
    } catch (const UserError& e) {
      CHECK(e.diagnostics().front().code == ErrorCode::E3036);
    }
  }
  CHECK(find_decoder("yunet").name == "yunet");
  CHECK_THROWS_AS(find_decoder("ssd"), UserError);
}
