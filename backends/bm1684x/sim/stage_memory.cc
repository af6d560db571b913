// Regions and inputs of a stage, checked.
#include "backends/bm1684x/sim/stage_memory.h"

#include <algorithm>
#include <string_view>

#include "tpuc/support/check.h"
#include "tpuc/support/int_math.h"

namespace tpuc::bm1684x {
namespace {

constexpr uint64_t kMaxDdrBytes = uint64_t{8} << 30;  // GDMA.md section 1

}  // namespace

uint64_t ddr_bytes_of(const bmodel::Stage& stage) {
  uint64_t end = kDdrBase + bmodel::kPageBytes;
  const auto cover = [&](std::string_view what, uint64_t addr, uint64_t bytes) {
    if (bytes == 0) return;
    const uint64_t limit = kDdrBase + kMaxDdrBytes;
    if (addr < kDdrBase || addr > limit || bytes > limit - addr)
      throw UserError(
          diagnostic(ErrorCode::E6002, "the {} at {:#x} + {} bytes lie outside of the chip's DDR", what, addr, bytes));
    end = std::max(end, addr + bytes);
  };
  if (stage.coefficients) cover("weights", stage.coefficients->address, stage.coefficients->bytes.size());
  cover("activations", stage.context_addr, stage.context_bytes);
  cover("inputs and outputs", stage.io_addr, stage.io_bytes);
  return align_up(end - kDdrBase, bmodel::kPageBytes);
}

std::span<const std::byte> bytes_for(const bmodel::Tensor& input, const SimInputs& inputs) {
  const auto found = inputs.find(input.name);
  if (found == inputs.end()) throw UserError(diagnostic(ErrorCode::E6005, "input `{}` is missing", input.name));
  if (found->second.size() != input.byte_count())
    throw UserError(diagnostic(ErrorCode::E6005, "input `{}` has {} bytes, the bmodel wants {}", input.name,
                               found->second.size(), input.byte_count()));
  return found->second;
}

}  // namespace tpuc::bm1684x
