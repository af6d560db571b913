// Coordinate descent, block by block of the inputs: correlations inside a block are a matrix, those with the other
// blocks stand in the errors that the results of the samples have so far.
#include "driver/least_error.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "ops/matmul.h"
#include "tpuc/ir/graph.h"
#include "tpuc/runtime/executor.h"
#include "tpuc/support/check.h"

namespace tpuc {
namespace {

constexpr int64_t kBlock = 1024;            // inputs whose correlations are held at once
constexpr int64_t kSmallProduct = 1 << 20;  // multiply-adds; for fewer a graph is not worth its making
constexpr float kLeastGain = 1e-6f;         // of a weight's own squared error: less is rounding in these sums
constexpr size_t kMostTurns = 4;            // for each weight

// [rows,depth] or its transpose, times [depth,columns], in f32.
Tensor product(const Tensor& a, const Tensor& b, bool transpose_a) {
  const int64_t depth = b.dims()[0], columns = b.dims()[1], rows = a.dims()[transpose_a ? 1 : 0];
  if (rows * columns * depth <= kSmallProduct) {
    Tensor y(DType::F32, {rows, columns});
    const auto av = a.as<float>(), bv = b.as<float>();
    const auto yv = y.as_mutable<float>();
    for (int64_t k = 0; k < depth; ++k)
      for (int64_t r = 0; r < rows; ++r) {
        const float x = av[static_cast<size_t>(transpose_a ? k * rows + r : r * depth + k)];
        for (int64_t c = 0; c < columns; ++c)
          yv[static_cast<size_t>(r * columns + c)] += x * bv[static_cast<size_t>(k * columns + c)];
      }
    return y;
  }
  ConstantStore constants;
  Graph graph("product", constants);
  Value* left = graph.input(a.type, "a");
  Value* right = graph.input(b.type, "b");
  graph.set_outputs({graph.add<ops::MatMul>({left, right}, {.transpose_a = transpose_a}).out(0)});
  ExecOptions options;
  options.threads = 1;  // sums do not depend on how they are cut then
  return std::move(Executor(graph, options).run({{"a", a}, {"b", b}}).begin()->second);
}

// Some columns of a matrix.
Tensor columns_of(const Tensor& x, int64_t begin, int64_t end) {
  const int64_t rows = x.dims()[0], columns = x.dims()[1];
  Tensor out(DType::F32, {rows, end - begin});
  const auto from = x.as<float>();
  const auto to = out.as_mutable<float>();
  for (int64_t r = 0; r < rows; ++r)
    std::copy(from.begin() + r * columns + begin, from.begin() + r * columns + end, to.begin() + r * (end - begin));
  return out;
}

double chosen(const WeightColumn::Weight& w) { return w.is_up ? w.high : w.low; }

// Of one column and one block: turns weights while it helps. gradient[k] is the sum over samples of x_k * error, and
// follows the errors; correlations [B,B], their diagonal whole and the rest as far as it is believed.
void turn_weights(std::span<WeightColumn::Weight> weights, std::span<const float> correlations,
                  std::vector<float>& gradient) {
  const size_t count = weights.size();
  std::vector<float> move(count), own(count);  // what an error changes by when its weight turns; what that costs alone
  for (size_t k = 0; k < count; ++k) {
    const auto gap = static_cast<float>(weights[k].high - weights[k].low);
    move[k] = weights[k].is_up ? gap : -gap;
    own[k] = gap * gap * correlations[k * count + k];
  }
  for (size_t turns = 0; turns < kMostTurns * count; ++turns) {
    size_t best = count;
    float least = 0;
    for (size_t k = 0; k < count; ++k) {
      const float change = 2 * move[k] * gradient[k] + own[k];
      if (change < least && change < -kLeastGain * own[k]) least = change, best = k;
    }
    if (best == count) return;
    weights[best].is_up = !weights[best].is_up;
    const float* row = &correlations[best * count];
    for (size_t k = 0; k < count; ++k) gradient[k] += move[best] * row[k];
    move[best] = -move[best];
  }
}

class Descent {
 public:
  Descent(const Tensor& samples, std::vector<WeightColumn>& columns)
      : samples_(samples), columns_(columns), inputs_(samples.dims()[1]) {
    // Of K inputs and n samples about K / (K + n) of what correlates does so by chance.
    const auto count = static_cast<double>(samples.dims()[0]);
    believed_ = static_cast<float>(count / (count + static_cast<double>(inputs_)));
  }

