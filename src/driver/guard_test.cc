// What exceptions become: numbered failures, and exit code 70 for bugs only.
#include "driver/guard.h"

#include <catch2/catch.hpp>
#include <new>
#include <stdexcept>

#include "tpuc/support/check.h"

namespace tpuc {

TEST_CASE("work that returns is no failure", "[driver]") {
  CHECK_FALSE(catch_failures([] {}).has_value());
}

TEST_CASE("a user's error keeps its number and its exit code", "[driver]") {
  const auto failure = catch_failures([] { throw UserError(diagnostic(ErrorCode::E2001, "no option `{}`", "--x")); });
  REQUIRE(failure.has_value());
  CHECK_FALSE(failure->bug);
  CHECK(failure->diagnostics.front().message == "no option `--x`");
  CHECK(exit_code_of(*failure) == 2);
}

TEST_CASE("running out of memory is E5003", "[driver]") {
  const auto failure = catch_failures([] { throw std::bad_alloc(); });
  REQUIRE(failure.has_value());
  CHECK(failure->diagnostics.front().code == ErrorCode::E5003);
  CHECK(exit_code_of(*failure) == 5);
}

TEST_CASE("everything else is a bug of ours: E7000, exit code 70", "[driver]") {
  const auto broken = catch_failures([] { TPUC_CHECK(1 + 1 == 3, "sum is {}", 2); });
  const auto unknown = catch_failures([] { throw std::runtime_error("surprise"); });
  REQUIRE(broken.has_value());
  REQUIRE(unknown.has_value());
  CHECK(broken->bug);
  CHECK(broken->diagnostics.front().code == ErrorCode::E7000);
  CHECK(exit_code_of(*broken) == 70);
  CHECK(exit_code_of(*unknown) == 70);
}

}  // namespace tpuc
