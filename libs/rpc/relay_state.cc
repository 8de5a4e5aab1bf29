#include "libs/rpc/relay_state.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace trivium::rpc {
namespace {

constexpr std::string_view kFormat = "trivium-xds-1 ";
constexpr size_t kMaxFileBytes = 64 << 20;

std::string Digest(std::string_view text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), sizeof digest));
}

void AppendSized(std::string_view part, std::string* out) {
  absl::StrAppend(out, part.size(), ":");
  out->append(part);
}

// Takes "<length>:<bytes>" off the front. false: malformed.
bool TakeSized(std::string_view* text, std::string* part) {
  size_t size = 0, digits = 0;
  while (digits < text->size() && digits < 10 && (*text)[digits] >= '0' && (*text)[digits] <= '9') {
    size = size * 10 + static_cast<size_t>((*text)[digits++] - '0');
  }
  if (digits == 0 || digits >= text->size() || (*text)[digits] != ':') return false;
  text->remove_prefix(digits + 1);
  if (size > text->size()) return false;
  part->assign(text->substr(0, size));
  text->remove_prefix(size);
  return true;
}

absl::Status SystemError(const std::string& path, const char* what) {
  return absl::UnavailableError(absl::StrCat(path, ": ", what, ": ", std::strerror(errno)));
}

// A file descriptor that closes itself.
struct Descriptor {
  explicit Descriptor(int fd) : fd(fd) {}
  ~Descriptor() {
    if (fd >= 0) close(fd);
  }
  Descriptor(const Descriptor&) = delete;
  const int fd;
};

absl::Status WriteAndSync(const std::string& path, std::string_view content) {
  Descriptor file(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  if (file.fd < 0) return SystemError(path, "cannot create");
  while (!content.empty()) {
    const ssize_t written = write(file.fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return SystemError(path, "cannot write");
    content.remove_prefix(static_cast<size_t>(written));
  }
  if (fsync(file.fd) != 0) return SystemError(path, "cannot sync");
  return absl::OkStatus();
}

}  // namespace

std::string EncodeRelayState(const xds::ResourcesByType& resources) {
  std::string body;
  for (const auto& [type, by_name] : resources) {
    for (const auto& [name, bytes] : by_name) {
      AppendSized(type, &body);
      AppendSized(name, &body);
      AppendSized(bytes, &body);
    }
  }
  return std::string(kFormat) + Digest(body) + "\n" + body;
}

absl::StatusOr<xds::ResourcesByType> DecodeRelayState(std::string_view text) {
  const absl::Status damaged = absl::DataLossError("relay state: damaged or of another format");
  const size_t header = kFormat.size() + 2 * SHA256_DIGEST_LENGTH + 1;
  if (text.size() < header || text.substr(0, kFormat.size()) != kFormat || text[header - 1] != '\n') return damaged;
  const std::string_view digest = text.substr(kFormat.size(), 2 * SHA256_DIGEST_LENGTH);
  std::string_view body = text.substr(header);
  if (Digest(body) != digest) return damaged;
  xds::ResourcesByType resources;
  while (!body.empty()) {
    std::string type, name, bytes;
    if (!TakeSized(&body, &type) || !TakeSized(&body, &name) || !TakeSized(&body, &bytes)) return damaged;
    resources[type][name] = std::move(bytes);
  }
  return resources;
}

absl::Status WriteFileAtomically(const std::string& path, std::string_view content) {
  const std::string temporary = path + ".new";
  if (absl::Status status = WriteAndSync(temporary, content); !status.ok()) return status;
  if (rename(temporary.c_str(), path.c_str()) != 0) return SystemError(path, "cannot rename");
  const size_t slash = path.rfind('/');
  Descriptor folder(open(slash == std::string::npos ? "." : path.substr(0, slash + 1).c_str(), O_RDONLY | O_CLOEXEC));
  if (folder.fd < 0 || fsync(folder.fd) != 0) return SystemError(path, "cannot sync the folder");
  return absl::OkStatus();
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  Descriptor file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd < 0) {
    return errno == ENOENT ? absl::NotFoundError(absl::StrCat(path, ": no such file"))
                           : SystemError(path, "cannot open");
  }
  std::string content;
  char buffer[65536];
  while (content.size() <= kMaxFileBytes) {
    const ssize_t got = read(file.fd, buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return SystemError(path, "cannot read");
    if (got == 0) return content;
    content.append(buffer, static_cast<size_t>(got));
  }
  return absl::DataLossError(absl::StrCat(path, ": more than ", kMaxFileBytes, " bytes"));
}

}  // namespace trivium::rpc
