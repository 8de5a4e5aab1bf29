#include "services/payment/psp/sandbox/server/journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/log/log.h"

namespace trivium::payment::sandbox {
namespace {

absl::Status Failure(std::string_view what, const std::string& path) {
  return absl::UnavailableError(std::string(what) + " " + path + ": " + std::strerror(errno));
}

// The whole file.
absl::StatusOr<std::string> ReadAll(int fd, const std::string& path) {
  struct stat info {};
  if (fstat(fd, &info) != 0) return Failure("stat", path);
  std::string text(static_cast<size_t>(info.st_size), '\0');
  size_t have = 0;
  while (have < text.size()) {
    const ssize_t n = pread(fd, text.data() + have, text.size() - have, static_cast<off_t>(have));
    if (n <= 0) return Failure("read", path);
    have += static_cast<size_t>(n);
  }
  return text;
}

absl::Status ReplayLines(std::string_view text, const std::string& path,
                         const std::function<bool(std::string_view)>& replay) {
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    if (!replay(text.substr(0, end)))
      return absl::DataLossError(absl::StrCat(path, ":", number, ": not a record of the journal"));
    text.remove_prefix(end + 1);
  }
  return absl::OkStatus();
}

absl::Status WriteAll(int fd, const std::string& path, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return Failure("write", path);
    text.remove_prefix(static_cast<size_t>(n));
  }
  if (fdatasync(fd) != 0) return Failure("sync", path);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(const std::string& path,
                                                       const std::function<bool(std::string_view)>& replay) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return Failure("open", path);
  std::unique_ptr<Journal> journal(new Journal(path, fd));  // Owns the descriptor from here on.
  if (flock(fd, LOCK_EX | LOCK_NB) != 0) return absl::UnavailableError(absl::StrCat(path, ": another process uses it"));
  absl::StatusOr<std::string> text = ReadAll(fd, path);
  if (!text.ok()) return text.status();
  const size_t whole = text->rfind('\n') + 1;  // npos + 1 is 0.
  if (whole != text->size() && ftruncate(fd, static_cast<off_t>(whole)) != 0) return Failure("truncate", path);
  if (absl::Status replayed = ReplayLines(std::string_view(*text).substr(0, whole), path, replay); !replayed.ok())
    return replayed;
  journal->size_at_start_ = whole;
  return journal;
}

Journal::Journal(std::string path, int fd) : path_(std::move(path)), fd_(fd), thread_([this] { Run(); }) {}

Journal::~Journal() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
  }
  wake_.NotifyAll();
  thread_.join();
  close(fd_);
}

void Journal::Append(std::vector<std::string> lines, std::function<void(const absl::Status&)> done) {
  MutexLock lock(mu_);
  for (const std::string& line : lines) next_.text.append(line).push_back('\n');
  next_.done.push_back(std::move(done));
  wake_.NotifyOne();
}

absl::Status Journal::Rewrite(const std::vector<std::string>& lines) {
  const std::string fresh = path_ + ".new";
  const int fd = open(fresh.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return Failure("open", fresh);
  std::string text;
  for (const std::string& line : lines) text.append(line).push_back('\n');
  absl::Status written = WriteAll(fd, fresh, text);
  if (written.ok() && (flock(fd, LOCK_EX | LOCK_NB) != 0 || rename(fresh.c_str(), path_.c_str()) != 0))
    written = Failure("replace", path_);
  if (!written.ok()) {
    close(fd);
    return written;
  }
  close(std::exchange(fd_, fd));
  return absl::OkStatus();
}

absl::Status Journal::health() const {
  MutexLock lock(mu_);
  return health_;
}

void Journal::Run() {
  while (true) {
    Batch batch;
    absl::Status status;
    {
      MutexLock lock(mu_);
      while (next_.done.empty() && !stopping_) wake_.Wait(mu_);
      if (next_.done.empty()) return;
      batch = std::exchange(next_, {});
      status = health_;
    }
    if (status.ok() && !batch.text.empty()) status = WriteAll(fd_, path_, batch.text);
    if (!status.ok()) {
      MutexLock lock(mu_);
      if (health_.ok())
        TRIVIUM_LOG(kError, "journal: nothing is taken any more; free the disk and restart", {"status", status});
      health_ = status;
    }
    for (const auto& done : batch.done) done(status);
  }
}

}  // namespace trivium::payment::sandbox
