// What became of each LOSSY and ORDERED message on this gateway: to how many connections it was written whole, and to
// how many it was not.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "services/gateway/clients/push_link.h"
#include "services/gateway/connection/hub.h"

namespace trivium::gateway {

// A connection either writes a frame whole or says that it dropped it, and keeps a reference until then. So a message's
// sent = given - dropped - references, and nothing has to be counted at each write. Thread-safe.
class DeliveryCounts {
 public:
  // messages_max: that are counted at once; the oldest is given up above. metrics: not owned; outlives this.
  DeliveryCounts(size_t messages_max, Metrics& metrics) : max_(messages_max), metrics_(metrics) {}

  // A tag for a message's frames.
  uint64_t NewTag() { return ++last_tag_; }
  // Begins to count a message, whose frames the caller alone has yet.
  void Open(uint64_t tag, const std::string& product, const Id& message_id, const FrameForms& frames);
  // So many connections took it.
  void Given(uint64_t tag, int64_t connections);
  // One of these did not write it. Other tags are ignored.
  void Dropped(uint64_t tag);

  // What is new of a product since the last time, at most `max` messages. Never too high: what is still queued counts
  // later.
  std::vector<DeliveryCount> Take(const std::string& product, size_t max);
  // Products of which something is counted.
  std::vector<std::string> Products() const;
  size_t size() const;

 private:
  struct Message {
    Id id;
    FrameForms frames;
    int64_t given = 0, dropped = 0;
    int64_t told_sent = 0, told_dropped = 0;
  };
  struct Product {
    std::map<uint64_t, Message> messages;  // By tag: oldest first.
  };

  const size_t max_;
  Metrics& metrics_;
  std::atomic<uint64_t> last_tag_{0};
  mutable Mutex mu_;
  std::map<std::string, Product> products_ ABSL_GUARDED_BY(mu_);
  std::map<uint64_t, Product*> by_tag_ ABSL_GUARDED_BY(mu_);  // At most max_.
};

}  // namespace trivium::gateway
