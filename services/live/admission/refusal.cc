#include "services/live/admission/refusal.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/text/view.h"

namespace trivium::live {
namespace {

constexpr absl::Duration kRetryAfter = absl::Milliseconds(500);

constexpr std::string_view kRungNames[] = {"", "RTC", "FAST", "STANDARD", "WAITING"};
constexpr std::string_view kLevelNames[] = {"", "PLATFORM", "PRODUCT", "INSTITUTION", "NODE", "ROOM"};
constexpr std::string_view kRoleNames[] = {"", "TEACHER", "ASSISTANT", "STUDENT", "OBSERVER"};
constexpr std::string_view kWhyNames[] = {
    "", "FREE_PLACE", "STAFF_SLICE", "FULL", "SEATS_TAKEN", "BEHIND_QUEUE", "ADMITTED", "MOVED", "RESUMED", "OUTDONE"};

template <size_t n>
std::string_view NameAt(const std::string_view (&names)[n], int64_t number) {
  return number >= 0 && number < static_cast<int64_t>(n) ? names[number] : std::string_view();
}
std::string LevelText(int64_t level) { return std::string(NameAt(kLevelNames, level)); }
std::string RungText(int64_t rung) { return std::string(NameAt(kRungNames, rung)); }
std::string RoleText(int64_t role) { return std::string(NameAt(kRoleNames, role)); }

Error QueueFull(const RefusalDetail& detail) {
  Error error(absl::StatusCode::kResourceExhausted, "ROOM_QUEUE_FULL",
              "room_id: its queue is full, want a place or a shorter queue");
  error.With("why", NameAt(kWhyNames, detail[0]));
  constexpr std::string_view kFull[] = {"full_rtc", "full_fast", "full_standard"};
  for (size_t i = 0; i < kRungs; ++i) {
    if (detail[i + 1] != 0) error.With(kFull[i], LevelText(detail[i + 1]));
  }
  return error;
}

Error Rebuilding(int64_t until_ms, absl::Time now) {
  const absl::Duration wait = absl::FromUnixMillis(until_ms) - now;
  return Error(absl::StatusCode::kUnavailable, "REBUILDING",
               "room_id: places are being found again after a loss, want a resume token that proves one, or later")
      .RetryAfter(std::max(wait, absl::Milliseconds(1)));
}

Error LevelFull(int64_t level, int64_t rung) {
  return Error(absl::StatusCode::kResourceExhausted, "LEVEL_FULL",
               absl::StrCat(RungText(rung), ": no free place on level ", LevelText(level), ", want one on every level"))
      .With("level", LevelText(level))
      .With("rung", RungText(rung));
}

Error ErrorOf(Refusal refusal, const RefusalDetail& detail, absl::Time now) {
  switch (refusal) {
    case Refusal::kRoomNotLive:
      return Error(absl::StatusCode::kNotFound, "ROOM_NOT_LIVE", "room_id: not live, want a room that was started");
    case Refusal::kRoomEnding:
      return Error(absl::StatusCode::kFailedPrecondition, "ROOM_ENDING", "room_id: is ending, want a live room");
    case Refusal::kBanned:
      return Error(absl::StatusCode::kPermissionDenied, "PARTICIPANT_BANNED",
                   "user_id: was removed and may not come back yet")
          .With("until", detail[0]);
    case Refusal::kRoleDiffers:
      return Error(absl::StatusCode::kFailedPrecondition, "ROLE_DIFFERS",
                   absl::StrCat("role: is in as ", RoleText(detail[0]), ", want the same role or to leave first"))
          .With("role", RoleText(detail[0]));
    case Refusal::kQueueFull:
      return QueueFull(detail).RetryAfter(kRetryAfter * 10);
    case Refusal::kStaffSliceFull:
      return Error(absl::StatusCode::kResourceExhausted, "STAFF_SLICE_FULL",
                   "role: the room's staff slots are taken and no other RTC place is free, want more staff_slots");
    case Refusal::kRebuilding:
      return Rebuilding(detail[0], now);
    case Refusal::kChangesBacklog:
      return Error(absl::StatusCode::kUnavailable, "CHANGES_BACKLOG",
                   "membership changes wait to be stored, want fewer of them")
          .With("limit", detail[0])
          .RetryAfter(kRetryAfter);
    case Refusal::kNotInRoom:
      return Error(absl::StatusCode::kNotFound, "PARTICIPANT_NOT_IN_ROOM",
                   "user_id: not in the room, want a participant; join again");
    case Refusal::kSuperseded:
      return Error(absl::StatusCode::kFailedPrecondition, "CONNECTION_SUPERSEDED",
                   "epoch: a newer connection of the user is in")
          .With("epoch", detail[0]);
    case Refusal::kWaiting:
      return Error(absl::StatusCode::kFailedPrecondition, "PARTICIPANT_WAITING",
                   "user_id: waits in the queue, want a participant with a place");
    case Refusal::kRoleHasNoSeat:
      return Error(absl::StatusCode::kFailedPrecondition, "ROLE_HAS_NO_SEAT",
                   absl::StrCat("user_id: is ", RoleText(detail[0]), ", want a STUDENT"));
    case Refusal::kRoomHasNoSeats:
      return Error(absl::StatusCode::kFailedPrecondition, "ROOM_HAS_NO_SEATS",
                   "room_id: has neither seats nor a stage");
    case Refusal::kSeatTaken:
      return Error(absl::StatusCode::kFailedPrecondition, "SEAT_TAKEN",
                   absl::StrCat("seat: ", detail[0], " is taken, want a free one"))
          .With("seat", detail[0]);
    case Refusal::kSeatsFull:
      return Error(absl::StatusCode::kResourceExhausted, "SEATS_FULL",
                   absl::StrCat("seat: all ", detail[0], " are taken, want a free one"))
          .With("seats", detail[0]);
    case Refusal::kLevelFull:
      return LevelFull(detail[0], detail[1]);
    case Refusal::kNoSuchSeat: {
      const std::string wanted = absl::StrCat("want 0 to ", detail[0]);
      return Error(absl::StatusCode::kInvalidArgument, "FIELD_INVALID", "seat: the room has no such seat, " + wanted)
          .Field("seat", wanted);
    }
    case Refusal::kCapacityUnknown:
      return Error(absl::StatusCode::kFailedPrecondition, "CAPACITY_UNKNOWN",
                   absl::StrCat("the capacity of level ", LevelText(detail[0]), " was never set"))
          .With("level", LevelText(detail[0]));
    case Refusal::kStartedDifferently:
      return Error(absl::StatusCode::kAlreadyExists, "ROOM_STARTED_DIFFERENTLY",
                   "room_id: is live with another institution or node");
    case Refusal::kSlotsInUse:
      return Error(absl::StatusCode::kFailedPrecondition, "STAFF_SLOTS_IN_USE",
                   absl::StrCat("staff_slots: want >= ", detail[0]))
          .With("needed", detail[0]);
    case Refusal::kKindFixed:
      return Error(absl::StatusCode::kFailedPrecondition, "ROOM_KIND_FIXED",
                   "seats: a small class stays one while it is live, a large one, too");
    case Refusal::kNone:
      break;
  }
  return Error(absl::StatusCode::kInternal, "ADMISSION_ANSWER_UNKNOWN",
               absl::StrCat("admission: refusal ", static_cast<int>(refusal)));
}

}  // namespace

std::string_view NameOf(Rung rung) { return NameAt(kRungNames, static_cast<int64_t>(rung)); }
std::string_view NameOf(Level level) { return NameAt(kLevelNames, static_cast<int64_t>(level)); }
std::string_view NameOf(Role role) { return NameAt(kRoleNames, static_cast<int64_t>(role)); }
std::string_view NameOf(Why why) { return NameAt(kWhyNames, static_cast<int64_t>(why)); }

absl::Status RefusalError(Refusal refusal, const RefusalDetail& detail, int64_t sequence, absl::Time now) {
  return ErrorOf(refusal, detail, now).With("sequence", sequence);
}

absl::Status StateLost() {
  return Error(absl::StatusCode::kUnavailable, "ADMISSION_STATE_LOST",
               "admission: the state of rooms and places is gone, want a new generation")
      .RetryAfter(kRetryAfter);
}

}  // namespace trivium::live
