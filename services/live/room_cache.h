// Rooms as they were a moment ago, so that a join does not ask the database.
#pragma once

#include <map>
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

  // Both outlive it.
  RoomCache(Store& store, Clock& clock) : store_(store), clock_(clock) {}

  // At most kFresh old. Errors of the store.
  absl::StatusOr<Room> Get(const std::string& product, const Id& room_id, absl::Time deadline) {
    const absl::Duration now = clock_.Monotonic();
    {
      MutexLock lock(mu_);
      const auto it = rooms_.find({product, room_id});
      if (it != rooms_.end() && now - it->second.second < (IsOpen(it->second.first.state) ? kFresh : kFreshClosed))
        return it->second.first;
    }
    absl::StatusOr<Room> room = store_.GetRoom(product, room_id, deadline);
    if (room.ok()) Put(*room, now);
    return room;
  }
  void Put(const Room& room) { Put(room, clock_.Monotonic()); }

 private:
  void Put(const Room& room, absl::Duration now) {
    MutexLock lock(mu_);
    if (rooms_.size() >= kMaxRooms) rooms_.clear();
    rooms_[{room.product, room.id}] = {room, now};
  }

  Store& store_;
  Clock& clock_;
  Mutex mu_;
  std::map<std::pair<std::string, Id>, std::pair<Room, absl::Duration>> rooms_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::live
