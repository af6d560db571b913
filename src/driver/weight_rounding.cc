// Samples of all operators' inputs are taken in one run of the network, then the operators are rounded one by one.
#include "driver/weight_rounding.h"

#include <algorithm>
#include <cmath>

#include "driver/least_error.h"
#include "driver/weight_samples.h"
#include "ops/conv.h"
#include "passes/integer_weights.h"
#include "passes/round_weights.h"
#include "passes/weight_grid.h"
#include "tpuc/pass/quantization.h"
#include "tpuc/runtime/executor.h"
#include "tpuc/support/thread_pool.h"

namespace tpuc {
namespace {

constexpr size_t kSamples = 16;
constexpr int64_t kRows = 1024;                      // of all samples together, for each operator
constexpr int64_t kMostRowBytes = int64_t{1} << 30;  // of all operators together
constexpr size_t kMostWeights = 4 << 20;             // that are rounded at once

struct Task {
  const Op* op = nullptr;
  FilterLayout layout;
  bool is_projection = false;            // may also be of 4 bits
  std::vector<std::vector<float>> rows;  // by sample
  int64_t width() const { return layout.inputs * layout.taps; }
};

// Output channels that read the same inputs.
struct Group {
  std::vector<size_t> slots;                   // of a row of samples
  std::vector<std::vector<uint32_t>> columns;  // weights by row-major index, in the order of slots
};

std::vector<Group> groups_of(const Task& task) {
  const FilterLayout& layout = task.layout;
  const auto count = static_cast<size_t>(task.op->in(1)->tensor().count());
  std::vector<std::vector<uint32_t>> outputs(static_cast<size_t>(layout.outputs));
  for (size_t i = 0; i < count; ++i)
    outputs[static_cast<size_t>(layout.output(static_cast<int64_t>(i)))].push_back(static_cast<uint32_t>(i));
  std::vector<Group> groups;
  for (std::vector<uint32_t>& column : outputs) {
    if (column.empty()) continue;
    const auto slot = [&](uint32_t i) { return static_cast<size_t>(layout.input(i) * layout.taps + i % layout.taps); };
    if (groups.empty() || groups.back().slots.front() != slot(column.front())) {
      groups.emplace_back();
      for (const uint32_t i : column) groups.back().slots.push_back(slot(i));
    }
    groups.back().columns.push_back(std::move(column));
  }
  return groups;
}

std::vector<Task> tasks_of(const Graph& graph) {
  std::vector<Task> tasks;
  for (const Op& op : graph.ops()) {
    const std::optional<FilterLayout> layout = filter_layout(op);
    if (!layout || !is_float(op.in(1)->type.dtype) || op.in(1)->tensor().count() == 0) continue;
    const bool is_projection = takes_integer_weights(op);
    if (is_projection && find_integers(projection_matrix(op))) continue;
    tasks.push_back({&op, *layout, is_projection, {}});
  }
  return tasks;
}

void take_samples(const Graph& graph, const quant::SampleSource& samples, ThreadPool& pool, std::vector<Task>& tasks) {
  const size_t count = std::min(kSamples, samples.count);
  int64_t width = 1;
  std::unordered_map<const Value*, std::vector<Task*>> readers;
  for (Task& task : tasks) {
    task.rows.resize(count);
    width += task.width();
    readers[task.op->in(0)].push_back(&task);
  }
  const int64_t rows = std::min<int64_t>(kRows, kMostRowBytes / static_cast<int64_t>(sizeof(float)) / width);
  const auto each = static_cast<size_t>(std::max<int64_t>(1, rows / static_cast<int64_t>(std::max<size_t>(1, count))));
  const size_t workers = std::min<size_t>(pool.size(), count);
  pool.parallel_for(workers, [&](size_t worker) {
    size_t sample = worker;
    ExecOptions options;
    options.threads = 1;  // sums do not depend on how they are cut then
    options.hook = [&](const Value& v, const Tensor& t) {
      const auto found = readers.find(&v);
      if (found == readers.end()) return;
      for (Task* task : found->second)
        append_weight_samples(*task->op, task->layout, t, each, sample, task->rows[sample]);
    };
    Executor executor(graph, options);
    for (; sample < count; sample += workers) executor.run(samples.load(sample * samples.count / count));
  });
}

// Of the inputs that a group reads; rows with infinities are left out.
Tensor samples_of(const Task& task, const Group& group) {
  const auto width = static_cast<size_t>(task.width());
  std::vector<float> out;
  int64_t rows = 0;
  for (const std::vector<float>& own : task.rows)
    for (size_t begin = 0; begin + width <= own.size(); begin += width) {
      const auto is_finite = [&](size_t slot) { return std::isfinite(own[begin + slot]); };
      if (!std::all_of(group.slots.begin(), group.slots.end(), is_finite)) continue;
      for (const size_t slot : group.slots) out.push_back(own[begin + slot]);
      ++rows;
    }
  return Tensor::from_f32({rows, static_cast<int64_t>(group.slots.size())}, out);
}

WeightColumn column_of(const std::vector<uint32_t>& elements, const std::vector<double>& weights,
                       const WeightGrid& grid) {
  WeightColumn column;
  for (const uint32_t i : elements) {
    const Choice choice = choice_at(grid, i, weights[i]);
    const auto real = [&](double integer) { return (integer - grid.zeros[i]) * grid.steps[i]; };
    column.weights.push_back({real(choice.low), real(choice.high), weights[i], false});
  }
  return column;
}

std::vector<uint8_t> rounded_up(const Task& task, const std::vector<Group>& groups, int64_t bits) {
  const std::optional<WeightGrid> grid = weight_grid(*task.op, task.layout, bits);
  if (!grid) return {};
  const std::vector<double> weights = task.op->in(1)->tensor().to_f64();
  std::vector<uint8_t> up((weights.size() + 7) / 8);
  for (const Group& group : groups) {
    const Tensor samples = samples_of(task, group);
    const size_t together = std::max<size_t>(1, kMostWeights / group.slots.size());
    for (size_t first = 0; first < group.columns.size(); first += together) {
      const size_t end = std::min(group.columns.size(), first + together);
      std::vector<WeightColumn> columns;
      for (size_t o = first; o < end; ++o) columns.push_back(column_of(group.columns[o], weights, *grid));
      round_for_least_error(samples, columns);
      for (size_t o = first; o < end; ++o)
        for (size_t k = 0; k < group.slots.size(); ++k)
          if (const uint32_t i = group.columns[o][k]; columns[o - first].weights[k].is_up)
            up[i / 8] = static_cast<uint8_t>(up[i / 8] | 1U << (i % 8));
    }
  }
  return up;
}

WeightRounding rounding_of(const Task& task) {
  const std::vector<Group> groups = groups_of(task);
  WeightRounding rounding;
  rounding.up8 = rounded_up(task, groups, 8);
  if (task.is_projection) rounding.up4 = rounded_up(task, groups, 4);
  if (!rounding.up8.empty() || !rounding.up4.empty()) rounding.weights = weights_name(*task.op);
  return rounding;
}

}  // namespace

std::unordered_map<std::string, WeightRounding> round_weights(const Graph& canonical,
                                                              const quant::SampleSource& samples, unsigned threads) {
  std::unordered_map<std::string, WeightRounding> out;
  if (states_quantization(canonical)) return out;
  std::vector<Task> tasks = tasks_of(canonical);
  ThreadPool pool(threads);
  take_samples(canonical, samples, pool, tasks);
  std::vector<WeightRounding> roundings(tasks.size());
  pool.parallel_for(tasks.size(), [&](size_t i) {
    roundings[i] = rounding_of(tasks[i]);
    tasks[i].rows.clear();
  });
  for (size_t i = 0; i < tasks.size(); ++i)
    if (!roundings[i].weights.empty()) out.emplace(tasks[i].op->out(0)->name, std::move(roundings[i]));
  return out;
}

}  // namespace tpuc
