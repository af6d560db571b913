// LSTM, GRU and RNN written out step by step, against their equations for one element after the other.
#include "ops/recurrent_import.h"

#include <cmath>
#include <random>

#include "ops/import_case.h"
#include "ops/op_case.h"

namespace tpuc::ops::test {
namespace {

struct Layer {
  std::string op;
  int64_t steps, batch, inputs, hidden;
  std::string direction = "forward";
  bool bias = false, initial = false, peepholes = false, linear_before_reset = false, input_forget = false;
  double clip = 0;
  int64_t directions() const { return direction == "bidirectional" ? 2 : 1; }
  int64_t gates() const { return op == "LSTM" ? 4 : op == "GRU" ? 3 : 1; }
};

struct Data {
  Tensor x, w, r, b, h, c, p;
};

Tensor noise(std::mt19937& rng, Dims dims) {
  std::uniform_real_distribution<double> u(-1, 1);
  std::vector<double> v(static_cast<size_t>(element_count(dims)));
  for (double& e : v) e = u(rng);
  return typed(DType::F32, std::move(dims), v);
}

Data draw(std::mt19937& rng, const Layer& l) {
  const int64_t d = l.directions(), rows = l.gates() * l.hidden;
  return {noise(rng, {l.steps, l.batch, l.inputs}),
          noise(rng, {d, rows, l.inputs}),
          noise(rng, {d, rows, l.hidden}),
          noise(rng, {d, 2 * rows}),
          noise(rng, {d, l.batch, l.hidden}),
          noise(rng, {d, l.batch, l.hidden}),
          noise(rng, {d, 3 * l.hidden})};
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

// One sequence of one direction: what ONNX writes down, element by element.
class Reference {
 public:
  Reference(const Layer& l, const Data& data, int64_t direction, int64_t batch)
      : l_(l),
        x_(data.x.to_f64()),
        w_(data.w.to_f64()),
        r_(data.r.to_f64()),
        b_(data.b.to_f64()),
        p_(data.p.to_f64()),
        d_(direction),
        n_(batch),
        h(static_cast<size_t>(l.hidden)),
        c(h) {
    const Reals h0 = data.h.to_f64(), c0 = data.c.to_f64();
    for (int64_t j = 0; l.initial && j < l.hidden; ++j) {
      const auto at = static_cast<size_t>((d_ * l.batch + n_) * l.hidden + j);
      h[static_cast<size_t>(j)] = h0[at], c[static_cast<size_t>(j)] = c0[at];
    }
  }
  void step(int64_t t) {
    Reals new_h = h, new_c = c;
    for (int64_t j = 0; j < l_.hidden; ++j) {
      const auto at = static_cast<size_t>(j);
      if (l_.op == "RNN") new_h[at] = std::tanh(clip(input(t, 0, j) + recurrent(h, 0, j)));
      if (l_.op == "GRU") new_h[at] = gru(t, j);
      if (l_.op == "LSTM") lstm(t, j, new_h[at], new_c[at]);
    }
    h = new_h, c = new_c;
  }

 private:
  double clip(double v) const { return l_.clip > 0 ? std::clamp(v, -l_.clip, l_.clip) : v; }
  double bias(int64_t kind, int64_t gate, int64_t j) const {
    const int64_t rows = l_.gates() * l_.hidden;
    return l_.bias ? b_[static_cast<size_t>((d_ * 2 + kind) * rows + gate * l_.hidden + j)] : 0;
  }
  double input(int64_t t, int64_t gate, int64_t j) const {
    double sum = bias(0, gate, j);
    const int64_t row = (d_ * l_.gates() + gate) * l_.hidden + j;
    for (int64_t i = 0; i < l_.inputs; ++i)
      sum +=
          x_[static_cast<size_t>((t * l_.batch + n_) * l_.inputs + i)] * w_[static_cast<size_t>(row * l_.inputs + i)];
    return sum;
  }
  double recurrent(const Reals& state, int64_t gate, int64_t j) const {
    double sum = bias(1, gate, j);
    const int64_t row = (d_ * l_.gates() + gate) * l_.hidden + j;
    for (int64_t i = 0; i < l_.hidden; ++i)
      sum += state[static_cast<size_t>(i)] * r_[static_cast<size_t>(row * l_.hidden + i)];
    return sum;
  }
  double peephole(int64_t which, int64_t j) const {
    return l_.peepholes ? p_[static_cast<size_t>((d_ * 3 + which) * l_.hidden + j)] : 0;
  }
  double gate(int64_t t, int64_t g, int64_t j) const { return input(t, g, j) + recurrent(h, g, j); }
  double gru(int64_t t, int64_t j) const {
    const auto at = static_cast<size_t>(j);
    const double z = sigmoid(clip(gate(t, 0, j)));
    double part = 0;
    if (l_.linear_before_reset) {
      part = sigmoid(clip(gate(t, 1, j))) * recurrent(h, 2, j);
    } else {
      Reals reset = h;
      for (int64_t i = 0; i < l_.hidden; ++i) reset[static_cast<size_t>(i)] *= sigmoid(clip(gate(t, 1, i)));
      part = recurrent(reset, 2, j);
    }
    return (1 - z) * std::tanh(clip(input(t, 2, j) + part)) + z * h[at];
  }
  void lstm(int64_t t, int64_t j, double& h_next, double& c_next) const {
    const double before = c[static_cast<size_t>(j)];
    const double i = sigmoid(clip(gate(t, 0, j) + peephole(0, j) * before));
    const double f = l_.input_forget ? 1 - i : sigmoid(clip(gate(t, 2, j) + peephole(2, j) * before));
    c_next = f * before + i * std::tanh(clip(gate(t, 3, j)));
    h_next = sigmoid(clip(gate(t, 1, j) + peephole(1, j) * c_next)) * std::tanh(c_next);
  }

  const Layer& l_;
  Reals x_, w_, r_, b_, p_;
  int64_t d_, n_;

 public:
  Reals h, c;
};

struct Results {
  Reals y, h, c;  // [T,D,B,H], [D,B,H], [D,B,H]
};

Results by_equations(const Layer& l, const Data& data) {
  const auto state = static_cast<size_t>(l.directions() * l.batch * l.hidden);
  Results out{Reals(static_cast<size_t>(l.steps) * state), Reals(state), Reals(state)};
  for (int64_t d = 0; d < l.directions(); ++d)
    for (int64_t n = 0; n < l.batch; ++n) {
      Reference one(l, data, d, n);
      const auto row = static_cast<std::ptrdiff_t>((d * l.batch + n) * l.hidden);
      for (int64_t k = 0; k < l.steps; ++k) {
        const int64_t t = d == 1 || l.direction == "reverse" ? l.steps - 1 - k : k;
        one.step(t);
        std::copy(one.h.begin(), one.h.end(), out.y.begin() + t * static_cast<int64_t>(state) + row);
      }
      std::copy(one.h.begin(), one.h.end(), out.h.begin() + row);
      std::copy(one.c.begin(), one.c.end(), out.c.begin() + row);
    }
  return out;
}

ImportCase node(const Layer& l, const Data& data) {
  ImportCase c(l.op, 14);
  c.input(data.x).constant(data.w).constant(data.r).attr("direction", l.direction).attr("hidden_size", l.hidden);
  l.bias ? c.constant(data.b) : c.absent();
  c.absent();
  l.initial ? c.input(data.h) : c.absent();
  if (l.op == "LSTM") {
    l.initial ? c.input(data.c) : c.absent();
    if (l.peepholes) c.constant(data.p);
    if (l.input_forget) c.attr("input_forget", int64_t{1});
  }
  if (l.linear_before_reset) c.attr("linear_before_reset", int64_t{1});
  if (l.clip > 0) c.attr("clip", static_cast<float>(l.clip));
  return std::move(c.output("h").output("c"));
}

void close(const Reals& got, const Reals& want) {
  REQUIRE(got.size() == want.size());
  for (size_t i = 0; i < want.size(); ++i) CHECK(got[i] == Approx(want[i]).margin(1e-5));
}

TEST_CASE("recurrent layers compute what their equations say", "[op]") {
  std::mt19937 rng(7);
  const auto pick = [&](int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(rng); };
  const std::vector<std::string> directions{"forward", "reverse", "bidirectional"};
  for (int i = 0; i < 60; ++i) {
    Layer l{i % 3 == 0 ? "LSTM" : i % 3 == 1 ? "GRU" : "RNN", pick(1, 4), pick(1, 3), pick(1, 4), pick(1, 4)};
    l.direction = directions[static_cast<size_t>(pick(0, 2))];
    l.bias = pick(0, 1) != 0, l.initial = pick(0, 1) != 0;
    l.peepholes = l.op == "LSTM" && pick(0, 1) != 0, l.input_forget = l.op == "LSTM" && pick(0, 2) == 0;
    l.linear_before_reset = l.op == "GRU" && pick(0, 1) != 0;
    l.clip = pick(0, 3) == 0 ? 0.25 : 0;
    INFO(i << " " << l.op << " " << l.direction << " T=" << l.steps << " B=" << l.batch << " H=" << l.hidden);
    const Data data = draw(rng, l);
    const Results want = by_equations(l, data);
    close(node(l, data).values(0), want.y);
    close(node(l, data).values(1), want.h);
    if (l.op == "LSTM") close(node(l, data).values(2), want.c);
  }
}

TEST_CASE("recurrent layers with the batch first", "[op]") {
  std::mt19937 rng(8);
  const Layer l{"GRU", 3, 2, 4, 3, "bidirectional"};
  const Data data = draw(rng, l);
  const Results want = by_equations(l, data);
  Reals x(data.x.to_f64().size());  // [T,B,I] -> [B,T,I]
  for (size_t t = 0; t < 3; ++t)
    for (size_t n = 0; n < 2; ++n)
      for (size_t i = 0; i < 4; ++i) x[(n * 3 + t) * 4 + i] = data.x.to_f64()[(t * 2 + n) * 4 + i];
  ImportCase c("GRU", 14);
  c.input(typed(DType::F32, {2, 3, 4}, x)).constant(data.w).constant(data.r);
  c.attr("layout", int64_t{1}).attr("direction", std::string("bidirectional")).output("h");
  const Tensor y = c.run(0);
  REQUIRE(y.dims() == Dims{2, 3, 2, 3});
  for (size_t n = 0; n < 2; ++n)
    for (size_t t = 0; t < 3; ++t)
      for (size_t d = 0; d < 2; ++d)
        for (size_t j = 0; j < 3; ++j)
          CHECK(y.to_f64()[((n * 3 + t) * 2 + d) * 3 + j] ==
                Approx(want.y[((t * 2 + d) * 2 + n) * 3 + j]).margin(1e-5));
}

// The activation of a layer of one step with W = 1: y = f(x).
Reals activation(const std::string& name, const std::vector<float>& alpha, const std::vector<float>& beta) {
  ImportCase c("RNN", 14);
  c.input(f32({1, 4, 1}, {-2, -0.5, 0.5, 2})).constant(f32({1, 1, 1}, {1})).constant(f32({1, 1, 1}, {1}));
  c.attr("activations", std::vector<std::string>{name});
  if (!alpha.empty()) c.attr("activation_alpha", alpha);
  if (!beta.empty()) c.attr("activation_beta", beta);
  return c.values();
}

TEST_CASE("activations of recurrent layers", "[op]") {
  CHECK(activation("Relu", {}, {}) == Reals{0, 0, 0.5, 2});
  CHECK(activation("affine", {2}, {1}) == Reals{-3, 0, 2, 5});
  CHECK(activation("LeakyRelu", {0.5}, {}) == Reals{-1, -0.25, 0.5, 2});
  CHECK(activation("ThresholdedRelu", {}, {}) == Reals{0, 0, 0, 2});
  CHECK(activation("HardSigmoid", {0.25}, {0.5}) == Reals{0, 0.375, 0.625, 1});
  check_close(activation("Softsign", {}, {}), {-2.0 / 3, -1.0 / 3, 1.0 / 3, 2.0 / 3});
  check_close(activation("ScaledTanh", {2}, {0.5}),
              {2 * std::tanh(-1.0), 2 * std::tanh(-0.25), 2 * std::tanh(0.25), 2 * std::tanh(1.0)});
  check_close(activation("Elu", {}, {}), {std::expm1(-2.0), std::expm1(-0.5), 0.5, 2});
  check_close(activation("Softplus", {}, {}), {std::log1p(std::exp(-2.0)), std::log1p(std::exp(-0.5)),
                                               std::log1p(std::exp(0.5)), std::log1p(std::exp(2.0))});
}

TEST_CASE("recurrent layers that are refused", "[op]") {
  const auto lstm = [](int64_t steps) {
    ImportCase c("LSTM", 14);
    return std::move(c.input(Tensor(DType::F32, {steps, 2, 3})).constant(Tensor(DType::F32, {1, 8, 3})));
  };
  const Tensor r(DType::F32, {1, 8, 2});
  CHECK(lstm(4).constant(r).error() == 0);
  CHECK(lstm(4).constant(r).absent().constant(i64({2}, {4, 4})).error() == 0);
  CHECK(lstm(4).constant(r).absent().constant(i64({2}, {4, 3})).error() == 1024);  // a shorter sequence
  CHECK(lstm(4).constant(r).absent().input(i64({2}, {4, 4})).error() == 1012);
  CHECK(lstm(10'000).constant(r).error() == 1024);
  CHECK(lstm(0).constant(r).error() == 1024);
  CHECK(lstm(4).constant(Tensor(DType::F32, {1, 12, 3})).error() == 1209);
  CHECK(lstm(4).constant(r).attr("direction", std::string("bidirectional")).error() == 1209);
  CHECK(lstm(4).constant(r).attr("direction", std::string("sideways")).error() == 1024);
  CHECK(lstm(4).constant(r).attr("activations", std::vector<std::string>{"Sigmoid", "Tanh"}).error() == 1206);
  CHECK(lstm(4).constant(r).attr("activations", std::vector<std::string>{"Sigmoid", "Tanh", "Sine"}).error() == 1024);
  CHECK(lstm(4).constant(r).attr("activations", std::string("Tanh")).error() == 1013);
  CHECK(lstm(4).constant(Tensor(DType::F32, {8, 2})).error() == 1201);
}

}  // namespace
}  // namespace tpuc::ops::test
