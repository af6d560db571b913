// The profile as JSON, for tools.
#include <nlohmann/json.hpp>

#include "backends/bm1684x/cycles/profile.h"

namespace tpuc::bm1684x {
namespace {

using Json = nlohmann::ordered_json;

Json to_json(const ProfileRow& r, bool by_layer) {
  Json row = {{by_layer ? "layer" : "command", r.name}, {by_layer ? "op" : "engine", r.op}, {"commands", r.commands}};
  if (by_layer) row["tiles"] = r.tiles;
  row["cycles"] = r.elapsed_cycles;
  row["tiu_busy"] = r.busy[0];
  row["gdma_busy"] = r.busy[1];
  row["macs"] = r.macs;
  row["ddr_read_bytes"] = r.ddr_read_bytes;
  row["weight_bytes"] = r.weight_bytes;
  row["ddr_write_bytes"] = r.ddr_written_bytes;
  row["bound"] = std::string(name_of(r.bound()));
  return row;
}

Json totals(const std::vector<const Profile*>& profiles) {
  uint64_t total = 0, busy[2] = {0, 0}, wait[2] = {0, 0}, commands[2] = {0, 0}, macs = 0, floor = 0, read = 0,
           written = 0;
  for (const Profile* p : profiles) {
    total += p->total_cycles;
    for (size_t e = 0; e < kEngineCount; ++e) {
      busy[e] += p->busy[e];
      wait[e] += p->wait[e];
      commands[e] += p->command_count[e];
    }
    macs += p->macs;
    floor += p->mac_floor_cycles;
    read += p->ddr_read_bytes;
    written += p->ddr_written_bytes;
  }
  return {{"total_cycles", total},
          {"milliseconds_at_1GHz", static_cast<double>(total) * 1e-6},
          {"tiu_busy", busy[0]},
          {"gdma_busy", busy[1]},
          {"tiu_wait", wait[0]},
          {"gdma_wait", wait[1]},
          {"commands", {{"tiu", commands[0]}, {"gdma", commands[1]}}},
          {"macs", macs},
          {"mac_floor_cycles", floor},
          {"ddr_read_bytes", read},
          {"ddr_write_bytes", written}};
}

}  // namespace

std::string to_json(const std::vector<Profile>& profiles) {
  std::vector<const Profile*> all;
  for (const Profile& p : profiles) all.push_back(&p);
  Json out = totals(all);
  Json stages = Json::array();
  for (const Profile& p : profiles) {
    Json stage = {{"net", p.net}, {"stage", p.stage}};
    stage.update(totals({&p}));
    stage["rows"] = Json::array();
    for (const ProfileRow& r : p.rows) stage["rows"].push_back(to_json(r, p.by_layer));
    stages.push_back(std::move(stage));
  }
  out["stages"] = std::move(stages);
  return out.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace tpuc::bm1684x
