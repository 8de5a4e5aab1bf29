// Form of requests: pure checks that name every wrong field at once. Rules that depend on a profile or a message's
// state stand elsewhere.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace trivium::push {
namespace v1 {
class AcknowledgeRequest;
class AddRoomMembersRequest;
class CancelMessageRequest;
class CheckRoomsRequest;
class DisconnectUserRequest;
class GetDailySummaryRequest;
class GetDeliveryRequest;
class GetMessageRequest;
class GetPresenceRequest;
class GetUserRequest;
class ListEventsRequest;
class ListMessagesRequest;
class ListPendingRequest;
class ListRecipientsRequest;
class ListRoomMembersRequest;
class ListUserMessagesRequest;
class PublishBatchRequest;
class PublishRequest;
class RemoveRoomMembersRequest;
class ReportDeliveriesRequest;
class RestoreChannelRequest;
class UpdateUserTagsRequest;
}  // namespace v1

inline constexpr size_t kDataBytesMax = 64 << 10;  // Of a message.
inline constexpr size_t kBatchBytesMax = 3 << 20;  // Of all data of a batch: a gRPC message has 4 MiB at most.
inline constexpr int kBatchMax = 1000;
inline constexpr int kMembersMax = 5000;
inline constexpr int kAcknowledgedEachMax = 300;  // Messages of a user in one call.
inline constexpr absl::Duration kLossyTtlMax = absl::Seconds(60);

// OK, or INVALID_ARGUMENT FIELD_INVALID with a violation for each wrong field; AUDIENCE_INVALID for an audience that
// does not parse. now: schedule_time is at most 30 days later.
absl::Status Validate(const v1::PublishRequest& request, absl::Time now);
absl::Status Validate(const v1::PublishBatchRequest& request);
absl::Status Validate(const v1::CancelMessageRequest& request);
absl::Status Validate(const v1::GetMessageRequest& request);
absl::Status Validate(const v1::ListMessagesRequest& request);
absl::Status Validate(const v1::GetDeliveryRequest& request);
absl::Status Validate(const v1::ListRecipientsRequest& request);
absl::Status Validate(const v1::ListUserMessagesRequest& request);
absl::Status Validate(const v1::GetDailySummaryRequest& request);
absl::Status Validate(const v1::AddRoomMembersRequest& request);
absl::Status Validate(const v1::RemoveRoomMembersRequest& request);
absl::Status Validate(const v1::ListRoomMembersRequest& request);
absl::Status Validate(const v1::UpdateUserTagsRequest& request);
absl::Status Validate(const v1::GetUserRequest& request);
absl::Status Validate(const v1::GetPresenceRequest& request);
absl::Status Validate(const v1::DisconnectUserRequest& request);
absl::Status Validate(const v1::ListEventsRequest& request);

absl::Status Validate(const v1::AcknowledgeRequest& request);
absl::Status Validate(const v1::ListPendingRequest& request);
absl::Status Validate(const v1::ReportDeliveriesRequest& request);
absl::Status Validate(const v1::CheckRoomsRequest& request);
absl::Status Validate(const v1::RestoreChannelRequest& request);

}  // namespace trivium::push
