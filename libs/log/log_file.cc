#include "libs/log/log_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "absl/strings/str_cat.h"

namespace trivium::log {
namespace {

constexpr char kStandardOutput[] = "-";

int OpenForAppend(const std::string& path) {
  return open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640);
}

uint64_t SizeOf(int fd) {
  struct stat info {};
  return fstat(fd, &info) == 0 && S_ISREG(info.st_mode) ? static_cast<uint64_t>(info.st_size) : 0;
}

ssize_t WriteOnce(int fd, std::string_view text) {
  ssize_t n;
  do {
    n = write(fd, text.data(), text.size());
  } while (n < 0 && errno == EINTR);
  return n;
}

}  // namespace

LogFile::~LogFile() { Close(); }

void LogFile::Close() {
  if (fd_ > STDERR_FILENO) close(fd_);
  fd_ = STDERR_FILENO;
}

absl::Status LogFile::Open(const std::string& path, uint64_t max_bytes, int keep_files) {
  // /dev/stdout as a path would not do: it cannot be opened where the pipe behind it is another user's.
  const bool is_stream = path.empty() || path == kStandardOutput;
  int fd = path.empty() ? STDERR_FILENO : STDOUT_FILENO;
  if (!is_stream) {
    fd = OpenForAppend(path);
    if (fd < 0) return absl::ErrnoToStatus(errno, absl::StrCat("log.path: ", path, ": cannot be opened for appending"));
  }
  Close();
  fd_ = fd;
  path_ = is_stream ? "" : path;
  max_bytes_ = max_bytes;
  keep_files_ = keep_files;
  size_ = SizeOf(fd);
  return absl::OkStatus();
}

bool LogFile::Append(std::string_view line) {
  if (!path_.empty() && size_ > 0 && size_ + line.size() > max_bytes_) Rotate();
  const std::string text = torn_ ? "\n" + std::string(line) : std::string(line);
  const ssize_t written = WriteOnce(fd_, text);
  if (written > 0) {
    size_ += static_cast<uint64_t>(written);
    torn_ = static_cast<size_t>(written) < text.size();
  }
  return written == static_cast<ssize_t>(text.size());
}

// <path>.3 -> <path>.4, ..., <path> -> <path>.1, then a new file. When the new one cannot be opened, the old one, by
// its new name, goes on.
void LogFile::Rotate() {
  if (keep_files_ <= 0) {
    if (SizeOf(fd_) > 0 && ftruncate(fd_, 0) == 0) size_ = 0;
    return;
  }
  for (int i = keep_files_ - 1; i >= 1; --i) {
    std::rename(absl::StrCat(path_, ".", i).c_str(), absl::StrCat(path_, ".", i + 1).c_str());
  }
  if (SizeOf(fd_) == 0 || std::rename(path_.c_str(), absl::StrCat(path_, ".1").c_str()) != 0) {
    size_ = 0;  // Not a regular file, or a folder that forbids it: try again after as many bytes.
    return;
  }
  const int fd = OpenForAppend(path_);
  size_ = 0;
  if (fd < 0) return;
  Close();
  fd_ = fd;
}

}  // namespace trivium::log
