// The BM1684X behind the interface of backend.h: the compiler's side in backend.cc, the artifact's side in artifact.cc.
#pragma once

#include "tpuc/backend/backend.h"

namespace tpuc::bm1684x {

class Bm1684x final : public Backend {
 public:
  std::string_view chip() const override { return "bm1684x"; }

  Support supports(const Op& op, DType precision) const override;
  bool has_kernel(std::string_view op) const override;
  CompiledNet compile(const Graph& lowered, const BackendOptions& options) const override;

  bool recognises(std::span<const std::byte> artifact) const override;
  std::vector<ArtifactNet> nets(std::span<const std::byte> artifact, bool raw) const override;
  RunOutcome run(std::span<const std::byte> artifact, const std::map<std::string, Tensor>& inputs,
                 const ArtifactRun& how) const override;
  std::string info(std::span<const std::byte> artifact, bool json) const override;
  std::vector<std::byte> extract(std::span<const std::byte> artifact,
                                 const std::vector<ArtifactSelection>& selections) const override;
  std::vector<std::byte> combine(const std::vector<std::span<const std::byte>>& artifacts) const override;
  std::string disassemble(std::span<const std::byte> artifact) const override;
  std::string profile(std::span<const std::byte> artifact, bool json) const override;
  ArtifactTime estimate(std::span<const std::byte> artifact) const override;
  std::string isa() const override;
  Replay replay_vectors(const std::string& folder) const override;
};

}  // namespace tpuc::bm1684x
