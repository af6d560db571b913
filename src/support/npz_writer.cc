// libzip asks for the bytes of one member after the other, and renames the finished file into its place.
#include "tpuc/support/npz_writer.h"

#include <sys/stat.h>
#include <zip.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>

#include "tpuc/support/check.h"
#include "tpuc/support/npz.h"
#include "tpuc/support/pages.h"

namespace tpuc {
namespace {

[[noreturn]] void cannot_write(const std::string& path, const std::string& why) {
  throw UserError(diagnostic(ErrorCode::E5002, "cannot write `{}`: {}", path, why));
}

// A member: its header, then the array where it lies.
struct Member {
  std::vector<std::byte> header;
  std::span<const std::byte> data;
  uint64_t at = 0;
  zip_error_t error{};

  uint64_t size() const { return header.size() + data.size(); }
  uint64_t read(std::byte* to, uint64_t most) {
    const bool in_header = at < header.size();
    const std::span<const std::byte> rest =
        in_header ? std::span<const std::byte>(header).subspan(at) : data.subspan(at - header.size());
    const uint64_t count = std::min<uint64_t>(most, rest.size());
    if (count > 0) std::memcpy(to, rest.data(), count);
    at += count;
    return count;
  }
};

zip_int64_t answer(void* state, void* to, zip_uint64_t size, zip_source_cmd_t command) {
  Member& m = *static_cast<Member*>(state);
  switch (command) {
    case ZIP_SOURCE_OPEN:
      m.at = 0;
      return 0;
    case ZIP_SOURCE_READ:
      return static_cast<zip_int64_t>(m.read(static_cast<std::byte*>(to), size));
    case ZIP_SOURCE_CLOSE:
      release_pages(m.data);
      return 0;
    case ZIP_SOURCE_STAT: {
      auto* info = static_cast<zip_stat_t*>(to);
      zip_stat_init(info);
      info->size = m.size();
      info->valid = ZIP_STAT_SIZE;
      return sizeof(*info);
    }
    case ZIP_SOURCE_ERROR:
      return zip_error_to_data(&m.error, to, size);
    case ZIP_SOURCE_FREE:
      return 0;
    case ZIP_SOURCE_SUPPORTS:
      return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ, ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT,
                                            ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, -1);
    default:
      zip_error_set(&m.error, ZIP_ER_OPNOTSUPP, 0);
      return -1;
  }
}

// libzip replaces a file; into a device or a pipe it cannot write.
bool is_replaceable(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) != 0 || S_ISREG(info.st_mode);
}

void add_members(zip_t* archive, const std::vector<std::pair<std::string, NpyView>>& arrays,
                 std::deque<Member>& members) {
  for (const auto& [name, array] : arrays) {
    members.push_back({format_npy({array.dtype, array.shape, {}}), array.data});
    zip_source_t* source = zip_source_function(archive, answer, &members.back());
    const int64_t index = zip_file_add(archive, (name + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8 | ZIP_FL_OVERWRITE);
    TPUC_CHECK(index >= 0, "libzip refuses member `{}`: {}", name, zip_strerror(archive));
    zip_set_file_compression(archive, static_cast<uint64_t>(index), ZIP_CM_STORE, 0);
    zip_file_set_dostime(archive, static_cast<uint64_t>(index), 0, 1 << 5 | 1, 0);  // 1980-01-01, as write_npz
  }
}

}  // namespace

void stream_npz(const std::string& path, const std::vector<std::pair<std::string, NpyView>>& arrays) {
  if (!is_replaceable(path)) {
    NamedArrays copies;
    for (const auto& [name, a] : arrays)
      copies.emplace_back(name, NpyArray{a.dtype, a.shape, {a.data.begin(), a.data.end()}});
    return write_npz(path, copies);
  }
  int code = 0;
  zip_t* archive = zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code);
  if (archive == nullptr) {
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string why = zip_error_strerror(&error);
    zip_error_fini(&error);
    cannot_write(path, why);
  }
  std::deque<Member> members;  // libzip reads them when it closes
  add_members(archive, arrays, members);
  if (zip_close(archive) == 0) return;
  const std::string why = zip_strerror(archive);
  zip_discard(archive);
  cannot_write(path, why);
}

}  // namespace tpuc
