#include "services/live/domain/room_rules.h"

#include <algorithm>

namespace trivium::live {
namespace {

// In which states a field may change. LIVE and ENDED rooms keep their size: the admission has it.
constexpr bool BeforeStart(RoomState state) { return state == RoomState::kScheduled; }
constexpr bool BeforeEnd(RoomState state) { return state == RoomState::kScheduled || state == RoomState::kLive; }

// Sets `field` to what a patch says, in allowed states. A value that it has already is no change, in any state.
class Patcher {
 public:
  explicit Patcher(RoomState state) : state_(state) {}
  template <typename T>
  void Set(const char* name, bool (*allowed)(RoomState), const std::optional<T>& value, T* field) {
    if (!value || *value == *field) return;
    if (!allowed(state_)) {
      if (refused_.empty()) refused_ = name;
      return;
    }
    *field = *value;
    changed_ = true;
  }
  bool changed() const { return changed_; }
  const std::string& refused() const { return refused_; }

 private:
  const RoomState state_;
  bool changed_ = false;
  std::string refused_;
};

StepResult Patch(const RoomPatch& patch, Room* room) {
  Room next = *room;
  Patcher patcher(room->state);
  patcher.Set("title", &HoldsRef, patch.title, &next.title);
  patcher.Set("start_time", &BeforeStart, patch.start_time, &next.start_time);
  // A class that is moved keeps its length, unless that changes, too.
  const absl::Duration length = patch.duration.value_or(room->end_time - room->start_time);
  if (patch.duration || patch.start_time) {
    const std::optional<absl::Time> end = next.start_time + length;
    patcher.Set(patch.duration ? "duration" : "start_time", patch.duration ? &BeforeEnd : &BeforeStart, end,
                &next.end_time);
  }
  patcher.Set("auto_start", &BeforeStart, patch.auto_start, &next.auto_start);
  patcher.Set("auto_end", &BeforeEnd, patch.auto_end, &next.auto_end);
  patcher.Set("seats", &BeforeStart, patch.seats, &next.seats);
  patcher.Set("stage_size", &BeforeStart, patch.stage_size, &next.stage_size);
  patcher.Set("staff_slots", &BeforeStart, patch.staff_slots, &next.staff_slots);
  patcher.Set("capacity", &BeforeStart, patch.capacity, &next.capacity);
  patcher.Set("close_delay", &BeforeEnd, patch.close_delay, &next.close_delay);
  if (!patcher.refused().empty()) return {.kind = StepResult::Kind::kRefused, .field = patcher.refused()};
  if (!patcher.changed()) return {};
  *room = std::move(next);
  return {.kind = StepResult::Kind::kChanged};
}

// Whether a room has already been where an event leads.
bool IsPast(RoomState state, RoomEvent event) {
  switch (event) {
    case RoomEvent::kStarted:
      return state == RoomState::kLive;
    case RoomEvent::kEnded:
    case RoomEvent::kCanceled:
      return state != RoomState::kScheduled && state != RoomState::kLive;
    case RoomEvent::kClosed:
      return state == RoomState::kClosed;
  }
  return false;
}

StepResult Move(const RoomStep& step, absl::Time now, Room* room) {
  RoomEvent event = *step.event;
  RoomReason reason = step.reason;
  std::optional<RoomState> next = NextState(room->state, event);
  if (!next && step.otherwise) {
    event = *step.otherwise;
    reason = step.otherwise_reason;
    next = NextState(room->state, event);
  }
  if (!next) {
    const bool past = IsPast(room->state, *step.event);
    return {.kind = past ? StepResult::Kind::kSame : StepResult::Kind::kRefused};
  }
  room->state = *next;
  if (reason != RoomReason::kNone) room->reason = reason;
  switch (event) {
    case RoomEvent::kStarted:
      room->cell = step.cell;
      room->node = step.node;
      room->live_time = now;
      break;
    case RoomEvent::kEnded:
      room->ended_time = now;
      room->close_time = now + room->close_delay;
      break;
    case RoomEvent::kClosed:
      room->close_time = now;
      break;
    case RoomEvent::kCanceled:
      room->ended_time = now;
      break;
  }
  return {.kind = StepResult::Kind::kChanged, .event = event};
}

}  // namespace

RoomLimits LimitsOf(const Room& room) {
  RoomLimits limits{.staff_slots = room.staff_slots, .queue_max = room.queue_size};
  if (room.type == RoomType::kSmall) {
    limits.seats = room.seats;
    limits.places = {room.staff_slots + 2 * room.seats, 0, 0};
  } else {
    limits.stage_size = room.stage_size;
    limits.places = room.capacity;
  }
  return limits;
}

StepResult Apply(const RoomStep& step, absl::Time now, Room* room) {
  StepResult result = step.event ? Move(step, now, room) : Patch(step.patch, room);
  if (result.kind == StepResult::Kind::kChanged) {
    room->update_time = std::max(room->update_time, now);
    ++room->version;
  }
  return result;
}

std::optional<Due> DueAt(const Room& room, absl::Time now) {
  switch (room.state) {
    case RoomState::kScheduled:
      if (now >= room.end_time + kForgottenAfter) return Due{RoomEvent::kCanceled, RoomReason::kNotStarted};
      // One whose time is over already does not start by itself any more.
      if (room.auto_start && now >= room.start_time && now < room.end_time)
        return Due{RoomEvent::kStarted, RoomReason::kNone};
      return std::nullopt;
    case RoomState::kLive:
      if (now >= room.end_time + (room.auto_end ? absl::ZeroDuration() : kForgottenAfter))
        return Due{RoomEvent::kEnded, RoomReason::kTimeOver};
      return std::nullopt;
    case RoomState::kEnded:
      if (now >= room.close_time) return Due{RoomEvent::kClosed, RoomReason::kNone};
      return std::nullopt;
    case RoomState::kClosed:
    case RoomState::kCanceled:
      break;
  }
  return std::nullopt;
}

absl::Time NextDue(const Room& room) {
  switch (room.state) {
    case RoomState::kScheduled:
      return room.auto_start ? room.start_time : room.end_time + kForgottenAfter;
    case RoomState::kLive:
      return room.end_time + (room.auto_end ? absl::ZeroDuration() : kForgottenAfter);
    case RoomState::kEnded:
      return room.close_time;
    case RoomState::kClosed:
    case RoomState::kCanceled:
      break;
  }
  return absl::InfiniteFuture();
}

}  // namespace trivium::live