  void run() {
    for (WeightColumn& column : columns_)
      for (WeightColumn::Weight& w : column.weights) w.is_up = w.high - w.value < w.value - w.low;
    if (samples_.dims()[0] == 0) return;
    if (has_blocks()) {
      lost_ = Tensor(DType::F32, {samples_.dims()[0], static_cast<int64_t>(columns_.size())});
      for (int64_t begin = 0; begin < inputs_; begin += kBlock)
        lose(columns_of(samples_, begin, end_of(begin)), errors_of(begin));
    }
    for (int64_t begin = 0; begin < inputs_; begin += kBlock) run_block(begin);
  }

 private:
  bool has_blocks() const { return inputs_ > kBlock; }
  int64_t end_of(int64_t begin) const { return std::min(inputs_, begin + kBlock); }

  // value - chosen integer of each weight of a block, [B,O]
  Tensor errors_of(int64_t begin) const {
    Tensor errors(DType::F32, {end_of(begin) - begin, static_cast<int64_t>(columns_.size())});
    const auto to = errors.as_mutable<float>();
    for (size_t o = 0; o < columns_.size(); ++o)
      for (int64_t k = begin; k < end_of(begin); ++k) {
        const WeightColumn::Weight& w = columns_[o].weights[static_cast<size_t>(k)];
        to[static_cast<size_t>(k - begin) * columns_.size() + o] = static_cast<float>(w.value - chosen(w));
      }
    return errors;
  }

  // The results of the samples lose what a block's inputs [n,B] and errors [B,O] make.
  void lose(const Tensor& inputs, const Tensor& errors) {
    const Tensor own = product(inputs, errors, false);
    const auto from = own.as<float>();
    const auto to = lost_.as_mutable<float>();
    for (size_t i = 0; i < from.size(); ++i) to[i] += from[i];
  }

  void run_block(int64_t begin) {
    const Tensor inputs = columns_of(samples_, begin, end_of(begin));
    Tensor correlations = product(inputs, inputs, true), errors = errors_of(begin);
    const Tensor gradients = has_blocks() ? product(inputs, lost_, true) : product(correlations, errors, false);
    const auto size = static_cast<size_t>(end_of(begin) - begin);
    const auto all = correlations.as_mutable<float>();
    for (size_t i = 0; i < all.size(); ++i)
      if (i % (size + 1) != 0) all[i] *= believed_;
    std::vector<float> gradient(size);
    const auto errors_before = errors.as_mutable<float>();
    for (size_t o = 0; o < columns_.size(); ++o) {
      for (size_t k = 0; k < size; ++k) {
        const size_t at = k * columns_.size() + o;
        gradient[k] = believed_ * gradients.as<float>()[at] + (1 - believed_) * all[k * (size + 1)] * errors_before[at];
      }
      turn_weights(std::span(columns_[o].weights).subspan(static_cast<size_t>(begin), size), all, gradient);
    }
    if (end_of(begin) == inputs_) return;
    const Tensor after = errors_of(begin);
    for (size_t i = 0; i < errors_before.size(); ++i) errors_before[i] = after.as<float>()[i] - errors_before[i];
    lose(inputs, errors);
  }

  const Tensor& samples_;
  std::vector<WeightColumn>& columns_;
  const int64_t inputs_;
  float believed_ = 1;
  Tensor lost_;  // what rounding takes from each sample's results, [n,O]; where there are several blocks
};

}  // namespace

void round_for_least_error(const Tensor& samples, std::vector<WeightColumn>& columns) {
  TPUC_CHECK(samples.dims().size() == 2 && samples.dtype() == DType::F32, "samples must be rows of f32");
  for (const WeightColumn& column : columns)
    TPUC_CHECK(static_cast<int64_t>(column.weights.size()) == samples.dims()[1], "a column has other inputs");
  if (!columns.empty()) Descent(samples, columns).run();
}

}  // namespace tpuc
