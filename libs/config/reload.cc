#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <google/protobuf/util/message_differencer.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/config/config.h"
#include "trivium/options/v1/options.pb.h"

namespace trivium::config {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;

bool Differs(const Message& before, const Message& after, const FieldDescriptor& field) {
  MessageDifferencer differencer;
  const std::vector<const FieldDescriptor*> fields = {&field};
  return !differencer.CompareWithFields(before, after, fields, fields);
}

// Appends the paths of fields that differ and must not.
void FindFixed(const Message& before, const Message& after, const std::string& path, std::vector<std::string>& fixed) {
  const auto& type = *before.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    if (field.options().GetExtension(trivium::options::v1::reloadable) || !Differs(before, after, field)) continue;
    const std::string inner = path.empty() ? field.name() : absl::StrCat(path, ".", field.name());
    const bool in_both = field.message_type() != nullptr && !field.is_repeated() &&
                         before.GetReflection()->HasField(before, &field) &&
                         after.GetReflection()->HasField(after, &field) && field.message_type()->field_count() > 0 &&
                         field.message_type()->file()->package() != "google.protobuf";
    if (!in_both) {
      fixed.push_back(inner);
      continue;
    }
    FindFixed(before.GetReflection()->GetMessage(before, &field), after.GetReflection()->GetMessage(after, &field),
              inner, fixed);
  }
}

}  // namespace

absl::Status CheckReload(const Message& before, const Message& after) {
  std::vector<std::string> fixed;
  FindFixed(before, after, "", fixed);
  if (fixed.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(absl::StrJoin(fixed, ", "), ": changed, want a restart for it"));
}

}  // namespace trivium::config
