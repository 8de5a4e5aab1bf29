#include "libs/client_protocol/json_codec.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/status/status.h"
#include "libs/text/view.h"

namespace trivium::protocol {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr uint64_t kMaxU32 = std::numeric_limits<uint32_t>::max(), kMaxU64 = std::numeric_limits<uint64_t>::max();
constexpr int64_t kMinI32 = std::numeric_limits<int32_t>::min(), kMaxI32 = std::numeric_limits<int32_t>::max();
constexpr int64_t kMinI64 = std::numeric_limits<int64_t>::min(), kMaxI64 = std::numeric_limits<int64_t>::max();

bool ReadText(JsonScanner& scanner, const FieldDescriptor& field, std::string* value) {
  if (field.type() != FieldDescriptor::TYPE_BYTES) return scanner.ReadString(value);
  std::string_view raw;
  if (!scanner.ReadRaw(&raw)) return false;
  *value = raw;
  return true;
}

// One value that is neither a list nor a map.
bool ReadSingle(JsonScanner& scanner, const FieldDescriptor& field, Message* message) {
  const Reflection& reflection = *message->GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string value;
      if (!ReadText(scanner, field, &value)) return false;
      reflection.SetString(message, &field, std::move(value));
      return true;
    }
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64: {
      const bool is_64 = field.cpp_type() == FieldDescriptor::CPPTYPE_UINT64;
      uint64_t value = 0;
      if (!scanner.ReadUnsigned(is_64 ? kMaxU64 : kMaxU32, &value)) return false;
      is_64 ? reflection.SetUInt64(message, &field, value)
            : reflection.SetUInt32(message, &field, static_cast<uint32_t>(value));
      return true;
    }
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64: {
      const bool is_64 = field.cpp_type() == FieldDescriptor::CPPTYPE_INT64;
      int64_t value = 0;
      if (!scanner.ReadSigned(is_64 ? kMinI64 : kMinI32, is_64 ? kMaxI64 : kMaxI32, &value)) return false;
      is_64 ? reflection.SetInt64(message, &field, value)
            : reflection.SetInt32(message, &field, static_cast<int32_t>(value));
      return true;
    }
    case FieldDescriptor::CPPTYPE_BOOL: {
      bool value = false;
      if (!scanner.ReadBool(&value)) return false;
      reflection.SetBool(message, &field, value);
      return true;
    }
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return ReadJsonMessage(scanner, reflection.MutableMessage(message, &field));
    default:
      return scanner.Fail("field of a type that the protocol does not have");
  }
}

bool ReadMap(JsonScanner& scanner, const FieldDescriptor& field, Message* message) {
  const Descriptor& type = *field.message_type();
  return scanner.ReadObject([&](std::string_view key) {
    Message* entry = message->GetReflection()->AddMessage(message, &field);
    entry->GetReflection()->SetString(entry, type.map_key(), std::string(key));
    return ReadSingle(scanner, *type.map_value(), entry);
  });
}

// The protocol's lists are all of messages.
bool ReadList(JsonScanner& scanner, const FieldDescriptor& field, Message* message) {
  return scanner.ReadArray(
      [&] { return ReadJsonMessage(scanner, message->GetReflection()->AddMessage(message, &field)); });
}

bool ReadField(JsonScanner& scanner, const FieldDescriptor& field, Message* message) {
  if (field.type() != FieldDescriptor::TYPE_BYTES && scanner.SkipNull()) return true;
  if (field.is_map()) return ReadMap(scanner, field, message);
  return field.is_repeated() ? ReadList(scanner, field, message) : ReadSingle(scanner, field, message);
}

// Writes one message and those inside it.
class Writer {
 public:
  Writer(int max_depth, std::string* json) : max_depth_(max_depth), json_(*json) {}

  absl::Status WriteMessage(const Message& message) {
    std::vector<const FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    json_.push_back('{');
    for (const FieldDescriptor* field : fields) {
      if (json_.back() != '{') json_.push_back(',');
      absl::StrAppend(&json_, "\"", field->name(), "\":");
      TRIVIUM_RETURN_IF_ERROR(field->is_map()        ? WriteMap(message, *field)
                              : field->is_repeated() ? WriteList(message, *field)
                                                     : WriteSingle(message, *field));
    }
    json_.push_back('}');
    return absl::OkStatus();
  }

