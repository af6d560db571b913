// Labels in each of their forms, and scores.
#include "driver/eval/labels.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "driver/eval/scores.h"
#include "tpuc/support/check.h"

using namespace tpuc;
using namespace tpuc::eval;

namespace {

std::string refusal(const std::function<void()>& f) {
  try {
    f();
  } catch (const UserError& e) {
    CHECK(e.diagnostics().front().code == ErrorCode::E3036);
    return e.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("classes by name, in order, and by what file names begin with", "[eval]") {
  using Classes = std::vector<int64_t>;
  CHECK(parse_classes("# c\nb.png 7 seven\na.png 3\r\n", "l", {"x/a.png", "b.png"}) == Classes{3, 7});
  CHECK(parse_classes("5\n0\n", "l", {"a.png", "b.png"}) == Classes{5, 0});
  CHECK(parse_classes("n01 tench, Tinca\nn02 goldfish\n", "l", {"n02_44.JPEG", "s/n01_1.JPEG"}) == Classes{1, 0});
  CHECK(refusal([] {
          parse_classes("a.png 1\n", "l", {"a.png", "b.png"});
        }) == "--labels `l`: no line names sample `b.png`");
  CHECK(refusal([] { parse_classes("a.png x\n", "l", {"a.png"}); }) ==
        "--labels `l`: the line of `a.png` has no class number behind the name");
  CHECK(refusal([] {
          parse_classes("1\n-2\n", "l", {"a.png", "b.png"});
        }) == "--labels `l`: entry 2 is no class number");
  CHECK(refusal([] { parse_classes("\n", "l", {"a.png"}); }) == "--labels `l`: it holds no lines");
  CHECK(refusal([] { parse_classes("1\n2\n3\n", "l", {"a.png"}); }).find("3 lines, 1 samples") != std::string::npos);
}

TEST_CASE("boxes by name", "[eval]") {
  const auto boxes = parse_boxes("a.png 2 1 2 3.5 4\na.png 0 0 0 1 1\n", "l", {"d/a.png", "b.png"});
  REQUIRE(boxes.size() == 2);
  REQUIRE(boxes[0].size() == 2);
  CHECK((boxes[0][0].class_id == 2 && boxes[0][0].right == 3.5));
  CHECK(boxes[1].empty());
  CHECK(refusal([] { parse_boxes("a.png 2 1 2 3\n", "l", {"a.png"}); }) ==
        "--labels `l`: entry 1 is not NAME CLASS LEFT TOP RIGHT BOTTOM");
  CHECK(refusal([] { parse_boxes("a.png 2 1 2 3 nan\n", "l", {"a.png"}); }) ==
        "--labels `l`: entry 1 is not NAME CLASS LEFT TOP RIGHT BOTTOM");
  CHECK(refusal([] { parse_boxes("z.png 2 1 2 3 4\n", "l", {"a.png"}); }) ==
        "--labels `l`: no line names any of the samples");
}

TEST_CASE("top-1 and top-5 by hand", "[eval]") {
  ClassScore s;
  const std::vector<float> scores = {0.1f, 0.9f, 0.3f, 0.3f, 0.2f, 0.25f, 0.f};
  for (const int64_t truth : {1, 3, 0, 6, 99}) s.add(scores, truth);  // first, third, sixth, last, unknown
  s.add(std::vector<float>{std::nanf(""), 1}, 1);
  CHECK(s.figures()[0].value == Approx(1 / 6.));
  CHECK(s.figures()[1].value == Approx(2 / 6.));
  CHECK(winner(scores) == 1);
}

TEST_CASE("PSNR by hand", "[eval]") {
  const std::vector<float> want = {0, 100, 200, 255}, got = {10, 90, 210, 245};
  CHECK(psnr_db(got, want, 255) == Approx(20 * std::log10(25.5)));
  CHECK(psnr_db(want, want, 255) == 100);
  CHECK(psnr_db(std::vector<float>{std::nanf(""), 0, 0, 0}, want, 255) == 0);
}

TEST_CASE("cosine counts the worst output of a sample", "[eval]") {
  CosineScore s;
  NamedTensors want, got;
  const std::vector<float> a = {1, 0}, b = {2, 1};
  want.emplace("p", Tensor::from_f32({2}, a));
  want.emplace("q", Tensor::from_f32({2}, a));
  got.emplace("p", Tensor::from_f32({2}, a));
  got.emplace("q", Tensor::from_f32({2}, b));
  s.add(want, want);
  s.add(got, want);
  CHECK(s.figures()[0].value == Approx((1 + std::sqrt(0.8)) / 2));
  CHECK(s.figures()[1].value == Approx(std::sqrt(0.8)));
  got.erase("p");
  s.add(got, want);
  CHECK(s.figures()[1].value == -1);
}
