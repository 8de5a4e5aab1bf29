// Rooms as they were a moment ago, so that a join does not ask the database.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "libs/clock/clock.h"
#include "libs/sync/mutex.h"
#include "services/live/store/store.h"

namespace trivium::live {

// Thread-safe.
class RoomCache {
 public:
  static constexpr size_t kMaxRooms = 10'000;
  static constexpr absl::Duration kFresh = absl::Seconds(1);
  // Of one that is not open: it may start any moment, on another instance, and then everybody comes.
  static constexpr absl::Duration kFreshClosed = absl::Milliseconds(50);
  // A database that is away puts nobody out of a class: an open room is taken as it was for so long. What may not be is
  // refused by the admission all the same.
  static constexpr absl::Duration kOfUse = absl::Hours(1);
  // Patience with the database for a room that was open a moment ago.
  static constexpr absl::Duration kPatience = absl::Milliseconds(500);

  // Both outlive it.
  RoomCache(Store& store, Clock& clock) : store_(store), clock_(clock) {}

  // At most kFresh old, and what the asking for it takes: one asks for an open room that was read before, the others go
  // on. Errors of the store.
  absl::StatusOr<Room> Get(const std::string& product, const Id& room_id, absl::Time deadline) {
    const absl::Duration now = clock_.Monotonic();
    std::optional<Room> old;
    {
      MutexLock lock(mu_);
      const auto it = rooms_.find({product, room_id});
      if (it != rooms_.end()) {
        Entry& entry = it->second;
        const bool open = IsOpen(entry.room.state);
        if (now - entry.looked < (open ? kFresh : kFreshClosed)) return entry.room;
        if (open && now - entry.read < kOfUse) {
          entry.looked = now;
          old = entry.room;
        }
      }
    }
    absl::StatusOr<Room> room =
        store_.GetRoom(product, room_id, old ? std::min(deadline, clock_.Now() + kPatience) : deadline);
    if (room.ok()) {
      Put(*room, now);
    } else if (old && room.status().code() != absl::StatusCode::kNotFound) {
      return *std::move(old);
    }
    return room;
  }
  void Put(const Room& room) { Put(room, clock_.Monotonic()); }

 private:
  struct Entry {
    Room room;
    absl::Duration read, looked;  // When it came from the store, and when somebody last went to ask.
  };

  void Put(const Room& room, absl::Duration now) {
    MutexLock lock(mu_);
    if (rooms_.size() >= kMaxRooms) rooms_.clear();
    Entry& entry = rooms_[{room.product, room.id}];
    // Who asked earlier may come later.
    if (room.version >= entry.room.version) entry = {room, now, now};
  }

  Store& store_;
  Clock& clock_;
  Mutex mu_;
  std::map<std::pair<std::string, Id>, Entry> rooms_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::live
