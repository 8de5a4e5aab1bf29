#include "libs/control_client/state_file.h"

#include <fcntl.h>
#include <google/protobuf/message_lite.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/control_client/murmur3.h"
#include "libs/log/log.h"
#include "libs/status/status.h"

namespace trivium {
namespace {

// First line: the format and a hash of what follows.
std::string Head(std::string_view body) {
  return absl::StrFormat("trivium-state 1 %08x %d\n", Murmur3(body), body.size());
}

absl::Status DiskError(const std::string& what) {
  return absl::UnavailableError(absl::StrCat(what, ": ", std::strerror(errno)));
}

absl::Status WriteAndSync(int fd, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return DiskError("writing " + path);
    text.remove_prefix(static_cast<size_t>(n));
  }
  return fsync(fd) == 0 ? absl::OkStatus() : DiskError("fsync " + path);
}

// The rename itself is durable when the folder is.
absl::Status SyncFolder(const std::string& path) {
  const size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  const int fd = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return DiskError("opening " + folder);
  const bool synced = fsync(fd) == 0;
  close(fd);
  return synced ? absl::OkStatus() : DiskError("fsync " + folder);
}

}  // namespace

absl::Status WriteStateFile(const std::string& path, std::string_view body) {
  const std::string beside = path + ".new";
  const int fd = open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return DiskError("opening " + beside);
  absl::Status status = WriteAndSync(fd, Head(body) + std::string(body), beside);
  close(fd);
  TRIVIUM_RETURN_IF_ERROR(status);
  if (std::rename(beside.c_str(), path.c_str()) != 0) return DiskError("renaming " + beside);
  return SyncFolder(path);
}

absl::StatusOr<std::string> ReadStateFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(path + ": no such file");
  std::ostringstream text;
  text << file.rdbuf();
  const std::string whole = std::move(text).str();
  const size_t line = whole.find('\n');
  if (line == std::string::npos) return absl::DataLossError(path + ": not a state file");
  std::string body = whole.substr(line + 1);
  if (whole.substr(0, line + 1) != Head(body))
    return absl::DataLossError(path + ": cut or changed since it was written");
  return body;
}

bool LoadState(const std::string& path, google::protobuf::MessageLite* state) {
  if (path.empty()) return false;
  const absl::StatusOr<std::string> body = ReadStateFile(path);
  if (body.ok() && state->ParseFromString(*body)) return true;
  if (!absl::IsNotFound(body.status()))
    log::Write(log::Level::kError, "state on disk cannot be used; waiting for control",
               {{"path", path}, {"error", body.status()}});
  return false;
}

void SaveState(const std::string& path, const google::protobuf::MessageLite& state) {
  if (path.empty()) return;
  if (const absl::Status status = WriteStateFile(path, state.SerializeAsString()); !status.ok())
    log::Write(log::Level::kError, "state could not be kept on disk", {{"path", path}, {"error", status}});
}

}  // namespace trivium
