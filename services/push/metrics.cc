#include "services/push/metrics.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "libs/telemetry/metrics.h"

namespace trivium::push {
namespace {

constexpr Metric kMessages{"trivium_push_messages_total", "Messages accepted.", {"product", "class"}};
constexpr Metric kDeliveries{"trivium_push_deliveries_total",
                             "Deliveries by fate, as this instance saw it: accepted, acked, vendor, expired, canceled, "
                             "not_a_member, slow_reader. The exact sums: trivium_push_day_deliveries.",
                             {"product", "class", "fate"}};
constexpr Metric kQuotaRefusals{
    "trivium_push_quota_refusals_total", "Messages refused for the product's quota.", {"product", "priority"}};
constexpr Metric kSend{"trivium_push_send_seconds",
                       "Time from acceptance, or a scheduled message's release, to the message's channel, seconds.",
                       {"product", "class"}};
constexpr Metric kAck{"trivium_push_ack_seconds",
                      "Time from acceptance, or the scheduled time, to a user's acknowledgement, seconds.",
                      {"product", "class"}};
constexpr Metric kRelayed{"trivium_push_relay_items_total",
                          "Messages brought from the database into their channels, by outcome: appended, already, "
                          "published, expired, failed.",
                          {"outcome"}};
constexpr Metric kRestored{"trivium_push_restores_total",
                           "Channels brought back from the database, by outcome: done, already, failed.",
                           {"outcome"}};
constexpr Metric kWorked{"trivium_push_worker_items_total",
                         "What the workers did, by outcome: done, offline (a repeat for a user who is not connected), "
                         "failed.",
                         {"worker", "outcome"}};
constexpr Metric kVendor{
    "trivium_push_vendor_total", "Deliveries handed to a vendor, by outcome: taken, failed.", {"vendor", "outcome"}};
constexpr Metric kRecordQueue{"trivium_push_record_queue",
                              "LOSSY and ORDERED messages that were sent and wait to be written down."};
constexpr Metric kRecorded{"trivium_push_records_total",
                           "LOSSY and ORDERED messages written down after they were sent, by outcome: done, refused "
                           "(by the database, for good), retried, lost (at the end of the process).",
                           {"outcome"}};
constexpr Metric kPending{"trivium_push_pending", "Deliveries that are not acknowledged now.", {"product"}};
constexpr Metric kPendingAge{"trivium_push_pending_oldest_seconds",
                             "Age of the oldest message with a pending delivery, seconds; 0: none.",
                             {"product"}};
constexpr Metric kUnsent{"trivium_push_unsent", "Messages accepted and not in their channel yet.", {"product"}};
constexpr Metric kLag{"trivium_push_relay_lag_seconds",
                      "Age of the oldest message that is accepted and not in its channel yet, seconds; 0: none.",
                      {"product"}};
constexpr Metric kDayMessages{
    "trivium_push_day_messages", "Messages of the product's business day, exact.", {"product", "class"}};
constexpr Metric kDayDeliveries{"trivium_push_day_deliveries",
                                "The ledger of the product's business day, exact: accepted, acked, vendor, expired, "
                                "pending, collapsed, canceled, slow_reader, not_a_member, too_many_pending.",
                                {"product", "class", "fate"}};
constexpr Metric kRedisReady{"trivium_push_redis_ready",
                             "1 while every master of the cell's Redis takes writes; 0: LOSSY and ORDERED messages are "
                             "refused, RELIABLE ones wait."};
constexpr Metric kWatchers{"trivium_push_event_watchers", "Open WatchEvents streams."};
constexpr Metric kFullWatchers{"trivium_push_event_watchers_full",
                               "WatchEvents streams whose reader is slow: their queue of 64 events is full."};

// From a connected client's milliseconds to the hours of one who was away.
const std::vector<double> kAckBuckets = {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,  1,
                                         2.5,   5,    10,    30,   60,  300,  1800, 14400};

std::string Name(MessageClass c) { return std::string(ClassName(c)); }

double Seconds(absl::Duration d) { return std::max(0.0, absl::ToDoubleSeconds(d)); }
double AgeOf(absl::Time oldest, absl::Time now) { return oldest == absl::InfiniteFuture() ? 0 : Seconds(now - oldest); }

}  // namespace

void PushMetrics::Accepted(const Message& m) {
  metrics_.GetCounter(kMessages, {m.product, Name(m.message_class)}).Add();
  AcceptedRecipients(m);
}

void PushMetrics::AcceptedRecipients(const Message& m) {
  Fate(m.product, m.message_class, "accepted", m.counts.accepted);
  Fate(m.product, m.message_class, "too_many_pending", m.counts.Dropped(DropReason::kTooManyPending));
}

void PushMetrics::QuotaRefused(const std::string& product, Priority priority) {
  metrics_.GetCounter(kQuotaRefusals, {product, priority == Priority::kHigh ? "HIGH" : "NORMAL"}).Add();
}

void PushMetrics::Sent(const Message& m, absl::Duration since) {
  metrics_.GetHistogram(kSend, {m.product, Name(m.message_class)}).Observe(Seconds(since));
}

void PushMetrics::Fate(const std::string& product, MessageClass message_class, const std::string& fate, int64_t n) {
  if (n > 0) metrics_.GetCounter(kDeliveries, {product, Name(message_class), fate}).Add(static_cast<double>(n));
}

void PushMetrics::Acked(const std::string& product, absl::Duration since) {
  metrics_.GetHistogram(kAck, {product, Name(MessageClass::kReliable)}, kAckBuckets).Observe(Seconds(since));
}

void PushMetrics::Relayed(const std::string& outcome) { metrics_.GetCounter(kRelayed, {outcome}).Add(); }
void PushMetrics::Restored(const std::string& outcome) { metrics_.GetCounter(kRestored, {outcome}).Add(); }

void PushMetrics::Worked(const std::string& worker, const std::string& outcome, int64_t n) {
  if (n > 0) metrics_.GetCounter(kWorked, {worker, outcome}).Add(static_cast<double>(n));
}

void PushMetrics::Vendor(const std::string& vendor, const std::string& outcome) {
  metrics_.GetCounter(kVendor, {vendor, outcome}).Add();
}

void PushMetrics::RecordQueue(size_t waiting) { metrics_.GetGauge(kRecordQueue).Set(static_cast<double>(waiting)); }

void PushMetrics::Recorded(const std::string& outcome, int64_t n) {
  if (n > 0) metrics_.GetCounter(kRecorded, {outcome}).Add(static_cast<double>(n));
}

void PushMetrics::Open(const std::map<std::string, OpenWork>& work, absl::Time now) {
  MutexLock lock(mu_);
  for (const auto& [product, open] : work) counted_.insert(product);
  for (const std::string& product : counted_) {
    const auto it = work.find(product);
    const OpenWork open = it == work.end() ? OpenWork() : it->second;
    metrics_.GetGauge(kPending, {product}).Set(static_cast<double>(open.pending));
    metrics_.GetGauge(kPendingAge, {product}).Set(AgeOf(open.oldest_pending, now));
    metrics_.GetGauge(kUnsent, {product}).Set(static_cast<double>(open.unsent));
    metrics_.GetGauge(kLag, {product}).Set(AgeOf(open.oldest_unsent, now));
  }
}

void PushMetrics::Day(const std::string& product, const DaySummary& today) {
  for (const MessageClass c : {MessageClass::kLossy, MessageClass::kOrdered, MessageClass::kReliable}) {
    const auto it = today.find(c);
    const ClassDay day = it == today.end() ? ClassDay() : it->second;
    metrics_.GetGauge(kDayMessages, {product, Name(c)}).Set(static_cast<double>(day.messages));
    const auto set = [&](const std::string& fate, int64_t n) {
      metrics_.GetGauge(kDayDeliveries, {product, Name(c), fate}).Set(static_cast<double>(n));
    };
    set("accepted", day.counts.accepted);
    set("acked", day.counts.acked);
    set("vendor", day.counts.vendor);
    set("expired", day.counts.expired);
    set("pending", day.counts.pending);
    for (int i = 1; i <= kDropReasons; ++i) {
      const auto reason = static_cast<DropReason>(i);
      set(absl::AsciiStrToLower(std::string(ReasonName(reason))), day.counts.Dropped(reason));
    }
  }
}

void PushMetrics::RedisReady(bool ready) { metrics_.GetGauge(kRedisReady).Set(ready ? 1 : 0); }
void PushMetrics::Watchers(int count) { metrics_.GetGauge(kWatchers).Set(count); }
void PushMetrics::FullWatchers(int count) { metrics_.GetGauge(kFullWatchers).Set(count); }

}  // namespace trivium::push
