#include "tools/call/json.h"

#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "google/protobuf/util/json_util.h"
#include "libs/config/config.h"
#include "nlohmann/json.hpp"

namespace trivium::call {
namespace {

using ::google::protobuf::Message;

constexpr size_t kMaxRequestBytes = 16 << 20;

// "@type:file" -> {"@type": ..., fields}; any other string stays.
absl::StatusOr<nlohmann::json> AnyFromYaml(const std::string& text) {
  const size_t colon = text.find(':');
  const std::string type = text.substr(1, colon - 1), path = text.substr(colon + 1);
  const auto* descriptor = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(type);
  if (descriptor == nullptr)
    return absl::InvalidArgumentError(absl::StrCat(type, ": unknown message, want one of the platform's protos"));
  std::unique_ptr<Message> message(
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(descriptor)->New());
  if (absl::Status status = config::ReadYamlFile(path, message.get()); !status.ok()) return status;
  nlohmann::json value = nlohmann::json::parse(ToJson(*message, true));
  value["@type"] = absl::StrCat("type.googleapis.com/", type);
  return value;
}

bool IsYamlReference(const std::string& text) {
  return absl::StartsWith(text, "@trivium.") && absl::StrContains(text, ':');
}

absl::Status ReplaceReferences(nlohmann::json& value) {
  if (value.is_string() && IsYamlReference(value.get<std::string>())) {
    absl::StatusOr<nlohmann::json> any = AnyFromYaml(value.get<std::string>());
    if (!any.ok()) return any.status();
    value = *std::move(any);
  } else if (value.is_structured()) {
    for (auto& element : value) {
      if (absl::Status status = ReplaceReferences(element); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadRequest(const std::string& argument) {
  if (argument == "-") return std::string(std::istreambuf_iterator<char>(std::cin), {});
  if (!absl::StartsWith(argument, "@")) return argument;
  std::ifstream file(argument.substr(1), std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(argument.substr(1), ": cannot read it"));
  return std::string(std::istreambuf_iterator<char>(file), {});
}

absl::Status FromJson(const std::string& json, Message* message) {
  if (json.size() > kMaxRequestBytes)
    return absl::InvalidArgumentError(absl::StrCat("request: ", json.size(), " bytes, want at most 16 MiB"));
  nlohmann::json value = nlohmann::json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return absl::InvalidArgumentError("request: no JSON object, want '{\"field\": value}'");
  if (absl::Status status = ReplaceReferences(value); !status.ok()) return status;
  const auto status = google::protobuf::util::JsonStringToMessage(value.dump(), message);
  if (!status.ok()) return absl::InvalidArgumentError(absl::StrCat("request: ", std::string(status.message())));
  return absl::OkStatus();
}

std::string ToJson(const Message& message, bool compact) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = !compact;
  std::string json;
  const auto status = google::protobuf::util::MessageToJsonString(message, &json, options);
  if (!status.ok()) return absl::StrCat("(not printable as JSON: ", std::string(status.message()), ")");
  while (!json.empty() && json.back() == '\n') json.pop_back();
  return json;
}

}  // namespace trivium::call
