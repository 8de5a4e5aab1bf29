#include "services/gateway/transcoding/api_schema.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/api_descriptors/descriptor_set.h"
#include "services/gateway/transcoding/type_cache.h"

namespace trivium::gateway {
ApiSchema::ApiSchema(std::string release) : release_(std::move(release)) {}
ApiSchema::~ApiSchema() = default;

absl::StatusOr<std::shared_ptr<const ApiSchema>> ApiSchema::Parse(std::string_view file_descriptor_set,
                                                                  std::string release) {
  std::shared_ptr<ApiSchema> schema(new ApiSchema(std::move(release)));
  const absl::StatusOr<std::vector<const google::protobuf::FileDescriptor*>> files =
      BuildDescriptors(file_descriptor_set, &schema->pool_);
  if (!files.ok()) return absl::InvalidArgumentError(absl::StrCat("file_descriptor_set: ", files.status().message()));
  schema->types_ = NewTypeCache(schema->pool_, *files);
  return std::shared_ptr<const ApiSchema>(std::move(schema));
}

const google::protobuf::MethodDescriptor* ApiSchema::FindMethod(std::string_view service,
                                                                std::string_view method) const {
  const auto* found = pool_.FindServiceByName(std::string(service));
  return found == nullptr ? nullptr : found->FindMethodByName(std::string(method));
}

const google::protobuf::Descriptor* ApiSchema::FindMessage(std::string_view full_name) const {
  return pool_.FindMessageTypeByName(std::string(full_name));
}

std::string TypeUrl(const google::protobuf::Descriptor& type) {
  return absl::StrCat("type.googleapis.com/", type.full_name());
}

}  // namespace trivium::gateway
