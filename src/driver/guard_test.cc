#include "driver/guard.h"

#include <catch2/catch.hpp>
#include <new>

#include "tpuc/support/check.h"

using namespace tpuc;

TEST_CASE("failures keep their diagnostics and exit codes", "[driver]") {
  const auto failure = catch_failures([] { throw UserError(diagnostic(ErrorCode::E5001, "no such file")); });
  REQUIRE(failure);
  CHECK_FALSE(failure->bug);
  CHECK(failure->diagnostics.front().message == "no such file");
  CHECK(exit_code_of(*failure) == 5);
  CHECK_FALSE(catch_failures([] {}));
}

TEST_CASE("broken promises are bugs: E7000, exit code 70", "[driver]") {
  const auto failure = catch_failures([] { TPUC_CHECK(1 > 2, "one is {}", 1); });
  REQUIRE(failure);
  CHECK(failure->bug);
  CHECK(failure->diagnostics.front().code == ErrorCode::E7000);
  CHECK(exit_code_of(*failure) == 70);
}

TEST_CASE("running out of memory is E5003", "[driver]") {
  const auto failure = catch_failures([] { throw std::bad_alloc(); });
  REQUIRE(failure);
  CHECK(failure->diagnostics.front().code == ErrorCode::E5003);
  CHECK(exit_code_of(*failure) == 5);
}