 private:
  absl::Status WriteMap(const Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    json_.push_back('{');
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      const Message& entry = reflection.GetRepeatedMessage(message, &field, i);
      if (i > 0) json_.push_back(',');
      AppendJsonString(entry.GetReflection()->GetString(entry, field.message_type()->map_key()), &json_);
      json_.push_back(':');
      TRIVIUM_RETURN_IF_ERROR(WriteSingle(entry, *field.message_type()->map_value()));
    }
    json_.push_back('}');
    return absl::OkStatus();
  }

  absl::Status WriteList(const Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    json_.push_back('[');
    for (int i = 0; i < reflection.FieldSize(message, &field); ++i) {
      if (i > 0) json_.push_back(',');
      TRIVIUM_RETURN_IF_ERROR(WriteMessage(reflection.GetRepeatedMessage(message, &field, i)));
    }
    json_.push_back(']');
    return absl::OkStatus();
  }

  absl::Status WriteSingle(const Message& message, const FieldDescriptor& field) {
    const Reflection& reflection = *message.GetReflection();
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_STRING:
        return WriteText(message, field);
      case FieldDescriptor::CPPTYPE_UINT32:
        absl::StrAppend(&json_, reflection.GetUInt32(message, &field));
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_UINT64:
        absl::StrAppend(&json_, reflection.GetUInt64(message, &field));
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_INT32:
        absl::StrAppend(&json_, reflection.GetInt32(message, &field));
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_INT64:
        absl::StrAppend(&json_, reflection.GetInt64(message, &field));
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_BOOL:
        json_.append(reflection.GetBool(message, &field) ? "true" : "false");
        return absl::OkStatus();
      case FieldDescriptor::CPPTYPE_MESSAGE:
        return WriteMessage(reflection.GetMessage(message, &field));
      default:
        return absl::InternalError(absl::StrCat(field.full_name(), ": of a type that the protocol does not have"));
    }
  }

  absl::Status WriteText(const Message& message, const FieldDescriptor& field) {
    std::string scratch;
    const std::string& text = message.GetReflection()->GetStringReference(message, &field, &scratch);
    if (field.type() == FieldDescriptor::TYPE_BYTES) return WritePayload(text, field);
    AppendJsonString(text, &json_);
    return absl::OkStatus();
  }

  absl::Status WritePayload(std::string_view payload, const FieldDescriptor& field) {
    if (const absl::Status json = CheckJson(payload, max_depth_); !json.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(field.containing_type()->name(), ".", field.name(),
                                                     ": not JSON, want JSON for clients of the JSON form (",
                                                     json.message(), ")"));
    }
    const size_t start = json_.size();
    json_.append(payload);
    std::replace_if(
        json_.begin() + start, json_.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
    return absl::OkStatus();
  }

  const int max_depth_;
  std::string& json_;
};

}  // namespace

bool ReadJsonMessage(JsonScanner& scanner, Message* message) {
  uint64_t seen = 0;  // Bit of a field: its index in the message; no message of the protocol has 64.
  return scanner.ReadObject([&](std::string_view name) {
    const FieldDescriptor* field = message->GetDescriptor()->FindFieldByName(std::string(name));
    std::string_view skipped;
    if (field == nullptr) return scanner.ReadRaw(&skipped);
    const uint64_t bit = uint64_t{1} << field->index();
    const bool first = (seen & bit) == 0;
    seen |= bit;
    return (first ? ReadField(scanner, *field, message) : scanner.Fail("given twice")) || scanner.FailIn(field->name());
  });
}

absl::Status CheckJson(std::string_view text, int max_depth) {
  JsonScanner scanner(text, max_depth);
  std::string_view raw;
  if (scanner.ReadRaw(&raw)) scanner.SkipSpace();
  if (!scanner.AtEnd()) scanner.Fail("more after the value, want its end");
  return scanner.status();
}

absl::Status AppendJsonMessage(const Message& message, int max_depth, std::string* json) {
  return Writer(max_depth, json).WriteMessage(message);
}

}  // namespace trivium::protocol
