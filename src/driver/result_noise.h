// How far the results of a network in 8 bits are from those in floats, on samples, as noise beside their signal.
// What is judged are not the outputs as they are: where one joins boxes and scores, the larger numbers would hide what
// happens to the smaller, and of labels nobody could tell how near they were to changing.
#pragma once

#include <functional>
#include <vector>

#include "tpuc/ir/graph.h"
#include "tpuc/runtime/tensors.h"

namespace tpuc {

// Real values that the outputs are joined from, or that decide integer outputs.
std::vector<const Value*> judged_values(const Graph& canonical);

// The sum of |got - want|^2 of each judged value, over samples.
using Errors = std::vector<double>;

class ResultNoise {
 public:
  // Runs the network in floats.
  ResultNoise(const Graph& canonical, const std::vector<NamedTensors>& samples, unsigned threads);

  const std::vector<const Value*>& judged() const { return judged_; }
  double squared_error(size_t sample, size_t judged, const Tensor& got) const;
  // Noise power beside that of the signal, mean over the judged values, each 1 at most.
  double relative(const Errors& errors) const;
  // Of the same network with other operators, whose values keep their names; in 8 bits, say.
  double measure(const Graph& other) const;

 private:
  using Observer = std::function<void(size_t sample, size_t judged, const Value& v, const Tensor& t)>;
  // Runs the graph on all samples; the observer sees what is called like a judged value, from several threads.
  void observe(const Graph& graph, const Observer& observer) const;

  const std::vector<NamedTensors>* samples_;
  unsigned threads_;
  std::vector<const Value*> judged_;
  std::vector<std::vector<Tensor>> wanted_;  // by sample, by judged value
  std::vector<double> signal_;
};

double decibels(double noise);
// The real numbers that integers with a Quant stand for; other tensors as they are.
Tensor real_values(const Value& v, const Tensor& t);

}  // namespace tpuc
