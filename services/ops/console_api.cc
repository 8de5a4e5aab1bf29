#include "services/ops/console_api.h"

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/clock/proto_time.h"
#include "libs/http/connect.h"
#include "libs/http/server.h"
#include "libs/status/status.h"
#include "services/ops/conversions.h"

namespace trivium::ops {
namespace {

using http::ConnectCall;

constexpr std::string_view kCsrfHeader = "x-trivium-csrf";

// "127.0.0.1:5000" -> "127.0.0.1"; "[::1]:5000" -> "[::1]".
std::string AddressOf(std::string_view peer) { return std::string(peer.substr(0, peer.rfind(':'))); }

class ConsoleApi {
 public:
  ConsoleApi(const ConsoleApiOptions& options, Sessions& sessions, OpsApi& api, Clock& clock)
      : options_(options), sessions_(sessions), api_(api), clock_(clock) {}

  absl::Status SignIn(ConnectCall& call, const v1::SignInRequest& request, v1::Session* response) {
    TRIVIUM_ASSIGN_OR_RETURN(const SignedIn session, sessions_.SignIn(request.user_name(), request.password(),
                                                                      AddressOf(call.request->peer), call.deadline));
    SetCookie(call, session.token, session.expire_time - clock_.Now());
    Describe(session, response);
    return absl::OkStatus();
  }

  absl::Status SignOut(ConnectCall& call, const v1::SignOutRequest&, v1::SignOutResponse*) {
    TRIVIUM_ASSIGN_OR_RETURN(const SignedIn session, Session(call));
    TRIVIUM_RETURN_IF_ERROR(CheckCsrf(session, call.request->Header(kCsrfHeader)));
    SetCookie(call, "", absl::ZeroDuration());
    return sessions_.End(session.token, call.deadline);
  }

  absl::Status GetSession(ConnectCall& call, const v1::GetSessionRequest&, v1::Session* response) {
    TRIVIUM_ASSIGN_OR_RETURN(const SignedIn session, Session(call));
    Describe(session, response);
    return absl::OkStatus();
  }

  // A method of OpsApi in the name of the session's person.
  template <typename Request, typename Response>
  absl::Status Run(ConnectCall& call, const Request& request, Response* response, bool changes,
                   absl::Status (OpsApi::*method)(const Ask&, const Request&, Response*)) {
    TRIVIUM_ASSIGN_OR_RETURN(const SignedIn session, Session(call));
    if (changes) TRIVIUM_RETURN_IF_ERROR(CheckCsrf(session, call.request->Header(kCsrfHeader)));
    return (api_.*method)({session.person.viewer, call.deadline}, request, response);
  }

 private:
  // The prefix makes browsers refuse the cookie from anything but HTTPS and this host.
  std::string CookieName() const { return options_.secure_cookie ? "__Host-trivium_session" : "trivium_session"; }

  void SetCookie(ConnectCall& call, const std::string& token, absl::Duration age) const {
    call.response_headers.emplace_back(
        "Set-Cookie", absl::StrCat(CookieName(), "=", token, "; HttpOnly; SameSite=Strict; Path=/; Max-Age=",
                                   absl::ToInt64Seconds(age), options_.secure_cookie ? "; Secure" : ""));
  }

  absl::StatusOr<SignedIn> Session(const ConnectCall& call) {
    return sessions_.Find(call.request->Cookie(CookieName()), call.deadline);
  }

  void Describe(const SignedIn& session, v1::Session* out) const {
    const Viewer& viewer = session.person.viewer;
    out->set_user_name(session.person.name);
    out->set_role(std::string(RoleName(viewer.role)));
    api_.FillProducts(viewer, out->mutable_products());
    out->set_csrf_token(session.csrf_token);
    SetTime(session.expire_time, out->mutable_expire_time());
  }

