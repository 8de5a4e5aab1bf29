// Published descriptors as a pool. services/gateway/transcoding checks the same when it builds its table: services
// share protos, not code.
#include <google/protobuf/descriptor.pb.h>

#include <algorithm>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/status/status.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"
#include "services/control/kinds/api_descriptors.h"
#include "trivium/gateway/v1/command.pb.h"

namespace trivium::control {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptorProto;

constexpr int kMaxFiles = 2000;
constexpr size_t kMaxFieldDepth = 8;

absl::Status Wrong(const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("file_descriptor_set: ", what));
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

// Builds what has its imports; leaves the rest in *waiting.
absl::Status BuildRound(std::vector<const FileDescriptorProto*>* waiting, DescriptorPool* pool) {
  std::vector<const FileDescriptorProto*> later;
  for (const FileDescriptorProto* file : *waiting) {
    FirstError error;
    if (MissingImport(*pool, *file) != nullptr) {
      later.push_back(file);
    } else if (pool->BuildFileCollectingErrors(*file, &error) == nullptr) {
      return Wrong(error.text + ", want a valid proto file");
    }
  }
  if (later.size() == waiting->size()) {
    return Wrong(absl::StrCat(Shown(later[0]->name()), " imports ", Shown(*MissingImport(*pool, *later[0])),
                              ", want it in the set, and no circle of imports"));
  }
  *waiting = std::move(later);
  return absl::OkStatus();
}

bool IsKey(const FieldDescriptor& field) {
  const auto type = field.cpp_type();
  return field.type() == FieldDescriptor::TYPE_STRING || type == FieldDescriptor::CPPTYPE_INT32 ||
         type == FieldDescriptor::CPPTYPE_INT64 || type == FieldDescriptor::CPPTYPE_UINT32 ||
         type == FieldDescriptor::CPPTYPE_UINT64;
}

// "" or why this field may not be in a path.
std::string WhyNot(const FieldDescriptor& field, bool last) {
  if (field.is_repeated()) return " is repeated, want a single field";
  if (field.real_containing_oneof() != nullptr) return " is part of a oneof, want a field that is always the request's";
  if (last) return IsKey(field) ? "" : " is no key, want a string or an integer";
  return field.type() == FieldDescriptor::TYPE_MESSAGE ? "" : " has no fields, want a message";
}

}  // namespace

absl::Status DescriptorSet::Build(const std::string& file_descriptor_set) {
  google::protobuf::FileDescriptorSet set;
  if (!set.ParseFromString(file_descriptor_set)) {
    return Wrong("unreadable, want a serialized google.protobuf.FileDescriptorSet");
  }
  if (set.file_size() < 1 || set.file_size() > kMaxFiles) {
    return Wrong(absl::StrCat(set.file_size(), " files, want 1 to ", kMaxFiles));
  }
  std::vector<const FileDescriptorProto*> waiting;
  std::set<std::string> names;
  for (const FileDescriptorProto& file : set.file()) {
    if (!names.insert(file.name()).second) return Wrong(Shown(file.name()) + " twice, want each file once");
    waiting.push_back(&file);
  }
  while (!waiting.empty()) TRIVIUM_RETURN_IF_ERROR(BuildRound(&waiting, &pool_));
  return absl::OkStatus();
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
  const std::vector<std::string> names = absl::StrSplit(ToAbsl(path), '.');
  if (names.size() > kMaxFieldDepth) return absl::StrCat(names.size(), " names, want at most ", kMaxFieldDepth);
  const Descriptor* message = Find(service, method)->input_type();
  for (size_t i = 0; i < names.size(); ++i) {
    const FieldDescriptor* field = message->FindFieldByName(names[i]);
    if (field == nullptr) return absl::StrCat(Shown(names[i]), ", want a field of ", message->full_name());
    if (const std::string why = WhyNot(*field, i + 1 == names.size()); !why.empty()) return Shown(names[i]) + why;
    message = field->message_type();
  }
  return "";
}

}  // namespace trivium::control
