// Every method of the platform's APIs, from the protos that are linked in.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace google::protobuf {
class MethodDescriptor;
}

namespace trivium::call {

// Service as a person says it: the package's middle part, "payment" for trivium.payment.v1.
std::string ShortService(const google::protobuf::MethodDescriptor& method);
// "payment/CreatePayment".
std::string ShortName(const google::protobuf::MethodDescriptor& method);
// All, ordered by service, in the order of their protos.
const std::vector<const google::protobuf::MethodDescriptor*>& AllMethods();
// By short name or by "trivium.payment.v1.PaymentService/CreatePayment". NOT_FOUND with the nearest name.
absl::StatusOr<const google::protobuf::MethodDescriptor*> FindMethod(const std::string& name);

}  // namespace trivium::call
