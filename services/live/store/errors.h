// The declines that store engines answer, in one place: the same words and details from each.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "services/live/domain/room_rules.h"
#include "services/live/store/store.h"

namespace trivium::live {

absl::Status RoomNotFound();
absl::Status RoomRefTaken(const std::string& room_ref, const Id& holder);
// Of a step that a room refuses.
absl::Status StepRefused(const RoomStep& step, const StepResult& result, const Room& room);
absl::Status RequestInProgress();
absl::Status DrainMarkMoved(int64_t mark, int64_t wanted);
// OK when both fingerprints are equal; INVALID_ARGUMENT IDEMPOTENCY_KEY_REUSED naming the first field that differs.
absl::Status CheckFingerprint(Method method, const std::string& stored, const std::string& now);
// Whether a decline uses its request_id up: those that depend on state do, those of form do not.
bool IsRecorded(const absl::Status& decline);

}  // namespace trivium::live
