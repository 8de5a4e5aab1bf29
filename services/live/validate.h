// Form of requests: pure checks that name every wrong field at once. Rules that depend on a profile or a room's state
// stand elsewhere.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/live/domain/room.h"

namespace google::protobuf {
class Duration;
class Timestamp;
}  // namespace google::protobuf

namespace trivium::live {
namespace v1 {
class CreateRoomRequest;
class EndRoomRequest;
class GetDailySummaryRequest;
class GetRoomRequest;
class HeartbeatRequest;
class JoinRoomRequest;
class LeaveRoomRequest;
class ListEventsRequest;
class ListParticipantsRequest;
class ListRoomEventsRequest;
class ListRoomsRequest;
class ListStaysRequest;
class MoveParticipantRequest;
class MuteParticipantRequest;
class QoeReport;
class RemoveParticipantRequest;
class StartRoomRequest;
class UpdateRoomRequest;
}  // namespace v1

// Each: INVALID_ARGUMENT FIELD_INVALID. now: of the service's clock. user: of the call, "" for a backend's.
absl::Status Validate(const v1::CreateRoomRequest& request, absl::Time now);
absl::Status Validate(const v1::UpdateRoomRequest& request, absl::Time now);
absl::Status Validate(const v1::StartRoomRequest& request);
absl::Status Validate(const v1::EndRoomRequest& request);
absl::Status Validate(const v1::GetRoomRequest& request);
absl::Status Validate(const v1::ListRoomsRequest& request);
absl::Status Validate(const v1::JoinRoomRequest& request, const std::string& user);
absl::Status Validate(const v1::LeaveRoomRequest& request, const std::string& user);
absl::Status Validate(const v1::HeartbeatRequest& request, const std::string& user);
absl::Status Validate(const v1::ListParticipantsRequest& request);
absl::Status Validate(const v1::MoveParticipantRequest& request);
absl::Status Validate(const v1::MuteParticipantRequest& request);
absl::Status Validate(const v1::RemoveParticipantRequest& request);
absl::Status Validate(const v1::ListStaysRequest& request);
absl::Status Validate(const v1::ListEventsRequest& request);
absl::Status Validate(const v1::ListRoomEventsRequest& request);
absl::Status Validate(const v1::GetDailySummaryRequest& request);

// Of values that were validated.
absl::Time TimeOf(const google::protobuf::Timestamp& value);
absl::Duration DurationOf(const google::protobuf::Duration& value);

}  // namespace trivium::live
