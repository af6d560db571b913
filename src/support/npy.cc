// The .npy format: magic, version, a Python dict as header, raw data (NumPy enhancement proposal 1).
#include <algorithm>
#include <charconv>
#include <cstring>
#include <string_view>

#include "tpuc/support/check.h"
#include "tpuc/support/file.h"
#include "tpuc/support/int_math.h"
#include "tpuc/support/npz.h"

namespace tpuc {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr size_t kMaxRank = 32;             // NumPy's own limit
constexpr int64_t kMaxItemBytes = 1 << 20;  // of string types; numbers are at most 16

[[noreturn]] void damaged(const std::string& name, const std::string& what) {
  throw UserError(diagnostic(ErrorCode::E3001, "`{}`: {}", name, what));
}

struct Header {
  NpyArray array;  // dtype and shape, no data
  bool fortran_order = false;
  bool big_endian = false;
  size_t data_offset = 0;
};

// Reads the header's dict: the three keys NumPy writes, in any order, nothing else.
class DictParser {
 public:
  DictParser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  Header parse() {
    Header h;
    int seen = 0;
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      expect(':');
      if (key == "descr") {
        h.array.dtype = quoted();
        seen |= 1;
      } else if (key == "fortran_order") {
        h.fortran_order = boolean();
        seen |= 2;
      } else if (key == "shape") {
        h.array.shape = tuple();
        seen |= 4;
      } else {
        damaged(name_, "unknown key `" + key + "` in the array header");
      }
      accept(',');
    }
    if (seen != 7) damaged(name_, "the array header lacks descr, fortran_order or shape");
    return h;
  }

 private:
  void skip_blanks() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  bool accept(char c) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) damaged(name_, fmt::format("array header: expected '{}' at byte {}", c, at_));
  }
  std::string quoted() {
    const char quote = accept('"') ? '"' : '\'';
    if (quote == '\'') expect('\'');
    const size_t end = text_.find(quote, at_);
    if (end == std::string_view::npos)
      damaged(name_, "array header: a quote is not closed (records are not supported)");
    const std::string out(text_.substr(at_, end - at_));
    at_ = end + 1;
    return out;
  }
  bool boolean() {
    skip_blanks();
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(at_, word.size()) != word) continue;
      at_ += word.size();
      return value;
    }
    damaged(name_, "array header: fortran_order is neither True nor False");
  }
  std::vector<int64_t> tuple() {
    std::vector<int64_t> out;
    expect('(');
    while (!accept(')')) {
      skip_blanks();
      int64_t value = 0;
      const char* begin = text_.data() + at_;
      const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
      if (error != std::errc{} || value < 0) damaged(name_, "array header: bad dimension");
      at_ += static_cast<size_t>(end - begin);
      out.push_back(value);
      if (out.size() > kMaxRank) damaged(name_, fmt::format("more than {} dimensions", kMaxRank));
      accept(',');
    }
    return out;
  }

  std::string_view text_;
  const std::string& name_;
  size_t at_ = 0;
};

Header parse_header(std::span<const std::byte> file, const std::string& name) {
  const auto byte_at = [&](size_t i) { return static_cast<size_t>(file[i]); };
  if (!is_npy(file) || file.size() < 10) damaged(name, "not a NumPy array: the first bytes are not \\x93NUMPY");
  const size_t version = byte_at(6);
  if (version < 1 || version > 3) damaged(name, fmt::format("NumPy format version {} is not known", version));
  const size_t start = version == 1 ? 10 : 12;
  if (file.size() < start) damaged(name, "the array header is cut off");
  size_t length = byte_at(8) | byte_at(9) << 8;
  if (version > 1) length |= byte_at(10) << 16 | byte_at(11) << 24;
  if (length > file.size() - start) damaged(name, fmt::format("the array header of {} bytes is cut off", length));
  const std::string_view text(reinterpret_cast<const char*>(file.data()) + start, length);
  Header h = DictParser(text, name).parse();
  h.data_offset = start + length;
  std::string& dtype = h.array.dtype;
  if (!dtype.empty() && dtype[0] == '=') dtype[0] = '<';
  h.big_endian = !dtype.empty() && dtype[0] == '>';
  if (h.big_endian) dtype[0] = '<';
  if (npy_item_bytes(dtype) == 0) damaged(name, "element type `" + dtype + "` is not supported");
  return h;
}

