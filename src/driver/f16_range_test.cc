// Which losses of range matter: graph text, a sample, and the tensors that must keep F32.
#include "driver/f16_range.h"

#include <catch2/catch.hpp>

#include "tpuc/ir/text.h"

using namespace tpuc;

namespace {

Tensor tensor(Dims dims, std::vector<float> values) { return Tensor::from_f32(std::move(dims), values); }

// "overflow large before add; underflow ..." and how many operators stay in F32.
std::pair<std::string, size_t> losses(const std::string& text, const NamedTensors& sample) {
  const Module module = parse_module(text);
  const RangeReport report = find_range_losses(
      *module.nets.front().stages.front(), sample, [](const Op&) { return true; }, 1);
  std::string out;
  for (const RangeLoss& loss : report.losses)
    out += (out.empty() ? "" : "; ") + std::string(loss.overflows ? "over " : "under ") + loss.tensor + " before " +
           loss.reader;
  return {out, report.keep_in_f32.size()};
}

}  // namespace

TEST_CASE("an overflow matters where its readers' results change", "[f16]") {
  const auto [text, kept] = losses(
      "graph @g(%x: f32[1,2]) -> (%y) {\n"
      "  %a = mul(%x, %x) : f32[1,2]\n"
      "  %b = sqrt(%a) : f32[1,2]\n"
      "  %y = relu(%b) : f32[1,2]\n"
      "}\n",
      {{"x", tensor({1, 2}, {1000, 2})}});
  CHECK(text == "over a before sqrt");
  CHECK(kept == 2);  // not relu
}

TEST_CASE("an overflow that saturates anyway does no harm", "[f16]") {
  const auto [text, kept] = losses(
      "graph @g(%x: f32[1,2]) -> (%y) {\n"
      "  %a = mul(%x, %x) : f32[1,2]\n"
      "  %y = sigmoid(%a) : f32[1,2]\n"
      "}\n",
      {{"x", tensor({1, 2}, {1000, 2})}});
  CHECK(text.empty());
  CHECK(kept == 0);
}

TEST_CASE("a mask that becomes infinite does no harm before a softmax", "[f16]") {
  const std::string mask =
      "graph @g(%x: f32[2,2], %m: f32[2,2]) -> (%y) {\n"
      "  %big = const -1000000000 : f32[]\n"
      "  %a = mul(%m, %big) : f32[2,2]\n"
      "  %b = add(%x, %a) : f32[2,2]\n"
      "  %y = softmax(%b) : f32[2,2]\n"
      "}\n";
  CHECK(losses(mask, {{"x", tensor({2, 2}, {1, 2, 3, 4})}, {"m", tensor({2, 2}, {0, 1, 1, 0})}}).first.empty());
  // A row that is masked throughout would be infinite throughout: not a number.
  CHECK(losses(mask, {{"x", tensor({2, 2}, {1, 2, 3, 4})}, {"m", tensor({2, 2}, {1, 1, 1, 0})}}).first ==
        "over big before mul; over a before add; over b before softmax");
}

TEST_CASE("an underflow matters before a logarithm, through what carries it there", "[f16]") {
  const auto [text, kept] = losses(
      "graph @g(%x: f32[1,3]) -> (%y, %z) {\n"
      "  %w = const [0.0001, 1, 1] : f32[3]\n"
      "  %a = mul(%x, %w) : f32[1,3]\n"
      "  %b = clip(%a) {min=1e-10} : f32[1,3]\n"
      "  %y = log(%b) : f32[1,3]\n"
      "  %z = relu(%a) : f32[1,3]\n"
      "}\n",
      {{"x", tensor({1, 3}, {0.0001f, 2, 3})}});
  CHECK(text == "under a before clip; under b before log");
  CHECK(kept == 3);  // not relu
}

TEST_CASE("what an underflow leaves behind is followed to where it matters", "[f16]") {
  const auto [text, kept] = losses(
      "graph @g(%x: f32[1,3]) -> (%y) {\n"
      "  %a = mul(%x, %x) : f32[1,3]\n"
      "  %b = sqrt(%a) : f32[1,3]\n"
      "  %c = abs(%b) : f32[1,3]\n"
      "  %y = log(%c) : f32[1,3]\n"
      "}\n",
      {{"x", tensor({1, 3}, {0.0001f, 2, 3})}});
  CHECK(text == "under a before sqrt");  // b itself is in range
  CHECK(kept == 2);
}

TEST_CASE("an underflow matters as a divisor only", "[f16]") {
  const std::string text =
      "graph @g(%x: f32[2], %d: f32[2]) -> (%y, %z) {\n"
      "  %y = div(%x, %d) : f32[2]\n"
      "  %z = div(%d, %x) : f32[2]\n"
      "}\n";
  CHECK(losses(text, {{"x", tensor({2}, {1e-5f, 1})}, {"d", tensor({2}, {1e-9f, 1})}}).first == "under d before div");
}

TEST_CASE("an output out of range is a loss, a small part of one is not", "[f16]") {
  const std::string text =
      "graph @g(%x: f32[2]) -> (%y) {\n"
      "  %y = neg(%x) : f32[2]\n"
      "}\n";
  CHECK(losses(text, {{"x", tensor({2}, {1e-9f, 1})}}).first.empty());
  CHECK(losses(text, {{"x", tensor({2}, {1e-9f, -3e-9f})}}).first == "under x before neg; under y before output");
  CHECK(losses(text, {{"x", tensor({2}, {1e6f, 1})}}).first == "over x before neg; over y before output");
}
