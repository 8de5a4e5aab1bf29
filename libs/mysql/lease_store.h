// Leases as rows of the table `lease` of a schema, by the database's clock:
//   CREATE TABLE lease (resource VARCHAR(64) NOT NULL PRIMARY KEY, holder VARCHAR(64) NOT NULL, epoch BIGINT NOT NULL,
//   expire_time DATETIME(6) NOT NULL);
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "libs/ha/lease.h"
#include "libs/mysql/mysql.h"

namespace trivium::mysql {

// pool outlives it. Each call takes at most a second.
std::unique_ptr<ha::LeaseStore> NewLeaseStore(Pool& pool, Clock& clock);

// Inside a transaction that writes under a lease: locks its row and checks that holder still has it at that epoch, so
// that a holder that slept through its expiry cannot commit. FAILED_PRECONDITION LEASE_FENCED.
absl::Status TouchLease(Connection& db, const std::string& resource, const std::string& holder, int64_t epoch);

}  // namespace trivium::mysql
