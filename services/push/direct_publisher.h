// Sends LOSSY and ORDERED messages at once: through Redis, without the database. Their rows are written behind
// (recorder.h). Which requests were answered is known to Redis for a while:
//
//   push:request:{<product>/<request_id>}  1 min (LOSSY), 10 min (ORDERED)   the message that it made
//   push:dedupe:{<product>/<dedupe_key>}   24 h                              the message that answers the key
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/redis/client.h"
#include "services/push/channels.h"
#include "services/push/metrics.h"
#include "services/push/recorder.h"
#include "services/push/store/store.h"

namespace trivium::push {

// Thread-safe; blocks the caller.
class DirectPublisher {
 public:
  struct Parts {
    redis::Client& redis;
    Channels& channels;
    Recorder& recorder;
    Store& store;
    Clock& clock;
    PushMetrics& metrics;
  };
  // All of them outlive it.
  explicit DirectPublisher(Parts parts) : p_(parts) {}

  // drafts: as NewMessage's, not scheduled. An outcome for each, in their order. OK: the message, SENT; a repeat, or a
  // second use of a dedupe key: the first one. INVALID_ARGUMENT IDEMPOTENCY_KEY_REUSED, AUDIENCE_INVALID;
  // RESOURCE_EXHAUSTED AUDIENCE_TOO_LARGE, OVERLOADED; UNAVAILABLE CHANNEL_UNAVAILABLE: Redis does not answer; a repeat
  // with the same request_id sends it once.
  std::vector<absl::StatusOr<Message>> Send(std::vector<Message> drafts, absl::Time deadline);

 private:
  struct Item;

  void FindUsers(Item& item, absl::Time deadline);
  void Claim(std::vector<Item>& items, absl::Time deadline);
  void TakeFirst(Item& item, absl::Time deadline);
  void Publish(std::vector<Item>& items, absl::Time deadline);
  void GiveBack(const std::vector<Item>& items, absl::Time deadline);
  absl::StatusOr<Message> Finish(Item& item);

  const Parts p_;
};

}  // namespace trivium::push
