// GDMA commands against the bytes that the vendor's functional model makes of them: a committed sample, and the full
// set where it is at hand. Then what the model refuses.
#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <map>

#include "backends/bm1684x/sim/gdma_exec.h"
#include "tpuc/support/check.h"
#include "tpuc/support/npz.h"

namespace tpuc::bm1684x {
namespace {

class Vectors {
 public:
  explicit Vectors(const std::string& path) {
    for (auto& [name, array] : read_npz(path)) arrays_[name] = std::move(array);
    uint64_t at = 0;
    for (const uint32_t bytes : values<uint32_t>("region_len")) {
      region_begin_.push_back(at);
      at += bytes;
    }
  }
  template <class T>
  std::span<const T> values(const std::string& name) const {
    const NpyArray& a = arrays_.at(name);
    return {reinterpret_cast<const T*>(a.data.data()), a.data.size() / sizeof(T)};
  }
  size_t count() const { return values<int32_t>("result_count").size(); }

  // True when case i gives every byte and the right count.
  bool passes(size_t i, Machine& m) const {
    const auto offset = values<uint32_t>("cmd_offset");
    const auto cmd = values<uint8_t>("cmd").subspan(offset[i], offset[i + 1] - offset[i]);
    const auto of = values<uint32_t>("region_case");
    for (size_t r = 0; r < of.size(); ++r)
      if (of[r] == i)
        std::memcpy(at(r, m), &values<uint8_t>("init")[region_begin_[r]], values<uint32_t>("region_len")[r]);
    const DecodedGdma d = decode_gdma(cmd);
    std::vector<uint8_t> again;
    std::visit([&](const auto& instr) { encode(instr, again); }, d.instr);
    const auto result = execute(d.instr, m);
    const int32_t want = values<int32_t>("result_count")[i];
    bool same = want < 0 || result == static_cast<uint32_t>(want);
    same &= d.stray_bits || std::equal(again.begin(), again.end(), cmd.begin(), cmd.end());
    for (size_t r = 0; r < of.size(); ++r) {
      if (of[r] != i) continue;
      const uint32_t bytes = values<uint32_t>("region_len")[r];
      same &= std::memcmp(at(r, m), &values<uint8_t>("result")[region_begin_[r]], bytes) == 0;
      std::memset(at(r, m), 0, bytes);
    }
    return same;
  }

