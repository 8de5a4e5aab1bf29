#include "services/ops/ops_service.h"

#include "libs/status/error.h"

namespace trivium::ops {

template <typename Request, typename Response>
OpsServiceImpl::Reactor* OpsServiceImpl::Run(Context* context, std::string_view method, const Request* request,
                                             Response* response,
                                             absl::Status (OpsApi::*run)(const Ask&, const Request&, Response*)) {
  return guard_.Unary(context, method, [=, this](const rpc::CallContext& call) {
    // The method policy lets operators through, and nobody else.
    const Viewer viewer{call.actor, Role::kPlatformAdmin, {}};
    return (api_.*run)({viewer, call.deadline}, *request, response);
  });
}

OpsServiceImpl::Reactor* OpsServiceImpl::RefuseSession(Context* context, std::string_view method) {
  return guard_.Unary(context, method, [](const rpc::CallContext&) -> absl::Status {
    return Error(absl::StatusCode::kUnimplemented, "SESSION_IS_FOR_BROWSERS",
                 "sessions are for browsers (Connect over HTTP); over gRPC the certificate says who calls");
  });
}

OpsServiceImpl::Reactor* OpsServiceImpl::SignIn(Context* context, const v1::SignInRequest*, v1::Session*) {
  return RefuseSession(context, "trivium.ops.v1.OpsService/SignIn");
}
OpsServiceImpl::Reactor* OpsServiceImpl::SignOut(Context* context, const v1::SignOutRequest*, v1::SignOutResponse*) {
  return RefuseSession(context, "trivium.ops.v1.OpsService/SignOut");
}
OpsServiceImpl::Reactor* OpsServiceImpl::GetSession(Context* context, const v1::GetSessionRequest*, v1::Session*) {
  return RefuseSession(context, "trivium.ops.v1.OpsService/GetSession");
}
OpsServiceImpl::Reactor* OpsServiceImpl::ListBoards(Context* context, const v1::ListBoardsRequest* request,
                                                    v1::ListBoardsResponse* response) {
  return Run(context, "trivium.ops.v1.OpsService/ListBoards", request, response, &OpsApi::ListBoards);
}
OpsServiceImpl::Reactor* OpsServiceImpl::QueryPanel(Context* context, const v1::QueryPanelRequest* request,
                                                    v1::QueryPanelResponse* response) {
  return Run(context, "trivium.ops.v1.OpsService/QueryPanel", request, response, &OpsApi::QueryPanel);
}
OpsServiceImpl::Reactor* OpsServiceImpl::GetProductDay(Context* context, const v1::GetProductDayRequest* request,
                                                       v1::ProductDay* response) {
  return Run(context, "trivium.ops.v1.OpsService/GetProductDay", request, response, &OpsApi::GetProductDay);
}
OpsServiceImpl::Reactor* OpsServiceImpl::ListActivities(Context* context, const v1::ListActivitiesRequest* request,
                                                        v1::ListActivitiesResponse* response) {
  return Run(context, "trivium.ops.v1.OpsService/ListActivities", request, response, &OpsApi::ListActivities);
}
OpsServiceImpl::Reactor* OpsServiceImpl::GetPlatform(Context* context, const v1::GetPlatformRequest* request,
                                                     v1::Platform* response) {
  return Run(context, "trivium.ops.v1.OpsService/GetPlatform", request, response, &OpsApi::GetPlatform);
}
OpsServiceImpl::Reactor* OpsServiceImpl::SetRoute(Context* context, const v1::SetRouteRequest* request,
                                                  v1::Platform* response) {
  return Run(context, "trivium.ops.v1.OpsService/SetRoute", request, response, &OpsApi::SetRoute);
}
OpsServiceImpl::Reactor* OpsServiceImpl::ListAudit(Context* context, const v1::ListAuditRequest* request,
                                                   v1::ListAuditResponse* response) {
  return Run(context, "trivium.ops.v1.OpsService/ListAudit", request, response, &OpsApi::ListAudit);
}
OpsServiceImpl::Reactor* OpsServiceImpl::GetMessagesDay(Context* context, const v1::GetMessagesDayRequest* request,
                                                        v1::MessagesDay* response) {
  return Run(context, "trivium.ops.v1.OpsService/GetMessagesDay", request, response, &OpsApi::GetMessagesDay);
}
OpsServiceImpl::Reactor* OpsServiceImpl::ListMessages(Context* context, const v1::ListMessagesRequest* request,
                                                      v1::ListMessagesResponse* response) {
  return Run(context, "trivium.ops.v1.OpsService/ListMessages", request, response, &OpsApi::ListMessages);
}
OpsServiceImpl::Reactor* OpsServiceImpl::GetMessage(Context* context, const v1::GetMessageRequest* request,
                                                    v1::MessageDetail* response) {
  return Run(context, "trivium.ops.v1.OpsService/GetMessage", request, response, &OpsApi::GetMessage);
}
OpsServiceImpl::Reactor* OpsServiceImpl::ListRecipients(Context* context, const v1::ListRecipientsRequest* request,
                                                        v1::ListRecipientsResponse* response) {
  return Run(context, "trivium.ops.v1.OpsService/ListRecipients", request, response, &OpsApi::ListRecipients);
}
OpsServiceImpl::Reactor* OpsServiceImpl::GetUserConnections(Context* context,
                                                            const v1::GetUserConnectionsRequest* request,
                                                            v1::UserConnections* response) {
  return Run(context, "trivium.ops.v1.OpsService/GetUserConnections", request, response, &OpsApi::GetUserConnections);
}
OpsServiceImpl::Reactor* OpsServiceImpl::ListUserMessages(Context* context, const v1::ListUserMessagesRequest* request,
                                                          v1::ListUserMessagesResponse* response) {
  return Run(context, "trivium.ops.v1.OpsService/ListUserMessages", request, response, &OpsApi::ListUserMessages);
}
OpsServiceImpl::Reactor* OpsServiceImpl::GetRoomsDay(Context* context, const v1::GetRoomsDayRequest* request,
                                                     v1::RoomsDay* response) {
  return Run(context, "trivium.ops.v1.OpsService/GetRoomsDay", request, response, &OpsApi::GetRoomsDay);
}
OpsServiceImpl::Reactor* OpsServiceImpl::ListRooms(Context* context, const v1::ListRoomsRequest* request,
                                                   v1::ListRoomsResponse* response) {
  return Run(context, "trivium.ops.v1.OpsService/ListRooms", request, response, &OpsApi::ListRooms);
}
OpsServiceImpl::Reactor* OpsServiceImpl::GetRoom(Context* context, const v1::GetRoomRequest* request,
                                                 live::v1::Room* response) {
  return Run(context, "trivium.ops.v1.OpsService/GetRoom", request, response, &OpsApi::GetRoom);
}
OpsServiceImpl::Reactor* OpsServiceImpl::ListParticipants(Context* context, const v1::ListParticipantsRequest* request,
                                                          v1::ListParticipantsResponse* response) {
  return Run(context, "trivium.ops.v1.OpsService/ListParticipants", request, response, &OpsApi::ListParticipants);
}
OpsServiceImpl::Reactor* OpsServiceImpl::ListRoomStays(Context* context, const v1::ListRoomStaysRequest* request,
                                                       v1::ListRoomStaysResponse* response) {
  return Run(context, "trivium.ops.v1.OpsService/ListRoomStays", request, response, &OpsApi::ListRoomStays);
}
OpsServiceImpl::Reactor* OpsServiceImpl::ListRoomEvents(Context* context, const v1::ListRoomEventsRequest* request,
                                                        v1::ListRoomEventsResponse* response) {
  return Run(context, "trivium.ops.v1.OpsService/ListRoomEvents", request, response, &OpsApi::ListRoomEvents);
}
OpsServiceImpl::Reactor* OpsServiceImpl::ListUserStays(Context* context, const v1::ListUserStaysRequest* request,
                                                       v1::ListUserStaysResponse* response) {
  return Run(context, "trivium.ops.v1.OpsService/ListUserStays", request, response, &OpsApi::ListUserStays);
}
OpsServiceImpl::Reactor* OpsServiceImpl::ListCommands(Context* context, const v1::ListCommandsRequest* request,
                                                      v1::ListCommandsResponse* response) {
  return Run(context, "trivium.ops.v1.OpsService/ListCommands", request, response, &OpsApi::ListCommands);
}
OpsServiceImpl::Reactor* OpsServiceImpl::GetCommand(Context* context, const v1::GetCommandRequest* request,
                                                    v1::CommandVersion* response) {
  return Run(context, "trivium.ops.v1.OpsService/GetCommand", request, response, &OpsApi::GetCommand);
}
OpsServiceImpl::Reactor* OpsServiceImpl::ListCommandVersions(Context* context,
                                                             const v1::ListCommandVersionsRequest* request,
                                                             v1::ListCommandVersionsResponse* response) {
  return Run(context, "trivium.ops.v1.OpsService/ListCommandVersions", request, response, &OpsApi::ListCommandVersions);
}
OpsServiceImpl::Reactor* OpsServiceImpl::PublishCommand(Context* context, const v1::PublishCommandRequest* request,
                                                        v1::CommandVersion* response) {
  return Run(context, "trivium.ops.v1.OpsService/PublishCommand", request, response, &OpsApi::PublishCommand);
}
OpsServiceImpl::Reactor* OpsServiceImpl::RollBackCommand(Context* context, const v1::RollBackCommandRequest* request,
                                                         v1::CommandVersion* response) {
  return Run(context, "trivium.ops.v1.OpsService/RollBackCommand", request, response, &OpsApi::RollBackCommand);
}

}  // namespace trivium::ops
