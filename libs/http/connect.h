// Connect protocol, unary over HTTP/1.1 POST (https://connectrpc.com/docs/protocol): application/json and
// application/proto, connect-timeout-ms, gzip, errors as JSON with details. Unknown JSON fields are skipped, as other
// Connect servers do, so that clients may be newer than we.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/http/server.h"

namespace google::protobuf {
class Message;
}

namespace trivium::http {

// What a Connect method sees besides its message.
struct ConnectCall {
  const Request* request;  // Headers, cookies, peer; valid during the call.
  absl::Time deadline;     // From connect-timeout-ms, else 10 s from now.
  std::vector<std::pair<std::string, std::string>>
      response_headers;  // To send, such as Set-Cookie; also with an error.
};

// Adds "/<method>" ("/trivium.ops.v1.OpsService/SignIn") to a server. request_prototype and response_prototype: not
// owned, live for ever (Message::default_instance()). handler blocks on pool (not owned); its absl::Status
// (libs/status/error.h) becomes the Connect error. A call whose deadline passed in the queue is answered
// DEADLINE_EXCEEDED without it.
using ConnectHandler = std::function<absl::Status(ConnectCall& call, const google::protobuf::Message& request,
                                                  google::protobuf::Message* response)>;
void HandleConnect(Server& server, WorkerPool& pool, std::string_view method,
                   const google::protobuf::Message& request_prototype,
                   const google::protobuf::Message& response_prototype, ConnectHandler handler);

// Typed: HandleConnect<SignInRequest, Session>(server, pool, "trivium.ops.v1.OpsService/SignIn", [](ConnectCall&, const
// SignInRequest&, Session*) {...});
template <typename Req, typename Resp, typename Fn>
void HandleConnect(Server& server, WorkerPool& pool, std::string_view method, Fn handler) {
  HandleConnect(
      server, pool, method, Req::default_instance(), Resp::default_instance(),
      [handler](ConnectCall& call, const google::protobuf::Message& request, google::protobuf::Message* response) {
        return handler(call, static_cast<const Req&>(request), static_cast<Resp*>(response));
      });
}

// The error body and status of the protocol; trace_id (may be "") goes into the header X-Trace-Id.
Response ConnectError(const absl::Status& status, std::string_view trace_id);

}  // namespace trivium::http
