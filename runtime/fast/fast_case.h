// For tests of fast versions: one random op, run by its fast version and by its own `eval`.
#pragma once

#include <catch2/catch.hpp>
#include <random>
#include <string>

#include "tpuc/runtime/compare.h"
#include "tpuc/runtime/executor.h"

namespace tpuc {

inline constexpr int kRounds = 25;
inline constexpr uint32_t kSeed = 20240607;

class Random {
 public:
  int64_t between(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(engine_); }
  bool coin() { return between(0, 1) == 1; }
  Tensor tensor(DType t, const Dims& dims, float low = -2, float high = 2) {
    std::vector<float> v(static_cast<size_t>(element_count(dims)));
    for (float& x : v) x = std::uniform_real_distribution<float>(low, high)(engine_);
    Tensor r(t, dims);
    r.assign_f32(v);
    return r;
  }

 private:
  std::mt19937 engine_{kSeed};
};

// A graph of one op whose operands are inputs or, with `constant[i]`, constants.
struct Case {
  Module module;
  Graph graph{"case", *module.constants};
  NamedTensors inputs;
  Value* operand(Tensor t, bool constant = false) {
    if (constant) return graph.constant(std::move(t));
    const std::string name = "x" + std::to_string(inputs.size());
    Value* v = graph.input(t.type, name);
    inputs.emplace(name, std::move(t));
    return v;
  }
  // Runs both ways and compares; twice, since buffers are reused.
  void check(double tolerance) {
    graph.set_outputs({graph.ops().back().out(0)});
    ExecOptions slow;
    slow.reference = true;
    const NamedTensors want = Executor(graph, slow).run(inputs);
    Executor fast(graph);
    for (int round = 0; round < 2; ++round) {
      const Comparison c = compare("y", fast.run(inputs).begin()->second, want.begin()->second);
      INFO(graph.ops().back().name() << " -> " << to_string(graph.ops().back().out(0)->type) << " " << c.problem);
      CHECK(c.problem.empty());
      CHECK((tolerance == 0 ? c.identical : c.euclidean > 1 - tolerance));
    }
  }
};

inline constexpr double kExact = 0, kClose = 2e-6, kHalfClose = 2e-3;
inline double tolerance(DType t) { return t == DType::F32 ? kClose : kHalfClose; }
inline DType pick_type(Random& r) { return r.between(0, 3) == 0 ? DType::F16 : DType::F32; }

}  // namespace tpuc
