#include "services/payment/psp/sandbox/server/merchants.h"

#include <sys/stat.h>
#include <yaml-cpp/yaml.h>

#include "absl/strings/str_cat.h"
#include "libs/log/log.h"
#include "services/payment/psp/sandbox/server/pay_order.h"

namespace trivium::payment::sandbox {
namespace {

constexpr absl::Duration kCheckEvery = absl::Seconds(1);

}  // namespace

Merchants::Merchants(std::string path, Clock& clock) : path_(std::move(path)), clock_(clock) {}

absl::Status Merchants::Load() {
  MutexLock lock(mu_);
  return LoadLocked();
}

int64_t Merchants::Stamp() const {
  struct stat info {};
  if (stat(path_.c_str(), &info) != 0) return 0;
  return info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec + info.st_size;
}

absl::Status Merchants::LoadLocked() {
  stamp_ = Stamp();
  checked_ = clock_.Monotonic();
  std::map<std::string, std::string, std::less<>> secrets;
  try {
    const YAML::Node root = YAML::LoadFile(path_);
    if (!root.IsMap()) return absl::InvalidArgumentError(absl::StrCat(path_, ": want lines \"merchant: secret\""));
    for (const auto& entry : root) {
      const auto name = entry.first.as<std::string>(), secret = entry.second.as<std::string>();
      if (!IsMerchantName(name))
        return absl::InvalidArgumentError(absl::StrCat(path_, ": merchant \"", name, "\", want 1-32 of a-z 0-9 _ -"));
      if (secret.size() < 16 || secret.size() > 256)
        return absl::InvalidArgumentError(absl::StrCat(path_, ": ", name, ": want a secret of 16-256 characters"));
      secrets[name] = secret;
    }
  } catch (const YAML::Exception& e) {
    return absl::InvalidArgumentError(absl::StrCat(path_, ": ", e.what()));
  }
  secrets_ = std::move(secrets);
  return absl::OkStatus();
}

std::string Merchants::Secret(std::string_view merchant) {
  MutexLock lock(mu_);
  if (clock_.Monotonic() - checked_ >= kCheckEvery) {
    checked_ = clock_.Monotonic();
    if (Stamp() != stamp_) {
      if (absl::Status loaded = LoadLocked(); !loaded.ok())
        TRIVIUM_LOG(kError, "merchants not read again", {"status", loaded});
    }
  }
  const auto found = secrets_.find(merchant);
  return found == secrets_.end() ? "" : found->second;
}

}  // namespace trivium::payment::sandbox
