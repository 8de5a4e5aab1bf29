#include "libs/server/readiness.h"

namespace trivium::server {

bool Readiness::Look() {
  std::string failed;
  for (const auto& [name, check] : checks_) {
    if (const absl::Status status = check(); !status.ok())
      failed += (failed.empty() ? "" : "\n") + name + ": " + status.ToString();
  }
  MutexLock lock(mu_);
  if (draining_) return false;
  status_ = failed.empty() ? absl::OkStatus() : absl::UnavailableError(failed);
  ready_.store(status_.ok());
  return status_.ok();
}

void Readiness::Drain() {
  MutexLock lock(mu_);
  draining_ = true;
  status_ = absl::UnavailableError("draining");
  ready_.store(false);
}

absl::Status Readiness::status() const {
  MutexLock lock(mu_);
  return status_;
}

}  // namespace trivium::server
