// Accepts messages: what Publish and PublishBatch mean. A RELIABLE or scheduled one goes into the database, and the
// relay brings it to its channel; LOSSY and ORDERED ones go there at once.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/id/id.h"
#include "services/push/channels.h"
#include "services/push/direct_publisher.h"
#include "services/push/metrics.h"
#include "services/push/profiles.h"
#include "services/push/relay.h"
#include "services/push/store/store.h"

namespace trivium::push {
namespace v1 {
class PublishRequest;
}

// Thread-safe; blocks the caller.
class Publisher {
 public:
  struct Parts {
    Store& store;
    Channels& channels;
    DirectPublisher& direct;
    Relay& relay;
    Profiles& profiles;
    MessageQuotas& quotas;
    Clock& clock;
    IdGenerator& ids;
    PushMetrics& metrics;
  };
  // All of them outlive it.
  explicit Publisher(Parts parts) : p_(parts) {}

  // An outcome for each request, in their order: the message as it was accepted, or a refusal.
  std::vector<absl::StatusOr<Message>> Publish(const std::string& product, const std::string& trace_id,
                                               std::span<const v1::PublishRequest* const> requests,
                                               absl::Time deadline);

 private:
  // The message that a request asks for, checked and counted against the quota.
  absl::StatusOr<Message> DraftOf(const std::string& product, const std::string& trace_id,
                                  const v1::PublishRequest& request, const Profile& profile);
  std::vector<absl::StatusOr<Message>> Accept(const std::string& product, std::vector<Message> drafts,
                                              absl::Time deadline);

  const Parts p_;
};

// Who is in the rooms of messages, for their recipients; a room is asked about once. Nobody where Redis does not
// answer: then the members are the recipients, and who is there hears the message all the same when Redis is back.
class RoomPresence {
 public:
  RoomPresence(Channels& channels, std::string product, absl::Time deadline)
      : channels_(channels), product_(std::move(product)), deadline_(deadline) {}
  std::vector<std::string> Of(const Message& message);

 private:
  Channels& channels_;
  const std::string product_;
  const absl::Time deadline_;
  std::map<std::string, std::vector<std::string>> users_of_;  // By room.
};

}  // namespace trivium::push
