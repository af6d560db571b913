// See the header. Scores are [N,C,d...], labels [N,d...]; the score of each label is picked, weighted and summed up.
#include "ops/loss_import.h"

#include <numeric>
#include <optional>

#include "ops/eltwise.h"
#include "ops/gather.h"
#include "ops/import.h"
#include "ops/reduce.h"
#include "ops/softmax.h"
#include "ops/unary.h"

namespace tpuc::ops {

namespace {

void check_inputs(const NodeView& n) {
  const Dims &x = n.input(0)->type.dims, &labels = n.input(1)->type.dims;
  Dims want = x;
  if (x.size() >= 2) want.erase(want.begin() + 1);
  if (x.size() < 2 || labels != want || !is_integer(n.input(1)->type.dtype))
    throw UserError(diagnostic(ErrorCode::E1209, "{}: labels {} of scores {}", n.op, to_string(n.input(1)->type),
                               to_string(n.input(0)->type))
                        .note("hint", "scores are [N,C,...] and labels integers [N,...]"));
  if (n.has_input(2) && n.input(2)->type.dims != Dims{x[1]})
    throw UserError(diagnostic(ErrorCode::E1209, "{}: weights are {}, expected [{}]", n.op,
                               to_string(n.input(2)->type.dims), x[1]));
}

Value* sum_of_all(Builder& b, Value* x) {
  std::vector<int64_t> axes(x->type.dims.size());
  std::iota(axes.begin(), axes.end(), 0);
  return b.add<Reduce>({x}, {ReduceKind::Sum, std::move(axes), false});
}

// The weight of each label, 0 where it is ignored.
Value* weights_of(const NodeView& n, Builder& b, const Value* x, Value* labels, Value* opt_ignored) {
  Value* w = n.has_input(2) ? b.add<Gather>({n.input(2), labels}, {.axis = 0}) : nullptr;
  if (w == nullptr) {
    Tensor ones(x->type.dtype, labels->type.dims);
    ones.assign_f64(std::vector<double>(static_cast<size_t>(ones.count()), 1.0));
    w = b.constant(std::move(ones));
  }
  return opt_ignored == nullptr ? w : b.add<Select>({opt_ignored, scalar_like(b, w, 0), w});
}

Value* loss_of(const NodeView& n, Builder& b, Value* log_shares) {
  Value *labels = n.input(1), *ignored = nullptr;
  if (n.has_attr("ignore_index")) {
    const auto ignore = static_cast<double>(n.get_int("ignore_index", 0));
    ignored = b.add<Equal>({labels, scalar_like(b, labels, ignore)});
    labels = b.add<Select>({ignored, scalar_like(b, labels, 0), labels});
  }
  Dims one_class = labels->type.dims;
  one_class.insert(one_class.begin() + 1, 1);
  Value* picked = b.add<GatherElements>({log_shares, reshape(b, labels, std::move(one_class))}, {.axis = 1});
  Value* weights = weights_of(n, b, log_shares, labels, ignored);
  Value* loss = b.add<Neg>({b.add<Mul>({reshape(b, picked, labels->type.dims), weights})});
  const std::string reduction = n.get_string("reduction", "mean");
  if (reduction == "none") return loss;
  if (reduction != "sum" && reduction != "mean")
    refuse(n, fmt::format("reduction is `{}`", reduction), "none, sum and mean are supported");
  Value* sum = sum_of_all(b, loss);
  return reduction == "sum" ? sum : b.add<Div>({sum, sum_of_all(b, weights)});
}

}  // namespace

Values import_negative_log_likelihood(const NodeView& n, Builder& b) {
  check_inputs(n);
  return {loss_of(n, b, n.input(0))};
}

Values import_cross_entropy(const NodeView& n, Builder& b) {
  check_inputs(n);
  Value* log_shares = b.add<LogSoftmax>({n.input(0)}, {.axis = 1});
  Values results{loss_of(n, b, log_shares)};
  if (n.output_names.size() > 1) results.push_back(log_shares);
  return results;
}

}  // namespace tpuc::ops
