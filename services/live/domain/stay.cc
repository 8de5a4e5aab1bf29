#include "services/live/domain/stay.h"

#include <algorithm>

namespace trivium::live {
namespace {

std::string JoinLabel(const Place& place) {
  return absl::StrCat(static_cast<int>(place.rung), "/", static_cast<int>(place.why));
}

bool Waits(const Place& place) { return place.rung == Rung::kWaiting; }

}  // namespace

bool Apply(const Change& change, const std::string& cell, Stay* stay) {
  if (change.sequence <= stay->sequence) return false;
  stay->product = change.room.product;
  stay->room_id = change.room.room_id;
  stay->user_id = change.user_id;
  stay->place = change.place;
  stay->sequence = change.sequence;
  stay->cell = cell;
  const bool left = change.kind == ChangeKind::kLeft;
  stay->state = left ? StayState::kLeft : Waits(change.place) ? StayState::kQueued : StayState::kJoined;
  stay->leave_time = left ? change.time : absl::InfinitePast();
  stay->reason = left ? static_cast<LeaveReason>(change.cause) : LeaveReason::kNone;
  return true;
}

void EndAsLost(int64_t before, absl::Time now, Stay* stay) {
  stay->state = StayState::kLeft;
  stay->reason = LeaveReason::kRedisLost;
  stay->leave_time = now;
  stay->sequence = std::max(stay->sequence + 1, before);
}

EventType TypeOf(const Change& change) {
  switch (change.kind) {
    case ChangeKind::kJoined:
    case ChangeKind::kAdmitted:
      return EventType::kJoined;
    case ChangeKind::kQueued:
    case ChangeKind::kOutdone:
      return EventType::kQueued;
    case ChangeKind::kReconnected:
      return EventType::kReconnected;
    case ChangeKind::kResumed:
      return Waits(change.place) ? EventType::kQueued : EventType::kReconnected;
    case ChangeKind::kMoved:
      return EventType::kMoved;
    case ChangeKind::kMuted:
      return EventType::kMuted;
    case ChangeKind::kLeft:
      break;
  }
  return EventType::kLeft;
}

EventType TypeOf(RoomEvent event) {
  switch (event) {
    case RoomEvent::kStarted:
      return EventType::kRoomStarted;
    case RoomEvent::kEnded:
      return EventType::kRoomEnded;
    case RoomEvent::kClosed:
      return EventType::kRoomClosed;
    case RoomEvent::kCanceled:
      break;
  }
  return EventType::kRoomCanceled;
}

void Count(const Change& change, DayCounts* counts) {
  switch (change.kind) {
    case ChangeKind::kJoined:
    case ChangeKind::kAdmitted:
      ++(*counts)[{"joins", JoinLabel(change.place)}];
      break;
    case ChangeKind::kQueued:
      ++(*counts)[{"queued", ""}];
      break;
    case ChangeKind::kReconnected:
    case ChangeKind::kResumed:
      ++(*counts)[{"reconnections", ""}];
      break;
    case ChangeKind::kLeft:
      ++(*counts)[{"leaves", std::string(ReasonName(static_cast<LeaveReason>(change.cause)))}];
      break;
    case ChangeKind::kMoved:
    case ChangeKind::kMuted:
    case ChangeKind::kOutdone:
      break;
  }
}

bool IsAnnounced(EventType type, RoomType room_type, const Place& place) {
  if (type < EventType::kQueued) return type != EventType::kRoomCreated;
  if (room_type == RoomType::kSmall || type == EventType::kMoved || type == EventType::kMuted) return true;
  return type != EventType::kQueued && (IsStaff(place.role) || place.seat > 0);
}

}  // namespace trivium::live
