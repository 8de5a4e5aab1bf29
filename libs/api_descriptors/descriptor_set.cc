#include "libs/api_descriptors/descriptor_set.h"

#include <google/protobuf/descriptor.pb.h>

#include <set>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/status/status.h"
#include "libs/text/utf8.h"

namespace trivium {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptor;
using google::protobuf::FileDescriptorProto;

absl::Status Wrong(const std::string& what) { return absl::InvalidArgumentError(what); }

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
absl::Status BuildRound(std::vector<const FileDescriptorProto*>* waiting, DescriptorPool* pool,
                        std::vector<const FileDescriptor*>* built) {
  std::vector<const FileDescriptorProto*> later;
  for (const FileDescriptorProto* file : *waiting) {
    if (MissingImport(*pool, *file) != nullptr) {
      later.push_back(file);
      continue;
    }
    FirstError error;
    const FileDescriptor* descriptor = pool->BuildFileCollectingErrors(*file, &error);
    if (descriptor == nullptr) return Wrong(error.text + ", want a valid proto file");
    built->push_back(descriptor);
  }
  if (later.size() == waiting->size()) {
    return Wrong(absl::StrCat(Shown(later[0]->name()), " imports ", Shown(*MissingImport(*pool, *later[0])),
                              ", want it in the set, and no circle of imports"));
  }
  *waiting = std::move(later);
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<const FileDescriptor*>> BuildDescriptors(std::string_view file_descriptor_set,
                                                                    DescriptorPool* pool) {
  if (file_descriptor_set.size() > kMaxDescriptorBytes) {
    return Wrong(absl::StrCat(file_descriptor_set.size(), " bytes, want at most ", kMaxDescriptorBytes));
  }
  google::protobuf::FileDescriptorSet set;
  if (!set.ParseFromArray(file_descriptor_set.data(), static_cast<int>(file_descriptor_set.size()))) {
    return Wrong("unreadable, want a serialized google.protobuf.FileDescriptorSet");
  }
  if (set.file_size() < 1 || set.file_size() > kMaxDescriptorFiles) {
    return Wrong(absl::StrCat(set.file_size(), " files, want 1 to ", kMaxDescriptorFiles));
  }
  std::vector<const FileDescriptorProto*> waiting;
  std::set<std::string> names;
  for (const FileDescriptorProto& file : set.file()) {
    if (!names.insert(file.name()).second) return Wrong(Shown(file.name()) + " twice, want each file once");
    waiting.push_back(&file);
  }
  std::vector<const FileDescriptor*> built;
  while (!waiting.empty()) TRIVIUM_RETURN_IF_ERROR(BuildRound(&waiting, pool, &built));
  return built;
}

}  // namespace trivium
