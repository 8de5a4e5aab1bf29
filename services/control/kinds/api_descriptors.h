// Kind api_descriptors: the descriptors of all APIs that commands may name, one item.
#pragma once

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "services/control/kinds/kind.h"

namespace trivium::control {

// "platform", the only item of the kind.
bool IsApiDescriptorsName(std::string_view name);

// Schema check: sizes, and that the set parses and holds all that it imports.
Violations CheckApiDescriptors(const google::protobuf::Any& value);

// Against the published commands: those that are not disabled keep their methods and routing fields.
absl::StatusOr<Violations> CheckApiDescriptorsAgainst(std::string_view name, const google::protobuf::Any& value,
                                                      const PublishedItems& published);

// A FileDescriptorSet, to be asked about methods. Not thread-safe.
class DescriptorSet {
 public:
  // As BuildDescriptors.
  absl::Status Build(std::string_view file_descriptor_set);
  // The same of a serialized ApiDescriptors.
  absl::Status Parse(const std::string& api_descriptors);
  // "" when a command may name the method, else what is wrong with it: unknown, or not unary.
  std::string CheckMethod(const std::string& service, const std::string& method) const;
  // "" when a field of the method's request may be a routing key (see RoutingKey.field_path). The method is one that
  // CheckMethod takes.
  std::string CheckRoutingField(const std::string& service, const std::string& method, std::string_view path) const;

 private:
  const google::protobuf::MethodDescriptor* Find(const std::string& service, const std::string& method) const;

  google::protobuf::DescriptorPool pool_;
};

}  // namespace trivium::control
