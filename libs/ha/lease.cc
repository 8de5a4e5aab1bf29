#include "libs/ha/lease.h"

#include <utility>

#include "libs/log/log.h"

namespace trivium::ha {

Lease::Lease(LeaseOptions options, LeaseStore& store, Clock& clock)
    : options_(std::move(options)), store_(store), clock_(clock) {}

void Lease::Tick() {
  // From before the request: its answer may take long, and the store's expiry counts from somewhere in between.
  const absl::Duration now = clock_.Monotonic();
  if (now - tried_at_ < options_.retry) return;
  tried_at_ = now;
  absl::StatusOr<LeaseRecord> record = store_.Acquire(options_.resource, options_.holder, options_.ttl);
  if (!record.ok()) {
    if (last_error_.ok()) {
      TRIVIUM_LOG(kWarning, "lease: store does not answer", {"resource", options_.resource},
                  {"error", record.status()});
    }
    last_error_ = std::move(record).status();
    return;
  }
  last_error_ = absl::OkStatus();
  const bool mine = record->holder == options_.holder;
  if (mine != held_ || (mine && record->epoch != epoch_)) {
    TRIVIUM_LOG(kInfo, mine ? "lease: taken" : "lease: lost", {"resource", options_.resource},
                {"holder", record->holder}, {"epoch", record->epoch});
  }
  held_ = mine;
  if (!mine) return;
  epoch_ = record->epoch;
  renewed_at_ = now;
}

bool Lease::Held() const { return held_ && clock_.Monotonic() - renewed_at_ < options_.renew_deadline; }

void Lease::Release() {
  if (!held_) return;
  held_ = false;
  if (absl::Status s = store_.Release(options_.resource, options_.holder, epoch_); !s.ok()) {
    // It expires by itself after ttl.
    TRIVIUM_LOG(kWarning, "lease: could not be given back", {"resource", options_.resource}, {"error", s});
  }
}

}  // namespace trivium::ha
