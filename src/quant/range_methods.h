// From the distribution of a tensor's values to the range that 8 bits should hold.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "quant/histogram.h"
#include "tpuc/quant/table.h"

namespace tpuc::quant {

// Max: what was seen. Percentile: all but 0.01 % of the values. Kl: the least Kullback-Leibler divergence between the
// distribution and its quantized form. Mse: the least squared error. Aciq: the optimum for a Gauss or Laplace
// distribution of the same spread, whichever describes the values better. Auto: of all these the widest whose squared
// error is next to the least, but Max where there is too little to judge by.
enum class Method : uint8_t { Max, Percentile, Kl, Mse, Aciq, Auto };
std::string_view to_string(Method method);
Method parse_method(const std::string& text);  // E2001

// Numbers that 8 bits can tell apart, all of them multiples of a step: -127..127 times, 0..255 times where no value is
// negative, or 255 steps that need not lie around 0.
struct Grid {
  double low = 0, high = 0;  // values beyond are clipped
  double step = 0;
};
// The grid of a range as the compiler will lay it.
Grid grid_of(double low, double high, bool asymmetric);
// Sum over all values of (x - quantized x)^2, as if values were spread evenly in their bin.
double squared_error(const std::vector<Bin>& bins, const Grid& grid);

// The magnitude at which to clip by each method; `bins` are folded(). Levels: positive steps of the grid, 127 or 255.
double percentile_threshold(const std::vector<Bin>& folded_bins, double share);
double kl_threshold(const std::vector<Bin>& folded_bins, int levels);
double mse_threshold(const std::vector<Bin>& folded_bins, int levels);
double aciq_threshold(const std::vector<Bin>& folded_bins, bool is_one_sided, int levels);

struct RangeRequest {
  Method method = Method::Auto;
  bool asymmetric = false;
  bool keep_extremes = false;  // Auto takes Max: a result of the network, whose extremes are what people look at
  int64_t samples = 0;
};
TensorRange choose_range(const Histogram& histogram, const RangeRequest& request);

}  // namespace tpuc::quant
