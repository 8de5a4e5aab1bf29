// A service's events as its outbox (libs/kafka/outbox.h) has them: what the MySQL engine of its store answers as an
// EventSource.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/event_feed/event_source.h"
#include "libs/mysql/mysql.h"

namespace trivium {

absl::StatusOr<std::vector<StoredEvent>> ListOutboxEvents(mysql::Pool& pool, const std::string& product, int64_t after,
                                                          int limit, absl::Time deadline);
absl::StatusOr<EventRange> RangeOfOutboxEvents(mysql::Pool& pool, const std::string& product, absl::Time deadline);

}  // namespace trivium
