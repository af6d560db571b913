// Hostile graph text: random edits of valid texts must give a module or numbered errors, never a crash or a hang.
// TPUC_SEEDS=N tries more; a failure prints the seed.
#include <catch2/catch.hpp>
#include <cstdlib>
#include <random>

#include "graph_gen.h"
#include "tpuc/ir/equal.h"
#include "tpuc/ir/text.h"
#include "tpuc/ir/verify.h"

namespace tpuc::test {
namespace {

std::string mutate(std::string text, std::mt19937_64& random) {
  static const std::vector<std::string> kPieces{"%",
                                                "(",
                                                ")",
                                                "[",
                                                "]",
                                                "{",
                                                "}",
                                                ",",
                                                ":",
                                                "=",
                                                "->",
                                                "\"",
                                                "\\x",
                                                "\n",
                                                "-1",
                                                "0",
                                                "9223372036854775807",
                                                "99999999999999999999",
                                                "1e999",
                                                "nan",
                                                "inf",
                                                "f32[",
                                                "i4",
                                                "const",
                                                "graph @g",
                                                "loc(",
                                                "_",
                                                "//",
                                                "\xff",
                                                "<",
                                                ">",
                                                "scale=[]",
                                                "reshape",
                                                "concat",
                                                "shape=[0,-1]",
                                                "axis=7",
                                                "kernel=[0,0]",
                                                "strides=[0,0]",
                                                "group=0"};
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  for (size_t edits = 1 + below(4); edits > 0 && !text.empty(); --edits) {
    const size_t at = below(text.size());
    switch (below(4)) {
      case 0:
        text.erase(at, 1 + below(20));
        break;
      case 1:
        text.insert(at, kPieces[below(kPieces.size())]);
        break;
      case 2:
        text.replace(at, 1, kPieces[below(kPieces.size())]);
        break;
      default:
        text.insert(at, text.substr(below(text.size()), 1 + below(60)));
        break;
    }
  }
  return text;
}

TEST_CASE("edited texts are read or refused", "[ir]") {
  const char* asked = std::getenv("TPUC_SEEDS");
  const uint64_t seeds = asked == nullptr ? 3000 : std::strtoull(asked, nullptr, 10);
  int read = 0, refused = 0;
  for (uint64_t seed = 1; seed <= seeds; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random(seed);
    const Module m = random_module(seed % 50, {.ops = 8, .with_odd_names = true});
    const NamedArrays weights = text_weights(m);
    const std::string text = mutate(print(m), random);
    try {
      const Module got = parse_module(text, weights);
      verify(got);
      CHECK(difference(got, parse_module(print(got), text_weights(got))) == "");
      ++read;
    } catch (const UserError& e) {
      CHECK_FALSE(e.diagnostics().empty());
      ++refused;
    }
  }
  CHECK(read > 0);
  CHECK(refused > 0);
}

}  // namespace
}  // namespace tpuc::test
