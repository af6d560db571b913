// TIU fields, decoder and derived regions. That the fields mean what they say is the golden vectors' business.
#include <catch2/catch.hpp>
#include <random>

#include "backends/bm1684x/isa/tensor_view.h"

namespace tpuc::bm1684x {
namespace {

struct Overlapping {
  static constexpr std::string_view kForm = "overlapping";
  static constexpr int kBits = 64;
  uint32_t a = 0, b = 0;
  template <class I = Overlapping>
  static constexpr auto fields() {
    return std::tuple{bits("a", &I::a, 0, 8), bits("b", &I::b, 7, 8)};
  }
};
struct TooLong {
  static constexpr std::string_view kForm = "too_long";
  static constexpr int kBits = 64;
  uint32_t a = 0;
  template <class I = TooLong>
  static constexpr auto fields() {
    return std::tuple{bits("a", &I::a, 60, 8)};
  }
};
static_assert(!field_map<Overlapping>().disjoint);
static_assert(!field_map<TooLong>().disjoint);
static_assert(field_map<Ar>().disjoint);

std::string hex(const std::vector<uint8_t>& bytes) {
  std::string text;
  for (const uint8_t b : bytes) text += fmt::format("{:02x}", b);
  return text;
}
template <class I>
std::vector<uint8_t> encoded(const I& i) {
  std::vector<uint8_t> bytes;
  encode(i, bytes);
  return bytes;
}

// A command whose fields hold random bits; head fields that choose the form stay.
template <class I>
I random_instr(std::mt19937_64& random) {
  I i;
  const uint32_t cmd_short = i.head.cmd_short;
  const uint64_t eu = static_cast<uint64_t>(i.eu);
  for_each_field<I>([&](const auto& f) {
    if (f.name != "tsk_typ") f.set(i, random() & low_mask(f.width));
  });
  i.head.cmd_short = cmd_short;
  i.eu = static_cast<decltype(i.eu)>(eu);
  return i;
}

template <class I>
void round_trip(std::mt19937_64& random) {
  for (int k = 0; k < 50; ++k) {
    I i = random_instr<I>(random);
    const std::vector<uint8_t> bytes = encoded(i);
    REQUIRE(bytes.size() == I::kBits / 8);
    const DecodedTiu d = decode_tiu(bytes);
    CHECK(std::get<I>(d.instr) == i);
    CHECK(d.length_bytes == bytes.size());
    CHECK_FALSE(d.stray_bits);
    if constexpr (!std::is_same_v<I, SysId>) {
      std::vector<uint8_t> wide;
      i.head.lane_mask = random();
      encode_long(i, wide);
      REQUIRE(wide.size() == 128);
      i.head.cmd_short = 0;
      CHECK(std::get<I>(decode_tiu(wide).instr) == i);
    }
  }
}

TEST_CASE("tiu: every form survives encoding and decoding, short and long", "[isa]") {
  const uint64_t seed = 20240607;
  INFO("seed " << seed);
  std::mt19937_64 random(seed);
  round_trip<Ar>(random);
  round_trip<Cmp>(random);
  round_trip<Conv>(random);
  round_trip<Lin>(random);
  round_trip<Mm>(random);
  round_trip<Mm2>(random);
  round_trip<Pord>(random);
  round_trip<RqDq>(random);
  round_trip<Sfu>(random);
  round_trip<Sg>(random);
  round_trip<Sgl>(random);
  round_trip<SysId>(random);
  round_trip<TransBc>(random);
  round_trip<Vc>(random);
}

// Bytes from the worked examples of TIU-EXAMPLES.md, which ran on the vendor's functional model.
TEST_CASE("tiu: worked examples encode to the model's bytes", "[isa]") {
  Ar add;
  add.head.cmd_id = 1;
  add.eu = ArOp::AddSat;
  add.tsk_opd_num = 3;
  add.opd0_sign = add.opd1_sign = add.opd2_sign = add.opd2_const = 1;
  add.opd2_addr = 255;
  add.opd2_n_str = 5;
  add.res0_w = 3;
  add.opd1_addr = 0x4000;
  add.res0_addr = 0x8000;
  CHECK(hex(encoded(add)) ==
        "0300000000e6f100003080020100010001000300008000000000000000400000"
        "ff00000000000000000000000000000000000000000000100000000000000000");
  Mm2 product;
  product.head.cmd_id = 1;
  product.opd0_sign = product.opd1_sign = 1;
  product.res0_prec = Prec::I32;
  product.res0_c = product.res0_w = product.opd1_c = product.opd1_w = 2;
  product.opd2_const = product.opd2_addr = 1;
  product.opd1_addr = 0x4000;
  product.res0_addr = 0x8000;
  CHECK(hex(encoded(product)) == "030000000084cc80020002000200020000002000000000000040000001000000");
}

TEST_CASE("tiu: a value that does not fit names its field", "[isa]") {
  Ar i;
  i.res0_n = 70000;
  std::vector<uint8_t> bytes;
  CHECK_THROWS_WITH(encode(i, bytes), "AR.res0_n = 70000 does not fit in 16 bits");
}

TEST_CASE("tiu: cut streams and missing tasks do not decode", "[isa]") {
  std::vector<uint8_t> bytes = encoded(Ar{});
  CHECK_THROWS_WITH(decode_tiu(std::span(bytes).first(63)), "tiu: 63 bytes are left, a short AR command has 64");
  CHECK_THROWS_WITH(decode_tiu(std::span(bytes).first(7)), "tiu: 7 bytes are left, the head of a command has 8");
  bytes[0] = 0;
  CHECK_THROWS_WITH(decode_tiu(bytes), "tiu: 64 bytes are left, a long command has 128");
  bytes[5] = static_cast<uint8_t>((bytes[5] & 0xe1) | 7 << 1);
  CHECK_THROWS_WITH(decode_tiu(bytes), "tiu: task 7 does not exist on this chip");
}

TEST_CASE("tiu: reserved bits are noticed", "[isa]") {
  std::vector<uint8_t> bytes = encoded(Ar{});
  bytes[11] |= 0x20;  // bit 93 of AR
  CHECK(decode_tiu(bytes).stray_bits);
}

TEST_CASE("tiu: text gives the vendor's name and the fields that are set", "[isa]") {
  Lin i;
  i.head.cmd_id = 3;
  i.res0_prec = Prec::F16;
  i.opd0_addr = 0x4000;
  CHECK(to_text(i) ==
        "lin.mac cmd_short=1 cmd_id=3 tsk_typ=10 tsk_eu_typ=1 cmd_id_en=1 res0_prec=1 res0_n=1 res0_c=1 res0_h=1 "
        "res0_w=1 "
        "opd0_addr=0x4000");
  Ar unknown;
  unknown.eu = static_cast<ArOp>(25);
  CHECK(name_of(unknown) == "AR.?25");
}

TEST_CASE("tiu: names in the table are unique", "[isa]") {
  std::vector<std::string_view> names;
  for (const InstrInfo& row : tiu_instructions()) names.push_back(row.name);
  std::sort(names.begin(), names.end());
  CHECK(std::adjacent_find(names.begin(), names.end()) == names.end());
}

TEST_CASE("tiu: regions follow lanes and channel rows", "[isa]") {
  Ar i;
  i.eu = ArOp::Copy;
  i.res0_prec = i.opd0_prec = Prec::F16;
  i.res0_c = 70;
  i.res0_w = 40;  // 80 bytes, 128 aligned
  i.opd0_addr = 0;
  i.res0_addr = 0x8000 + 2 * kLaneBytes;
  const std::vector<ByteRegion> in = reads(i), out = writes(i);
  REQUIRE(in.size() == 2);  // lanes 0..5 have two rows
  CHECK(in[0].lanes == 0x3f);
  CHECK(in[0].end == 128 + 80);
  CHECK(in[1].lanes == ~uint64_t{0x3f});
  CHECK(in[1].end == 80);
  REQUIRE(out.size() == 3);  // from lane 2: 0..1 only row 1, 2..7 both, 8..63 only row 0
  CHECK((out[0].begin == 0x8000 + 128 && out[0].lanes == 3));
  CHECK_FALSE(overlap(in[0], out[0]));
  i.res0_addr = 64;
  CHECK(overlap(reads(i)[1], writes(i)[1]));
  i.head.lane_mask = 1;
  CHECK(writes(i)[0].lanes == 1);
}

TEST_CASE("tiu: weights of a partial block count only the channels there are", "[isa]") {
  Conv i;
  i.opd0_prec = i.res0_prec = Prec::F16;
  i.opd0_c = 40;  // a full block of 32 and 8 more
  i.opd0_h = i.opd0_w = 1;
  i.opd2_const = i.opd3_const = 1;
  const OperandViews v = views_of(i);
  REQUIRE(v.exact.size() == 2);
  CHECK(v.exact[0].w == 32);
  CHECK(v.exact[1].w == 8);
  CHECK(v.exact[1].address == 64);
}

}  // namespace
}  // namespace tpuc::bm1684x