 private:
  uint8_t* at(size_t region, Machine& m) const {
    const Place p = m.place(values<uint64_t>("region_addr")[region], values<uint32_t>("region_len")[region]);
    return m.memory(p.space).data() + p.offset;
  }
  std::map<std::string, NpyArray> arrays_;
  std::vector<uint64_t> region_begin_;
};

void replay(const std::string& path) {
  const Vectors vectors(path);
  Machine m({.ddr_bytes = 1 << 24, .uninitialised = Uninitialised::Off});
  const auto names = vectors.values<char>("names");
  REQUIRE(vectors.count() > 0);
  for (size_t i = 0; i < vectors.count(); ++i) {
    std::string name;
    const size_t width = names.size() / vectors.count();
    for (size_t k = 0; k < width; k += 4) name += names[i * width + k];
    INFO("case " << i << " " << name.c_str());
    CHECK(vectors.passes(i, m));
  }
}

std::string trap_of(const GdmaInstr& instr) {
  Machine m({.ddr_bytes = 1 << 20, .uninitialised = Uninitialised::Off});
  try {
    execute(instr, m);
  } catch (const UserError& e) {
    return e.what();
  }
  return "executed";
}

GdmaTensor copy(Dims4 size, uint64_t src, uint64_t dst) {
  GdmaTensor i;
  i.head.nchw_copy = 1;
  i.src_size = size;
  i.src_addr = src;
  i.dst_addr = dst;
  return i;
}

TEST_CASE("gdma: the committed sample of the vendor's vectors", "[isa][gdma]") {
  replay(TPUC_SOURCE_DIR "/tests/isa_vectors/gdma_sample.npz");
}

TEST_CASE("gdma: all of the vendor's vectors", "[isa][gdma]") {
  const std::string path = TPUC_SOURCE_DIR "/../shared/vectors/gdma/gdma_vectors.npz";
  if (!std::filesystem::exists(path)) {
    WARN("skipped: " << path << " is not there");
    return;
  }
  replay(path);
}

TEST_CASE("gdma: what the chip refuses is a trap with the numbers", "[isa][gdma]") {
  CHECK(trap_of(copy({1, 1, 1, 4}, kDdrBase, kLocalBase)) == "executed");
  CHECK(trap_of(copy({1, 0, 1, 4}, kDdrBase, kLocalBase)) == "simulator: a size is 0: 1 x 0 x 1 x 4");
  CHECK(trap_of(copy({1, 1, 1, 4}, 0x1000, kLocalBase)) == "simulator: address 0x1000 belongs to no memory");
  CHECK(trap_of(copy({1, 1, 8, 4}, kDdrBase + (1 << 20) - 16, kLocalBase)) ==
        "simulator: 32 bytes at offset 0xffff0 of DDR, which has 0x100000");
  CHECK(trap_of(copy({1, 1, 8, 4}, kDdrBase, kLocalBase + kLaneBytes - 16)) ==
        "simulator: 32 bytes at offset 0x3fff0 of a lane, which has 0x40000");
  GdmaTensor i = copy({1, 1, 1, 4}, kDdrBase + 2, kLocalBase);
  i.head.format = GdmaFormat::F32;
  CHECK(trap_of(i) == "simulator: address 0x100000002 is not a multiple of the element's 4 bytes");
  i.head.format = static_cast<GdmaFormat>(6);
  CHECK(trap_of(i) == "simulator: element format 6 does not exist");
  i = copy({1, 1, 1, 4}, kDdrBase, kLocalBase + 60 * kLaneBytes);
  i.head.function = static_cast<uint32_t>(TensorMove::Broadcast);
  i.dst_size.c = 5;
  CHECK(trap_of(i) == "simulator: a broadcast to 5 lanes from lane 60 passes lane 63");
  i = copy({1, 1, 2, 4}, kDdrBase, kLocalBase);
  i.head.nchw_copy = 0;
  i.dst_size = {1, 1, 1, 4};
  CHECK(trap_of(i) == "simulator: source has 8 elements, destination 4");
  GdmaTensor huge = copy({65535, 65535, 65535, 65535}, kDdrBase, kLocalBase);
  huge.head.stride_enable = 1;
  huge.src_stride.w = 1;
  CHECK(trap_of(huge) == "simulator: 65535 x 65535 x 65535 x 65535 elements are more than one command can move");
}

TEST_CASE("gdma: unknown commands and cut streams do not decode", "[isa][gdma]") {
  std::vector<uint8_t> bytes;
  encode(copy({1, 1, 1, 4}, kDdrBase, kLocalBase), bytes);
  CHECK_NOTHROW(decode_gdma(bytes));
  CHECK_THROWS_AS(decode_gdma(std::span(bytes).first(95)), UserError);
  CHECK_THROWS_AS(decode_gdma(std::span(bytes).first(8)), UserError);
  bytes[4] = 9;
  CHECK_THROWS_AS(decode_gdma(bytes), UserError);
  bytes[4] = 7 << 4;
  CHECK_THROWS_AS(decode_gdma(bytes), UserError);
}

TEST_CASE("gdma: text names the function and leaves zeros out", "[isa][gdma]") {
  GdmaTensor i = copy({1, 3, 4, 5}, kDdrBase, kLocalBase);
  i.head.cmd_id = 7;
  CHECK(to_text(GdmaInstr(i)) ==
        "dma.tensor.copy nchw_copy=1 cmd_id_en=1 cmd_id=7 src_nsize=1 src_csize=3 src_hsize=4 src_wsize=5 "
        "src_addr=0x100000000 dst_addr=0x8000000");
  i.head.fill_constant_en = 1;
  i.head.function = 3;
  CHECK(name_of(GdmaInstr(i)) == "dma.tensor.broadcast.fill");
}

}  // namespace
}  // namespace tpuc::bm1684x
