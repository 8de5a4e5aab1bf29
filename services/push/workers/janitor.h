// What push does by itself. Each step takes a bounded batch of what is due; several instances never get the same
// delivery at once (claims in the store). A worker that dies in the middle leaves its claims to expire.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "services/push/channels.h"
#include "services/push/metrics.h"
#include "services/push/profiles.h"
#include "services/push/publisher.h"
#include "services/push/relay.h"
#include "services/push/settings.h"
#include "services/push/store/store.h"
#include "services/push/vendor/vendor.h"

namespace trivium::push {

// Thread-safe.
class Janitor {
 public:
  struct Parts {
    Store& store;
    Channels& channels;
    Relay& relay;
    Profiles& profiles;
    Vendor* vendor;                                      // nullptr: none.
    std::function<std::vector<std::string>()> products;  // Whose days are counted.
    std::function<Products()> home;                      // Those whose home this cell is.
    Clock& clock;
    PushMetrics& metrics;
  };
  // All of them outlive it.
  Janitor(WorkerOptions options, Parts parts) : options_(std::move(options)), p_(std::move(parts)) {}

  // Each: true when there may be more to do at once.
  // Sends again what was not acknowledged, to users who are connected.
  bool Repeat();
  // Ends deliveries whose time is over.
  bool Expire();
  // Hands deliveries to the vendor.
  bool HandOver();
  // Lets scheduled messages go whose time has come.
  bool Release();
  // Deletes what is kept no longer.
  bool Purge();
  // Sets the gauges.
  bool Count();

 private:
  using DueOfMessage = std::map<Id, std::vector<const Delivery*>>;
  using DueOfProduct = std::map<std::string, DueOfMessage>;

  static DueOfProduct Sort(const std::vector<DueDelivery>& due);
  void RepeatOf(const std::string& product, const DueOfMessage& due);
  void HandOverOf(const std::string& product, const DueOfMessage& due);
  void ReleaseOne(const Message& message);
  // The messages of deliveries, with data; failed ones are counted.
  std::vector<Message> MessagesOf(const char* worker, const std::string& product, const DueOfMessage& due);
  void Failed(const char* worker, const absl::Status& status, int64_t n = 1);
  absl::Time Now() const;
  absl::Time Deadline() const;

  const WorkerOptions options_;
  const Parts p_;
};

}  // namespace trivium::push
