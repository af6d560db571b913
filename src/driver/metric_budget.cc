// See the header.
#include "driver/metric_budget.h"

#include <unistd.h>

#include <filesystem>

#include "tpuc/ir/text.h"
#include "tpuc/support/check.h"
#include "tpuc/support/log.h"

namespace tpuc {
namespace {

// A file that goes with its scope, and the weights beside it.
class TrialFile {
 public:
  TrialFile() : stem_(std::filesystem::temp_directory_path() / fmt::format("tpuc-trial-{}", ::getpid())) {}
  ~TrialFile() {
    std::error_code ignored;
    for (const char* suffix : {".tpuir", ".npz"}) std::filesystem::remove(stem_.string() + suffix, ignored);
  }
  TrialFile(const TrialFile&) = delete;
  TrialFile& operator=(const TrialFile&) = delete;
  std::string path() const { return stem_.string() + ".tpuir"; }

 private:
  std::filesystem::path stem_;
};

double figure_of(const eval::EvalRequest& request) { return eval::evaluate(request).figures.front().value; }

}  // namespace

std::function<bool(const Module&)> metric_budget(const eval::EvalRequest& of_floats, double most_loss) {
  eval::EvalRequest request = of_floats;
  if (request.labels.empty()) request.reference = request.model;
  const double wanted = figure_of(request) - most_loss;
  return [request, wanted](const Module& trial) mutable {
    const TrialFile file;
    save_module(trial, file.path());
    request.model.source.path = file.path();
    const double figure = figure_of(request);
    log::verbose("metric {:.4f}, wanted {:.4f}", figure, wanted);
    return figure >= wanted;
  };
}

}  // namespace tpuc
