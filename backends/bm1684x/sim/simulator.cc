// The run of a stage: memory set up, queues served, traps explained, tensors collected.
#include "backends/bm1684x/sim/simulator.h"

#include <algorithm>
#include <cstring>

#include "backends/bm1684x/bmodel/debug_info.h"
#include "backends/bm1684x/sim/gdma_exec.h"
#include "backends/bm1684x/sim/queue_order.h"
#include "backends/bm1684x/sim/stage_memory.h"
#include "backends/bm1684x/sim/static_tables.h"
#include "backends/bm1684x/sim/tiu_exec.h"
#include "tpuc/support/check.h"
#include "tpuc/support/thread_pool.h"

namespace tpuc::bm1684x {
namespace {

class Simulation {
 public:
  Simulation(const bmodel::Net& net, size_t stage, const SimOptions& options)
      : stage_(net.stages.at(stage)),
        options_(options),
        groups_(bmodel::decode_stage(net, stage)),
        debug_(bmodel::debug_info_from_json(stage_.tensor_loc)),
        layers_(debug_),
        machine_({.ddr_bytes = ddr_bytes_of(stage_), .uninitialised = policy()}),
        pool_(options.threads) {}

  SimResult run(const SimInputs& inputs) {
    load(inputs);
    for (const bmodel::StageGroup& g : groups_) run_group(g);
    machine_.set_command("outputs");
    for (const bmodel::Tensor& t : stage_.outputs)
      result_.outputs.push_back(fetch(t.name, t.type, t.shape, t.device_addr, t.byte_count()));
    if (machine_.unwritten_reads() > 0)
      result_.warnings.push_back(diagnostic(ErrorCode::E6103, "{} reads of memory that nothing wrote; the first: {}",
                                            machine_.unwritten_reads(), machine_.first_unwritten_read()));
    return std::move(result_);
  }

 private:
  Uninitialised policy() const {
    return options_.uninitialised.value_or(debug_ ? Uninitialised::Error : Uninitialised::Warn);
  }

  void load(const SimInputs& inputs) {
    machine_.set_command("weights");
    if (stage_.coefficients) put(stage_.coefficients->address, stage_.coefficients->bytes);
    machine_.set_command("static tables");
    put(kStaticBase, std::as_bytes(std::span<const uint32_t>(static_tables())));
    for (const bmodel::Tensor& t : stage_.inputs) {
      const std::span<const std::byte> bytes = bytes_for(t, inputs);
      machine_.set_command("input `" + t.name + "`");
      put(t.device_addr, bytes);
    }
  }

  void put(uint64_t address, std::span<const std::byte> bytes) {
    if (!bytes.empty()) std::memcpy(machine_.write(address, bytes.size()).data(), bytes.data(), bytes.size());
  }

  SimTensor fetch(const std::string& name, bmodel::DataType type, const std::vector<uint64_t>& shape, uint64_t address,
                  uint64_t bytes) {
    const auto from = std::as_bytes(machine_.read(address, bytes));
    return {name, type, shape, {from.begin(), from.end()}};
  }

  void run_group(const bmodel::StageGroup& g) {
    QueueOrder order(g.commands, options_.order, options_.seed);
    begin_captures(g);
    while (const std::optional<Engine> engine = order.next(g.where)) {
      const bmodel::Command& command = order.front(*engine);
      if (options_.on_command) options_.on_command(*engine, command, machine_);
      execute_one(g, *engine, command);
      order.pop(*engine);
      ++result_.command_count;
      if (!captures_.empty()) capture(*engine, command.id, order);
    }
  }

  void execute_one(const bmodel::StageGroup& g, Engine engine, const bmodel::Command& command) {
    machine_.set_command(fmt::format("{} command {} ({})", name_of(engine), command.id, name_of(command)));
    try {
      if (const auto* tiu = std::get_if<TiuInstr>(&command.instr)) {
        exec_tiu(machine_, pool_, *tiu);
      } else {
        execute(std::get<GdmaInstr>(command.instr), machine_);
      }
    } catch (const UserError& e) {
      throw UserError(explained(e.diagnostics().front(), g, engine, command));
    }
  }

