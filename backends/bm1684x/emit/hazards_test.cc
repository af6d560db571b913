// Dependencies by the bytes that commands touch.
#include "backends/bm1684x/emit/hazards.h"

#include <catch2/catch.hpp>
#include <random>
#include <vector>

#include "backends/bm1684x/emit/stream.h"
#include "backends/bm1684x/isa/gdma_decode.h"
#include "backends/bm1684x/isa/isa.h"

using namespace tpuc::bm1684x;

TEST_CASE("a command waits for the other engine's writer, and a writer for readers", "[emit]") {
  Hazards h;
  CHECK(h.write(Engine::Gdma, 1, 0, 100) == 0);
  CHECK(h.read(Engine::Tiu, 1, 50, 60) == 1);     // read after write
  CHECK(h.read(Engine::Tiu, 2, 100, 200) == 0);   // bytes nobody wrote
  CHECK(h.write(Engine::Gdma, 2, 55, 56) == 1);   // write after read
  CHECK(h.write(Engine::Gdma, 3, 60, 100) == 0);  // not read
  CHECK(h.write(Engine::Tiu, 3, 0, 300) == 3);    // write after write
  CHECK(h.read(Engine::Tiu, 4, 0, 300) == 0);     // its own queue is in order
  CHECK(h.read(Engine::Gdma, 4, 299, 300) == 3);
}

TEST_CASE("dependencies equal those of a byte by byte model", "[emit]") {
  constexpr int64_t kBytes = 64;
  const unsigned seed = 7;
  CAPTURE(seed);
  std::mt19937 rng(seed);
  struct Byte {
    uint32_t read[2] = {0, 0}, written[2] = {0, 0};
  };
  std::vector<Byte> bytes(kBytes);
  Hazards h;
  uint32_t ids[2] = {0, 0};
  for (int round = 0; round < 5000; ++round) {
    const auto me = static_cast<size_t>(rng() % 2), you = 1 - me;
    const auto e = static_cast<Engine>(me);
    const auto begin = static_cast<int64_t>(rng() % kBytes),
               end = begin + 1 + static_cast<int64_t>(rng() % static_cast<unsigned>(kBytes - begin));
    const uint32_t id = ++ids[me];
    const bool write = rng() % 2 == 0;
    uint32_t want = 0;
    for (int64_t b = begin; b < end; ++b) {
      Byte& x = bytes[static_cast<size_t>(b)];
      want = std::max(want, x.written[you]);
      if (write) want = std::max(want, x.read[you]);
      if (write)
        x = {}, x.written[me] = id;
      else
        x.read[me] = id;
    }
    REQUIRE((write ? h.write(e, id, begin, end) : h.read(e, id, begin, end)) == want);
  }
}

TEST_CASE("streams number their commands, never wait backwards, and end padded", "[emit]") {
  Stream s;
  s.gdma(GdmaTensor{}, {{0, 64, true}});
  s.tiu(Ar{}, {{0, 64, false}, {64, 128, true}});
  s.tiu(Ar{}, {{256, 320, true}});
  s.gdma(GdmaTensor{}, {{64, 128, false}});
  const auto groups = s.finish();
  REQUIRE(groups.size() == 1);
  CHECK(groups[0].tiu_count == 3);
  CHECK(groups[0].gdma_count == 3);
  CHECK(groups[0].tiu.size() % 128 == 0);
  CHECK(groups[0].gdma.size() % 128 == 0);
  std::span<const uint8_t> rest(groups[0].tiu);
  const auto first = decode_tiu(rest);
  CHECK(head_of(first.instr).cmd_id == 1);
  CHECK(head_of(first.instr).cmd_id_dep == 1);
  const auto second = decode_tiu(rest.subspan(first.length_bytes));
  CHECK(head_of(second.instr).cmd_id_dep == 1);  // needs nothing, but ids never go back along a queue
  const auto store = decode_gdma(std::span<const uint8_t>(groups[0].gdma).subspan(96));
  CHECK(head_of(store.instr).cmd_id_dep == 1);
}

TEST_CASE("a group of streams ends where ids come near their limit, in the middle of whatever runs", "[emit]") {
  Stream s(10);
  for (int i = 0; i < 25; ++i) {
    s.gdma(GdmaTensor{}, {{0, 64, true}});
    s.tiu(Ar{}, {{0, 64, false}});
  }
  const auto groups = s.finish();
  REQUIRE(groups.size() == 3);
  CHECK(groups[0].tiu_count == 10);  // with the end; the tenth command of the other engine ended the group
  CHECK(groups[0].gdma_count == 11);
  uint32_t commands = 0;
  for (const CommandGroup& g : groups) commands += g.tiu_count + g.gdma_count - 2;
  CHECK(commands == 50);
}
