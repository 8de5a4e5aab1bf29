// Business metrics of push. Rates and times; counts that must be exact come from SQL (GetDailySummary), and stand here
// as the gauges of the business day.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/sync/mutex.h"
#include "services/push/store/store.h"

namespace trivium {
class Metrics;
}

namespace trivium::push {

// Thread-safe.
class PushMetrics {
 public:
  explicit PushMetrics(Metrics& metrics) : metrics_(metrics) {}

  // A new message, and the recipients that it has so far.
  void Accepted(const Message& message);
  // Recipients that a scheduled message got when it was released.
  void AcceptedRecipients(const Message& message);
  void QuotaRefused(const std::string& product, Priority priority);
  // It is in its channel; since: when it could have gone.
  void Sent(const Message& message, absl::Duration since);
  // n deliveries of a product got their fate: "accepted", "acked", "vendor", "expired", or a drop's reason in small
  // letters.
  void Fate(const std::string& product, MessageClass message_class, const std::string& fate, int64_t n);
  void Acked(const std::string& product, absl::Duration since_acceptance);
  // outcome: "appended", "already", "published", "expired", "failed".
  void Relayed(const std::string& outcome);
  // outcome: "done", "already", "failed".
  void Restored(const std::string& outcome);
  // worker: "repeats", "expiry", "vendor", "schedule", "purge". outcome: "done", "offline", "failed".
  void Worked(const std::string& worker, const std::string& outcome, int64_t n = 1);
  // outcome: "taken", "failed".
  void Vendor(const std::string& vendor, const std::string& outcome);
  // Messages that wait to be written down, and what became of one.
  void RecordQueue(size_t waiting);
  void Recorded(const std::string& outcome, int64_t n);
  // Sets the gauges; products that were here before and are not any more have none.
  void Open(const std::map<std::string, OpenWork>& work, absl::Time now);
  void Day(const std::string& product, const DaySummary& today);
  // Whether the cell's Redis takes writes.
  void RedisReady(bool ready);
  void Watchers(int count);
  void FullWatchers(int count);

 private:
  Metrics& metrics_;  // Not owned.
  Mutex mu_;
  std::set<std::string> counted_ ABSL_GUARDED_BY(mu_);  // Products that have gauges.
};

}  // namespace trivium::push
