// Pure checks of requests: what is wrong without looking at any state. An error names every wrong field.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace google::protobuf {
class Message;
}
namespace trivium::control::v1 {
class DeleteRouteRequest;
class GetConfigRequest;
class Instance;
class ListConfigVersionsRequest;
class PublishConfigRequest;
class RollbackConfigRequest;
class SetRouteRequest;
class WatchConfigsRequest;
}  // namespace trivium::control::v1

namespace trivium::control {

// Also checks the value against its kind's schema. INVALID_ARGUMENT KIND_UNKNOWN for an unknown kind.
absl::Status Validate(const v1::PublishConfigRequest& request);
absl::Status Validate(const v1::RollbackConfigRequest& request);
absl::Status Validate(const v1::GetConfigRequest& request);
absl::Status Validate(const v1::ListConfigVersionsRequest& request);
absl::Status Validate(const v1::WatchConfigsRequest& request);
// The product's existence is for the service to check.
absl::Status Validate(const v1::SetRouteRequest& request, const std::vector<std::string>& services,
                      const std::vector<std::string>& cells);
absl::Status Validate(const v1::DeleteRouteRequest& request);
absl::Status Validate(const v1::Instance& instance, const std::vector<std::string>& cells);

// 1-1000; 0 means 100; anything else is INVALID_ARGUMENT.
absl::StatusOr<int> PageSize(int page_size);
// Whether an earlier request is the same as this one; else INVALID_ARGUMENT IDEMPOTENCY_KEY_REUSED naming the first
// field that differs.
absl::Status CheckSameRequest(std::string_view method, const google::protobuf::Message& request,
                              std::string_view earlier_method, std::string_view earlier_request);

}  // namespace trivium::control
