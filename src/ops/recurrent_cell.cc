// The equations of ONNX LSTM-14, GRU-14 and RNN-14 for one step, and the activations they may have.
#include "ops/recurrent_cell.h"

#include <algorithm>
#include <cctype>

#include "ops/activation.h"
#include "ops/eltwise.h"
#include "ops/import.h"
#include "ops/matmul.h"
#include "ops/slice.h"

namespace tpuc::ops {

namespace {

// What an activation takes from the lists activation_alpha and activation_beta, and what it has without them.
struct KnownFunction {
  std::string_view name;
  bool takes_alpha, takes_beta;
  float alpha, beta;
};
constexpr KnownFunction kKnown[] = {
    {"relu", false, false, 0, 0},         {"tanh", false, false, 0, 0},
    {"sigmoid", false, false, 0, 0},      {"affine", true, true, 1, 0},
    {"leakyrelu", true, false, 0.01f, 0}, {"thresholdedrelu", true, false, 1, 0},
    {"scaledtanh", true, true, 1, 1},     {"hardsigmoid", true, true, 0.2f, 0.5f},
    {"elu", true, false, 1, 0},           {"softsign", false, false, 0, 0},
    {"softplus", false, false, 0, 0},
};

std::vector<std::string> function_names(const NodeView& n) {
  const auto at = n.attrs.find("activations");
  if (at == n.attrs.end()) return {};
  const auto* names = std::get_if<std::vector<std::string>>(&at->second);
  if (names == nullptr)
    throw UserError(diagnostic(ErrorCode::E1013, "{}: attribute `activations` is no list of strings", n.op));
  return *names;
}

Value* times(Builder& b, Value* x, double factor) {
  return factor == 1 ? x : b.add<Mul>({x, scalar_like(b, x, factor)});
}

// Next of a list that is used up one by one.
float take_next(const std::vector<float>& list, size_t& at, float fallback) {
  return at < list.size() ? list[at++] : fallback;
}

}  // namespace

std::vector<CellFunction> cell_functions(const NodeView& n, size_t directions,
                                         std::span<const std::string_view> usual) {
  std::vector<std::string> names = function_names(n);
  if (names.empty())
    for (size_t d = 0; d < directions; ++d) names.insert(names.end(), usual.begin(), usual.end());
  if (names.size() != directions * usual.size())
    throw UserError(diagnostic(ErrorCode::E1206, "{}: activations has {} entries, expected {}", n.op, names.size(),
                               directions * usual.size()));
  const std::vector<float> alphas = n.get_floats("activation_alpha"), betas = n.get_floats("activation_beta");
  size_t next_alpha = 0, next_beta = 0;
  std::vector<CellFunction> functions;
  for (const std::string& given : names) {
    std::string name = given;
    std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return std::tolower(c); });
    const auto* known =
        std::find_if(std::begin(kKnown), std::end(kKnown), [&](const auto& k) { return k.name == name; });
    if (known == std::end(kKnown))
      refuse(n, fmt::format("activation `{}`", given),
             "Relu, Tanh, Sigmoid, Affine, LeakyRelu, ThresholdedRelu, ScaledTanh, HardSigmoid, Elu, Softsign and "
             "Softplus are supported");
    const float alpha = known->takes_alpha ? take_next(alphas, next_alpha, known->alpha) : 0;
    functions.push_back({name, alpha, known->takes_beta ? take_next(betas, next_beta, known->beta) : 0});
  }
  return functions;
}

Value* apply(Builder& b, const CellFunction& f, Value* x) {
  if (f.name == "relu") return b.add<Relu>({x});
  if (f.name == "tanh") return b.add<Tanh>({x});
  if (f.name == "sigmoid") return b.add<Sigmoid>({x});
  if (f.name == "leakyrelu") return b.add<LeakyRelu>({x}, {.alpha = f.alpha});
  if (f.name == "hardsigmoid") return b.add<HardSigmoid>({x}, {.alpha = f.alpha, .beta = f.beta});
  if (f.name == "elu") return b.add<Elu>({x}, {.alpha = f.alpha});
  if (f.name == "softplus") return b.add<Softplus>({x});
  if (f.name == "scaledtanh") return times(b, b.add<Tanh>({times(b, x, f.beta)}), f.alpha);
  if (f.name == "affine") return b.add<Add>({times(b, x, f.alpha), scalar_like(b, x, f.beta)});
  if (f.name == "softsign") return b.add<Div>({x, b.add<Add>({b.add<Abs>({x}), scalar_like(b, x, 1)})});
  TPUC_CHECK(f.name == "thresholdedrelu", "activation {}", f.name);
  Value* is_above = b.add<Greater>({x, scalar_like(b, x, f.alpha)});
  return b.add<Select>({is_above, x, scalar_like(b, x, 0)});
}

Value* part_along(Builder& b, Value* x, size_t axis, int64_t begin, int64_t count) {
  const Dims& d = x->type.dims;
  if (begin == 0 && count == d[axis]) return x;
  Slice::Attrs a{Dims(d.size(), 0), Dims(d.size(), 1), d};
  a.starts[axis] = begin, a.sizes[axis] = count;
  return b.add<Slice>({x}, std::move(a));
}

