// POSIX side of file.h: mapping, and writing by rename.
#include "tpuc/support/file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "tpuc/support/check.h"

namespace tpuc {
namespace {

[[noreturn]] void cannot_read(const std::string& path, const std::string& why) {
  throw UserError(diagnostic(ErrorCode::E5001, "cannot read `{}`: {}", path, why));
}

[[noreturn]] void cannot_write(const std::string& path, const std::string& why) {
  throw UserError(diagnostic(ErrorCode::E5002, "cannot write `{}`: {}", path, why));
}

// Closes on every way out.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

size_t regular_file_size(int fd, const std::string& path) {
  struct stat info {};
  if (::fstat(fd, &info) != 0) cannot_read(path, std::strerror(errno));
  if (S_ISDIR(info.st_mode)) cannot_read(path, "it is a folder");
  if (!S_ISREG(info.st_mode)) cannot_read(path, "it is not a regular file");
  return static_cast<size_t>(info.st_size);
}

bool write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), std::min<size_t>(bytes.size(), size_t{1} << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return true;
}

// Permissions of the finished file: what an ordinary open() would give under the user's mask.
mode_t default_mode() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return static_cast<mode_t>(0666 & ~mask);
}

}  // namespace

MappedFile::MappedFile(const std::string& path) {
  const Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (file.fd < 0) cannot_read(path, std::strerror(errno));
  size_ = regular_file_size(file.fd, path);
  if (size_ == 0) return;  // an empty file cannot be mapped; an empty span says it all
  void* at = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, file.fd, 0);
  if (at == MAP_FAILED) cannot_read(path, std::strerror(errno));
  data_ = static_cast<const std::byte*>(at);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept : data_(other.data_), size_(other.size_) {
  other.data_ = nullptr;
  other.size_ = 0;
}

std::vector<std::byte> read_file(const std::string& path) {
  const MappedFile file(path);
  return {file.bytes().begin(), file.bytes().end()};
}

std::string read_text_file(const std::string& path) {
  const MappedFile file(path);
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

void write_file(const std::string& path, std::span<const std::byte> bytes) {
  struct stat info {};
  const bool exists = ::stat(path.c_str(), &info) == 0;
  if (exists && S_ISDIR(info.st_mode)) cannot_write(path, "it is a folder");
  if (exists && !S_ISREG(info.st_mode)) {  // a device or a pipe cannot be replaced: write into it
    const Descriptor device{::open(path.c_str(), O_WRONLY | O_CLOEXEC)};
    if (device.fd < 0 || !write_all(device.fd, bytes)) cannot_write(path, std::strerror(errno));
    return;
  }
  std::string temporary = path + ".XXXXXX";
  const Descriptor file{::mkstemp(temporary.data())};
  if (file.fd < 0) cannot_write(path, std::strerror(errno));
  const bool written =
      write_all(file.fd, bytes) && ::fchmod(file.fd, exists ? info.st_mode & 07777 : default_mode()) == 0;
  if (!written || ::rename(temporary.c_str(), path.c_str()) != 0) {
    const int reason = errno;
    ::unlink(temporary.c_str());
    cannot_write(path, std::strerror(reason));
  }
}

void write_text_file(const std::string& path, std::string_view text) {
  write_file(path, std::as_bytes(std::span(text.data(), text.size())));
}

}  // namespace tpuc
