#include "services/gateway/transcoding/api_schema.h"

#include <google/protobuf/descriptor.pb.h>

#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/status/status.h"
#include "libs/text/utf8.h"
#include "services/gateway/transcoding/type_cache.h"

namespace trivium::gateway {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptorProto;
using google::protobuf::FileDescriptorSet;

absl::Status Wrong(std::string_view what) {
  return absl::InvalidArgumentError(absl::StrCat("file_descriptor_set: ", std::string(what)));
}

std::string Shown(const std::string& name) { return "\"" + ToValidUtf8(Utf8Prefix(name, 100)) + "\""; }

// Keeps the first error of a file.
class FirstError : public DescriptorPool::ErrorCollector {
 public:
  void AddError(const std::string& file, const std::string& element, const google::protobuf::Message*, ErrorLocation,
                const std::string& message) override {
    if (text.empty()) text = absl::StrCat(Shown(file), ": ", ToValidUtf8(element), ": ", ToValidUtf8(message));
  }
  std::string text;
};

// The first import that the pool does not have yet, or nullptr.
const std::string* MissingImport(const DescriptorPool& pool, const FileDescriptorProto& file) {
  for (const std::string& import : file.dependency()) {
    if (pool.FindFileByName(import) == nullptr) return &import;
  }
  return nullptr;
}

absl::Status Build(const FileDescriptorProto& file, DescriptorPool* pool) {
  FirstError error;
  if (pool->BuildFileCollectingErrors(file, &error) != nullptr) return absl::OkStatus();
  return Wrong(absl::StrCat(error.text, ", want a valid proto file"));
}

// Builds files after what they import, in as many rounds as that takes.
absl::Status BuildAll(const FileDescriptorSet& set, DescriptorPool* pool) {
  std::vector<const FileDescriptorProto*> waiting;
  std::set<std::string> names;
  for (const FileDescriptorProto& file : set.file()) {
    if (!names.insert(file.name()).second)
      return Wrong(absl::StrCat(Shown(file.name()), " twice, want each file once"));
    waiting.push_back(&file);
  }
  while (!waiting.empty()) {
    std::vector<const FileDescriptorProto*> later;
    for (const FileDescriptorProto* file : waiting) {
      if (MissingImport(*pool, *file) != nullptr) {
        later.push_back(file);
      } else {
        TRIVIUM_RETURN_IF_ERROR(Build(*file, pool));
      }
    }
    if (later.size() == waiting.size()) {
      return Wrong(absl::StrCat(Shown(later[0]->name()), " imports ", Shown(*MissingImport(*pool, *later[0])),
                                ", want it in the set, and no circle of imports"));
    }
    waiting = std::move(later);
  }
  return absl::OkStatus();
}

}  // namespace

ApiSchema::ApiSchema(std::string release) : release_(std::move(release)) {}
ApiSchema::~ApiSchema() = default;

absl::StatusOr<std::shared_ptr<const ApiSchema>> ApiSchema::Parse(std::string_view file_descriptor_set,
                                                                  std::string release) {
  if (file_descriptor_set.size() > kMaxDescriptorBytes) {
    return Wrong(absl::StrCat(file_descriptor_set.size(), " bytes, want at most ", kMaxDescriptorBytes));
  }
  FileDescriptorSet set;
  if (!set.ParseFromArray(file_descriptor_set.data(), static_cast<int>(file_descriptor_set.size()))) {
    return Wrong("unreadable, want a serialized google.protobuf.FileDescriptorSet");
  }
  if (set.file_size() < 1 || set.file_size() > kMaxDescriptorFiles) {
    return Wrong(absl::StrCat(set.file_size(), " files, want 1 to ", kMaxDescriptorFiles));
  }
  std::shared_ptr<ApiSchema> schema(new ApiSchema(std::move(release)));
  TRIVIUM_RETURN_IF_ERROR(BuildAll(set, &schema->pool_));
  std::vector<const google::protobuf::FileDescriptor*> files;
  for (const FileDescriptorProto& file : set.file()) files.push_back(schema->pool_.FindFileByName(file.name()));
  schema->types_ = NewTypeCache(schema->pool_, files);
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
