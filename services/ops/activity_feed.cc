#include "services/ops/activity_feed.h"

#include <atomic>

#include "libs/clock/clock.h"
#include "libs/status/status.h"
#include "services/ops/conversions.h"
#include "services/ops/store/activities.h"
#include "trivium/payment/v1/payment.pb.h"

namespace trivium::ops {
namespace {

constexpr int kPurgeEvery = 1000;  // Events.

}  // namespace

kafka::EventHandler NewActivityHandler(absl::Duration retention, Clock& clock) {
  auto handled = std::make_shared<std::atomic<int>>(0);
  return [retention, &clock, handled](mysql::Connection& db, const kafka::Event& event) -> absl::Status {
    payment::v1::Event payload;
    if (!payload.ParseFromString(event.payload))
      return absl::InvalidArgumentError("payload: no trivium.payment.v1.Event");
    ActivityRecord activity;
    activity.product = event.product;
    activity.event_id = event.id;
    activity.time = event.time;
    if (!FromEvent(payload, &activity)) return absl::InvalidArgumentError("subject: neither payment nor refund");
    const absl::Time oldest = clock.Now() - retention;
    if ((*handled)++ % kPurgeEvery == 0) TRIVIUM_RETURN_IF_ERROR(PurgeActivities(db, oldest));
    // A topic read from its start brings what would be purged at once.
    return activity.time < oldest ? absl::OkStatus() : InsertActivity(db, activity);
  };
}

absl::StatusOr<std::unique_ptr<kafka::Consumer>> NewActivityFeed(const std::string& brokers,
                                                                 const std::string& client_id, absl::Duration retention,
                                                                 mysql::Pool& pool, Clock& clock, Metrics& metrics) {
  kafka::ConsumerOptions options;
  options.brokers = brokers;
  options.client_id = client_id;
  options.group = "ops.activity";
  options.topics = {kPaymentEvents};
  return kafka::NewConsumer(options, pool, clock, metrics, NewActivityHandler(retention, clock));
}

}  // namespace trivium::ops
