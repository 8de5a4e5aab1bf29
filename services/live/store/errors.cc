#include "services/live/store/errors.h"

#include <span>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/text/fingerprint.h"
#include "services/live/domain/request_fields.h"

namespace trivium::live {

using absl::StatusCode;

namespace {

// Indexed by Method.
constexpr std::span<const char* const> kFields[] = {
    {}, kCreateRoomFields, kUpdateRoomFields, kRoomIdFields, kRoomIdFields};

}  // namespace

absl::Status RoomNotFound() {
  return Error(StatusCode::kNotFound, "ROOM_NOT_FOUND", "room_id: no such room of this product");
}

absl::Status RoomRefTaken(const std::string& room_ref, const Id& holder) {
  const std::string id = FormatId(kRoomIdKind, holder);
  return Error(StatusCode::kAlreadyExists, "ROOM_REF_TAKEN",
               absl::StrCat("room_ref: ", room_ref, " is the name of ", id, ", want another, or that one closed"))
      .With("room_id", id);
}

absl::Status StepRefused(const RoomStep& step, const StepResult& result, const Room& room) {
  const std::string state(StateName(room.state)), id = FormatId(kRoomIdKind, room.id);
  if (step.event) {
    return Error(StatusCode::kFailedPrecondition, "ROOM_OVER",
                 absl::StrCat("room_id: the room is ", state, ", want one that is not over"))
        .With("state", state)
        .Precondition("ROOM_STATE", id, absl::StrCat(state, ", want SCHEDULED or LIVE"));
  }
  return Error(StatusCode::kFailedPrecondition, "ROOM_NOT_CHANGEABLE",
               absl::StrCat(result.field, ": may not change in ", state, ", want a room that is not there yet"))
      .With("state", state)
      .With("field", result.field)
      .Precondition("ROOM_STATE", id, state);
}

absl::Status RequestInProgress() {
  return Error(StatusCode::kAborted, "REQUEST_IN_PROGRESS",
               "the same request is still in progress: repeat with the same request_id")
      .RetryAfter(absl::Milliseconds(200));
}

absl::Status DrainMarkMoved(int64_t mark, int64_t wanted) {
  return Error(StatusCode::kAborted, "DRAIN_MARK_MOVED",
               absl::StrCat("mark: ", mark, ", want ", wanted, "; somebody else has stored changes"));
}

absl::Status CheckFingerprint(Method method, const std::string& stored, const std::string& now) {
  const std::string field = DifferingField(kFields[static_cast<int>(method)], stored, now);
  if (field.empty()) return absl::OkStatus();
  const std::string description = "differs from the first request with this request_id, want the same payload";
  return Error(StatusCode::kInvalidArgument, "IDEMPOTENCY_KEY_REUSED", absl::StrCat(field, ": ", description))
      .With("field", field)
      .Field(field, description);
}

bool IsRecorded(const absl::Status& decline) {
  return decline.code() == StatusCode::kNotFound || decline.code() == StatusCode::kFailedPrecondition ||
         decline.code() == StatusCode::kAlreadyExists;
}

}  // namespace trivium::live
