// Published descriptors, to be asked about methods.
#include "libs/api_descriptors/descriptor_set.h"
#include "absl/strings/str_cat.h"
#include "libs/api_descriptors/key_field.h"
#include "services/control/kinds/api_descriptors.h"
#include "trivium/gateway/v1/command.pb.h"

namespace trivium::control {

absl::Status DescriptorSet::Build(std::string_view file_descriptor_set) {
  return BuildDescriptors(file_descriptor_set, &pool_).status();
}

absl::Status DescriptorSet::Parse(const std::string& api_descriptors) {
  gateway::v1::ApiDescriptors parsed;
  if (!parsed.ParseFromString(api_descriptors)) return absl::DataLossError("published api_descriptors: unreadable");
  return Build(parsed.file_descriptor_set());
}

const google::protobuf::MethodDescriptor* DescriptorSet::Find(const std::string& service,
                                                              const std::string& method) const {
  const auto* found = pool_.FindServiceByName(service);
  return found == nullptr ? nullptr : found->FindMethodByName(method);
}

std::string DescriptorSet::CheckMethod(const std::string& service, const std::string& method) const {
  const auto* found = Find(service, method);
  if (found == nullptr) return absl::StrCat(service, "/", method, ", want a method of the published descriptors");
  if (!found->client_streaming() && !found->server_streaming()) return "";
  return absl::StrCat(service, "/", method, " streams, want a unary method");
}

std::string DescriptorSet::CheckRoutingField(const std::string& service, const std::string& method,
                                             std::string_view path) const {
  return std::string(FindKeyField(*Find(service, method)->input_type(), path).status().message());
}

}  // namespace trivium::control
