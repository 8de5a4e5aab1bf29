// Checks of what is asked: INVALID_ARGUMENT FIELD_INVALID, before any engine sees it.
#pragma once

#include "services/live/admission/admission.h"

namespace trivium::live {

absl::Status CheckRebuild(absl::Duration rebuild);
absl::Status CheckCapacities(std::span<const Capacity> capacities);
absl::Status CheckLevels(std::span<const LevelName> levels);
absl::Status CheckLimit(size_t limit, size_t max);
absl::Status CheckRoom(const RoomId& room);
absl::Status CheckParticipant(const RoomId& room, const std::string& user_id);
absl::Status Check(const StartRoomRequest& request);
absl::Status Check(const RoomId& room, const RoomLimits& limits);
absl::Status Check(const JoinRequest& request);
absl::Status Check(const RenewRequest& request);
absl::Status Check(const LeaveRequest& request);
absl::Status Check(const MoveRequest& request);
absl::Status Check(const MuteRequest& request);
absl::Status Check(const RemoveRequest& request);
absl::Status CheckBatchSize(size_t items);

}  // namespace trivium::live
