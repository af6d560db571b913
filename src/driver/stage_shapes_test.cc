// Lists of shapes on the command line.
#include "driver/stage_shapes.h"

#include <catch2/catch.hpp>

#include "tpuc/support/check.h"

using tpuc::parse_stage_shapes;
using Stages = std::vector<std::map<std::string, tpuc::Dims>>;

TEST_CASE("shapes without braces are one stage", "[driver]") {
  CHECK(parse_stage_shapes({}) == Stages{{}});
  CHECK(parse_stage_shapes({"x=1x3", "y=4"}) == Stages{{{"x", {1, 3}}, {"y", {4}}}});
}

TEST_CASE("lists of shapes go side by side", "[driver]") {
  CHECK(parse_stage_shapes({"x=1x{2,3}x{4,5}"}) == Stages{{{"x", {1, 2, 4}}}, {{"x", {1, 3, 5}}}});
  CHECK(parse_stage_shapes({"x={2,3}", "y=7", "z=1x{4,5}"}) ==
        Stages{{{"x", {2}}, {"y", {7}}, {"z", {1, 4}}}, {{"x", {3}}, {"y", {7}}, {"z", {1, 5}}}});
  CHECK(parse_stage_shapes({"a{b}=1x{2,3}"}) == Stages{{{"a{b}", {1, 2}}}, {{"a{b}", {1, 3}}}});
}

TEST_CASE("lists that do not fit are refused", "[driver]") {
  for (const std::vector<std::string>& options : std::vector<std::vector<std::string>>{
           {"x=1x{2,3"}, {"x={2,3}x{4,5,6}"}, {"x={2,3}", "y={4,5,6}"}, {"x={2,2}"}, {"x={2,}"}, {"x={}"}, {"{1,2}"}})
    CHECK_THROWS_AS(parse_stage_shapes(options), tpuc::UserError);
}
