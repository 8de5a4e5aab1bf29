#include "services/gateway/transcoding/json_transcoder.h"

#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/json_util.h>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"
#include "services/gateway/transcoding/wire_scanner.h"

namespace trivium::gateway {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::io::ArrayInputStream;
using google::protobuf::io::StringOutputStream;

constexpr size_t kMaxShown = 160;

absl::Status Invalid(const JsonProblem& problem, bool with_byte = true) {
  const std::string field = problem.path.empty() ? "body" : ToValidUtf8(Utf8Prefix(problem.path, kMaxShown));
  const std::string what = ToValidUtf8(Utf8Prefix(problem.message, kMaxShown));
  const std::string place = with_byte ? absl::StrCat(" (byte ", problem.offset, ")") : "";
  Error error(absl::StatusCode::kInvalidArgument, "BODY_INVALID", absl::StrCat(field, ": ", what, place));
  error.With("field", field).Field(field, what + place);
  if (with_byte) error.With("byte", problem.offset);
  return error;
}

absl::Status TooLarge(size_t bytes, size_t most) {
  return Error(absl::StatusCode::kResourceExhausted, "BODY_TOO_LARGE",
               absl::StrCat("body: ", bytes, " bytes, want at most ", most))
      .With("max_bytes", most);
}

// The library's messages as field path and what is wrong: "(order.items[2]) colour: Cannot find field.", where the name
// is the last part of the path, and "(order.price): invalid value "x" for type TYPE_INT64"; the place in brackets may
// be missing.
JsonProblem Read(std::string_view message) {
  JsonProblem problem;
  if (message.starts_with('(')) {
    size_t end = message.find("): ");
    if (end == std::string_view::npos) end = message.rfind(") ");
    if (end == std::string_view::npos) return {.message = std::string(message)};
    problem.path = std::string(message.substr(1, end - 1));
    message.remove_prefix(end + 1);
  }
  const size_t colon = message.starts_with(": ") ? 0 : message.rfind(": ");
  if (colon == std::string_view::npos) return {.message = std::string(message)};
  const std::string_view name = message.substr(0, colon);
  absl::StrAppend(&problem.path, problem.path.empty() || name.empty() ? "" : ".",
                  ToAbsl(name.substr(std::min(name.find_first_not_of(' '), name.size()))));
  problem.message = std::string(message.substr(colon + 2));
  if (problem.message == "Cannot find field.") problem.message = "unknown field, want one of the message's";
  return problem;
}

absl::Status Refused(std::string_view json, std::string_view message) {
  JsonProblem problem = Read(message);
  const auto place = FindJsonPath(json, problem.path);
  if (place) problem = {place->offset, place->path, std::move(problem.message)};
  return Invalid(problem, place.has_value());
}

absl::Status CheckAnswer(const Descriptor& type, std::string_view message) {
  const absl::Status status = CheckWireFormat(message);
  if (status.ok()) return status;
  return absl::InternalError(absl::StrCat("answer: no ", type.full_name(), ": ", status.message()));
}

}  // namespace

absl::StatusOr<std::string> JsonToProtobuf(const ApiSchema& schema, const Descriptor& type, std::string_view json,
                                           const TranscodingOptions& options) {
  if (json.size() > options.max_bytes) return TooLarge(json.size(), options.max_bytes);
  if (const auto problem = CheckJson(json, options.json)) return Invalid(*problem);
  google::protobuf::util::JsonParseOptions parse;
  parse.ignore_unknown_fields = options.ignore_unknown_fields;
  std::string message;
  ArrayInputStream input(json.data(), static_cast<int>(json.size()));
  StringOutputStream output(&message);
  const auto status =
      google::protobuf::util::JsonToBinaryStream(&schema.types(), TypeUrl(type), &input, &output, parse);
  if (!status.ok()) return Refused(json, {status.message().data(), status.message().size()});
  if (message.size() > options.max_bytes) return TooLarge(message.size(), options.max_bytes);
  return message;
}

absl::StatusOr<std::string> ProtobufToJson(const ApiSchema& schema, const Descriptor& type, std::string_view message) {
  // The library stops at what it cannot read and calls that the end.
  TRIVIUM_RETURN_IF_ERROR(CheckAnswer(type, message));
  std::string json;
  ArrayInputStream input(message.data(), static_cast<int>(message.size()));
  StringOutputStream output(&json);
  const auto status = google::protobuf::util::BinaryToJsonStream(&schema.types(), TypeUrl(type), &input, &output);
  if (!status.ok()) {
    return absl::InternalError(absl::StrCat("answer: no ", type.full_name(), ": ", status.message().ToString()));
  }
  // The library passes strings on as they are.
  if (!IsValidUtf8(json))
    return absl::InternalError(absl::StrCat("answer: a string of ", type.full_name(), " is no UTF-8"));
  return json;
}

}  // namespace trivium::gateway
