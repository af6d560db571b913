// ONNX LSTM, GRU and RNN over a sequence of known length: the inputs of all steps times W in one matmul, then step
// after step. Only sequences that are all as long as the input are supported.
#include "ops/recurrent_import.h"

#include <algorithm>
#include <array>

#include "ops/eltwise.h"
#include "ops/import.h"
#include "ops/matmul.h"
#include "ops/recurrent_cell.h"
#include "ops/shape.h"
#include "ops/slice.h"

namespace tpuc::ops {

namespace {

// Steps of all directions together; each is a dozen operators.
constexpr int64_t kMostSteps = 8192;

constexpr std::array<std::string_view, 3> kLstmFunctions{"sigmoid", "tanh", "tanh"};
constexpr std::array<std::string_view, 2> kGruFunctions{"sigmoid", "tanh"};
constexpr std::array<std::string_view, 1> kRnnFunctions{"tanh"};

struct CellKind {
  int64_t gates;
  bool has_memory;  // the state c beside h
  std::span<const std::string_view> functions;
  CellStep step;
};

// T steps, B batch, I inputs, H hidden, D directions.
struct Sequence {
  int64_t steps = 0, batch = 0, inputs = 0, hidden = 0, directions = 1;
  bool first_is_reverse = false;
  bool batch_first = false;  // layout 1
  bool is_reverse(int64_t direction) const { return direction == 1 || first_is_reverse; }
};

void require_dims(const NodeView& n, size_t i, std::string_view what, const Dims& want) {
  if (n.input(i)->type.dims != want)
    throw UserError(diagnostic(ErrorCode::E1209, "{}: {} is {}, expected {}", n.op, what,
                               to_string(n.input(i)->type.dims), to_string(want)));
}

int64_t count_directions(const NodeView& n) {
  const std::string direction = n.get_string("direction", "forward");
  if (direction == "bidirectional") return 2;
  if (direction != "forward" && direction != "reverse")
    refuse(n, fmt::format("direction is `{}`", direction), "forward, reverse and bidirectional are supported");
  return 1;
}

Sequence read_sequence(const NodeView& n) {
  const Dims &x = n.input(0)->type.dims, &r = n.input(2)->type.dims;
  if (x.size() != 3 || r.size() != 3)
    throw UserError(
        diagnostic(ErrorCode::E1201, "{}: X has {} dimensions and R {}, expected 3 and 3", n.op, x.size(), r.size()));
  Sequence s;
  s.batch_first = n.get_int("layout", 0) != 0;
  s.steps = x[s.batch_first ? 1 : 0], s.batch = x[s.batch_first ? 0 : 1], s.inputs = x[2], s.hidden = r[2];
  s.directions = count_directions(n);
  s.first_is_reverse = n.get_string("direction", "forward") == "reverse";
  if (s.steps < 1 || s.steps * s.directions > kMostSteps)
    refuse(n, fmt::format("a sequence of {} steps", s.steps),
           fmt::format("steps are written out one by one, at most {} of all directions: cut the sequence, and hand the "
                       "state on by initial_h",
                       kMostSteps));
  return s;
}

// E1024 unless all sequences are as long as X, which then says it all.
void require_full_length(const NodeView& n, const Sequence& s) {
  if (!n.has_input(4)) return;
  for (const int64_t length : n.constant_ints(4))
    if (length != s.steps)
      refuse(n, fmt::format("sequence_lens holds {}, X has {} steps", length, s.steps),
             "all sequences must be as long as X: cut X to the length, or leave sequence_lens out");
}

void check_inputs(const NodeView& n, const Sequence& s, const CellKind& kind) {
  const int64_t d = s.directions, rows = kind.gates * s.hidden;
  require_dims(n, 1, "W", {d, rows, s.inputs});
  require_dims(n, 2, "R", {d, rows, s.hidden});
  if (n.has_input(3)) require_dims(n, 3, "B", {d, 2 * rows});
  const Dims state = s.batch_first ? Dims{s.batch, d, s.hidden} : Dims{d, s.batch, s.hidden};
  if (n.has_input(5)) require_dims(n, 5, "initial_h", state);
  if (kind.has_memory && n.has_input(6)) require_dims(n, 6, "initial_c", state);
  if (kind.has_memory && n.has_input(7)) require_dims(n, 7, "P", {d, 3 * s.hidden});
  if (n.get_int("hidden_size", s.hidden) != s.hidden)
    throw UserError(diagnostic(ErrorCode::E1209, "{}: hidden_size is {}, R has {}", n.op,
                               n.get_int("hidden_size", s.hidden), s.hidden));
  require_full_length(n, s);
}

// Entry `at` of the first axis, without that axis.
Value* entry(Builder& b, Value* x, int64_t at) {
  return reshape(b, part_along(b, x, 0, at, 1), Dims(x->type.dims.begin() + 1, x->type.dims.end()));
}

// The state [B,H] a direction begins with; null: zeros.
Value* initial_state(const NodeView& n, Builder& b, const Sequence& s, size_t i, int64_t direction) {
  if (!n.has_input(i)) return nullptr;
  return reshape(b, part_along(b, n.input(i), s.batch_first ? 1 : 0, direction, 1), {s.batch, s.hidden});
}

RecurrentLayer read_layer(const NodeView& n, Builder& b, const Sequence& s, const CellKind& kind, int64_t direction) {
  RecurrentLayer l;
  l.hidden = s.hidden;
  const auto functions = cell_functions(n, static_cast<size_t>(s.directions), kind.functions);
  const auto first = functions.begin() + direction * static_cast<int64_t>(kind.functions.size());
  l.functions.assign(first, first + static_cast<int64_t>(kind.functions.size()));
  l.weight = entry(b, n.input(2), direction);
  if (n.get_float("clip", 0) > 0) l.clip = n.get_float("clip", 0);
  l.input_forget = n.get_int("input_forget", 0) != 0;
  l.linear_before_reset = !kind.has_memory && n.get_int("linear_before_reset", 0) != 0;
  if (kind.has_memory && n.has_input(7)) {
    Value* p = entry(b, n.input(7), direction);
    l.peep_i = part_along(b, p, 0, 0, s.hidden);
    l.peep_o = part_along(b, p, 0, s.hidden, s.hidden);
    l.peep_f = part_along(b, p, 0, 2 * s.hidden, s.hidden);
  }
  return l;
}

// X W^T and biases for all steps [T*B,gates*H]. The recurrent bias goes with them, except where a gate comes between.
Value* inputs_of_all_steps(const NodeView& n, Builder& b, const Sequence& s, const CellKind& kind, RecurrentLayer& l,
                           int64_t direction, Value* x) {
  Values in{x, entry(b, n.input(1), direction)};
  if (n.has_input(3)) {
    Value* both = entry(b, n.input(3), direction);
    const int64_t rows = kind.gates * s.hidden;
    Value *input_bias = part_along(b, both, 0, 0, rows), *recurrent_bias = part_along(b, both, 0, rows, rows);
    if (l.linear_before_reset)
      l.bias = recurrent_bias;
    else
      input_bias = b.add<Add>({input_bias, recurrent_bias});
    in.push_back(input_bias);
  }
  return b.add<MatMul>(std::move(in), {.transpose_b = true});
}

// h after every step, in the sequence's order, and the last state.
struct Unrolled {
  Values h;
  CellState last;
};

std::string first_output(const NodeView& n) {
  for (const std::string& name : n.output_names)
    if (!name.empty()) return name;
  return n.name;
}

Unrolled unroll(const NodeView& n, Builder& b, const Sequence& s, const CellKind& kind, int64_t direction, Value* x) {
  RecurrentLayer layer = read_layer(n, b, s, kind, direction);
  Value* all = inputs_of_all_steps(n, b, s, kind, layer, direction, x);
  CellState state{initial_state(n, b, s, 5, direction),
                  kind.has_memory ? initial_state(n, b, s, 6, direction) : nullptr};
  Unrolled u{Values(static_cast<size_t>(s.steps)), {}};
  const bool reverse = s.is_reverse(direction);
  for (int64_t k = 0; k < s.steps; ++k) {
    const int64_t t = reverse ? s.steps - 1 - k : k;
    const std::string name = fmt::format("{}.{}{}", first_output(n), reverse ? "reverse" : "t", t);
    state = kind.step(b, layer, part_along(b, all, 0, t * s.batch, s.batch), state, name);
    u.h[static_cast<size_t>(t)] = state.h;
  }
  u.last = state;
  return u;
}

// [T,D,B,H], or [B,T,D,H]. Directions are joined as columns: what networks do next with them.
Value* whole_sequence(Builder& b, const Sequence& s, const std::vector<Unrolled>& directions) {
  Values columns;
  for (const Unrolled& u : directions) columns.push_back(b.add<Concat>(u.h, {0}));
  Value* rows = columns.size() == 1 ? columns[0] : b.add<Concat>(columns, {1});
  Value* y = reshape(b, rows, {s.steps, s.batch, s.directions, s.hidden});
  if (s.batch_first) return b.add<Permute>({y}, {.order = {1, 0, 2, 3}});
  if (s.directions == 1) return reshape(b, rows, {s.steps, 1, s.batch, s.hidden});
  return b.add<Permute>({y}, {.order = {0, 2, 1, 3}});
}

// [D,B,H], or [B,D,H]
Value* last_state(Builder& b, const Sequence& s, const Values& states) {
  const Dims dims = s.batch_first ? Dims{s.batch, s.directions, s.hidden} : Dims{s.directions, s.batch, s.hidden};
  return reshape(b, states.size() == 1 ? states[0] : b.add<Concat>(states, {s.batch_first ? 1 : 0}), dims);
}

Values import_recurrent(const NodeView& n, Builder& b, const CellKind& kind) {
  const Sequence s = read_sequence(n);
  check_inputs(n, s, kind);
  Value* x = n.input(0);
  if (s.batch_first) x = b.add<Permute>({x}, {.order = {1, 0, 2}});
  x = reshape(b, x, {s.steps * s.batch, s.inputs});
  std::vector<Unrolled> directions;
  for (int64_t d = 0; d < s.directions; ++d) directions.push_back(unroll(n, b, s, kind, d, x));
  Values h, c;
  for (const Unrolled& u : directions) h.push_back(u.last.h), c.push_back(u.last.c);
  const auto wants = [&](size_t i) { return n.output_names.size() > i && !n.output_names[i].empty(); };
  Values results(n.output_names.size(), nullptr);
  if (wants(0)) results[0] = whole_sequence(b, s, directions);
  if (wants(1)) results[1] = last_state(b, s, h);
  if (kind.has_memory && wants(2)) results[2] = last_state(b, s, c);
  return results;
}

}  // namespace

Values import_lstm(const NodeView& n, Builder& b) {
  return import_recurrent(n, b, {4, true, kLstmFunctions, lstm_step});
}
Values import_gru(const NodeView& n, Builder& b) { return import_recurrent(n, b, {3, false, kGruFunctions, gru_step}); }
Values import_rnn(const NodeView& n, Builder& b) { return import_recurrent(n, b, {1, false, kRnnFunctions, rnn_step}); }

}  // namespace tpuc::ops