namespace {

// Gates [first, first + count) of [B,gates*H] or [gates*H].
Value* gates_of(Builder& b, const RecurrentLayer& l, Value* x, int64_t first, int64_t count = 1) {
  return part_along(b, x, x->type.dims.size() - 1, first * l.hidden, count * l.hidden);
}

Value* activated(Builder& b, const RecurrentLayer& l, size_t function, Value* x) {
  if (l.clip) x = b.add<Clip>({x}, {.min = -*l.clip, .max = *l.clip});
  return apply(b, l.functions[function], x);
}

// h R^T + Rb; null: all zeros
Value* recurrent_part(Builder& b, Value* h, Value* weight, Value* bias, const std::string& name) {
  if (h == nullptr) return bias;
  Values in{h, weight};
  if (bias != nullptr) in.push_back(bias);
  return b.add<MatMul>(std::move(in), {.transpose_b = true}, name + ".recurrent");
}

Value* plus(Builder& b, Value* x, Value* opt_y, const std::string& name) {
  return opt_y == nullptr ? x : b.add<Add>({x, opt_y}, {}, name);
}

// x + peephole * c
Value* peeped(Builder& b, Value* x, Value* opt_peephole, Value* c, const std::string& name) {
  if (opt_peephole == nullptr || c == nullptr) return x;
  return b.add<Add>({x, b.add<Mul>({c, opt_peephole})}, {}, name);
}

Value* one_minus(Builder& b, Value* x) { return b.add<Sub>({scalar_like(b, x, 1), x}); }

}  // namespace

// Gates in the order i, o, f, c. it = f(..), ft = f(..), ct = g(..), Ct = ft.Ct-1 + it.ct, ot = f(..), Ht = ot.h(Ct)
CellState lstm_step(Builder& b, const RecurrentLayer& l, Value* x, const CellState& before, const std::string& name) {
  enum { kI, kO, kF, kC };
  Value* all = plus(b, x, recurrent_part(b, before.h, l.weight, l.bias, name), name + ".gates");
  Value *i = nullptr, *o = nullptr, *f = nullptr;
  if (l.peep_i == nullptr) {
    Value* three = activated(b, l, 0, gates_of(b, l, all, kI, 3));
    i = gates_of(b, l, three, kI), o = gates_of(b, l, three, kO), f = gates_of(b, l, three, kF);
  } else {
    i = activated(b, l, 0, peeped(b, gates_of(b, l, all, kI), l.peep_i, before.c, name + ".i"));
    f = activated(b, l, 0, peeped(b, gates_of(b, l, all, kF), l.peep_f, before.c, name + ".f"));
  }
  if (l.input_forget) f = one_minus(b, i);
  Value* c = b.add<Mul>({i, activated(b, l, 1, gates_of(b, l, all, kC))}, {}, name + ".new");
  if (before.c != nullptr) c = b.add<Add>({b.add<Mul>({f, before.c}, {}, name + ".kept"), c}, {}, name + ".c");
  if (o == nullptr) o = activated(b, l, 0, peeped(b, gates_of(b, l, all, kO), l.peep_o, c, name + ".o"));
  return {b.add<Mul>({o, apply(b, l.functions[2], c)}, {}, name + ".h"), c};
}

// Gates in the order z, r, h. Ht = (1 - zt).ht + zt.Ht-1 as ht + zt.(Ht-1 - ht)
CellState gru_step(Builder& b, const RecurrentLayer& l, Value* x, const CellState& before, const std::string& name) {
  enum { kZ, kR, kH };
  Value *rows_zr = nullptr, *zr_part = nullptr, *h_part = nullptr;
  if (l.linear_before_reset) {
    Value* all = recurrent_part(b, before.h, l.weight, l.bias, name);
    if (all != nullptr) zr_part = gates_of(b, l, all, kZ, 2), h_part = gates_of(b, l, all, kH);
  } else if (before.h != nullptr) {
    rows_zr = part_along(b, l.weight, 0, 0, 2 * l.hidden);
    zr_part = recurrent_part(b, before.h, rows_zr, nullptr, name);
  }
  Value* zr = activated(b, l, 0, plus(b, gates_of(b, l, x, kZ, 2), zr_part, name + ".zr"));
  Value *z = gates_of(b, l, zr, kZ), *r = gates_of(b, l, zr, kR);
  if (l.linear_before_reset) {
    if (h_part != nullptr) h_part = b.add<Mul>({r, h_part}, {}, name + ".reset");
  } else if (before.h != nullptr) {
    Value* reset = b.add<Mul>({r, before.h}, {}, name + ".reset");
    h_part = recurrent_part(b, reset, part_along(b, l.weight, 0, 2 * l.hidden, l.hidden), nullptr, name + ".h");
  }
  Value* fresh = activated(b, l, 1, plus(b, gates_of(b, l, x, kH), h_part, name + ".new"));
  if (before.h == nullptr) return {b.add<Sub>({fresh, b.add<Mul>({z, fresh})}, {}, name + ".h"), nullptr};
  Value* change = b.add<Mul>({z, b.add<Sub>({before.h, fresh})}, {}, name + ".kept");
  return {b.add<Add>({fresh, change}, {}, name + ".h"), nullptr};
}

// Ht = f(Xt W^T + Ht-1 R^T + biases)
CellState rnn_step(Builder& b, const RecurrentLayer& l, Value* x, const CellState& before, const std::string& name) {
  Value* sum = plus(b, x, recurrent_part(b, before.h, l.weight, l.bias, name), name + ".sum");
  return {activated(b, l, 0, sum), nullptr};
}

}  // namespace tpuc::ops
