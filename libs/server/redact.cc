#include "libs/server/redact.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "trivium/options/v1/options.pb.h"

namespace trivium::server {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr char kMask[] = "***";

void Mask(Message* message, const FieldDescriptor* field) {
  const Reflection& reflection = *message->GetReflection();
  const int count = field->is_repeated() ? reflection.FieldSize(*message, field) : 0;
  const bool text = field->cpp_type() == FieldDescriptor::CPPTYPE_STRING;
  reflection.ClearField(message, field);
  if (!text) return;
  if (!field->is_repeated()) return reflection.SetString(message, field, kMask);
  for (int i = 0; i < count; ++i) reflection.AddString(message, field, kMask);
}

void RedactInside(Message* message, const FieldDescriptor* field) {
  const Reflection& reflection = *message->GetReflection();
  if (!field->is_repeated()) return Redact(reflection.MutableMessage(message, field));
  for (int i = 0; i < reflection.FieldSize(*message, field); ++i)
    Redact(reflection.MutableRepeatedMessage(message, field, i));
}

}  // namespace

void Redact(Message* message) {
  std::vector<const FieldDescriptor*> fields;
  message->GetReflection()->ListFields(*message, &fields);  // Only those that are set.
  for (const FieldDescriptor* field : fields) {
    if (field->options().GetExtension(options::v1::sensitive)) {
      Mask(message, field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      RedactInside(message, field);
    }
  }
}

}  // namespace trivium::server
