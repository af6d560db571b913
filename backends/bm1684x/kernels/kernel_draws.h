// Random cases for every kernel: shapes, attributes, element types and tilings drawn from one seed, run on the
// simulated chip and compared with the operators' reference evaluation.
#pragma once

#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "backends/bm1684x/kernels/kernel_cases.h"
#include "tpuc/ir/text.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x {

struct Tally {
  int ran = 0, refused = 0, tiled = 0;  // tiled: under a forced tile
};

class Draws {
 public:
  explicit Draws(unsigned seed) : rng_(seed) {}

  int64_t between(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(rng_); }
  bool chance(int percent) { return between(1, 100) <= percent; }
  template <class T>
  T any(const std::vector<T>& choices) {
    return choices[static_cast<size_t>(between(0, static_cast<int64_t>(choices.size()) - 1))];
  }
  DType float_type() { return any<DType>({DType::F32, DType::F16, DType::BF16}); }
  // An extent: mostly small, sometimes around the 64 lanes.
  int64_t extent(int64_t most = 12) { return chance(25) ? between(60, 70) : between(1, most); }
  // At most one long axis, so that cases stay small.
  Dims dims(size_t rank);
  Dims image() { return {between(1, 2), extent(), between(1, 14), between(1, 14)}; }
  // A shape that broadcasts to `out`: some axes 1, leading ones dropped.
  Dims broadcasting(const Dims& out);

  template <class S>
  void run(DType t, const std::vector<Operand>& operands, const typename S::Attrs& attrs, const Tolerance& tol);
  const std::map<std::string, Tally, std::less<>>& tallies() const { return tallies_; }

 private:
  // Few batches: a forced tile must fit, and every batch is padded.
  Shape4 tile() { return {between(1, 2), any<int64_t>({0, 64, 128}), between(0, 5), between(0, 5)}; }

  std::mt19937 rng_;
  std::map<std::string, Tally, std::less<>> tallies_;
};

// What is allowed for a function or a sum in each type; bf16 has three bits less than f16.
inline Tolerance rounding(DType t) {
  if (t == DType::F32) return {2e-5, 1e-5};
  return t == DType::F16 ? Tolerance{2e-3, 2e-3} : Tolerance{1.6e-2, 1.6e-2};
}

// A drawer of one operator's cases; an operator may have several. The families' tables are joined in
// kernel_property_test.cc.
struct Draw {
  std::string_view op;
  void (*one)(Draws&);
};
std::vector<Draw> elementwise_draws();
std::vector<Draw> window_draws();  // convolutions, products, pools, normalizations, reductions
std::vector<Draw> move_draws();
std::vector<Draw> quantize_draws();
std::vector<Draw> integer_sum_draws();

template <class S>
void Draws::run(DType t, const std::vector<Operand>& operands, const typename S::Attrs& attrs, const Tolerance& tol) {
  ConstantStore store;
  Graph graph("draw", store);
  std::vector<Value*> in;
  std::vector<Tensor> tensors;
  std::map<std::string, Tensor> inputs;
  for (const Operand& o : operands)
    tensors.push_back(o.absent ? Tensor() : random_tensor(o.dtype.value_or(t), o, rng_));
  std::vector<const Tensor*> args;
  for (size_t i = 0; i < operands.size(); ++i) {
    args.push_back(operands[i].absent ? nullptr : &tensors[i]);
    const std::string name = "x" + std::to_string(i);
    if (operands[i].absent) {
      in.push_back(nullptr);
    } else if (operands[i].is_constant) {
      in.push_back(graph.constant(tensors[i], name));
    } else {
      in.push_back(graph.input(tensors[i].type, name));
      inputs[name] = tensors[i];
    }
  }
  Op& op = graph.add<S>(in, attrs);
  graph.set_outputs({op.out(0)});
  Tally& tally = tallies_[std::string(S::kName)];
  const Kernel& kernel = *find_kernel(S::kName);
  if (!kernel.supports(op, t).ok) {
    ++tally.refused;
    return;
  }
  const Shape4 forced = kernel.emit_ddr != nullptr || chance(30) ? Shape4{0, 0, 0, 0} : tile();
  INFO(print(graph));
  INFO("tile " << forced[0] << "," << forced[1] << "," << forced[2] << "," << forced[3]);
  const Tensor want = std::move(evaluate(op, args).front());
  try {
    compare(run_op_on_chip(graph, inputs, forced), want, tol);
  } catch (const UserError&) {  // one row is larger than a lane
    ++tally.refused;
    return;
  } catch (const InternalError& e) {  // a trap of the simulator: go on with the next case
    FAIL_CHECK(e.what());
  }
  ++tally.ran;
  tally.tiled += forced != Shape4{0, 0, 0, 0} ? 1 : 0;
}

}  // namespace tpuc::bm1684x
