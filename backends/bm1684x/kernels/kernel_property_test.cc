// Every kernel of the table against the reference, on random shapes, attributes, types and tilings. TPUC_SEED and
// TPUC_DRAWS (cases per kernel) choose others than CI's; the seed is printed with the coverage.
#include <cstdlib>
#include <iostream>

#include "backends/bm1684x/kernels/kernel_draws.h"

namespace tpuc::bm1684x {

Dims Draws::dims(size_t rank) {
  Dims d;
  int64_t room = 2500;  // elements
  for (size_t i = 0; i < rank; ++i) {
    d.push_back(std::min<int64_t>(extent(9), room));
    room = std::max<int64_t>(1, room / d.back());
  }
  for (size_t i = d.size(); i-- > 1;) std::swap(d[i], d[static_cast<size_t>(between(0, static_cast<int64_t>(i)))]);
  return d;
}

Dims Draws::broadcasting(const Dims& out) {
  Dims d = out;
  if (chance(30)) d.erase(d.begin(), d.begin() + between(0, static_cast<int64_t>(d.size())));
  for (int64_t& n : d)
    if (chance(25)) n = 1;
  return d;
}

}  // namespace tpuc::bm1684x

using namespace tpuc::bm1684x;

namespace {

unsigned from_environment(const char* name, unsigned fallback) {
  const char* text = std::getenv(name);
  return text == nullptr ? fallback : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

}  // namespace

TEST_CASE("random cases of every kernel", "[kernel][property]") {
  const unsigned seed = from_environment("TPUC_SEED", 20260), count = from_environment("TPUC_DRAWS", 12);
  INFO("TPUC_SEED=" << seed);
  Draws draws(seed);
  std::multimap<std::string_view, void (*)(Draws&)> drawers;
  for (const auto& table : {elementwise_draws(), window_draws(), move_draws(), quantize_draws(), integer_sum_draws()})
    for (const Draw& d : table) drawers.emplace(d.op, d.one);
  for (const Kernel& k : all_kernels()) {
    if (drawers.count(k.op) == 0) {
      FAIL_CHECK("no drawer for " << k.op << ": add one to kernel_draws_*_test.cc");
      continue;
    }
    for (auto [one, last] = drawers.equal_range(k.op); one != last; ++one)
      for (unsigned i = 0; i < count; ++i) one->second(draws);
  }
  std::string table = fmt::format("kernels drawn with TPUC_SEED={}:\n{:<20}{:>6}{:>7}{:>9}\n", seed, "operator", "ran",
                                  "tiled", "refused");
  for (const Kernel& k : all_kernels()) {
    const auto found = draws.tallies().find(k.op);
    const Tally t = found == draws.tallies().end() ? Tally{} : found->second;
    table += fmt::format("{:<20}{:>6}{:>7}{:>9}\n", k.op, t.ran, t.tiled, t.refused);
    INFO(k.op << " never ran");
    CHECK(t.ran > 0);
  }
  std::cout << table;
}
