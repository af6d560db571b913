// The .npz archive: a zip with one .npy per array, through libzip on memory.
#include "tpuc/support/npz.h"

#include <zip.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>

#include "tpuc/support/check.h"
#include "tpuc/support/file.h"

namespace tpuc {
namespace {

constexpr uint64_t kMaxMemberBytes = uint64_t{1} << 33;  // 8 GiB: nothing larger belongs to a network
constexpr uint64_t kMaxDeflateRatio = 1032;              // RFC 1951's limit is 1032:1; a larger claim is a lie
constexpr int64_t kMaxMembers = 1 << 20;
constexpr size_t kChunkBytes = size_t{16} << 20;
constexpr std::string_view kSuffix = ".npy";

[[noreturn]] void damaged(const std::string& name, const std::string& what) {
  throw UserError(diagnostic(ErrorCode::E3001, "`{}`: {}", name, what));
}

struct Discard {
  void operator()(zip_t* z) const { zip_discard(z); }
  void operator()(zip_file_t* f) const { zip_fclose(f); }
};
using Archive = std::unique_ptr<zip_t, Discard>;
using Member = std::unique_ptr<zip_file_t, Discard>;

Archive open_archive(std::span<const std::byte> file, const std::string& name) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(file.data(), file.size(), 0, &error);
  TPUC_CHECK(source != nullptr, "libzip gave no source");
  zip_t* archive = zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
  if (archive == nullptr) {
    const std::string why = zip_error_strerror(&error);
    zip_source_free(source);
    zip_error_fini(&error);
    damaged(name, "not a sound .npz archive: " + why);
  }
  zip_error_fini(&error);
  return Archive(archive);
}

// Memory grows with what was really unpacked, not with what the directory claims.
std::vector<std::byte> read_member(zip_t* archive, uint64_t index, const zip_stat_t& info, const std::string& name) {
  if (info.size > kMaxMemberBytes)
    damaged(name, fmt::format("{} bytes are more than {} allow", info.size, kMaxMemberBytes));
  if (info.size / kMaxDeflateRatio > info.comp_size + 64)
    damaged(name, fmt::format("{} bytes cannot come from {} compressed ones", info.size, info.comp_size));
  const Member member(zip_fopen_index(archive, index, 0));
  if (!member) damaged(name, std::string("cannot be unpacked: ") + zip_strerror(archive));
  const auto size = static_cast<size_t>(info.size);
  std::vector<std::byte> out;
  while (out.size() < size) {
    const size_t at = out.size(), want = std::min(size - at, std::max(kChunkBytes, at));
    out.resize(at + want);
    const zip_int64_t got = zip_fread(member.get(), out.data() + at, want);
    if (got <= 0) damaged(name, "the archive's data is damaged or cut off");
    out.resize(at + static_cast<size_t>(got));
  }
  std::byte extra{};
  if (zip_fread(member.get(), &extra, 1) != 0)
    damaged(name, "checksum or length does not match");  // also verifies the CRC
  return out;
}

}  // namespace

bool is_npz(std::span<const std::byte> file) {
  constexpr std::string_view local = "PK\x03\x04", empty = "PK\x05\x06";
  return file.size() >= 4 &&
         (std::memcmp(file.data(), local.data(), 4) == 0 || std::memcmp(file.data(), empty.data(), 4) == 0);
}

NamedArrays parse_npz(std::span<const std::byte> file, const std::string& name) {
  if (!is_npz(file)) damaged(name, "not an .npz archive: the first bytes are not PK");
  const Archive archive = open_archive(file, name);
  const int64_t count = zip_get_num_entries(archive.get(), 0);
  if (count > kMaxMembers) damaged(name, fmt::format("{} members are too many", count));
  NamedArrays out;
  for (int64_t i = 0; i < count; ++i) {
    zip_stat_t info;
    zip_stat_init(&info);
    const auto index = static_cast<uint64_t>(i);
    if (zip_stat_index(archive.get(), index, 0, &info) != 0 || info.name == nullptr)
      damaged(name, fmt::format("member {} has no directory entry", i));
    std::string key = info.name;
    const std::string where = name + ":" + key;
    const std::vector<std::byte> bytes = read_member(archive.get(), index, info, where);
    if (std::string_view(key).ends_with(kSuffix)) key.resize(key.size() - kSuffix.size());
    out.emplace_back(std::move(key), parse_npy(bytes, where));
  }
  return out;
}

NamedArrays read_npz(const std::string& path) { return parse_npz(MappedFile(path).bytes(), path); }

std::vector<std::byte> format_npz(const NamedArrays& arrays) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* target = zip_source_buffer_create(nullptr, 0, 0, &error);
  TPUC_CHECK(target != nullptr, "libzip gave no source");
  zip_source_keep(target);  // the archive's closing drops one reference; the bytes are read afterwards
  zip_t* archive = zip_open_from_source(target, ZIP_TRUNCATE, &error);
  TPUC_CHECK(archive != nullptr, "libzip cannot open its own buffer: {}", zip_error_strerror(&error));
  std::vector<std::vector<std::byte>> members;  // libzip reads them when it closes
  members.reserve(arrays.size());
  for (const auto& [name, array] : arrays) {
    const auto& bytes = members.emplace_back(format_npy(array));
    zip_source_t* source = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    const int64_t index =
        zip_file_add(archive, (name + std::string(kSuffix)).c_str(), source, ZIP_FL_ENC_UTF_8 | ZIP_FL_OVERWRITE);
    TPUC_CHECK(index >= 0, "libzip refuses member `{}`: {}", name, zip_strerror(archive));
    zip_set_file_compression(archive, static_cast<uint64_t>(index), ZIP_CM_STORE, 0);
    zip_file_set_dostime(archive, static_cast<uint64_t>(index), 0, 1 << 5 | 1,
                         0);  // 1980-01-01, whatever the time zone
  }
  TPUC_CHECK(zip_close(archive) == 0, "libzip cannot finish the archive: {}", zip_strerror(archive));
  zip_stat_t info;
  zip_stat_init(&info);
  TPUC_CHECK(zip_source_stat(target, &info) == 0 && zip_source_open(target) == 0, "libzip lost the archive");
  std::vector<std::byte> out(static_cast<size_t>(info.size));
  const zip_int64_t got = zip_source_read(target, out.data(), out.size());
  zip_source_close(target);
  zip_source_free(target);
  TPUC_CHECK(got == static_cast<zip_int64_t>(out.size()), "libzip gave {} of {} bytes", got, out.size());
  return out;
}

void write_npz(const std::string& path, const NamedArrays& arrays) { write_file(path, format_npz(arrays)); }

}  // namespace tpuc
