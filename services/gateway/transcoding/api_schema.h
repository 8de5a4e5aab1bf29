// The APIs that commands may name, as published: a descriptor pool of their own, apart from what is linked in, so that
// new ones are used without a restart. A call keeps the schema it began with.
#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/type_resolver.h>

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace trivium::gateway {

// Immutable; thread-safe.
class ApiSchema {
 public:
  // file_descriptor_set: serialized, files in any order, imports included, within libs/api_descriptors' limits.
  // release: for logs. INVALID_ARGUMENT naming the file and what is wrong with it. Nothing of a bad set is used.
  static absl::StatusOr<std::shared_ptr<const ApiSchema>> Parse(std::string_view file_descriptor_set,
                                                                std::string release);
  ~ApiSchema();
  ApiSchema(const ApiSchema&) = delete;
  ApiSchema& operator=(const ApiSchema&) = delete;

  // nullptr: no such service or method. Lives as long as the schema.
  const google::protobuf::MethodDescriptor* FindMethod(std::string_view service, std::string_view method) const;
  // nullptr: no such message.
  const google::protobuf::Descriptor* FindMessage(std::string_view full_name) const;
  // Types by URL "type.googleapis.com/<full name>"; those inside an Any are found here, too. Thread-safe.
  google::protobuf::util::TypeResolver& types() const { return *types_; }
  const std::string& release() const { return release_; }

 private:
  explicit ApiSchema(std::string release);

  const std::string release_;
  google::protobuf::DescriptorPool pool_;
  std::unique_ptr<google::protobuf::util::TypeResolver> types_;
};

// "type.googleapis.com/<full name>"
std::string TypeUrl(const google::protobuf::Descriptor& type);

}  // namespace trivium::gateway
