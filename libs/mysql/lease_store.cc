#include "libs/mysql/lease_store.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::mysql {
namespace {

// A row that another holds and that has not expired stays as it is. Assignments see those to their left (MySQL and
// MariaDB): epoch and holder go by the old expiry, expire_time by the new holder.
constexpr std::string_view kAcquire =
    "INSERT INTO lease (resource, holder, epoch, expire_time) VALUES (?, ?, 1, NOW(6) + INTERVAL ? MICROSECOND) "
    "ON DUPLICATE KEY UPDATE "
    "epoch = epoch + (expire_time <= NOW(6)), "
    "holder = IF(expire_time <= NOW(6), VALUES(holder), holder), "
    "expire_time = IF(holder = VALUES(holder), VALUES(expire_time), expire_time)";
constexpr std::string_view kSelect = "SELECT holder, epoch FROM lease WHERE resource = ? FOR UPDATE";
constexpr std::string_view kRelease =
    "UPDATE lease SET expire_time = NOW(6) - INTERVAL 1 MICROSECOND WHERE resource = ? AND holder = ? AND epoch = ? "
    "AND expire_time > NOW(6)";
// Writes the row, also on Galera, where a lock that only reads is not certified.
constexpr std::string_view kTouch =
    "UPDATE lease SET expire_time = expire_time + INTERVAL 1 MICROSECOND WHERE resource = ? AND holder = ? AND epoch = "
    "?";

constexpr absl::Duration kPatience = absl::Seconds(1);

class MysqlLeaseStore : public ha::LeaseStore {
 public:
  MysqlLeaseStore(Pool& pool, Clock& clock) : pool_(pool), clock_(clock) {}

  absl::StatusOr<ha::LeaseRecord> Acquire(const std::string& resource, const std::string& holder,
                                          absl::Duration ttl) override {
    ha::LeaseRecord record;
    TRIVIUM_RETURN_IF_ERROR(
        pool_.Transact("lease_acquire", clock_.Now() + kPatience, [&](Connection& db) -> absl::Status {
          TRIVIUM_RETURN_IF_ERROR(db.Execute(kAcquire, {resource, holder, absl::ToInt64Microseconds(ttl)}).status());
          TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, db.Query(kSelect, {resource}));
          record = {rows.at(0).Text(0), rows.at(0).Int(1)};
          return absl::OkStatus();
        }));
    return record;
  }

  absl::Status Release(const std::string& resource, const std::string& holder, int64_t epoch) override {
    return pool_.Use("lease_release", clock_.Now() + kPatience, [&](Connection& db) -> absl::Status {
      return db.Execute(kRelease, {resource, holder, epoch}).status();
    });
  }

 private:
  Pool& pool_;
  Clock& clock_;
};

}  // namespace

std::unique_ptr<ha::LeaseStore> NewLeaseStore(Pool& pool, Clock& clock) {
  return std::make_unique<MysqlLeaseStore>(pool, clock);
}

absl::Status TouchLease(Connection& db, const std::string& resource, const std::string& holder, int64_t epoch) {
  TRIVIUM_ASSIGN_OR_RETURN(const Changed changed, db.Execute(kTouch, {resource, holder, epoch}));
  if (changed.rows == 1) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, "LEASE_FENCED",
               absl::StrCat("lease ", resource, ": not held by ", holder, " at epoch ", epoch, " any more"));
}

}  // namespace trivium::mysql
