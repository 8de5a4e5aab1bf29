// What push writes into Redis: messages into channels, and words to gateways about users. The only user of libs/fanout
// here.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/fanout/history_reader.h"
#include "libs/fanout/presence.h"
#include "libs/fanout/publisher.h"
#include "services/push/metrics.h"
#include "services/push/profiles.h"
#include "services/push/store/store.h"

namespace trivium::push {
namespace v1 {
class Fanout;
}

// A message on its way into one channel: that of its target, or of one user of an audience.
struct Publish {
  const Message* message = nullptr;
  std::string channel;
};

// UNAVAILABLE CHANNEL_UNAVAILABLE for an error of libs/redis; metadata "sent": "no", or "maybe" when the answer was
// lost.
absl::Status ChannelUnavailable(const absl::Status& cause);

// An audience's messages take at most so much room in all histories together.
inline constexpr size_t kAudienceHistoryBytes = 64 << 20;

// Thread-safe; blocks the caller. Errors are those of libs/redis, unless said otherwise.
class Channels {
 public:
  struct Parts {
    fanout::Publisher& publisher;
    fanout::HistoryReader& histories;
    fanout::Presence& presence;
    Store& store;
    Profiles& profiles;
    Clock& clock;
    PushMetrics& metrics;
  };
  // All of them outlive it.
  explicit Channels(Parts parts) : p_(parts) {}

  // Publishes without a place in the history.
  std::vector<absl::Status> PublishOnly(std::span<const Publish> items, bool repeat, absl::Time deadline);
  // Appends to the histories. One that is there already stays as it is: RELIABLE ones are known by their sequence, all
  // others by their id.
  std::vector<absl::StatusOr<fanout::Result>> Append(std::span<const Publish> items, absl::Time deadline);
  // Appends messages of one channel that the database has sequenced, in its order: what Redis lacks before them is
  // brought back first. How many of them, from the start, are in the channel now; fewer than all: the error says why.
  struct Appended {
    size_t count = 0;
    absl::Status status;
  };
  Appended AppendSequenced(const ChannelName& channel, std::span<const Message* const> messages, absl::Time deadline);

  struct Restored {
    fanout::Position position;
    bool done = false;  // By this call.
  };
  // Brings a channel's unexpired RELIABLE messages back from the database, when Redis has lost them.
  absl::StatusOr<Restored> Restore(const ChannelName& channel, absl::Time deadline);

  // Tells gateways about users, through their own channels. UNAVAILABLE CHANNEL_UNAVAILABLE: perhaps about some of
  // them.
  absl::Status Tell(const std::string& product, std::span<const std::string> user_ids, const v1::Fanout& what,
                    absl::Time deadline);

  // Users of a room who are connected.
  absl::StatusOr<std::vector<std::string>> PresentIn(const std::string& product, const std::string& room_id,
                                                     absl::Time deadline);
  // Those of the users who are connected; a user who cannot be looked up counts as connected.
  std::vector<bool> Connected(const std::string& product, std::span<const std::string> user_ids, absl::Time deadline);
  // Connections of a room or a user, the latest first.
  absl::StatusOr<fanout::PresenceList> ListPresent(const ChannelName& channel, absl::Time deadline);

 private:
  fanout::Message ToFanout(const Publish& item, bool repeat) const;
  // Brings back what is worth keeping of the sequences after top's, up to through. top: what Redis has of the channel.
  struct Top {
    fanout::Position position;
    int64_t sequence = 0;
  };
  absl::StatusOr<fanout::Result> RestoreRange(const ChannelName& channel, const Top& top, int64_t through,
                                              absl::Time deadline);
  // Of a user's channel: messages of audiences, which have no sequence.
  void AppendWithoutSequence(const ChannelName& channel, std::span<const Message> tail, absl::Time deadline);
  absl::StatusOr<std::vector<Message>> TailOf(const ChannelName& channel, absl::Time deadline);

  const Parts p_;
};

}  // namespace trivium::push
