// The table of operators as a whole: names, rules and attributes that must not collide.
#include <catch2/catch.hpp>
#include <map>
#include <set>

#include "tpuc/ir/registry.h"

namespace tpuc {

TEST_CASE("operator names are unique and sorted", "[op]") {
  const auto table = all_ops();
  REQUIRE(table.size() > 60);
  for (size_t i = 1; i < table.size(); ++i) CHECK(table[i - 1].name < table[i].name);
  for (const OpDef& d : table) CHECK(find_op(d.name) == &d);
  CHECK(find_op("no_such_operator") == nullptr);
}

TEST_CASE("operators describe themselves and their attributes", "[op]") {
  for (const OpDef& d : all_ops()) {
    INFO(d.name);
    CHECK_FALSE(d.summary.empty());
    CHECK_FALSE(d.source.empty());
    CHECK(d.min_in <= d.max_in);
    std::set<std::string_view> names;
    for (const NamedAttr& a : d.attrs(d.default_attrs())) {
      INFO(a.name);
      CHECK_FALSE(a.doc.empty());
      CHECK(names.insert(a.name).second);
      std::any attrs = d.default_attrs();
      CHECK(d.set_attr(attrs, a.name, a.value) == AttrSet::Ok);
    }
  }
}

TEST_CASE("no two import rules claim the same version of a foreign operator", "[op]") {
  std::map<std::pair<std::string_view, int>, std::string_view> owner;
  for (const OpDef& d : all_ops())
    for (const ImportRule& rule : d.imports) {
      INFO(rule.op);
      CHECK(rule.first_opset <= rule.last_opset);
      CHECK(rule.fn != nullptr);
      for (int opset = rule.first_opset; opset <= rule.last_opset; ++opset)
        CHECK(owner.emplace(std::pair(rule.op, opset), d.name).second);
    }
}

}  // namespace tpuc
