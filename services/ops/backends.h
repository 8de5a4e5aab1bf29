// What ops asks of other services, as interfaces: tests stand in for them.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trivium::payment::v1 {
class DailySummary;
}
namespace trivium::control::v1 {
class ConfigItem;
class GetConfigRequest;
class ListAuditEntriesRequest;
class ListAuditEntriesResponse;
class ListConfigsRequest;
class ListConfigsResponse;
class ListConfigVersionsRequest;
class ListConfigVersionsResponse;
class ListInstancesResponse;
class PublishConfigRequest;
class RollbackConfigRequest;
class RoutePlan;
class SetRouteRequest;
}  // namespace trivium::control::v1
namespace trivium::live::v1 {
class DailySummary;
class GetDailySummaryRequest;
class GetRoomRequest;
class ListParticipantsRequest;
class ListParticipantsResponse;
class ListRoomEventsRequest;
class ListRoomEventsResponse;
class ListRoomsRequest;
class ListRoomsResponse;
class ListStaysRequest;
class ListStaysResponse;
class Room;
}  // namespace trivium::live::v1
namespace trivium::push::v1 {
class DailySummary;
class GetDailySummaryRequest;
class GetMessageRequest;
class GetPresenceRequest;
class ListMessagesRequest;
class ListMessagesResponse;
class ListRecipientsRequest;
class ListRecipientsResponse;
class ListUserMessagesRequest;
class ListUserMessagesResponse;
class Message;
class Presence;
}  // namespace trivium::push::v1

namespace trivium::ops {

// For whom, and until when. actor: "person:alice"; stands in the callee's audit.
struct CallFor {
  std::string actor;
  absl::Time deadline;
};

// Thread-safe.
class PaymentReader {
 public:
  virtual ~PaymentReader() = default;
  // Errors: UNAVAILABLE PAYMENT_UNAVAILABLE; else as GetDailySummary. day: "" means today.
  virtual absl::Status GetDay(const CallFor& call, const std::string& product, const std::string& day,
                              payment::v1::DailySummary* out) = 0;
};

// Thread-safe. Each call is made in the product's name. Errors: UNAVAILABLE PUSH_UNAVAILABLE; else as PushService's.
class PushReader {
 public:
  virtual ~PushReader() = default;
  virtual absl::Status GetDay(const CallFor& call, const std::string& product,
                              const push::v1::GetDailySummaryRequest& request, push::v1::DailySummary* out) = 0;
  virtual absl::Status ListMessages(const CallFor& call, const std::string& product,
                                    const push::v1::ListMessagesRequest& request,
                                    push::v1::ListMessagesResponse* out) = 0;
  virtual absl::Status GetMessage(const CallFor& call, const std::string& product,
                                  const push::v1::GetMessageRequest& request, push::v1::Message* out) = 0;
  virtual absl::Status ListRecipients(const CallFor& call, const std::string& product,
                                      const push::v1::ListRecipientsRequest& request,
                                      push::v1::ListRecipientsResponse* out) = 0;
  virtual absl::Status GetPresence(const CallFor& call, const std::string& product,
                                   const push::v1::GetPresenceRequest& request, push::v1::Presence* out) = 0;
  virtual absl::Status ListUserMessages(const CallFor& call, const std::string& product,
                                        const push::v1::ListUserMessagesRequest& request,
                                        push::v1::ListUserMessagesResponse* out) = 0;
};

// Thread-safe. Each call is made in the product's name. Errors: UNAVAILABLE LIVE_UNAVAILABLE; else as LiveService's.
class LiveReader {
 public:
  virtual ~LiveReader() = default;
  virtual absl::Status GetDay(const CallFor& call, const std::string& product,
                              const live::v1::GetDailySummaryRequest& request, live::v1::DailySummary* out) = 0;
  virtual absl::Status ListRooms(const CallFor& call, const std::string& product,
                                 const live::v1::ListRoomsRequest& request, live::v1::ListRoomsResponse* out) = 0;
  virtual absl::Status GetRoom(const CallFor& call, const std::string& product, const live::v1::GetRoomRequest& request,
                               live::v1::Room* out) = 0;
  virtual absl::Status ListParticipants(const CallFor& call, const std::string& product,
                                        const live::v1::ListParticipantsRequest& request,
                                        live::v1::ListParticipantsResponse* out) = 0;
  virtual absl::Status ListStays(const CallFor& call, const std::string& product,
                                 const live::v1::ListStaysRequest& request, live::v1::ListStaysResponse* out) = 0;
  virtual absl::Status ListRoomEvents(const CallFor& call, const std::string& product,
                                      const live::v1::ListRoomEventsRequest& request,
                                      live::v1::ListRoomEventsResponse* out) = 0;
};

// Thread-safe. Errors: UNAVAILABLE CONTROL_UNAVAILABLE; else as control's.
class ControlGateway {
 public:
  virtual ~ControlGateway() = default;
  virtual absl::Status ListInstances(const CallFor& call, control::v1::ListInstancesResponse* out) = 0;
  virtual absl::Status GetRoutePlan(const CallFor& call, control::v1::RoutePlan* out) = 0;
  virtual absl::Status SetRoute(const CallFor& call, const control::v1::SetRouteRequest& request,
                                control::v1::RoutePlan* out) = 0;
  virtual absl::Status ListAudit(const CallFor& call, const control::v1::ListAuditEntriesRequest& request,
                                 control::v1::ListAuditEntriesResponse* out) = 0;
  virtual absl::Status ListConfigs(const CallFor& call, const control::v1::ListConfigsRequest& request,
                                   control::v1::ListConfigsResponse* out) = 0;
  virtual absl::Status GetConfig(const CallFor& call, const control::v1::GetConfigRequest& request,
                                 control::v1::ConfigItem* out) = 0;
  virtual absl::Status ListConfigVersions(const CallFor& call, const control::v1::ListConfigVersionsRequest& request,
                                          control::v1::ListConfigVersionsResponse* out) = 0;
  virtual absl::Status PublishConfig(const CallFor& call, const control::v1::PublishConfigRequest& request,
                                     control::v1::ConfigItem* out) = 0;
  virtual absl::Status RollbackConfig(const CallFor& call, const control::v1::RollbackConfigRequest& request,
                                      control::v1::ConfigItem* out) = 0;
};

}  // namespace trivium::ops