void swap_bytes(std::vector<std::byte>& data, size_t unit) {
  for (size_t i = 0; i + unit <= data.size(); i += unit)
    std::reverse(data.begin() + static_cast<ptrdiff_t>(i), data.begin() + static_cast<ptrdiff_t>(i + unit));
}

// First index fastest -> last index fastest.
std::vector<std::byte> from_fortran_order(const NpyArray& a, size_t item) {
  std::vector<std::byte> out(a.data.size());
  std::vector<int64_t> index(a.shape.size(), 0);
  for (size_t to = 0; to + item <= out.size(); to += item) {
    size_t from = 0;
    for (size_t d = a.shape.size(); d-- > 0;)
      from = from * static_cast<size_t>(a.shape[d]) + static_cast<size_t>(index[d]);
    std::memcpy(&out[to], &a.data[from * item], item);
    for (size_t d = a.shape.size(); d-- > 0;) {
      if (++index[d] < a.shape[d]) break;
      index[d] = 0;
    }
  }
  return out;
}

}  // namespace

int64_t npy_item_bytes(const std::string& dtype) {
  if (dtype.size() < 3 || (dtype[0] != '<' && dtype[0] != '|')) return 0;
  int64_t n = 0;
  const auto [end, error] = std::from_chars(dtype.data() + 2, dtype.data() + dtype.size(), n);
  if (error != std::errc{} || end != dtype.data() + dtype.size() || n < 0 || n > kMaxItemBytes) return 0;
  const bool power_of_two = n == 1 || n == 2 || n == 4 || n == 8;
  switch (dtype[1]) {
    case 'f':
      return power_of_two && n != 1 ? n : 0;
    case 'i':
    case 'u':
      return power_of_two ? n : 0;
    case 'b':
      return n == 1 ? 1 : 0;
    case 'S':
      return n;
    case 'U':
      return 4 * n;
  }
  return 0;
}

int64_t npy_element_count(const NpyArray& array, const std::string& name) {
  int64_t count = 1;
  for (const int64_t d : array.shape) {
    const std::optional<int64_t> product = checked_mul(count, d);
    if (!product || d < 0) damaged(name, "the dimensions' product is too large");
    count = *product;
  }
  return count;
}

bool is_npy(std::span<const std::byte> file) {
  return file.size() >= kMagic.size() && std::memcmp(file.data(), kMagic.data(), kMagic.size()) == 0;
}

NpyArray parse_npy(std::span<const std::byte> file, const std::string& name) {
  Header h = parse_header(file, name);
  NpyArray& a = h.array;
  const int64_t item = npy_item_bytes(a.dtype);
  const std::optional<int64_t> bytes = checked_mul(npy_element_count(a, name), item);
  const size_t have = file.size() - h.data_offset;
  if (!bytes || static_cast<size_t>(*bytes) > have)
    damaged(name,
            fmt::format("the header promises {} bytes of data, the file has {}", bytes.value_or(INT64_MAX), have));
  const auto data = file.subspan(h.data_offset, static_cast<size_t>(*bytes));
  a.data.assign(data.begin(), data.end());
  const size_t unit = a.dtype[1] == 'U' ? 4 : a.dtype[1] == 'S' ? 1 : static_cast<size_t>(item);
  if (h.big_endian) swap_bytes(a.data, unit);
  if (h.fortran_order && a.shape.size() > 1) a.data = from_fortran_order(a, static_cast<size_t>(item));
  return std::move(a);
}

NpyArray read_npy(const std::string& path) { return parse_npy(MappedFile(path).bytes(), path); }

std::vector<std::byte> format_npy(const NpyArray& array) {
  std::string shape = "(";
  for (const int64_t d : array.shape) shape += fmt::format("{},{}", d, array.shape.size() == 1 ? "" : " ");
  if (array.shape.size() > 1) shape.resize(shape.size() - 2);
  shape += ')';
  std::string header = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': {}, }}", array.dtype, shape);
  header.resize(align_up<size_t>(10 + header.size() + 1, 64) - 11, ' ');  // data starts on a multiple of 64
  header += '\n';
  std::string out(kMagic);
  out += {'\x01', '\x00', static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  out += header;
  std::vector<std::byte> bytes(out.size() + array.data.size());
  std::memcpy(bytes.data(), out.data(), out.size());
  if (!array.data.empty()) std::memcpy(bytes.data() + out.size(), array.data.data(), array.data.size());
  return bytes;
}

}  // namespace tpuc
