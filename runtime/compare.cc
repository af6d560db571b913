// Figures of likeness between two tensors.
#include "tpuc/runtime/compare.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace tpuc {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// A scalar and a tensor of one element are the same thing: bmodels have no rank 0.
bool same_shape(const Dims& a, const Dims& b) {
  if (a == b) return true;
  auto is_scalar = [](const Dims& d) { return d.empty() || d == Dims{1}; };
  return is_scalar(a) && is_scalar(b);
}

bool is_constant(const std::vector<double>& v) {
  return std::all_of(v.begin(), v.end(), [&](double x) { return x == v.front(); });
}

// Same NaN, or infinity of the same sign.
bool same_special(double a, double b) { return (std::isnan(a) && std::isnan(b)) || a == b; }

struct Sums {
  double got = 0, want = 0, both = 0, difference = 0;  // squares, products, squared differences
};

void fill_figures(Comparison& c, const Sums& s) {
  if (s.got == 0 && s.want == 0) {
    c.cosine = 1;
  } else if (s.got != 0 && s.want != 0) {
    c.cosine = std::clamp(s.both / std::sqrt(s.got) / std::sqrt(s.want), -1.0, 1.0);
  }
  if (s.difference == 0) {
    c.cosine = c.euclidean = 1;
    c.sqnr_db = kInfinity;
  } else {
    c.euclidean = s.want == 0 ? -kInfinity : 1 - std::sqrt(s.difference / s.want);
    c.sqnr_db = s.want == 0 ? -kInfinity : 10 * std::log10(s.want / s.difference);
  }
}

}  // namespace

Comparison compare(const std::string& name, const Tensor& got, const Tensor& want) {
  Comparison c;
  c.name = name;
  c.dims = want.dims();
  if (!same_shape(got.dims(), want.dims())) {
    c.problem = fmt::format("shape {}, wanted {}", to_string(got.dims()), to_string(want.dims()));
    return c;
  }
  c.identical = tpuc::identical(got, want);
  const std::vector<double> g = got.to_f64(), w = want.to_f64();
  Sums s;
  for (size_t i = 0; i < g.size(); ++i) {
    const bool differs = !same_special(g[i], w[i]);
    if (differs && c.first_difference < 0) c.first_difference = static_cast<int64_t>(i);
    if (!std::isfinite(g[i]) || !std::isfinite(w[i])) {
      if (differs && c.problem.empty()) c.problem = fmt::format("{} at element {}, wanted {}", g[i], i, w[i]);
      continue;
    }
    s.got += g[i] * g[i];
    s.want += w[i] * w[i];
    s.both += g[i] * w[i];
    s.difference += (g[i] - w[i]) * (g[i] - w[i]);
    c.max_abs = std::max(c.max_abs, std::abs(g[i] - w[i]));
  }
  fill_figures(c, s);
  if (c.problem.empty() && g.size() > 1 && is_constant(g) != is_constant(w))
    c.problem = is_constant(g) ? fmt::format("every element is {}, wanted various values", g.front())
                               : fmt::format("various values, wanted {} everywhere", w.front());
  return c;
}

std::vector<Comparison> compare_all(const NamedTensors& got, const NamedTensors& want,
                                    std::vector<std::string>* opt_only_got) {
  std::vector<Comparison> rows;
  for (const auto& [name, tensor] : want) {
    const auto it = got.find(name);
    if (it != got.end()) {
      rows.push_back(compare(name, it->second, tensor));
    } else {
      rows.emplace_back();
      rows.back().name = name;
      rows.back().dims = tensor.dims();
      rows.back().problem = "missing";
    }
  }
  for (const auto& [name, tensor] : got)
    if (opt_only_got != nullptr && want.count(name) == 0) opt_only_got->push_back(name);
  return rows;
}

}  // namespace tpuc
