// The JSON form of debug_info.h.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "backends/bm1684x/bmodel/debug_info.h"

namespace tpuc::bm1684x::bmodel {
namespace {

using Json = nlohmann::ordered_json;
constexpr int kVersion = 1;
constexpr const char* kKey = "tpuc";
constexpr uint64_t kMaxElements = uint64_t{1} << 36;

Json ranges_to_json(const std::vector<IdRange>& ranges) {
  Json out = Json::array();
  for (const IdRange& r : ranges) out.push_back({r.first, r.last});
  return out;
}

std::vector<IdRange> ranges_from_json(const Json& json) {
  std::vector<IdRange> out;
  for (const Json& r : json) out.push_back({r.at(0).get<uint32_t>(), r.at(1).get<uint32_t>()});
  return out;
}

DataType type_from_name(const std::string& name) {
  for (uint32_t t = 0; t <= static_cast<uint32_t>(DataType::U4); ++t)
    if (name_of(static_cast<DataType>(t)) == name) return static_cast<DataType>(t);
  throw Json::other_error::create(501, "unknown type " + name, nullptr);
}

DebugLayer layer_from_json(const Json& j) {
  return {j.at("name").get<std::string>(), j.at("op").get<std::string>(), j.at("tile").get<int32_t>(),
          j.at("group").get<uint32_t>(),   ranges_from_json(j.at("tiu")), ranges_from_json(j.at("gdma"))};
}

// Shapes come from a file: their product must stay a size.
DebugTensor tensor_from_json(const Json& j) {
  DebugTensor t{j.at("name").get<std::string>(), type_from_name(j.at("dtype").get<std::string>()),
                j.at("shape").get<std::vector<uint64_t>>(), j.at("addr").get<uint64_t>(),
                j.at("layer").get<uint32_t>()};
  if (j.contains("axes")) {
    t.axes = j.at("axes").get<std::vector<std::pair<uint64_t, uint64_t>>>();
    t.first = j.at("first").get<uint64_t>();
    for (const auto& [extent, stride] : t.axes)
      if (extent == 0 || extent > kMaxElements || stride > kMaxElements || t.first > kMaxElements)
        throw Json::other_error::create(501, "axes too large", nullptr);
  }
  uint64_t elements = 1;
  for (const uint64_t d : t.shape)
    if (__builtin_mul_overflow(elements, d, &elements) || elements > kMaxElements)
      throw Json::other_error::create(501, "shape too large", nullptr);
  return t;
}

}  // namespace

std::string to_json(const DebugInfo& info) {
  Json layers = Json::array(), tensors = Json::array(), elements = Json::object();
  for (const DebugLayer& l : info.layers)
    layers.push_back({{"name", l.name},
                      {"op", l.op},
                      {"tile", l.tile},
                      {"group", l.group},
                      {"tiu", ranges_to_json(l.tiu)},
                      {"gdma", ranges_to_json(l.gdma)}});
  for (const DebugTensor& t : info.tensors) {
    tensors.push_back({{"name", t.name},
                       {"dtype", std::string(name_of(t.type))},
                       {"shape", t.shape},
                       {"addr", t.addr},
                       {"layer", t.layer}});
    if (t.axes.empty()) continue;
    tensors.back()["axes"] = t.axes;
    tensors.back()["first"] = t.first;
  }
  for (const auto& [type, count] : info.elements) elements[type] = count;
  Json products = Json::object(), float_ops = Json::array();
  for (const auto& [type, count] : info.products) products[type] = count;
  for (const FloatOp& op : info.float_ops) float_ops.push_back({op.name, op.op, op.type});
  Json body = {{"version", kVersion},  {"layers", layers},     {"tensors", tensors},    {"notes", info.notes},
               {"elements", elements}, {"products", products}, {"float_ops", float_ops}};
  if (!info.scalars.empty()) body["scalars"] = info.scalars;
  // Names come from foreign models and need not be UTF-8.
  return Json{{kKey, body}}.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<DebugInfo> debug_info_from_json(const std::string& text) {
  if (text.empty()) return {};
  const Json whole = Json::parse(text, nullptr, false);
  if (!whole.is_object() || !whole.contains(kKey)) return {};
  try {
    const Json& body = whole.at(kKey);
    if (body.at("version").get<int>() != kVersion) return {};
    DebugInfo info;
    for (const Json& j : body.at("layers")) info.layers.push_back(layer_from_json(j));
    for (const Json& j : body.at("tensors")) info.tensors.push_back(tensor_from_json(j));
    for (const Json& j : body.at("notes")) info.notes.push_back(j.get<std::string>());
    for (const auto& [type, count] : body.at("elements").items())
      info.elements.emplace_back(type, count.get<uint64_t>());
    if (!body.contains("products")) return info;  // of an earlier version
    for (const auto& [type, count] : body.at("products").items())
      info.products.emplace_back(type, count.get<uint64_t>());
    for (const Json& j : body.at("float_ops"))
      info.float_ops.push_back({j.at(0).get<std::string>(), j.at(1).get<std::string>(), j.at(2).get<std::string>()});
    if (body.contains("scalars")) info.scalars = body.at("scalars").get<std::vector<std::string>>();
    return info;
  } catch (const Json::exception&) {
    return {};
  }
}

}  // namespace tpuc::bm1684x::bmodel
