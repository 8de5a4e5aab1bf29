#include "libs/api_descriptors/key_field.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"

namespace trivium {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

bool IsKey(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return true;
    default:
      return field.type() == FieldDescriptor::TYPE_STRING;
  }
}

// Nothing, or why this field may not be in a path.
const char* WhyNot(const FieldDescriptor& field, bool last) {
  if (field.is_repeated()) return "is repeated, want a single field";
  if (field.real_containing_oneof() != nullptr) return "is part of a oneof, want a field that is always the request's";
  if (last) return IsKey(field) ? nullptr : "is no key, want a string or an integer";
  return field.type() == FieldDescriptor::TYPE_MESSAGE ? nullptr : "has no fields, want a message";
}

absl::Status Wrong(const std::string& name, const std::string& what) {
  return absl::InvalidArgumentError(absl::StrCat("\"", ToValidUtf8(Utf8Prefix(name, kMaxKeyFieldPath)), "\" ", what));
}

}  // namespace

absl::StatusOr<std::vector<const FieldDescriptor*>> FindKeyField(const Descriptor& request, std::string_view path) {
  const std::vector<std::string> names = absl::StrSplit(ToAbsl(path), '.');
  if (path.size() > kMaxKeyFieldPath || names.size() > kMaxKeyFieldDepth) {
    return Wrong(std::string(path), absl::StrCat("is too long, want at most ", kMaxKeyFieldDepth, " names, ",
                                                 kMaxKeyFieldPath, " characters"));
  }
  std::vector<const FieldDescriptor*> fields;
  const Descriptor* message = &request;
  for (size_t i = 0; i < names.size(); ++i) {
    const FieldDescriptor* field = message->FindFieldByName(names[i]);
    if (field == nullptr) return Wrong(names[i], absl::StrCat("is no field of ", message->full_name()));
    if (const char* why = WhyNot(*field, i + 1 == names.size()); why != nullptr) return Wrong(names[i], why);
    fields.push_back(field);
    message = field->message_type();
  }
  return fields;
}

}  // namespace trivium
