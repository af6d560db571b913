// Products with a constant matrix become weight_matmul where the matrix is integers with steps, or is to be.
#include <map>
#include <tuple>

#include "ops/matmul.h"
#include "ops/weight_matmul.h"
#include "passes/integer_weights.h"
#include "passes/passes.h"
#include "passes/replace_value.h"

namespace tpuc {
namespace {

using ops::MatMul;
using ops::WeightMatMul;

constexpr int64_t kSmallMatrix = 1024;  // elements; smaller ones are not worth it

bool replace(Graph& graph, Op& op, const IntegerWeights& w, const PassOptions& options) {
  Tensor stored = w.bits == 4 ? ops::pack_nibbles(w.integers) : w.integers;
  Values in = {op.in(0), graph.constant(std::move(stored), op.in(1)->name), graph.constant(w.steps, "steps")};
  if (op.in(2) != nullptr) {
    const Tensor& bias = op.in(2)->tensor();
    in.push_back(graph.constant(Tensor::from_f32(bias.dims(), bias.to_f32()), op.in(2)->name));
  }
  Op& made = graph.add<WeightMatMul>(
      std::move(in), {.bits = w.bits, .group = w.group, .zero = w.zero, .activation = op.attrs<MatMul>().activation},
      {}, &op);
  made.loc = op.loc;
  if (options.supports && !options.supports(made, op.in(0)->type.dtype)) {
    graph.erase(made);
    return false;
  }
  const std::string name = op.out(0)->name;
  if (!replace_value(graph, op.out(0), made.out(0))) return false;
  graph.rename(made.out(0), name);
  return true;
}

}  // namespace

bool takes_integer_weights(const Op& op) {
  if (!op.is<MatMul>() || op.in(3) != nullptr || !op.in(1)->is_constant()) return false;
  const auto& a = op.attrs<MatMul>();
  const TensorType& w = op.in(1)->type;
  const bool is_plain = !a.transpose_a && a.order_a.empty() && a.order_b.empty() && a.order_y.empty();
  const bool is_known = op.in(2) == nullptr || op.in(2)->is_constant();
  return is_plain && is_known && op.place == Place::Chip && is_float(w.dtype) && w.dtype == op.in(0)->type.dtype &&
         w.dims.size() == 2 && element_count(w) >= kSmallMatrix;
}

Tensor projection_matrix(const Op& op) {
  const Tensor& w = op.in(1)->tensor();
  if (!op.attrs<MatMul>().transpose_b) return w;
  const int64_t rows = w.dims()[1], columns = w.dims()[0];
  const std::vector<float> from = w.to_f32();
  std::vector<float> to(from.size());
  for (int64_t k = 0; k < rows; ++k)
    for (int64_t n = 0; n < columns; ++n)
      to[static_cast<size_t>(k * columns + n)] = from[static_cast<size_t>(n * rows + k)];
  Tensor out(w.dtype(), {rows, columns});
  out.assign_f32(to);
  return out;
}

namespace {

// The integers of the matrices that several products share (the steps of a recurrent layer do), looked at once. Those
// of the others are not kept: together they are as large as the network.
class KnownIntegers {
 public:
  // `bits` 0: those that the matrix has, if any; otherwise what it rounds to.
  std::optional<IntegerWeights> of(const Op& op, int bits) {
    if (op.in(1)->uses.size() < 2) return look_at(op, bits);
    const auto [it, is_new] = known_.try_emplace({op.in(1), op.attrs<MatMul>().transpose_b, bits});
    if (is_new) it->second = look_at(op, bits);
    return it->second;
  }

 private:
  static std::optional<IntegerWeights> look_at(const Op& op, int bits) {
    const Tensor matrix = projection_matrix(op);
    return bits == 0 ? find_integers(matrix) : round_to_integers(matrix, bits);
  }
  std::map<std::tuple<const Value*, bool, int>, std::optional<IntegerWeights>> known_;
};

}  // namespace

bool run_integer_weights(Graph& graph, PassCtx& ctx) {
  std::vector<Op*> projections;
  for (Op& op : graph.ops())
    if (takes_integer_weights(op)) projections.push_back(&op);
  KnownIntegers known;
  bool changed = false;
  for (Op* op : projections) {
    std::optional<IntegerWeights> integers = known.of(*op, 0);
    const int wanted = ctx.options.weight_bits ? ctx.options.weight_bits(*op) : 0;
    if (wanted != 0 && (!integers || wanted < integers->bits)) integers = known.of(*op, wanted);
    if (integers) changed = replace(graph, *op, *integers, ctx.options) || changed;
  }
  if (changed) graph.dce();
  return changed;
}

}  // namespace tpuc
