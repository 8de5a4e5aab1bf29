// Pub/sub on a connection and a thread of its own, for as many channels as a gateway has.
//
//   class Rooms : public redis::SubscriberListener { ... };
//   auto subscriber = redis::NewSubscriber(options, rooms, Clock::Real(), Metrics::Global());
//   TRIVIUM_RETURN_IF_ERROR((*subscriber)->Subscribe({"room:1", "room:2"}));
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trivium {
class Clock;
class Metrics;
}  // namespace trivium

namespace trivium::redis {

inline constexpr size_t kMaxChannelBytes = 1024;     // Of a channel's name.
inline constexpr size_t kMaxMessageBytes = 8 << 20;  // Of a message; a larger one breaks the connection.

// Called by the subscriber's thread, one call at a time, in the order in which the server said it. A slow call holds
// the reading back, and with it the server, which cuts a reader that is far behind (client-output-buffer-limit pubsub):
// then OnLost comes. May call Subscribe and Unsubscribe.
class SubscriberListener {
 public:
  virtual ~SubscriberListener() = default;
  virtual void OnMessage(std::string_view channel, std::string_view payload) = 0;
  // From now on messages of the channel come: what was published before is to be read from its history. Comes at least
  // once after each Subscribe and after each OnLost for all channels, unless it was unsubscribed meanwhile.
  virtual void OnSubscribed(std::string_view channel) = 0;
  // The connection broke: messages may have been missed until the next OnSubscribed of each channel.
  virtual void OnLost() = 0;
};

struct SubscriberOptions {
  std::string name = "redis";          // Label of its metrics.
  std::vector<std::string> addresses;  // "host:port", 1-100, tried in turn. In a cluster any of its nodes will do.
  bool cluster = false;                // A node that does not see its cluster whole is passed over.
  std::string user, password;
  size_t max_channels = 100000;
  absl::Duration connect_timeout = absl::Seconds(1);
  absl::Duration ping_interval = absl::Seconds(5);      // Silence after which the server is asked.
  absl::Duration ping_timeout = absl::Seconds(2);       // And must answer.
  absl::Duration min_backoff = absl::Milliseconds(50);  // Between tries to connect: doubled with each, jittered.
  absl::Duration max_backoff = absl::Seconds(2);
};

// Thread-safe; never blocks on the network. The destructor joins the thread: a call of the listener is waited for, and
// a try to connect.
class Subscriber {
 public:
  virtual ~Subscriber() = default;
  // All or none. RESOURCE_EXHAUSTED REDIS_CHANNELS_FULL; INVALID_ARGUMENT FIELD_INVALID for a name that is empty or
  // over kMaxChannelBytes.
  virtual absl::Status Subscribe(const std::vector<std::string>& channels) = 0;
  // After it returned, at most the call of the listener that is running is still about them.
  virtual void Unsubscribe(const std::vector<std::string>& channels) = 0;
  // Whether it is connected now. For boards; not for decisions.
  virtual bool connected() const = 0;
};
// listener: not owned, outlives it.
absl::StatusOr<std::unique_ptr<Subscriber>> NewSubscriber(SubscriberOptions options, SubscriberListener& listener,
                                                          Clock& clock, Metrics& metrics);

}  // namespace trivium::redis
