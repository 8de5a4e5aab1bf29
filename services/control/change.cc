#include "services/control/change.h"

#include <google/protobuf/message.h>

#include "libs/log/log.h"
#include "libs/status/status.h"
#include "services/control/validate.h"

namespace trivium::control {
namespace {

absl::Status Answer(const Outcome& outcome, google::protobuf::Message* response) {
  if (!outcome.decline.ok()) return outcome.decline;
  if (!response->ParseFromString(outcome.response)) return absl::DataLossError("kept response: unreadable");
  return absl::OkStatus();
}

}  // namespace

RequestKey KeyOf(const rpc::CallContext& call, std::string_view action, const std::string& request_id,
                 const google::protobuf::Message& request) {
  return {.caller = call.caller.ToString(),
          .request_id = request_id,
          .method = std::string(action),
          .request = request.SerializeAsString(),
          .same = [action, &request](std::string_view method, std::string_view earlier) {
            return CheckSameRequest(action, request, method, earlier);
          }};
}

AuditRecord AuditOf(const rpc::CallContext& call, std::string_view action, std::string object, std::string product,
                    std::string reason, absl::Time now) {
  return {.time = now,
          .actor = call.actor,
          .caller = call.caller.ToString(),
          .action = std::string(action),
          .object = std::move(object),
          .product = std::move(product),
          .reason = std::move(reason),
          .trace_id = call.trace.trace_id,
          .traceparent = call.trace.ToHeader()};
}

absl::Status ChangeAndRefresh(Store& store, LiveState& state, const RequestKey& key, absl::Time deadline,
                              const Store::Body& body, google::protobuf::Message* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const Outcome outcome, store.Change(key, deadline, body));
  TRIVIUM_RETURN_IF_ERROR(Answer(outcome, response));
  // The change is committed: should this look fail, the next one comes within a second.
  if (absl::Status status = state.Refresh(); !status.ok()) {
    TRIVIUM_LOG(kWarning, "cannot read a change back at once", {"request_id", key.request_id}, {"error", status});
  }
  return absl::OkStatus();
}

absl::Status TryChange(Store& store, absl::Time deadline, const Store::Body& body,
                       google::protobuf::Message* response) {
  TRIVIUM_ASSIGN_OR_RETURN(const Outcome outcome, store.Try(deadline, body));
  return Answer(outcome, response);
}

}  // namespace trivium::control