  Diagnostic explained(Diagnostic d, const bmodel::StageGroup& g, Engine engine, const bmodel::Command& command) const {
    const int32_t layer = layers_.find(engine, g.index, command.id);
    if (layer >= 0) {
      const bmodel::DebugLayer& l = debug_->layers[static_cast<size_t>(layer)];
      d.notes.emplace_back("layer", fmt::format("'{}' ({}, tile {})", l.name, l.op, l.tile));
    }
    d.notes.emplace_back("at",
                         fmt::format("{}, byte {} of the {} stream", g.where, command.offset_bytes, name_of(engine)));
    d.notes.emplace_back("command", to_text(command));
    return d;
  }

  // A tensor is taken when the last commands of its layer are done, before something else may use its memory.
  struct Capture {
    const bmodel::DebugTensor* tensor;
    uint32_t last[kEngineCount];
  };

  void begin_captures(const bmodel::StageGroup& g) {
    captures_.clear();
    if (!options_.all_tensors || !debug_) return;
    for (const bmodel::DebugTensor& t : debug_->tensors) {
      if (t.layer >= debug_->layers.size() || debug_->layers[t.layer].group != g.index) continue;
      const bmodel::DebugLayer& layer = debug_->layers[t.layer];
      Capture c{&t, {0, 0}};
      for (const bmodel::IdRange& r : layer.tiu) c.last[0] = std::max(c.last[0], r.last);
      for (const bmodel::IdRange& r : layer.gdma) c.last[1] = std::max(c.last[1], r.last);
      captures_.push_back(c);
    }
  }

  void capture(Engine engine, uint32_t id, const QueueOrder& order) {
    for (const Capture& c : captures_) {
      if (c.last[static_cast<size_t>(engine)] != id) continue;
      if (order.finished(Engine::Tiu) < c.last[0] || order.finished(Engine::Gdma) < c.last[1]) continue;
      const bmodel::DebugTensor& t = *c.tensor;
      bmodel::Tensor sized;
      sized.name = t.name;
      sized.type = t.type;
      sized.shape = t.shape;
      machine_.set_command("tensor `" + t.name + "`");
      result_.intermediates.push_back(t.axes.empty() ? fetch(t.name, t.type, t.shape, t.addr, sized.byte_count())
                                                     : gather(t, sized.byte_count()));
    }
  }

  // A tensor with a layout of its own, element by element.
  SimTensor gather(const bmodel::DebugTensor& t, uint64_t bytes) {
    SimTensor out{t.name, t.type, t.shape, std::vector<std::byte>(bytes)};
    bmodel::Tensor one;
    one.type = t.type;
    one.shape = {1};
    const uint64_t size = one.byte_count();
    for (uint64_t i = 0; i < bytes / size; ++i) {
      uint64_t index = t.first + i, place = 0;
      for (auto axis = t.axes.rbegin(); axis != t.axes.rend(); ++axis) {
        place += index % axis->first * axis->second;
        index /= axis->first;
      }
      std::memcpy(out.bytes.data() + i * size, machine_.read(t.addr + place * size, size).data(), size);
    }
    return out;
  }

  const bmodel::Stage& stage_;
  const SimOptions& options_;
  std::vector<bmodel::StageGroup> groups_;
  std::optional<bmodel::DebugInfo> debug_;
  bmodel::LayerIndex layers_;
  Machine machine_;
  ThreadPool pool_;
  std::vector<Capture> captures_;
  SimResult result_;
};

}  // namespace

SimResult simulate(const bmodel::Net& net, size_t stage, const SimInputs& inputs, const SimOptions& options) {
  return Simulation(net, stage, options).run(inputs);
}

}  // namespace tpuc::bm1684x
