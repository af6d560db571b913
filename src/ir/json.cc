// The JSON dump. Values are numbered in the order of definition: inputs, then each op's new constants and results.
#include "tpuc/ir/json.h"

#include <nlohmann/json.hpp>
#include <unordered_map>

#include "tpuc/ir/text.h"

namespace tpuc {
namespace {

using Json = nlohmann::json;  // sorted keys

struct ToJson {
  template <class T>
  Json operator()(const T& x) const {
    return x;
  }
};

class Dumper {
 public:
  std::string run(const Graph& g, std::string_view after, std::string_view stage) {
    std::string inputs, ops;
    for (const auto& v : g.inputs()) line(inputs, define(*v));
    for (const Op& op : g.ops()) {
      for (const Value* v : op.in())
        if (v != nullptr && v->is_constant() && id_.count(v) == 0) constant(*v);
      line(ops, operation(op));
    }
    for (const Value* v : g.outputs())
      if (v->is_constant() && id_.count(v) == 0) constant(*v);
    Json outputs = Json::array();
    for (const Value* v : g.outputs()) outputs.push_back(id_.at(v));
    return fmt::format(
        "{{\n\"after\": {},\n\"constants\": [{}\n],\n\"graph\": {},\n\"inputs\": [{}\n],\n\"ops\": [{}\n],\n"
        "\"outputs\": {},\n\"schema\": \"tpuc-ir/1\",\n\"stage\": {}\n}}\n",
        text(Json(after)), constants_, text(Json(g.name)), inputs, ops, text(outputs), text(Json(stage)));
  }

 private:
  // Names may hold bytes that are no UTF-8.
  static std::string text(const Json& j) { return j.dump(-1, ' ', false, Json::error_handler_t::replace); }
  static void line(std::string& list, const Json& j) { list += (list.empty() ? "\n" : ",\n") + text(j); }

  Json define(const Value& v) {
    const size_t id = id_.size();
    id_.emplace(&v, id);
    return {{"id", id}, {"name", v.name}, {"type", to_string(v.type)}};
  }

  void constant(const Value& v) {
    Json j = define(v);
    j["data"] = "#" + constant_key(v.data->hash);
    line(constants_, j);
  }

  Json operation(const Op& op) {
    Json in = Json::array(), out = Json::array(), attrs = Json::object();
    for (const Value* v : op.in()) in.push_back(v == nullptr ? Json() : Json(id_.at(v)));
    for (const auto& v : op.out()) out.push_back(define(*v));
    for (const NamedAttr& a : op.def().attrs(op.any_attrs()))
      attrs[std::string(a.name)] = std::visit(ToJson{}, a.value);
    return {{"op", op.name()}, {"in", in},      {"out", out},
            {"attrs", attrs},  {"loc", op.loc}, {"place", op.place == Place::Host ? "host" : "chip"}};
  }

  std::unordered_map<const Value*, size_t> id_;
  std::string constants_;
};

}  // namespace

std::string to_json(const Graph& graph, std::string_view after, std::string_view stage) {
  return Dumper().run(graph, after, stage);
}

}  // namespace tpuc
