// What this gateway asks of one product's push, and tells it (trivium.push.v1.DeliveryService). Many connections'
// wishes go together; each product has its own queues and threads, so that one whose push hangs holds nobody else up.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/id/id_value.h"
#include "libs/telemetry/metrics.h"
#include "services/gateway/clients/publication.h"

namespace grpc {
class Channel;
}

namespace trivium::gateway {

struct PushLinkOptions {
  std::string gateway;  // This process's id.
  absl::Duration timeout = absl::Seconds(2);
  absl::Duration batch_window = absl::Milliseconds(3);
  absl::Duration ack_patience = absl::Seconds(5);
  absl::Duration room_cache_ttl = absl::Seconds(10);
  size_t room_cache_max = 200'000;
  size_t queue_max = 50'000;
  int room_threads = 4;
};

// A user's RELIABLE messages of a channel that are not acknowledged.
struct PendingMessages {
  std::vector<PublicationPtr> repeats;  // Oldest first, without places.
  bool has_more = false;
};

// What became of a LOSSY or ORDERED message here since the last report.
struct DeliveryCount {
  Id message_id;
  int64_t sent = 0, dropped_slow = 0;
};

// Thread-safe. Answers come on a thread of its own, or at once; callbacks must not block. RESOURCE_EXHAUSTED OVERLOADED
// when too much waits; else what push answers.
class PushLink {
 public:
  virtual ~PushLink() = default;
  // Whether the user may join the room. A yes is kept for room_cache_ttl, a no for a second.
  virtual void CheckRoom(const std::string& uid, const std::string& room_id,
                         absl::AnyInvocable<void(absl::StatusOr<bool>)> done) = 0;
  // The user has been in the room until now, and nobody took it out: a yes, so that a cut of all connections asks push
  // for nobody. Ignored for a while after ForgetRoom.
  virtual void RememberRoom(const std::string& uid, const std::string& room_id) = 0;
  // The user was taken out of the room: a kept yes is forgotten.
  virtual void ForgetRoom(const std::string& uid, const std::string& room_id) = 0;
  // OK when push has taken them. Tried again for ack_patience.
  virtual void Acknowledge(const std::string& uid, std::vector<Id> message_ids,
                           absl::AnyInvocable<void(absl::Status)> done) = 0;
  virtual void ListPending(const std::string& uid, const std::string& channel,
                           absl::AnyInvocable<void(absl::StatusOr<PendingMessages>)> done) = 0;
  // Brings the channel's history back into Redis. One at a time for each channel.
  virtual void Restore(const std::string& channel, absl::AnyInvocable<void(absl::Status)> done) = 0;
  // Idempotent on number, which grows.
  virtual void Report(int64_t number, std::vector<DeliveryCount> counts,
                      absl::AnyInvocable<void(absl::Status)> done) = 0;
  // Does what waits, once more each, and ends the threads.
  virtual void Stop() = 0;
};
// clock, metrics: not owned; outlive it.
std::unique_ptr<PushLink> NewPushLink(std::string product, std::shared_ptr<grpc::Channel> channel,
                                      PushLinkOptions options, Clock& clock, Metrics& metrics);

// The links of all products, made when they are first needed. Products come from checked tokens, so there are as many
// as have keys. Thread-safe.
class PushLinks {
 public:
  using NewChannel = std::function<std::shared_ptr<grpc::Channel>(const std::string& product)>;
  PushLinks(NewChannel new_channel, PushLinkOptions options, Clock& clock, Metrics& metrics);
  ~PushLinks();
  PushLink& Of(const std::string& product);
  void Stop();

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace trivium::gateway
