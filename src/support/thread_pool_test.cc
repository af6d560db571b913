// Every round runs once, on however many threads; exceptions come back.
#include "tpuc/support/thread_pool.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <stdexcept>
#include <vector>

namespace tpuc {
namespace {

TEST_CASE("thread pool: every round runs exactly once", "[support]") {
  for (const unsigned threads : {1u, 2u, 5u}) {
    ThreadPool pool(threads);
    CHECK(pool.size() == threads);
    for (const size_t count : {0u, 1u, 7u, 1000u}) {
      std::vector<std::atomic<int>> runs(count);
      pool.parallel_for(count, [&](size_t k) { ++runs[k]; });
      for (const auto& r : runs) REQUIRE(r == 1);
    }
  }
}

TEST_CASE("thread pool: an exception is thrown to the caller, and the pool lives on", "[support]") {
  ThreadPool pool(3);
  CHECK_THROWS_WITH(pool.parallel_for(100,
                                      [](size_t k) {
                                        if (k == 50) throw std::runtime_error("round 50");
                                      }),
                    "round 50");
  std::atomic<int> sum{0};
  pool.parallel_for(10, [&](size_t k) { sum += static_cast<int>(k); });
  CHECK(sum == 45);
}

}  // namespace
}  // namespace tpuc
