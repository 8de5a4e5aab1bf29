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

}  // namespace trivium::ops
