// Payment's events, kept as activities for the boards.
#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/kafka/consumer.h"

namespace trivium::ops {

inline constexpr char kPaymentEvents[] = "trivium.payment.events.v1";

// One event into the table, once; purges what is older than retention now and then. INVALID_ARGUMENT for an event that
// cannot be read.
kafka::EventHandler NewActivityHandler(absl::Duration retention, Clock& clock);
absl::StatusOr<std::unique_ptr<kafka::Consumer>> NewActivityFeed(const std::string& brokers,
                                                                 const std::string& client_id, absl::Duration retention,
                                                                 mysql::Pool& pool, Clock& clock, Metrics& metrics);

}  // namespace trivium::ops
