// Tells rooms what happens in them: events go to their channel in push, in order, each once (its id is the dedupe key).
// How far it is, is a mark in the database: a push that is away costs a delay. A look at nothing new is one question
// for all products.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "services/live/metrics.h"
#include "services/live/room_cache.h"
#include "services/live/store/store.h"
#include "services/live/workers/leader.h"

namespace trivium::live {

struct Announcement {
  std::string event_id;
  std::string room_id;  // "room_..."
  std::string json;
};

// push, as live needs it. Thread-safe.
class RoomSender {
 public:
  virtual ~RoomSender() = default;
  // An outcome for each, in order; or one for the whole call.
  virtual absl::StatusOr<std::vector<absl::Status>> Send(const std::string& product,
                                                         const std::vector<Announcement>& items) = 0;
};

// Not thread-safe: of one worker's thread.
class Announcer {
 public:
  static constexpr absl::Duration kRest = absl::Seconds(2);   // Of a product after trouble.
  static constexpr absl::Duration kOfUse = absl::Minutes(5);  // Older events are no news: they are passed over.

  struct Parts {
    Store& store;
    RoomCache& rooms;
    RoomSender& sender;
    std::function<std::vector<std::string>()> products;  // Whose home this cell is.
    Clock& clock;
    LiveMetrics& metrics;
  };
  // All of them, and leader, outlive it.
  Announcer(Leader& leader, Parts parts) : leader_(leader), p_(std::move(parts)) {}
  // True when there is more to do at once.
  bool Step();

 private:
  absl::StatusOr<bool> Announce(const std::string& product);
  // Nothing: it is not for the room.
  absl::StatusOr<std::optional<Announcement>> AnnouncementOf(const std::string& product, const StoredEvent& event,
                                                             absl::Time deadline);

  Leader& leader_;
  const Parts p_;
  std::map<std::string, absl::Duration> rests_until_;  // After trouble, by product; on the clock's monotonic time.
};

}  // namespace trivium::live
