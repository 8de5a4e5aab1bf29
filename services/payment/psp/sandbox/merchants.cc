#include "services/payment/psp/sandbox/merchants.h"

#include <sys/stat.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "libs/log/log.h"

namespace trivium::payment::sandbox {
namespace {

constexpr size_t kMinSecret = 16, kMaxSecret = 256;

std::string Unquoted(absl::string_view text) {
  if (absl::ConsumePrefix(&text, "\"")) absl::ConsumeSuffix(&text, "\"");
  return std::string(text);
}

}  // namespace

absl::Status Merchants::Load() {
  MutexLock lock(mu_);
  return Reload();
}

absl::Status Merchants::Reload() {
  struct stat file {};
  if (stat(path_.c_str(), &file) != 0) return absl::InvalidArgumentError(absl::StrCat(path_, ": cannot be read"));
  std::map<std::string, std::string> secrets;
  std::ifstream in(path_);
  int number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    const absl::string_view text = absl::StripAsciiWhitespace(line);
    if (text.empty() || text[0] == '#') continue;
    const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(text, absl::MaxSplits(':', 1));
    const std::string name(absl::StripAsciiWhitespace(parts.first)),
        secret = Unquoted(absl::StripAsciiWhitespace(parts.second));
    if (name.empty() || secret.size() < kMinSecret || secret.size() > kMaxSecret) {
      return absl::InvalidArgumentError(
          absl::StrCat(path_, ":", number, ": want name: \"secret of 16-256 characters\""));
    }
    secrets[name] = secret;
  }
  secrets_ = std::move(secrets);
  changed_ns_ = static_cast<int64_t>(file.st_mtim.tv_sec) * 1'000'000'000 + file.st_mtim.tv_nsec;
  return absl::OkStatus();
}

std::optional<std::string> Merchants::SecretOf(const std::string& product) {
  MutexLock lock(mu_);
  const absl::Duration now = clock_.Monotonic();
  if (now - looked_at_ >= absl::Seconds(1)) {
    looked_at_ = now;
    struct stat file {};
    const bool there = stat(path_.c_str(), &file) == 0;
    const int64_t changed_ns = static_cast<int64_t>(file.st_mtim.tv_sec) * 1'000'000'000 + file.st_mtim.tv_nsec;
    if (there && changed_ns != changed_ns_) {
      const absl::Status status = Reload();
      if (!status.ok()) TRIVIUM_LOG(kError, "the merchants' file cannot be used: the old one stays", {"error", status});
    }
  }
  const auto it = secrets_.find(product);
  if (it == secrets_.end()) return std::nullopt;
  return it->second;
}

}  // namespace trivium::payment::sandbox
