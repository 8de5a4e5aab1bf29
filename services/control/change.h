// What all mutating calls of control share: the request's key, the audit row, and the answer.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/rpc/call_context.h"
#include "services/control/live_state.h"
#include "services/control/store/store.h"

namespace google::protobuf {
class Message;
}

namespace trivium::control {

// The key of a mutating call. request outlives it.
RequestKey KeyOf(const rpc::CallContext& call, std::string_view action, const std::string& request_id,
                 const google::protobuf::Message& request);
// An audit row of a call, without what it did.
AuditRecord AuditOf(const rpc::CallContext& call, std::string_view action, std::string object, std::string product,
                    std::string reason, absl::Time now);
// Makes the change, lets this replica see it at once, and fills the response.
absl::Status ChangeAndRefresh(Store& store, LiveState& state, const RequestKey& key, absl::Time deadline,
                              const Store::Body& body, google::protobuf::Message* response);
// What the change would answer. Nothing of it stays.
absl::Status TryChange(Store& store, absl::Time deadline, const Store::Body& body, google::protobuf::Message* response);

}  // namespace trivium::control
