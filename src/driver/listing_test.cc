#include "driver/listing.h"

#include <catch2/catch.hpp>

#include "tpuc/ir/registry.h"
#include "tpuc/pass/pipeline.h"
#include "tpuc/support/check.h"

using namespace tpuc;

TEST_CASE("listings name everything in the registries", "[driver]") {
  const std::string ops = list_ops(), passes = list_passes(), rules = list_rules();
  const std::string matrix = list_ops_markdown(*make_bm1684x_backend());
  for (const OpDef& d : all_ops()) {
    CHECK(ops.find(std::string(d.name) + " ") != std::string::npos);
    CHECK(matrix.find("| `" + std::string(d.name) + "` |") != std::string::npos);
  }
  for (const Pass& pass : all_passes()) CHECK(passes.find(std::string(pass.name) + " ") != std::string::npos);
  for (const RuleEntry& entry : all_rules()) CHECK(rules.find(std::string(entry.rule.name) + " ") != std::string::npos);
  CHECK(list_onnx_coverage().find("onnx.Conv ") != std::string::npos);
}

TEST_CASE("every error code is explained", "[driver]") {
  for (const ErrorRow& row : all_errors()) {
    const std::string text = explain_error(fmt::format("E{}", static_cast<int>(row.code)));
    CHECK(text.find(row.title) != std::string::npos);
    CHECK(text.find(row.text) != std::string::npos);
  }
  CHECK(explain_error("1001") == explain_error("e1001"));
  CHECK_THROWS_AS(explain_error("E9999"), UserError);
  CHECK_THROWS_AS(explain_error(""), UserError);
}
