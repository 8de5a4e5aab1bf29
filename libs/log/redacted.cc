#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "libs/log/log.h"
#include "trivium/options/v1/options.pb.h"

namespace trivium::log {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using nlohmann::json;

constexpr char kMask[] = "***";

void Mask(const Descriptor& type, json& value);

bool IsSensitive(const FieldDescriptor& field) { return field.options().GetExtension(trivium::options::v1::sensitive); }

// Well-known types (Duration, Struct, ...) have a JSON form of their own, without fields of ours.
void MaskMessage(const Descriptor& type, json& value) {
  if (!value.is_object()) return;
  if (type.full_name() == "google.protobuf.Any") {
    const std::string url = value.value("@type", "");
    const auto* inner = type.file()->pool()->FindMessageTypeByName(url.substr(url.rfind('/') + 1));
    if (inner != nullptr) Mask(*inner, value);
    return;
  }
  if (!type.full_name().starts_with("google.protobuf.")) Mask(type, value);
}

void MaskField(const FieldDescriptor& field, json& value) {
  if (IsSensitive(field)) {
    value = kMask;
  } else if (field.is_map()) {
    const FieldDescriptor& item = *field.message_type()->map_value();
    if (item.message_type() == nullptr) return;
    for (json& entry : value) MaskMessage(*item.message_type(), entry);
  } else if (field.message_type() != nullptr && field.is_repeated()) {
    for (json& entry : value) MaskMessage(*field.message_type(), entry);
  } else if (field.message_type() != nullptr) {
    MaskMessage(*field.message_type(), value);
  }
}

void Mask(const Descriptor& type, json& value) {
  for (auto& [name, entry] : value.items()) {
    if (const FieldDescriptor* field = type.FindFieldByName(name)) MaskField(*field, entry);
  }
}

}  // namespace

std::string Redacted(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  json value = json::value_t::discarded;
  if (google::protobuf::util::MessageToJsonString(message, &text, options).ok()) {
    value = json::parse(text, nullptr, /*allow_exceptions=*/false);
  }
  // What cannot be read cannot be masked.
  if (value.is_discarded()) return absl::StrCat("{\"unprintable\":\"", message.GetDescriptor()->full_name(), "\"}");
  MaskMessage(*message.GetDescriptor(), value);
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace trivium::log
