#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/message.h>

#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "libs/config/config.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"
#include "trivium/options/v1/options.pb.h"

namespace trivium::config {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr int kStep = 2;

std::string Quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : ToValidUtf8(text)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      absl::StrAppend(&out, "\\", std::string(1, c));
    } else if (byte < 0x20 || byte == 0x7f) {
      absl::StrAppend(&out, "\\x", absl::Hex(byte, absl::kZeroPad2));
    } else {
      out += c;
    }
  }
  // Reading it again must not look into the environment.
  return absl::StrReplaceAll(out, {{"${", "$${"}}) + "\"";
}

std::string DurationText(const Message& message) {
  google::protobuf::Duration duration;
  duration.CopyFrom(message);
  return absl::FormatDuration(absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos()));
}

bool IsDuration(const FieldDescriptor& field) {
  return field.message_type() != nullptr && field.message_type()->full_name() == "google.protobuf.Duration";
}

bool IsPlain(const FieldDescriptor& field) { return field.message_type() == nullptr || IsDuration(field); }

// Value `index` of a repeated field, or the value of a singular one (index -1).
std::string ScalarText(const Message& message, const FieldDescriptor& field, int index) {
  const Reflection& r = *message.GetReflection();
  const bool at = index >= 0;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(at ? r.GetRepeatedInt32(message, &field, index) : r.GetInt32(message, &field));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(at ? r.GetRepeatedInt64(message, &field, index) : r.GetInt64(message, &field));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(at ? r.GetRepeatedUInt32(message, &field, index) : r.GetUInt32(message, &field));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(at ? r.GetRepeatedUInt64(message, &field, index) : r.GetUInt64(message, &field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(at ? r.GetRepeatedDouble(message, &field, index) : r.GetDouble(message, &field));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return absl::StrCat(at ? r.GetRepeatedFloat(message, &field, index) : r.GetFloat(message, &field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return (at ? r.GetRepeatedBool(message, &field, index) : r.GetBool(message, &field)) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_ENUM:
      return (at ? r.GetRepeatedEnum(message, &field, index) : r.GetEnum(message, &field))->name();
    case FieldDescriptor::CPPTYPE_STRING:
      return Quoted(at ? r.GetRepeatedString(message, &field, index) : r.GetString(message, &field));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return DurationText(at ? r.GetRepeatedMessage(message, &field, index) : r.GetMessage(message, &field));
  }
  return "";
}

// Prints a message with the comments of `source`, its description with source info, which may be missing.
class Printer {
 public:
  void PrintMessage(const Message& message, const Descriptor* source, const std::string& indent, int depth);
  std::string text() && { return std::move(text_); }

 private:
  void PrintField(const Message& message, const FieldDescriptor& field, const Descriptor* inner_source,
                  const std::string& indent, int depth);
  void PrintMap(const Message& message, const FieldDescriptor& field, const Descriptor* inner_source,
                const std::string& indent, int depth);
  void PrintComment(const FieldDescriptor* source, const std::string& indent);
  void Line(const std::string& indent, const std::string& name, const std::string& value) {
    absl::StrAppend(&text_, indent, name, value.empty() ? ":" : ": ", value, "\n");
  }

  std::string text_;
};

void Printer::PrintComment(const FieldDescriptor* source, const std::string& indent) {
  google::protobuf::SourceLocation location;
  if (source == nullptr || !source->GetSourceLocation(&location)) return;
  std::string comment = location.leading_comments;
  while (!comment.empty() && comment.back() == '\n') comment.pop_back();
  if (comment.empty()) return;
  const std::string start = absl::StrCat(indent, "#");
  for (const absl::string_view line : absl::StrSplit(comment, '\n')) absl::StrAppend(&text_, start, line, "\n");
}

void Printer::PrintMessage(const Message& message, const Descriptor* source, const std::string& indent, int depth) {
  const Descriptor& type = *message.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor& field = *type.field(i);
    const FieldDescriptor* field_source = source == nullptr ? nullptr : source->FindFieldByNumber(field.number());
    PrintComment(field_source, indent);
    PrintField(message, field, field_source == nullptr ? nullptr : field_source->message_type(), indent, depth);
  }
}

void Printer::PrintField(const Message& message, const FieldDescriptor& field, const Descriptor* inner_source,
                         const std::string& indent, int depth) {
  const Reflection& reflection = *message.GetReflection();
  const std::string& name = field.name();
  const bool secret = field.options().GetExtension(trivium::options::v1::sensitive);
  if (field.is_repeated()) {
    const int size = reflection.FieldSize(message, &field);
    if (size == 0) return Line(indent, name, field.is_map() ? "{}" : "[]");
    if (secret) return Line(indent, name, "\"***\"");
    if (field.is_map()) return PrintMap(message, field, inner_source, indent, depth);
    Line(indent, name, "");
    for (int i = 0; i < size; ++i) {
      if (IsPlain(field)) {
        absl::StrAppend(&text_, indent, "  - ", ScalarText(message, field, i), "\n");
        continue;
      }
      absl::StrAppend(&text_, indent, "  -\n");
      PrintMessage(reflection.GetRepeatedMessage(message, &field, i), inner_source, indent + "    ", depth + 1);
    }
    return;
  }
  // A field that knows "not set" stands as a comment while it is not set: written out it would be set.
  const bool unset = field.has_presence() && !reflection.HasField(message, &field);
  if (IsPlain(field)) {
    const bool shown = !secret || (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING &&
                                   reflection.GetString(message, &field).empty());
    return Line(unset ? indent + "# " : indent, name, shown ? ScalarText(message, field, -1) : "\"***\"");
  }
  const bool again = unset && field.message_type() == field.containing_type();
  Line(unset ? indent + "# " : indent, name, secret && !unset ? "\"***\"" : "");
  if (secret || again || depth >= 8) return;
  PrintMessage(reflection.GetMessage(message, &field), inner_source, (unset ? indent + "# " : indent) + "  ",
               depth + 1);
}

void Printer::PrintMap(const Message& message, const FieldDescriptor& field, const Descriptor* inner_source,
                       const std::string& indent, int depth) {
  const FieldDescriptor& key = *field.message_type()->map_key();
  const FieldDescriptor& value = *field.message_type()->map_value();
  const FieldDescriptor* value_source = inner_source == nullptr ? nullptr : inner_source->FindFieldByNumber(2);
  std::map<std::string, const Message*> sorted;
  for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
    const Message& entry = message.GetReflection()->GetRepeatedMessage(message, &field, i);
    sorted.emplace(ScalarText(entry, key, -1), &entry);
  }
  Line(indent, field.name(), "");
  const std::string deeper = indent + std::string(kStep, ' ');
  for (const auto& [name, entry] : sorted) {
    if (IsPlain(value)) {
      Line(deeper, name, ScalarText(*entry, value, -1));
      continue;
    }
    Line(deeper, name, "");
    PrintMessage(entry->GetReflection()->GetMessage(*entry, &value),
                 value_source == nullptr ? nullptr : value_source->message_type(), deeper + "  ", depth + 1);
  }
}

}  // namespace

std::string PrintYaml(const Message& message, std::string_view descriptors) {
  google::protobuf::FileDescriptorSet set;
  DescriptorPool pool;
  const Descriptor* source = nullptr;
  if (!descriptors.empty() && set.ParseFromArray(descriptors.data(), static_cast<int>(descriptors.size()))) {
    for (const auto& file : set.file()) {
      if (pool.BuildFile(file) == nullptr) break;
    }
    source = pool.FindMessageTypeByName(message.GetDescriptor()->full_name());
  }
  Printer printer;
  printer.PrintMessage(message, source, "", 0);
  return std::move(printer).text();
}

}  // namespace trivium::config
