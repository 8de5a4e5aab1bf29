// The methods of OpsService for a viewer whose identity is known: what to ask whom, and what the role hides. The two
// doors to it are console_api.h (browsers, with sessions) and ops_service.h (gRPC, with certificates).
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/ops/backends.h"
#include "services/ops/boards.h"
#include "services/ops/domain/roles.h"
#include "services/ops/products.h"
#include "trivium/ops/v1/ops.pb.h"

namespace trivium {
class Clock;
namespace mysql {
class Pool;
}
}  // namespace trivium

namespace trivium::ops {

class Prometheus;

struct Ask {
  const Viewer& viewer;
  absl::Time deadline;
};

// Thread-safe; blocks. Errors of each method: ops.proto.
class OpsApi {
 public:
  struct Parts {
    const Boards& boards;
    const Products& products;
    Prometheus& prometheus;
    PaymentReader& payment;
    PushReader& push;
    LiveReader& live;
    ControlGateway& control;
    mysql::Pool& pool;
    Clock& clock;
    absl::Duration scrape_interval;
  };
  explicit OpsApi(const Parts& parts) : parts_(parts) {}

  // The products that the viewer sees, with their names.
  void FillProducts(const Viewer& viewer, google::protobuf::RepeatedPtrField<v1::Product>* out) const;
  absl::Status ListBoards(const Ask& ask, const v1::ListBoardsRequest& request, v1::ListBoardsResponse* response);
  absl::Status QueryPanel(const Ask& ask, const v1::QueryPanelRequest& request, v1::QueryPanelResponse* response);
  absl::Status GetProductDay(const Ask& ask, const v1::GetProductDayRequest& request, v1::ProductDay* response);
  absl::Status ListActivities(const Ask& ask, const v1::ListActivitiesRequest& request,
                              v1::ListActivitiesResponse* response);
  absl::Status GetPlatform(const Ask& ask, const v1::GetPlatformRequest& request, v1::Platform* response);
  absl::Status SetRoute(const Ask& ask, const v1::SetRouteRequest& request, v1::Platform* response);
  absl::Status ListAudit(const Ask& ask, const v1::ListAuditRequest& request, v1::ListAuditResponse* response);

  // messages_api.cc
  absl::Status GetMessagesDay(const Ask& ask, const v1::GetMessagesDayRequest& request, v1::MessagesDay* response);
  absl::Status ListMessages(const Ask& ask, const v1::ListMessagesRequest& request, v1::ListMessagesResponse* response);
  absl::Status GetMessage(const Ask& ask, const v1::GetMessageRequest& request, v1::MessageDetail* response);
  absl::Status ListRecipients(const Ask& ask, const v1::ListRecipientsRequest& request,
                              v1::ListRecipientsResponse* response);
  absl::Status GetUserConnections(const Ask& ask, const v1::GetUserConnectionsRequest& request,
                                  v1::UserConnections* response);
  absl::Status ListUserMessages(const Ask& ask, const v1::ListUserMessagesRequest& request,
                                v1::ListUserMessagesResponse* response);

  // rooms_api.cc
  absl::Status GetRoomsDay(const Ask& ask, const v1::GetRoomsDayRequest& request, v1::RoomsDay* response);
  absl::Status ListRooms(const Ask& ask, const v1::ListRoomsRequest& request, v1::ListRoomsResponse* response);
  absl::Status GetRoom(const Ask& ask, const v1::GetRoomRequest& request, live::v1::Room* response);
  absl::Status ListParticipants(const Ask& ask, const v1::ListParticipantsRequest& request,
                                v1::ListParticipantsResponse* response);
  absl::Status ListRoomStays(const Ask& ask, const v1::ListRoomStaysRequest& request,
                             v1::ListRoomStaysResponse* response);
  absl::Status ListRoomEvents(const Ask& ask, const v1::ListRoomEventsRequest& request,
                              v1::ListRoomEventsResponse* response);
  absl::Status ListUserStays(const Ask& ask, const v1::ListUserStaysRequest& request,
                             v1::ListUserStaysResponse* response);

  // commands_api.cc
  absl::Status ListCommands(const Ask& ask, const v1::ListCommandsRequest& request, v1::ListCommandsResponse* response);
  absl::Status GetCommand(const Ask& ask, const v1::GetCommandRequest& request, v1::CommandVersion* response);
  absl::Status ListCommandVersions(const Ask& ask, const v1::ListCommandVersionsRequest& request,
                                   v1::ListCommandVersionsResponse* response);
  absl::Status PublishCommand(const Ask& ask, const v1::PublishCommandRequest& request, v1::CommandVersion* response);
  absl::Status RollBackCommand(const Ask& ask, const v1::RollBackCommandRequest& request, v1::CommandVersion* response);

 private:
  // NOT_FOUND PRODUCT_NOT_FOUND for one that is none, or that the viewer does not see: which of the two, nobody learns.
  absl::StatusOr<ProductNames> VisibleProduct(const Viewer& viewer, const std::string& product) const;
  absl::Status RequireUntouchedPlan(const Ask& ask, control::v1::RoutePlan* plan);
  absl::Status CheckPanelProduct(const Viewer& viewer, const Board& board, const std::string& product) const;

  const Parts parts_;
};

// 1-200, more is cut to 200; 0 means 50. INVALID_ARGUMENT below 0.
absl::StatusOr<int> PageSize(int wanted);
// PERMISSION_DENIED ROLE_REQUIRED for those who may not change the platform.
absl::Status RequireChanger(const Viewer& viewer);

}  // namespace trivium::ops
