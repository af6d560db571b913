// Sums over a timeline, and the table for people.
#include "backends/bm1684x/cycles/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "backends/bm1684x/bmodel/debug_info.h"
#include "backends/bm1684x/cycles/timeline.h"

namespace tpuc::bm1684x {
namespace {

class Builder {
 public:
  Builder(const bmodel::Net& net, size_t stage)
      : stage_(net.stages.at(stage)), debug_(bmodel::debug_info_from_json(stage_.tensor_loc)), layers_(debug_) {
    profile_.net = net.name;
    profile_.stage = stage;
    profile_.by_layer = debug_.has_value();
  }

  Profile run(const Timeline& t) {
    profile_.total_cycles = t.total_cycles;
    for (size_t e = 0; e < kEngineCount; ++e) {
      profile_.busy[e] = t.busy[e];
      profile_.wait[e] = t.wait[e];
    }
    double floor = 0;
    for (const GroupTimeline& g : t.groups) add_group(g, floor);
    profile_.mac_floor_cycles = static_cast<uint64_t>(floor + 0.5);
    return std::move(profile_);
  }

 private:
  struct Finished {
    const TimedCommand* command;
    Engine engine;
  };

  void add_group(const GroupTimeline& g, double& floor) {
    std::vector<Finished> all;
    for (const Engine e : {Engine::Tiu, Engine::Gdma})
      for (const TimedCommand& c : g.queue[static_cast<size_t>(e)]) all.push_back({&c, e});
    std::stable_sort(all.begin(), all.end(),
                     [](const Finished& a, const Finished& b) { return a.command->end() < b.command->end(); });
    uint64_t reached = g.begin;
    for (const Finished& f : all) {
      ++profile_.command_count[static_cast<size_t>(f.engine)];
      if (f.command->command->is_end) continue;
      ProfileRow& row = row_of(f, g.group->index);
      const uint64_t pushed = f.command->end() - std::min(reached, f.command->end());
      reached += pushed;
      add_command(row, f, pushed);
      const Cost& cost = f.command->cost;
      if (cost.macs != 0)
        floor += static_cast<double>(cost.macs) / static_cast<double>(peak_macs_per_cycle(cost.mac_type));
    }
  }

  void add_command(ProfileRow& row, const Finished& f, uint64_t pushed) {
    const Cost& cost = f.command->cost;
    const auto e = static_cast<size_t>(f.engine);
    ++row.commands;
    row.elapsed_cycles += pushed;
    row.elapsed_by[e] += pushed;
    row.busy[e] += cost.cycles;
    row.macs += cost.macs;
    row.ddr_read_bytes += cost.ddr_read_bytes;
    row.ddr_written_bytes += cost.ddr_written_bytes;
    if (is_weight(cost)) row.weight_bytes += cost.ddr_read_bytes;
    profile_.macs += cost.macs;
    profile_.ddr_read_bytes += cost.ddr_read_bytes;
    profile_.ddr_written_bytes += cost.ddr_written_bytes;
  }

  bool is_weight(const Cost& cost) const {
    const auto& c = stage_.coefficients;
    return c && cost.ddr_read_bytes > 0 && cost.ddr_source >= c->address &&
           cost.ddr_source - c->address < c->bytes.size();
  }

  ProfileRow& row_of(const Finished& f, size_t group) {
    std::string name = name_of(*f.command->command), op(name_of(f.engine));
    const int32_t layer = layers_.find(f.engine, group, f.command->command->id);
    if (layer >= 0) {
      const bmodel::DebugLayer& l = debug_->layers[static_cast<size_t>(layer)];
      name = l.name;
      op = l.op;
    }
    const auto [it, is_new] = index_.try_emplace({name, op}, profile_.rows.size());
    if (is_new) {
      profile_.rows.emplace_back();
      profile_.rows.back().name = name;
      profile_.rows.back().op = op;
    }
    ProfileRow& row = profile_.rows[it->second];
    if (layer >= 0 && tiles_.insert(layer).second) ++row.tiles;
    return row;
  }

  const bmodel::Stage& stage_;
  std::optional<bmodel::DebugInfo> debug_;
  bmodel::LayerIndex layers_;
  Profile profile_;
  std::map<std::pair<std::string, std::string>, size_t> index_;
  std::set<int32_t> tiles_;
};

double percent(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

double megabytes(uint64_t bytes) { return static_cast<double>(bytes) * 1e-6; }

std::string clipped(const std::string& text, size_t width) {
  return text.size() <= width ? text : "..." + text.substr(text.size() - (width - 3));
}

}  // namespace

std::string_view name_of(Bound bound) {
  switch (bound) {
    case Bound::Compute:
      return "compute";
    case Bound::Dma:
      return "dma";
    case Bound::Weights:
      return "weights";
  }
  return "?";
}

Bound ProfileRow::bound() const {
  const auto& by = elapsed_cycles > 0 ? elapsed_by : busy;
  if (by[0] >= by[1]) return Bound::Compute;
  return 2 * weight_bytes > ddr_read_bytes + ddr_written_bytes ? Bound::Weights : Bound::Dma;
}

Profile profile_stage(const bmodel::Net& net, size_t stage) {
  const std::vector<bmodel::StageGroup> groups = bmodel::decode_stage(net, stage);
  return Builder(net, stage).run(make_timeline(groups));
}

std::string to_text(const Profile& p) {
  constexpr size_t kNameWidth = 36, kOpWidth = 16;
  std::string out =
      fmt::format("net {} stage {}: {} cycles, {:.3f} ms at 1 GHz\n", p.net, p.stage, p.total_cycles, p.milliseconds());
  out += fmt::format("tiu busy {} ({:.1f} %), gdma busy {} ({:.1f} %), commands {} tiu and {} gdma\n", p.busy[0],
                     percent(p.busy[0], p.total_cycles), p.busy[1], percent(p.busy[1], p.total_cycles),
                     p.command_count[0], p.command_count[1]);
  out += fmt::format(
      "{:.3f} G multiplications need at least {} cycles ({:.1f} % of the total); DDR read {:.2f} MB, written {:.2f} "
      "MB\n",
      static_cast<double>(p.macs) * 1e-9, p.mac_floor_cycles, percent(p.mac_floor_cycles, p.total_cycles),
      megabytes(p.ddr_read_bytes), megabytes(p.ddr_written_bytes));
  out += fmt::format("\n{:<{}} {:<{}} {:>6} {:>12} {:>6} {:>12} {:>12} {:>9} {:>9}  {}\n",
                     p.by_layer ? "layer" : "command", kNameWidth, p.by_layer ? "op" : "engine", kOpWidth,
                     p.by_layer ? "tiles" : "count", "cycles", "%", "tiu busy", "gdma busy", "read MB", "write MB",
                     "bound by");
  for (const ProfileRow& r : p.rows)
    out += fmt::format("{:<{}} {:<{}} {:>6} {:>12} {:>6.1f} {:>12} {:>12} {:>9.3f} {:>9.3f}  {}\n",
                       clipped(r.name, kNameWidth), kNameWidth, clipped(r.op, kOpWidth), kOpWidth,
                       r.tiles > 0 ? r.tiles : r.commands, r.elapsed_cycles, percent(r.elapsed_cycles, p.total_cycles),
                       r.busy[0], r.busy[1], megabytes(r.ddr_read_bytes), megabytes(r.ddr_written_bytes),
                       name_of(r.bound()));
  return out;
}

}  // namespace tpuc::bm1684x
