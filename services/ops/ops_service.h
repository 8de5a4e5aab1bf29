// OpsService over gRPC, for operators: their certificate is their identity, so there are no sessions here.
#pragma once

#include "libs/rpc/call_guard.h"
#include "services/ops/ops_api.h"
#include "trivium/ops/v1/ops.grpc.pb.h"

namespace trivium::ops {

// Thread-safe. SignIn, SignOut and GetSession answer UNIMPLEMENTED SESSION_IS_FOR_BROWSERS.
class OpsServiceImpl : public v1::OpsService::CallbackService {
 public:
  OpsServiceImpl(rpc::CallGuard& guard, OpsApi& api) : guard_(guard), api_(api) {}

  using Context = grpc::CallbackServerContext;
  using Reactor = grpc::ServerUnaryReactor;
  Reactor* SignIn(Context* context, const v1::SignInRequest* request, v1::Session* response) override;
  Reactor* SignOut(Context* context, const v1::SignOutRequest* request, v1::SignOutResponse* response) override;
  Reactor* GetSession(Context* context, const v1::GetSessionRequest* request, v1::Session* response) override;
  Reactor* ListBoards(Context* context, const v1::ListBoardsRequest* request,
                      v1::ListBoardsResponse* response) override;
  Reactor* QueryPanel(Context* context, const v1::QueryPanelRequest* request,
                      v1::QueryPanelResponse* response) override;
  Reactor* GetProductDay(Context* context, const v1::GetProductDayRequest* request, v1::ProductDay* response) override;
  Reactor* ListActivities(Context* context, const v1::ListActivitiesRequest* request,
                          v1::ListActivitiesResponse* response) override;
  Reactor* GetPlatform(Context* context, const v1::GetPlatformRequest* request, v1::Platform* response) override;
  Reactor* SetRoute(Context* context, const v1::SetRouteRequest* request, v1::Platform* response) override;
  Reactor* ListAudit(Context* context, const v1::ListAuditRequest* request, v1::ListAuditResponse* response) override;
  Reactor* GetMessagesDay(Context* context, const v1::GetMessagesDayRequest* request,
                          v1::MessagesDay* response) override;
  Reactor* ListMessages(Context* context, const v1::ListMessagesRequest* request,
                        v1::ListMessagesResponse* response) override;
  Reactor* GetMessage(Context* context, const v1::GetMessageRequest* request, v1::MessageDetail* response) override;
  Reactor* ListRecipients(Context* context, const v1::ListRecipientsRequest* request,
                          v1::ListRecipientsResponse* response) override;
  Reactor* GetUserConnections(Context* context, const v1::GetUserConnectionsRequest* request,
                              v1::UserConnections* response) override;
  Reactor* ListUserMessages(Context* context, const v1::ListUserMessagesRequest* request,
                            v1::ListUserMessagesResponse* response) override;
  Reactor* GetRoomsDay(Context* context, const v1::GetRoomsDayRequest* request, v1::RoomsDay* response) override;
  Reactor* ListRooms(Context* context, const v1::ListRoomsRequest* request, v1::ListRoomsResponse* response) override;
  Reactor* GetRoom(Context* context, const v1::GetRoomRequest* request, live::v1::Room* response) override;
  Reactor* ListParticipants(Context* context, const v1::ListParticipantsRequest* request,
                            v1::ListParticipantsResponse* response) override;
  Reactor* ListRoomStays(Context* context, const v1::ListRoomStaysRequest* request,
                         v1::ListRoomStaysResponse* response) override;
  Reactor* ListRoomEvents(Context* context, const v1::ListRoomEventsRequest* request,
                          v1::ListRoomEventsResponse* response) override;
  Reactor* ListUserStays(Context* context, const v1::ListUserStaysRequest* request,
                         v1::ListUserStaysResponse* response) override;
  Reactor* ListCommands(Context* context, const v1::ListCommandsRequest* request,
                        v1::ListCommandsResponse* response) override;
  Reactor* GetCommand(Context* context, const v1::GetCommandRequest* request, v1::CommandVersion* response) override;
  Reactor* ListCommandVersions(Context* context, const v1::ListCommandVersionsRequest* request,
                               v1::ListCommandVersionsResponse* response) override;
  Reactor* PublishCommand(Context* context, const v1::PublishCommandRequest* request,
                          v1::CommandVersion* response) override;
  Reactor* RollBackCommand(Context* context, const v1::RollBackCommandRequest* request,
                           v1::CommandVersion* response) override;

 private:
  template <typename Request, typename Response>
  Reactor* Run(Context* context, std::string_view method, const Request* request, Response* response,
               absl::Status (OpsApi::*run)(const Ask&, const Request&, Response*));
  Reactor* RefuseSession(Context* context, std::string_view method);

  rpc::CallGuard& guard_;  // Not owned; outlives this.
  OpsApi& api_;            // Not owned; outlives this.
};

}  // namespace trivium::ops
