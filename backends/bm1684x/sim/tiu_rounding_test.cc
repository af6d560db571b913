// Three rules that the chip's documents do not state and that its vendor's compiler relies on; the numbers are those of
// the vendor's functional model (June 2023).
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>

#include "backends/bm1684x/sim/tiu_exec.h"

namespace tpuc::bm1684x {
namespace {

constexpr uint32_t kIn = 0, kIn2 = 0x1000, kOut = 0x4000;

template <class T>
std::vector<T> run(const TiuInstr& instr, const std::vector<T>& a, const std::vector<T>& b, const std::vector<T>& old) {
  Machine m({.ddr_bytes = 1 << 16, .uninitialised = Uninitialised::Off});
  ThreadPool pool(1);
  const auto put = [&](uint32_t at, const std::vector<T>& v) {
    if (!v.empty()) std::memcpy(m.local() + at, v.data(), v.size() * sizeof(T));
  };
  put(kIn, a);
  put(kIn2, b);
  put(kOut, old);
  exec_tiu(m, pool, instr);
  std::vector<T> out(a.size());
  std::memcpy(out.data(), m.local() + kOut, out.size() * sizeof(T));
  return out;
}

TEST_CASE("tiu: a cast of a float to its own type rounds to whole numbers", "[isa]") {
  const std::vector<float> in = {0.5f, -0.5f, 1.5f, 2.5f, -1.5f, -2.5f, 2.25f, -2.75f, -0.25f, 1e10f};
  const std::vector<float> want[] = {
      {0, -0.f, 2, 2, -2, -2, 2, -3, -0.f, 1e10f}, {1, -1, 2, 3, -2, -3, 2, -3, -0.f, 1e10f},
      {0, -0.f, 1, 2, -1, -2, 2, -2, -0.f, 1e10f}, {0, -1, 1, 2, -2, -3, 2, -3, -1, 1e10f},
      {1, -0.f, 2, 3, -1, -2, 3, -2, -0.f, 1e10f}, {1, -0.f, 2, 3, -1, -2, 2, -3, -0.f, 1e10f},
      {0, -1, 1, 2, -2, -3, 2, -3, -0.f, 1e10f}};
  for (uint32_t mode = 0; mode < std::size(want); ++mode) {
    Ar i;
    i.eu = ArOp::Cast;
    i.res0_prec = i.opd0_prec = Prec::F32;
    i.tsk_opd_num = 1;
    i.opd2_n_str = mode;
    i.res0_w = static_cast<uint32_t>(in.size());
    i.opd0_addr = kIn;
    i.res0_addr = kOut;
    const std::vector<float> got = run(TiuInstr(i), in, {}, {});
    INFO("mode " << mode);
    for (size_t k = 0; k < in.size(); ++k) {
      CHECK(got[k] == want[mode][k]);
      CHECK(std::signbit(got[k]) == std::signbit(want[mode][k]));
    }
  }
}

TEST_CASE("tiu: an int8 average is shifted right, ties upward whatever the mode", "[isa]") {
  const std::vector<int8_t> in = {-8, -24, -40, 8, 24, -7, -9, -128};
  const std::vector<int8_t> want = {-1, -4, -7, 2, 5, -1, -2, -24};  // times 3, shifted by 4
  for (const uint32_t mode : {0U, 2U, 5U}) {
    Pord i;
    i.eu = PordOp::Average;
    i.opd0_sign = i.opd1_const = i.opd3_const = 1;
    i.opd1_addr = 3;
    i.opd2_addr = 4;
    i.opd2_n_str = mode;
    i.opd0_w = i.res0_w = static_cast<uint32_t>(in.size());
    i.opd0_addr = kIn;
    i.res0_addr = kOut;
    CHECK(run(TiuInstr(i), in, {}, {}) == want);
  }
}

TEST_CASE("tiu: a float multiply-add rounds the product before the sum", "[isa]") {
  Ar i;
  i.eu = ArOp::Mac;
  i.res0_prec = i.opd0_prec = i.opd1_prec = Prec::F32;
  i.tsk_opd_num = 2;
  i.res0_w = 2;
  i.opd0_addr = kIn;
  i.opd1_addr = kIn2;
  i.res0_addr = kOut;
  const float x = 1.0f + 0x1p-12f;  // x * x = 1 + 2^-11 + 2^-24: the last bit is lost when the product is rounded
  const std::vector<float> got = run<float>(TiuInstr(i), {x, 3}, {x, 4}, {-1, 0.5f});
  CHECK(got == std::vector<float>{0x1p-11f, 12.5f});
}

}  // namespace
}  // namespace tpuc::bm1684x
