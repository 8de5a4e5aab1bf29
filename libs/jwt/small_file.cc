#include "libs/jwt/small_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"

namespace trivium::jwt {
namespace {

absl::Status ErrnoStatus(const std::string& path, int error) {
  const std::string message = absl::StrCat(path, ": ", std::strerror(error));
  return error == ENOENT ? absl::NotFoundError(message) : absl::UnavailableError(message);
}

}  // namespace

absl::StatusOr<std::string> ReadSmallFile(const std::string& path, size_t max_bytes) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);  // A FIFO must not hold us up.
  if (fd < 0) return ErrnoStatus(path, errno);
  const absl::Cleanup closer = [fd] { close(fd); };
  struct stat info {};
  if (fstat(fd, &info) != 0) return ErrnoStatus(path, errno);
  if (!S_ISREG(info.st_mode)) return absl::InvalidArgumentError(absl::StrCat(path, ": want a regular file"));
  std::string text(max_bytes + 1, '\0');
  size_t size = 0;
  for (ssize_t n = 1; n > 0 && size < text.size(); size += static_cast<size_t>(n)) {
    n = read(fd, text.data() + size, text.size() - size);
    if (n < 0) return ErrnoStatus(path, errno);
  }
  if (size > max_bytes) return absl::InvalidArgumentError(absl::StrCat(path, ": want at most ", max_bytes, " bytes"));
  text.resize(size);
  return text;
}

FileMark MarkOf(const std::string& path) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) return {};
  return {info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec, info.st_size, info.st_ino};
}

}  // namespace trivium::jwt
