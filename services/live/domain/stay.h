// A participant's stay, as the database keeps it, and what is counted of a day.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "libs/id/id_value.h"
#include "services/live/admission/admission.h"
#include "services/live/domain/room.h"

namespace trivium::live {

enum class StayState { kQueued = 1, kJoined = 2, kLeft = 3 };

// Why a stay ended. The first ones have the numbers of LeaveCause.
enum class LeaveReason { kNone = 0, kLeft = 1, kExpired = 2, kRemoved = 3, kRoomClosed = 4, kRedisLost = 5 };
constexpr std::string_view ReasonName(LeaveReason reason) {
  constexpr std::string_view kNames[] = {"", "LEFT", "LEASE_EXPIRED", "REMOVED", "ROOM_CLOSED", "REDIS_LOST"};
  return kNames[static_cast<int>(reason)];
}

struct Stay {
  std::string product;
  Id room_id;
  std::string user_id;
  Place place;  // Newest; before its end for one that is over.
  StayState state = StayState::kQueued;
  absl::Time leave_time = absl::InfinitePast();  // InfinitePast: goes on.
  LeaveReason reason = LeaveReason::kNone;
  int64_t sequence = 0;  // Of its newest change.
  std::string cell;

  friend bool operator==(const Stay&, const Stay&) = default;
};

// The stay after a change. A change that is not newer than the stay changes nothing (false).
bool Apply(const Change& change, const std::string& cell, Stay* stay);

// The stay when Redis has lost it for good: an end of its own, with a number above all that the stay had. before: where
// the numbers of the new generation begin, so that it is over before all of them; 0: there is no new one.
void EndAsLost(int64_t before, absl::Time now, Stay* stay);

// What events call it; numbers are those of the API.
enum class EventType {
  kRoomCreated = 1,
  kRoomUpdated = 2,
  kRoomStarted = 3,
  kRoomEnded = 4,
  kRoomClosed = 5,
  kRoomCanceled = 6,
  kQueued = 7,
  kJoined = 8,
  kReconnected = 9,
  kMoved = 10,
  kMuted = 11,
  kLeft = 12,
};
EventType TypeOf(const Change& change);
EventType TypeOf(RoomEvent event);

// A day's counters, by (what, label): ("rooms", "LIVE"), ("joins", "1/6") rung and why, ("queued", ""),
// ("reconnections", ""), ("leaves", "REMOVED"), ("refusals", "ROOM_QUEUE_FULL"), ("qoe/1", "freeze_ms").
using DayCounts = std::map<std::pair<std::string, std::string>, int64_t>;
void Count(const Change& change, DayCounts* counts);
inline void CountRoom(std::string_view became, DayCounts* counts) { ++(*counts)[{"rooms", std::string(became)}]; }

// Whether a room's own people hear of it: of a large class' audience they do not (thousands come and go).
bool IsAnnounced(EventType type, RoomType room_type, const Place& place);

}  // namespace trivium::live
