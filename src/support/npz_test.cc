// .npy and .npz: round trips, foreign byte and axis order, and files that lie about themselves.
#include "tpuc/support/npz.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <random>

#include "tpuc/support/check.h"

namespace tpuc {
namespace {

std::span<const std::byte> bytes_of(const std::string& s) { return std::as_bytes(std::span(s.data(), s.size())); }

std::string npy(const std::string& dict, const std::string& data) {
  std::string header = dict + "\n";
  std::string out = "\x93NUMPY";
  out += {'\x01', '\x00', static_cast<char>(header.size()), '\x00'};
  return out + header + data;
}

std::string message_of(const std::string& file) {
  try {
    parse_npy(bytes_of(file), "t.npy");
  } catch (const UserError& e) {
    CHECK(e.diagnostics().front().code == ErrorCode::E3001);
    return e.what();
  }
  return "accepted";
}

NpyArray sample(std::vector<int64_t> shape, const std::string& dtype) {
  NpyArray a{dtype, std::move(shape), {}};
  a.data.resize(static_cast<size_t>(npy_element_count(a, "a") * npy_item_bytes(dtype)));
  for (size_t i = 0; i < a.data.size(); ++i) a.data[i] = static_cast<std::byte>(i * 7 + 1);
  return a;
}

TEST_CASE("npz round trip keeps names, order, types and bytes", "[npz]") {
  const NamedArrays in = {{"b/x", sample({2, 3}, "<f4")},
                          {"a", sample({}, "<i8")},
                          {"c", sample({0, 5}, "|u1")},
                          {"d", sample({7}, "<U3")}};
  const auto file = format_npz(in);
  CHECK(file == format_npz(in));
  const NamedArrays out = parse_npz(file, "f");
  REQUIRE(out.size() == in.size());
  for (size_t i = 0; i < in.size(); ++i) {
    CHECK(out[i].first == in[i].first);
    CHECK(out[i].second.dtype == in[i].second.dtype);
    CHECK(out[i].second.shape == in[i].second.shape);
    CHECK(out[i].second.data == in[i].second.data);
  }
}

TEST_CASE("big-endian and Fortran order are brought to ours", "[npz]") {
  const auto big = parse_npy(
      bytes_of(npy("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }", std::string("\x01\x02\x03\x04", 4))),
      "b");
  CHECK(big.dtype == "<i2");
  CHECK(std::memcmp(big.data.data(), "\x02\x01\x04\x03", 4) == 0);
  const auto fortran =
      parse_npy(bytes_of(npy("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }", "abcdef")), "f");
  CHECK(std::memcmp(fortran.data.data(), "acebdf", 6) == 0);  // columns ab, cd, ef
}

TEST_CASE("hostile npy headers are refused with a reason", "[npz]") {
  CHECK(message_of("") == "`t.npy`: not a NumPy array: the first bytes are not \\x93NUMPY");
  CHECK(message_of(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4,), }", "abc")) ==
        "`t.npy`: the header promises 16 bytes of data, the file has 3");
  CHECK(message_of(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 8), }", "")) ==
        "`t.npy`: the dimensions' product is too large");
  CHECK(message_of(npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", "")) ==
        "`t.npy`: array header: bad dimension");
  CHECK(message_of(npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", "")) ==
        "`t.npy`: element type `|O` is not supported");
  CHECK(message_of(npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,), }", "")) ==
        "`t.npy`: array header: expected ''' at byte 10");
  CHECK(message_of(npy("{'descr': '<f4', 'fortran_order': False, }", "")) ==
        "`t.npy`: the array header lacks descr, fortran_order or shape");
}

TEST_CASE("damaged archives never do worse than E3001", "[npz]") {
  const auto good = format_npz({{"x", sample({3, 5}, "<f4")}, {"y", sample({70}, "<f2")}});
  std::mt19937 random(20240101);
  for (int round = 0; round < 2000; ++round) {
    auto bad = good;
    if (round % 3 == 0) bad.resize(random() % bad.size());
    for (size_t k = 0; k < 1 + random() % 4 && !bad.empty(); ++k)
      bad[random() % bad.size()] = static_cast<std::byte>(random());
    try {
      parse_npz(bad, "f");
    } catch (const UserError& e) {
      CHECK(e.diagnostics().front().code == ErrorCode::E3001);
    }
  }
}

}  // namespace
}  // namespace tpuc
