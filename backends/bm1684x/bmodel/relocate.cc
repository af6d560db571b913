// Patches addresses in GDMA commands where the runtime would patch them, and in everything that repeats them.
#include "backends/bm1684x/bmodel/relocate.h"

#include <algorithm>
#include <cstring>

#include "backends/bm1684x/bmodel/commands.h"
#include "backends/bm1684x/bmodel/debug_info.h"
#include "backends/bm1684x/isa/memory_map.h"
#include "tpuc/support/check.h"

namespace tpuc::bm1684x::bmodel {
namespace {

constexpr size_t kSourceByte = 64, kTargetByte = 72, kIndexByte = 80;  // of 40-bit addresses in a 96-byte command
constexpr size_t kAddressBytes = 5;

// Byte offsets in the command where a 40-bit address stands.
std::vector<size_t> address_bytes(const GdmaHead& head) {
  if (head.type == GdmaType::Sys || head.cmd_short != 0) return {};
  std::vector<size_t> out;
  if (head.fill_constant_en == 0) out.push_back(kSourceByte);
  out.push_back(kTargetByte);
  if (head.type == GdmaType::MaskedSelect || head.type == GdmaType::Gather || head.type == GdmaType::Scatter)
    out.push_back(kIndexByte);
  return out;
}

// Calls `visit` with the place of each address in the group's GDMA stream.
template <class F>
void each_address(const DecodedGroup& group, const F& visit) {
  for (const Command& c : group.of(Engine::Gdma))
    for (const size_t at : address_bytes(head_of(std::get<GdmaInstr>(c.instr)))) visit(c.offset_bytes + at);
}

uint64_t load_address(const std::byte* at) {
  uint64_t addr = 0;
  std::memcpy(&addr, at, kAddressBytes);
  return addr;
}

void relocate_tensors(std::vector<Tensor>& tensors, const AddressMap& map) {
  for (Tensor& t : tensors) t.device_addr = map(t.device_addr);
}

}  // namespace

void AddressMap::move(uint64_t from, uint64_t bytes, uint64_t to) {
  if (bytes != 0) ranges_[from] = {bytes, to};
}

uint64_t AddressMap::operator()(uint64_t addr) const {
  const auto after = ranges_.upper_bound(addr);
  if (after == ranges_.begin()) return addr;
  const auto& [from, range] = *std::prev(after);
  return addr - from < range.bytes ? addr - from + range.to : addr;
}

bool AddressMap::is_identity() const {
  return std::all_of(ranges_.begin(), ranges_.end(), [](const auto& r) { return r.first == r.second.to; });
}

std::vector<uint64_t> command_addresses(const Net& net, size_t stage) {
  std::vector<uint64_t> out;
  for (const StageGroup& group : decode_stage(net, stage))
    each_address(group.commands, [&](size_t at) {
      const uint64_t addr = load_address(group.source->gdma.data() + at);
      if (addr >= kDdrBase) out.push_back(addr);
    });
  return out;
}

void relocate(Net& net, size_t stage, const AddressMap& map, std::deque<std::vector<std::byte>>& storage) {
  if (map.is_identity()) return;
  Stage& s = net.stages.at(stage);
  const std::vector<StageGroup> decoded = decode_stage(net, stage);
  size_t next = 0;
  for (SubNet& sub : s.sub_nets) {
    relocate_tensors(sub.inputs, map);
    relocate_tensors(sub.outputs, map);
    for (CommandGroup& group : sub.groups) {
      std::vector<std::byte>& stream = storage.emplace_back(group.gdma.begin(), group.gdma.end());
      each_address(decoded[next++].commands, [&](size_t at) {
        const uint64_t addr = map(load_address(stream.data() + at));
        std::memcpy(stream.data() + at, &addr, kAddressBytes);
      });
      group.gdma = stream;
    }
  }
  relocate_tensors(s.inputs, map);
  relocate_tensors(s.outputs, map);
  s.context_addr = map(s.context_addr);
  s.io_addr = map(s.io_addr);
  if (std::optional<DebugInfo> debug = debug_info_from_json(s.tensor_loc)) {
    for (DebugTensor& t : debug->tensors) t.addr = map(t.addr);
    s.tensor_loc = to_json(*debug);
  }
}

}  // namespace tpuc::bm1684x::bmodel