  const ConsoleApiOptions options_;
  Sessions& sessions_;
  OpsApi& api_;
  Clock& clock_;
};

template <typename Request, typename Response>
void Add(http::Server& server, WorkerPool& pool, std::shared_ptr<ConsoleApi> api, std::string_view method, bool changes,
         absl::Status (OpsApi::*run)(const Ask&, const Request&, Response*)) {
  http::HandleConnect<Request, Response>(
      server, pool, method, [api, changes, run](ConnectCall& call, const Request& request, Response* response) {
        return api->Run(call, request, response, changes, run);
      });
}

}  // namespace

void AddConsoleApi(const ConsoleApiOptions& options, http::Server& server, WorkerPool& pool, Sessions& sessions,
                   OpsApi& ops, Clock& clock) {
  auto api = std::make_shared<ConsoleApi>(options, sessions, ops, clock);
  http::HandleConnect<v1::SignInRequest, v1::Session>(
      server, pool, "trivium.ops.v1.OpsService/SignIn",
      [api](ConnectCall& call, const v1::SignInRequest& request, v1::Session* response) {
        return api->SignIn(call, request, response);
      });
  http::HandleConnect<v1::SignOutRequest, v1::SignOutResponse>(
      server, pool, "trivium.ops.v1.OpsService/SignOut",
      [api](ConnectCall& call, const v1::SignOutRequest& request, v1::SignOutResponse* response) {
        return api->SignOut(call, request, response);
      });
  http::HandleConnect<v1::GetSessionRequest, v1::Session>(
      server, pool, "trivium.ops.v1.OpsService/GetSession",
      [api](ConnectCall& call, const v1::GetSessionRequest& request, v1::Session* response) {
        return api->GetSession(call, request, response);
      });
  Add(server, pool, api, "trivium.ops.v1.OpsService/ListBoards", false, &OpsApi::ListBoards);
  Add(server, pool, api, "trivium.ops.v1.OpsService/QueryPanel", false, &OpsApi::QueryPanel);
  Add(server, pool, api, "trivium.ops.v1.OpsService/GetProductDay", false, &OpsApi::GetProductDay);
  Add(server, pool, api, "trivium.ops.v1.OpsService/ListActivities", false, &OpsApi::ListActivities);
  Add(server, pool, api, "trivium.ops.v1.OpsService/GetPlatform", false, &OpsApi::GetPlatform);
  Add(server, pool, api, "trivium.ops.v1.OpsService/SetRoute", true, &OpsApi::SetRoute);
  Add(server, pool, api, "trivium.ops.v1.OpsService/ListAudit", false, &OpsApi::ListAudit);
  Add(server, pool, api, "trivium.ops.v1.OpsService/GetMessagesDay", false, &OpsApi::GetMessagesDay);
  Add(server, pool, api, "trivium.ops.v1.OpsService/ListMessages", false, &OpsApi::ListMessages);
  Add(server, pool, api, "trivium.ops.v1.OpsService/GetMessage", false, &OpsApi::GetMessage);
  Add(server, pool, api, "trivium.ops.v1.OpsService/ListRecipients", false, &OpsApi::ListRecipients);
  Add(server, pool, api, "trivium.ops.v1.OpsService/GetUserConnections", false, &OpsApi::GetUserConnections);
  Add(server, pool, api, "trivium.ops.v1.OpsService/ListUserMessages", false, &OpsApi::ListUserMessages);
  Add(server, pool, api, "trivium.ops.v1.OpsService/GetRoomsDay", false, &OpsApi::GetRoomsDay);
  Add(server, pool, api, "trivium.ops.v1.OpsService/ListRooms", false, &OpsApi::ListRooms);
  Add(server, pool, api, "trivium.ops.v1.OpsService/GetRoom", false, &OpsApi::GetRoom);
  Add(server, pool, api, "trivium.ops.v1.OpsService/ListParticipants", false, &OpsApi::ListParticipants);
  Add(server, pool, api, "trivium.ops.v1.OpsService/ListRoomStays", false, &OpsApi::ListRoomStays);
  Add(server, pool, api, "trivium.ops.v1.OpsService/ListRoomEvents", false, &OpsApi::ListRoomEvents);
  Add(server, pool, api, "trivium.ops.v1.OpsService/ListUserStays", false, &OpsApi::ListUserStays);
  Add(server, pool, api, "trivium.ops.v1.OpsService/ListCommands", false, &OpsApi::ListCommands);
  Add(server, pool, api, "trivium.ops.v1.OpsService/GetCommand", false, &OpsApi::GetCommand);
  Add(server, pool, api, "trivium.ops.v1.OpsService/ListCommandVersions", false, &OpsApi::ListCommandVersions);
  Add(server, pool, api, "trivium.ops.v1.OpsService/PublishCommand", true, &OpsApi::PublishCommand);
  Add(server, pool, api, "trivium.ops.v1.OpsService/RollBackCommand", true, &OpsApi::RollBackCommand);
}

}  // namespace trivium::ops
