#include "tpuc/support/suggest.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

using tpuc::nearest_name;

TEST_CASE("a misspelt name is recognised", "[support]") {
  const std::vector<std::string> names{"compile", "compare", "check", "dis"};
  CHECK(nearest_name("complie", names) == "compile");
  CHECK(nearest_name("chekc", names) == "check");
  CHECK(nearest_name("ids", names) == "dis");
}

TEST_CASE("a far name gets no suggestion", "[support]") {
  const std::vector<std::string> names{"compile", "check"};
  CHECK(nearest_name("transmogrify", names).empty());
  CHECK(nearest_name("", names).empty());
  CHECK(nearest_name(std::string(5000, 'c'), names).empty());
}
