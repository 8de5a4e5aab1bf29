// A room, its settings, and what changes them: values.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "libs/id/id_value.h"
#include "services/live/admission/place.h"
#include "services/live/domain/room_state.h"

namespace trivium::live {

inline constexpr std::string_view kRoomIdKind = "room", kJoinIdKind = "join", kEventIdKind = "evt";

// Numbers are those of the API and the database.
enum class RoomType { kSmall = 1, kLarge = 2 };

// Why a room is over.
enum class RoomReason { kNone = 0, kEndedByProduct = 1, kTimeOver = 2, kCanceledByProduct = 3, kNotStarted = 4 };
constexpr std::string_view ReasonName(RoomReason reason) {
  constexpr std::string_view kNames[] = {"", "ENDED_BY_PRODUCT", "TIME_OVER", "CANCELED_BY_PRODUCT", "NOT_STARTED"};
  return kNames[static_cast<int>(reason)];
}

struct Room {
  Id id;
  std::string product;
  std::string room_ref;
  RoomType type = RoomType::kSmall;
  std::string title;
  std::string institution_id;
  absl::Time start_time, end_time;  // By the timetable.
  bool auto_start = false, auto_end = false;
  int seats = 0;       // Small ones'.
  int stage_size = 0;  // Large ones'.
  int staff_slots = 1;
  PerRung capacity{};  // Large ones': RTC holds the staff's places, too.
  int64_t queue_size = 0;
  absl::Duration close_delay;
  RoomState state = RoomState::kScheduled;
  RoomReason reason = RoomReason::kNone;
  std::string cell;  // Whose Redis has it; "" before LIVE.
  std::string node;
  absl::Time live_time = absl::InfinitePast();   // InfinitePast: not yet.
  absl::Time ended_time = absl::InfinitePast();  // Likewise.
  absl::Time close_time = absl::InfinitePast();  // When it is to be closed, or was.
  absl::Time create_time, update_time;
  int64_t version = 1;

  friend bool operator==(const Room&, const Room&) = default;
};

// What UpdateRoom sets; nothing: stays.
struct RoomPatch {
  std::optional<std::string> title;
  std::optional<absl::Time> start_time;
  std::optional<absl::Duration> duration;
  std::optional<bool> auto_start, auto_end;
  std::optional<int> seats, stage_size, staff_slots;
  std::optional<PerRung> capacity;
  std::optional<absl::Duration> close_delay;
};

// A room that moves, or is patched.
struct RoomStep {
  std::optional<RoomEvent> event;      // Else: patch.
  std::optional<RoomEvent> otherwise;  // Where event is illegal: ending a room that has not started cancels it.
  RoomReason reason = RoomReason::kNone;
  RoomReason otherwise_reason = RoomReason::kNone;
  std::string cell, node;  // With kStarted.
  RoomPatch patch;
};

}  // namespace trivium::live
