#include "libs/http/connect_codec.h"

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/http/gzip.h"
#include "libs/text/view.h"

namespace trivium::http {
namespace {

constexpr std::string_view kJsonType = "application/json", kProtoType = "application/proto";
constexpr size_t kTimeoutDigits = 10;

// "Text ; a=b" -> "text".
std::string FirstPart(std::string_view text) {
  return absl::AsciiStrToLower(absl::StripAsciiWhitespace(ToAbsl(text.substr(0, text.find(';')))));
}

// What follows the first ";", in lower case without blanks.
std::string Parameters(std::string_view text) {
  const size_t semicolon = text.find(';');
  if (semicolon == text.npos) return "";
  std::string rest = absl::AsciiStrToLower(ToAbsl(text.substr(semicolon + 1)));
  rest.erase(std::remove_if(rest.begin(), rest.end(), [](unsigned char c) { return absl::ascii_isspace(c); }),
             rest.end());
  return rest;
}

}  // namespace

std::optional<ConnectCodec> ParseConnectContentType(std::string_view content_type) {
  const std::string type = FirstPart(content_type), parameters = Parameters(content_type);
  if (type == kProtoType && parameters.empty()) return ConnectCodec::kProto;
  if (type != kJsonType) return std::nullopt;
  if (parameters.empty() || parameters == "charset=utf-8" || parameters == "charset=\"utf-8\"")
    return ConnectCodec::kJson;
  return std::nullopt;
}

std::string_view ConnectContentType(ConnectCodec codec) {
  return codec == ConnectCodec::kJson ? kJsonType : kProtoType;
}

absl::StatusOr<absl::Duration> ParseConnectTimeout(std::string_view text) {
  if (text.empty()) return absl::InfiniteDuration();
  uint64_t ms = 0;
  const bool digits = std::all_of(text.begin(), text.end(), [](unsigned char c) { return absl::ascii_isdigit(c); });
  if (!digits || text.size() > kTimeoutDigits || !absl::SimpleAtoi(ToAbsl(text), &ms)) {
    return absl::InvalidArgumentError(absl::StrCat("connect-timeout-ms: want 1 to ", kTimeoutDigits, " digits"));
  }
  return absl::Milliseconds(ms);
}

absl::Status CheckConnectVersion(std::string_view version) {
  if (version.empty() || version == "1") return absl::OkStatus();
  return absl::InvalidArgumentError("connect-protocol-version: want 1");
}

bool AcceptsGzip(std::string_view accept_encoding) {
  for (const absl::string_view piece : absl::StrSplit(ToAbsl(accept_encoding), ',')) {
    if (FirstPart(ToStd(piece)) != "gzip") continue;
    const std::string weight = Parameters(ToStd(piece));
    double q = 1;
    if (absl::StartsWith(weight, "q=") && !absl::SimpleAtod(weight.substr(2), &q)) return false;
    return q > 0;
  }
  return false;
}

absl::StatusOr<bool> ParseConnectEncoding(std::string_view content_encoding) {
  const std::string encoding = FirstPart(content_encoding);
  if (encoding == "gzip") return true;
  if (encoding == "" || encoding == "identity") return false;
  return absl::UnimplementedError(absl::StrCat("content-encoding: \"", encoding, "\", want one of gzip, identity"));
}

absl::StatusOr<std::string> DecodeConnectBody(std::string_view content_encoding, std::string body) {
  const absl::StatusOr<bool> gzip = ParseConnectEncoding(content_encoding);
  if (!gzip.ok()) return gzip.status();
  if (*gzip && !body.empty()) return GzipDecompress(body, kMaxConnectMessage);
  return body;
}

absl::Status ParseConnectMessage(ConnectCodec codec, std::string_view bytes, google::protobuf::Message* message) {
  if (codec == ConnectCodec::kProto) {
    if (message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return absl::OkStatus();
    return absl::InvalidArgumentError(
        absl::StrCat("body: want a ", message->GetDescriptor()->full_name(), " in Protobuf's wire format"));
  }
  google::protobuf::util::JsonParseOptions options;
  options.ignore_unknown_fields = true;
  const auto status = google::protobuf::util::JsonStringToMessage({bytes.data(), bytes.size()}, message, options);
  if (status.ok()) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("body: want a ", message->GetDescriptor()->full_name(), " in JSON: ", status.message().ToString()));
}

absl::StatusOr<std::string> FormatConnectMessage(ConnectCodec codec, const google::protobuf::Message& message) {
  std::string bytes;
  if (codec == ConnectCodec::kProto) {
    if (message.SerializeToString(&bytes)) return bytes;
    return absl::InternalError("cannot write the answer");
  }
  const auto status = google::protobuf::util::MessageToJsonString(message, &bytes);
  if (!status.ok())
    return absl::InternalError(absl::StrCat("cannot write the answer as JSON: ", status.message().ToString()));
  return bytes;
}

}  // namespace trivium::http
