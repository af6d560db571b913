// What the driver asks of a chip: which operators it runs, a lowered graph compiled to an artifact, and an artifact
// run, listed and priced. The only header through which driver and back end meet.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tpuc/ir/graph.h"
#include "tpuc/status.h"

namespace tpuc {

// Yes, or the sentence that says why not: "stride 17 exceeds 15 (TIU.md §4)".
struct Support {
  bool ok = true;
  std::string why;
};

struct BackendOptions {
  DType precision = DType::F16;  // what the network was lowered to; the graph's types say it for each tensor
  std::string net_name;          // in the artifact; never a path
  bool group_layers = true;      // false: one operator at a time
  unsigned threads = 0;          // 0: all cores; never changes the bytes
  double max_seconds = 0;        // 0: the search is bounded by steps, so that the output is deterministic
  std::string dump_dir;          // empty: no dumps of groups, schedule and memory maps
  // Changes of types at the network's border ("input 'ids': i64 became i32"), kept in the artifact for `tpuc info`.
  std::vector<std::string> border_notes;
  // Called at the start of each phase ("plan", "emit", ...): for --stats. May be empty.
  std::function<void(std::string_view phase)> on_phase;
};

struct CompiledNet {
  std::vector<std::byte> bytes;  // the whole artifact
  std::vector<Diagnostic> warnings;
  std::string summary;  // a few lines for people: commands, local and global memory peak and lower bound
};

// Which engine runs ahead where both may.
enum class EngineOrder : uint8_t { Tiu, Gdma, Alternate, Random };

struct ArtifactRun {
  std::string net;           // empty: the only one
  int stage = -1;            // -1: the stage whose shapes fit the inputs
  bool raw = false;          // tensors as stored: no quantization of inputs, no dequantization of outputs
  bool all_tensors = false;  // intermediate tensors too, by name
  EngineOrder order = EngineOrder::Tiu;
  uint64_t seed = 1;       // for EngineOrder::Random
  unsigned threads = 0;    // 0: all cores; never changes the bytes
  std::string vendor_lib;  // not empty: run on this library, the vendor's functional model, instead of the simulator
};

struct ArtifactTensor {
  std::string name;
  TensorType type;
};
struct ArtifactStage {
  std::vector<ArtifactTensor> inputs, outputs;
};
struct ArtifactNet {
  std::string name;
  std::vector<ArtifactStage> stages;
};

// A net and those of its stages that are meant; no stages: all of them.
struct ArtifactSelection {
  std::string net;
  std::vector<size_t> stages;
};

struct RunOutcome {
  std::map<std::string, Tensor> tensors;
  std::vector<Diagnostic> warnings;  // a read of memory nothing wrote in a foreign file, ...
};

// Predicted time, by the cycle model of the chip's documents.
struct ArtifactTime {
  int64_t total_cycles = 0, tiu_cycles = 0, gdma_cycles = 0;
  double milliseconds = 0;
};

// Everything throws UserError for bad input and InternalError for bugs.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view chip() const = 0;

  // Whether a kernel takes this op when the network is lowered to `precision`. The op may still be f32 (as `tpuc check`
  // and the lowering pass ask), or lowered already.
  virtual Support supports(const Op& op, DType precision) const = 0;
  // Whether there is a kernel for the operator at all: for the support matrix.
  virtual bool has_kernel(std::string_view op) const = 0;
  // `lowered` holds chip types only (f32, f16, i32, u8, ... no i64, bool, f64), casts at the border included; its
  // inputs and outputs are the network's, in order. E4xxx when it does not fit the chip.
  virtual CompiledNet compile(const Graph& lowered, const BackendOptions& options) const = 0;

  // Artifacts, also of other compilers for this chip.
  virtual bool recognises(std::span<const std::byte> artifact) const = 0;
  // Types as a user sees them: integers with a scale are f32 unless `raw`.
  virtual std::vector<ArtifactNet> nets(std::span<const std::byte> artifact, bool raw) const = 0;
  virtual RunOutcome run(std::span<const std::byte> artifact, const std::map<std::string, Tensor>& inputs,
                         const ArtifactRun& how) const = 0;
  virtual std::string info(std::span<const std::byte> artifact, bool json) const = 0;
  // The artifact with these nets only; E6004 for a net or stage that is not there.
  virtual std::vector<std::byte> extract(std::span<const std::byte> artifact,
                                         const std::vector<ArtifactSelection>& selections) const = 0;
  // One artifact with the nets of all; nets of one name become stages of one net. Equal weights are stored once.
  virtual std::vector<std::byte> combine(const std::vector<std::span<const std::byte>>& artifacts) const = 0;
  virtual std::string disassemble(std::span<const std::byte> artifact) const = 0;
  virtual std::string profile(std::span<const std::byte> artifact, bool json) const = 0;
  virtual ArtifactTime estimate(std::span<const std::byte> artifact) const = 0;

  // The instruction table as text, and the replay of golden vectors: a line per instruction, then "N passed, M failed".
  virtual std::string isa() const = 0;
  struct Replay {
    std::string report;
    int64_t passed = 0, failed = 0;
  };
  virtual Replay replay_vectors(const std::string& folder) const = 0;
};

// backends/bm1684x/driver: supports() and compile() in backend.cc, the artifact's side in artifact.cc.
std::unique_ptr<const Backend> make_bm1684x_backend();

}  // namespace tpuc
