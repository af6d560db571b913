// GDMA forms: random fields survive encoding and decoding, values too wide are refused, no form is taken for another.
#include <catch2/catch.hpp>
#include <random>

#include "backends/bm1684x/isa/gdma_decode.h"

namespace tpuc::bm1684x {
namespace {

std::mt19937_64 random_bits(3);

template <class I>
void round_trip() {
  for (int round = 0; round < 50; ++round) {
    I instr;
    const GdmaHead kind = instr.head;
    for_each_field<I>([&](const auto& f) { f.set(instr, random_bits() & low_mask(f.width)); });
    instr.head.type = kind.type;
    instr.head.cmd_short = kind.cmd_short;
    instr.head.function = 0;
    std::vector<uint8_t> bytes;
    encode(instr, bytes);
    REQUIRE(bytes.size() == I::kBits / 8);
    const DecodedGdma d = decode_gdma(bytes);
    INFO(I::kForm);
    REQUIRE(std::holds_alternative<I>(d.instr));
    CHECK(std::get<I>(d.instr) == instr);
    CHECK(d.length_bytes == bytes.size());
    CHECK(!d.stray_bits);
  }
}

TEST_CASE("gdma: random fields survive encode and decode", "[isa][gdma]") {
  round_trip<GdmaTensor>();
  round_trip<GdmaCwTranspose>();
  round_trip<GdmaMatrix>();
  round_trip<GdmaMaskedSelect>();
  round_trip<GdmaGeneral>();
  round_trip<GdmaNonzero>();
  round_trip<GdmaIndexed>();
  round_trip<GdmaSys>();
  round_trip<GdmaShortGeneral>();
  round_trip<GdmaShortMaskedSelect>();
  round_trip<GdmaShortMatrix>();
  round_trip<GdmaShortNonzero>();
}

TEST_CASE("gdma: a value too wide for its field is a bug that names both", "[isa][gdma]") {
  GdmaTensor i;
  i.src_size.h = 70000;
  std::vector<uint8_t> bytes;
  CHECK_THROWS_WITH(encode(i, bytes), "DMA_tensor.src_hsize = 70000 does not fit in 16 bits");
}

// The first words that GDMA.md section 6 states for its worked example, and the end command of section 7.
TEST_CASE("gdma: documented encodings", "[isa][gdma]") {
  GdmaTensor i;
  i.head.stride_enable = 1;
  i.head.cmd_id = 1;
  std::vector<uint8_t> bytes;
  encode(i, bytes);
  const auto words = load_words(bytes);
  CHECK((words[0] & 0xffffffff) == 0x222);
  CHECK(words[0] >> 32 == 0);
  GdmaSys end;
  end.head.cmd_id = 5;
  bytes.clear();
  encode(end, bytes);
  CHECK(load_words(bytes)[0] == (uint64_t{5} << 9 | 1 << 3 | 1 << 5 | uint64_t{6} << 32));
}

}  // namespace
}  // namespace tpuc::bm1684x
