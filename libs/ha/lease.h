// Lease with epoch: at most one holder acts at a time, and the epoch fences one that slept through its expiry (facts:
// Gray & Cheriton 1989; Kleppmann's fencing tokens). The holder stops acting at renew_deadline, measured by its
// monotonic clock from before the renew request.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"

namespace trivium::ha {

struct LeaseRecord {
  std::string holder;
  int64_t epoch = 0;  // Grows with every change of holder.
};

// Where leases live: a row each. Implementations: libs/mysql/lease_store.h, and InMemoryLeaseStore for tests.
// Thread-safe.
class LeaseStore {
 public:
  virtual ~LeaseStore() = default;
  // Takes or renews in one atomic step, by the store's clock: succeeds when the row is free, expired or already
  // holder's; the epoch grows by one when the holder changes or it had expired. Otherwise returns the record of the
  // other holder.
  virtual absl::StatusOr<LeaseRecord> Acquire(const std::string& resource, const std::string& holder,
                                              absl::Duration ttl) = 0;
  // Frees it at once when holder has it at that epoch.
  virtual absl::Status Release(const std::string& resource, const std::string& holder, int64_t epoch) = 0;
};

struct LeaseOptions {
  std::string resource;  // "payment.outbox"
  std::string holder;    // Instance id.
  absl::Duration ttl = absl::Seconds(6);
  absl::Duration renew_deadline =
      absl::Seconds(4);                     // < ttl: after that long without a renewal the holder stops acting.
  absl::Duration retry = absl::Seconds(1);  // Between tries to take or renew.
};

// Not thread-safe: drive it from one thread by calling Tick.
class Lease {
 public:
  Lease(LeaseOptions options, LeaseStore& store, Clock& clock);
  // Takes or renews when it is time to. Call at least every `retry`. An error of the store is logged and keeps what is
  // held until renew_deadline.
  void Tick();
  // Whether this holder may act now.
  bool Held() const;
  int64_t epoch() const { return epoch_; }
  // The error of the last Tick that asked the store; OK when it answered.
  const absl::Status& last_error() const { return last_error_; }
  // Gives it back, so that another may take it at once. No effect when it is not held.
  void Release();

 private:
  const LeaseOptions options_;
  LeaseStore& store_;
  Clock& clock_;
  absl::Status last_error_;
  int64_t epoch_ = 0;
  bool held_ = false;
  absl::Duration renewed_at_ = -absl::InfiniteDuration();
  absl::Duration tried_at_ = -absl::InfiniteDuration();
};

std::unique_ptr<LeaseStore> NewInMemoryLeaseStore(Clock& clock);

}  // namespace trivium::ha
