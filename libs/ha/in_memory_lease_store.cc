#include <map>

#include "libs/ha/lease.h"
#include "libs/sync/mutex.h"

namespace trivium::ha {
namespace {

class InMemoryLeaseStore : public LeaseStore {
 public:
  explicit InMemoryLeaseStore(Clock& clock) : clock_(clock) {}

  absl::StatusOr<LeaseRecord> Acquire(const std::string& resource, const std::string& holder,
                                      absl::Duration ttl) override {
    MutexLock lock(mu_);
    const absl::Time now = clock_.Now();
    Stored& row = rows_[resource];
    const bool expired = row.expire_time <= now;
    if (!expired && row.record.holder != holder) return row.record;
    if (expired || row.record.holder != holder) ++row.record.epoch;
    row.record.holder = holder;
    row.expire_time = now + ttl;
    return row.record;
  }

  absl::Status Release(const std::string& resource, const std::string& holder, int64_t epoch) override {
    MutexLock lock(mu_);
    Stored& row = rows_[resource];
    if (row.record.holder == holder && row.record.epoch == epoch) row.expire_time = absl::InfinitePast();
    return absl::OkStatus();
  }

 private:
  struct Stored {
    LeaseRecord record;
    absl::Time expire_time = absl::InfinitePast();
  };
  Clock& clock_;
  Mutex mu_;
  std::map<std::string, Stored> rows_ ABSL_GUARDED_BY(mu_);
};

}  // namespace

std::unique_ptr<LeaseStore> NewInMemoryLeaseStore(Clock& clock) { return std::make_unique<InMemoryLeaseStore>(clock); }

}  // namespace trivium::ha
