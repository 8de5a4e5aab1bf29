#include "services/gateway/auth/revocation_watch.h"

#include <pthread.h>

#include "libs/log/log.h"

namespace trivium::gateway {
namespace {

constexpr Metric kFailures{"trivium_gateway_revocation_failures_total",
                           "Times that a new file of revoked tokens could not be used: the last good one stays."};

}  // namespace

RevocationWatch::RevocationWatch(jwt::Verifier& verifier, absl::Duration interval, Metrics& metrics)
    : verifier_(verifier), interval_(interval), failures_(metrics.GetCounter(kFailures)), thread_([this] { Run(); }) {}

RevocationWatch::~RevocationWatch() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  thread_.join();
}

void RevocationWatch::Run() {
  pthread_setname_np(pthread_self(), "revocations");
  for (;;) {
    {
      MutexLock lock(mu_);
      if (!stopping_) wake_.WaitFor(mu_, interval_);
      if (stopping_) return;
    }
    const absl::StatusOr<bool> changed = verifier_.ReloadIfChanged();
    if (changed.ok() && *changed) TRIVIUM_LOG(kInfo, "revoked tokens were read again");
    if (changed.ok()) continue;
    failures_.Add();
    TRIVIUM_LOG(kError, "revoked tokens cannot be read: the last good list stays", {"error", changed.status()});
  }
}

}  // namespace trivium::gateway
