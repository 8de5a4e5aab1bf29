// A call of any method, with messages known only at run time.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "tools/call/flags.h"

namespace google::protobuf {
class Message;
class MethodDescriptor;
}  // namespace google::protobuf
namespace grpc {
class Channel;
class Status;
}  // namespace grpc

namespace trivium::call {

// Channel for a method: a product's calls go by xDS with its bootstrap file, all others straight to the service's port.
// Sets GRPC_XDS_BOOTSTRAP, so at most one product per process. NOT_FOUND when the certificate does not exist.
absl::StatusOr<std::shared_ptr<grpc::Channel>> OpenChannel(const Flags& flags,
                                                           const google::protobuf::MethodDescriptor& method);

// Sends the request and gives each answer to on_answer until it says false, or the server ends. trace_id is set before
// anything is sent.
grpc::Status Invoke(const std::shared_ptr<grpc::Channel>& channel, const google::protobuf::MethodDescriptor& method,
                    const google::protobuf::Message& request, const Flags& flags, std::string* trace_id,
                    const std::function<bool(const google::protobuf::Message&)>& on_answer);

}  // namespace trivium::call
