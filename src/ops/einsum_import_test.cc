// Einsum: products, sums over one operand, ellipses, three operands, and equations that are refused.
#include "ops/einsum_import.h"

#include "ops/import_case.h"
#include "ops/op_case.h"

namespace tpuc::ops::test {
namespace {

ImportCase einsum(const std::string& equation, const std::vector<Dims>& operands) {
  ImportCase c("Einsum", 12);
  c.attr("equation", equation);
  for (const Dims& d : operands) c.input(counting(d));
  return c;
}

// By definition: a loop over all values of all letters.
Reals by_loops(const std::vector<std::string>& in, const std::string& out, const std::vector<Dims>& dims) {
  std::map<char, int64_t> length;
  for (size_t k = 0; k < in.size(); ++k)
    for (size_t i = 0; i < in[k].size(); ++i) length[in[k][i]] = dims[k][i];
  const auto offset = [&](const std::string& letters, const std::map<char, int64_t>& at) {
    int64_t o = 0;
    for (const char c : letters) o = o * length.at(c) + at.at(c);
    return static_cast<size_t>(o);
  };
  int64_t count = 1, results = 1;
  for (const auto& [c, n] : length) count *= n;
  for (const char c : out) results *= length.at(c);
  Reals y(static_cast<size_t>(results));
  for (int64_t step = 0; step < count; ++step) {
    std::map<char, int64_t> at;
    int64_t rest = step;
    for (const auto& [c, n] : length) at[c] = rest % n, rest /= n;
    double product = 1;
    for (const auto& letters : in) product *= static_cast<double>(offset(letters, at));
    y[offset(out, at)] += product;
  }
  return y;
}

TEST_CASE("Einsum computes what its letters say", "[op]") {
  struct Case {
    std::vector<std::string> in;
    std::string out;
    std::vector<Dims> dims;
  };
  const std::vector<Case> cases{
      {{"ij", "jk"}, "ik", {{2, 3}, {3, 4}}},
      {{"bhwc", "hkc"}, "bhwk", {{2, 3, 2, 4}, {3, 5, 4}}},
      {{"bqnh", "bknh"}, "bnqk", {{2, 3, 2, 4}, {2, 5, 2, 4}}},
      {{"i", "j"}, "ij", {{3}, {4}}},
      {{"ij"}, "ji", {{2, 3}}},
      {{"ijk"}, "j", {{2, 3, 4}}},
      {{"ij"}, "", {{2, 3}}},
      {{"ij", "k"}, "j", {{2, 3}, {4}}},
      {{"ij", "ij"}, "ij", {{2, 3}, {2, 3}}},
      {{"ij", "jk", "kl"}, "li", {{2, 3}, {3, 2}, {2, 2}}},
      {{"ab", "b", "ab"}, "a", {{2, 3}, {3}, {2, 3}}},
  };
  for (const Case& c : cases) {
    std::string text;
    for (const std::string& letters : c.in) text += (text.empty() ? "" : ",") + letters;
    INFO(text << " -> " << c.out);
    CHECK(einsum(text + " -> " + c.out, c.dims).values() == by_loops(c.in, c.out, c.dims));
  }
}

TEST_CASE("Einsum without an arrow, and with an ellipsis that broadcasts", "[op]") {
  CHECK(einsum("ba,cb", {{2, 3}, {4, 2}}).run().dims() == Dims{3, 4});
  CHECK(einsum("...ij,...jk->...ik", {{2, 5, 3, 4}, {5, 4, 2}}).values() ==
        ImportCase("MatMul", 13).input(counting({2, 5, 3, 4})).input(counting({5, 4, 2})).values());
  CHECK(einsum("...ij,...jk", {{2, 1, 3, 4}, {5, 4, 2}}).values() ==
        ImportCase("MatMul", 13).input(counting({2, 1, 3, 4})).input(counting({5, 4, 2})).values());
  CHECK(einsum("...i->...", {{2, 3}}).values() == Reals{3, 12});
  CHECK(einsum("...->...", {{2, 2}}).values() == Reals{0, 1, 2, 3});
}

TEST_CASE("Einsum becomes a matmul, a product or a sum", "[op]") {
  CHECK(einsum("bij,bjk->bik", {{2, 3, 4}, {2, 4, 5}}).ops() == "matmul");
  CHECK(einsum("ij->i", {{2, 3}}).ops() == "reduce");
  CHECK(einsum("ij->ji", {{2, 3}}).ops() == "permute");
  CHECK(einsum("i,j->ij", {{2}, {3}}).ops() == "reshape reshape mul reshape");
}

TEST_CASE("Einsum refuses diagonals and letters that do not fit", "[op]") {
  CHECK(einsum("ii->i", {{3, 3}}).error() == 1024);
  CHECK(einsum("ij,jk->ik", {{2, 3}, {4, 5}}).error() == 1024);
  CHECK(einsum("ij->ik", {{2, 3}}).error() == 1024);
  CHECK(einsum("ij,jk->ik", {{2, 3}}).error() == 1024);
  CHECK(einsum("ij->i", {{2, 3, 4}}).error() == 1024);
  CHECK(einsum("i*j", {{2, 3}}).error() == 1024);
}

}  // namespace
}  // namespace tpuc::ops::test
