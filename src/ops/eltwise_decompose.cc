// Broadcasts that a chip's four axes do not hold: the operands are repeated to the result's shape first, after which
// all axes are one.
#include "ops/eltwise.h"
#include "ops/import.h"
#include "ops/shape.h"

namespace tpuc::ops {

namespace {

template <class S>
Values repeat_operands(const Op& op, Builder& b) {
  const Dims& d = op.out(0)->type.dims;
  std::vector<Value*> in;
  bool any = false;
  for (Value* v : op.in()) {
    const bool repeats = v->type.dims != d && element_count(v->type) != 1;
    in.push_back(repeats ? b.add<Expand>({v}, {.shape = d}) : v);
    any = any || repeats;
  }
  if (!any) return {};
  return {b.add<S>(std::move(in), op.attrs<S>())};
}

}  // namespace

Values Add::decompose(const Op& op, Builder& b) { return repeat_operands<Add>(op, b); }
Values Sub::decompose(const Op& op, Builder& b) { return repeat_operands<Sub>(op, b); }
Values Mul::decompose(const Op& op, Builder& b) { return repeat_operands<Mul>(op, b); }
Values Div::decompose(const Op& op, Builder& b) { return repeat_operands<Div>(op, b); }
Values Min::decompose(const Op& op, Builder& b) { return repeat_operands<Min>(op, b); }
Values Max::decompose(const Op& op, Builder& b) { return repeat_operands<Max>(op, b); }
Values Mod::decompose(const Op& op, Builder& b) { return repeat_operands<Mod>(op, b); }
Values Equal::decompose(const Op& op, Builder& b) { return repeat_operands<Equal>(op, b); }
Values Less::decompose(const Op& op, Builder& b) { return repeat_operands<Less>(op, b); }
Values Greater::decompose(const Op& op, Builder& b) { return repeat_operands<Greater>(op, b); }
Values LessOrEqual::decompose(const Op& op, Builder& b) { return repeat_operands<LessOrEqual>(op, b); }
Values GreaterOrEqual::decompose(const Op& op, Builder& b) { return repeat_operands<GreaterOrEqual>(op, b); }
Values And::decompose(const Op& op, Builder& b) { return repeat_operands<And>(op, b); }
Values Or::decompose(const Op& op, Builder& b) { return repeat_operands<Or>(op, b); }
Values Xor::decompose(const Op& op, Builder& b) { return repeat_operands<Xor>(op, b); }
Values Select::decompose(const Op& op, Builder& b) { return repeat_operands<Select>(op, b); }

}  // namespace tpuc::ops
