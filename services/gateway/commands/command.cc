#include "services/gateway/commands/command.h"

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/text/utf8.h"
#include "trivium/gateway/v1/command.pb.h"

namespace trivium::gateway {
namespace {

constexpr absl::Duration kMinTimeout = absl::Milliseconds(10), kMaxTimeout = absl::Seconds(60),
                         kMaxRetryAfter = absl::Hours(24);
constexpr uint32_t kMaxNumber = 1'000'000, kMaxRequestBytes = 4 << 20;
constexpr double kMinRate = 0.001, kMaxRate = 1'000'000, kMaxBurst = 1'000'000;

absl::Status Wrong(std::string_view field, const std::string& value, std::string_view want) {
  return absl::InvalidArgumentError(
      absl::StrCat(std::string(field), ": ", ToValidUtf8(Utf8Prefix(value, 100)), ", want ", std::string(want)));
}

absl::StatusOr<absl::Duration> ToDuration(std::string_view field, const google::protobuf::Duration& proto,
                                          absl::Duration low, absl::Duration high) {
  const absl::Duration duration = absl::Seconds(proto.seconds()) + absl::Nanoseconds(proto.nanos());
  if (duration >= low && duration <= high) return duration;
  return Wrong(field, absl::FormatDuration(duration),
               absl::StrCat(absl::FormatDuration(low), " to ", absl::FormatDuration(high)));
}

absl::Status SetName(std::string_view item, const v1::Command& proto, Command* out) {
  const size_t at = item.find('@');
  out->item = std::string(item);
  out->name = std::string(item.substr(0, at));
  out->product = proto.product();
  if (out->name.empty() || out->product.empty()) return Wrong("name", out->item, "a command's name and owner");
  if (at != std::string_view::npos && item.substr(at + 1) != out->product) {
    return Wrong("product", out->product, "the one in the item's name");
  }
  if (proto.number() > kMaxNumber) return Wrong("number", absl::StrCat(proto.number()), "at most 1000000");
  out->number = proto.number();
  return absl::OkStatus();
}

absl::Status SetMethod(const v1::Command& proto, std::shared_ptr<const ApiSchema> schema, Command* out) {
  out->method = absl::StrCat(proto.service(), "/", proto.method());
  if (proto.service().empty() || proto.method().empty() || out->method.find('/') != proto.service().size() ||
      out->method.size() > 301) {
    return Wrong("method", out->method, "a gRPC service and method");
  }
  if (schema == nullptr) return absl::OkStatus();
  const auto* method = schema->FindMethod(proto.service(), proto.method());
  if (method == nullptr) return Wrong("method", out->method, "one of the published descriptors");
  if (method->client_streaming() || method->server_streaming()) return Wrong("method", out->method, "a unary one");
  out->request = method->input_type();
  out->response = method->output_type();
  out->schema = std::move(schema);
  return absl::OkStatus();
}

absl::Status SetRouting(const v1::RoutingKey& proto, Command* out) {
  constexpr KeySource kSources[] = {KeySource::kNone,   KeySource::kNone, KeySource::kUid,
                                    KeySource::kRoomId, KeySource::kCid,  KeySource::kField};
  if (!v1::RoutingKey::Source_IsValid(proto.source())) {
    return Wrong("routing_key.source", absl::StrCat(proto.source()), "a known source");
  }
  out->key_source = kSources[proto.source()];
  if (out->key_source != KeySource::kField) return absl::OkStatus();
  if (out->request == nullptr) return Wrong("routing_key.source", "FIELD", "published descriptors for it");
  TRIVIUM_ASSIGN_OR_RETURN(out->key_field, RouteField::Resolve(*out->request, proto.field_path()));
  return absl::OkStatus();
}

absl::Status SetLimit(std::string_view field, const v1::RateLimit& proto, RateLimit* out) {
  if (!(proto.rate() >= kMinRate && proto.rate() <= kMaxRate) || proto.burst() > kMaxBurst) {
    return Wrong(field, absl::StrCat(proto.rate(), " a second, burst ", proto.burst()), "0.001 to 1000000 of each");
  }
  *out = {proto.rate(), proto.burst() != 0 ? proto.burst() : std::max(1.0, proto.rate())};
  return absl::OkStatus();
}

absl::Status SetLimits(const v1::CommandLimits& proto, Command* out) {
  const struct {
    bool set;
    const v1::RateLimit& limit;
    LimitScope scope;
    std::string_view field;
  } kRows[] = {
      {proto.has_per_connection(), proto.per_connection(), LimitScope::kConnection, "limits.per_connection"},
      {proto.has_per_user(), proto.per_user(), LimitScope::kUser, "limits.per_user"},
      {proto.has_per_command(), proto.per_command(), LimitScope::kCommand, "limits.per_command"},
      {proto.has_per_product(), proto.per_product(), LimitScope::kProduct, "limits.per_product"},
  };
  for (const auto& row : kRows) {
    if (!row.set) continue;
    TRIVIUM_RETURN_IF_ERROR(SetLimit(row.field, row.limit, &out->limits[static_cast<size_t>(row.scope)]));
  }
  return absl::OkStatus();
}

absl::Status SetScope(v1::AuthScope proto, Command* out) {
  constexpr AuthScope kScopes[] = {AuthScope::kUser, AuthScope::kBackend, AuthScope::kNone};
  if (proto < v1::AUTH_SCOPE_USER || proto > v1::AUTH_SCOPE_NONE) {
    return Wrong("auth_scope", absl::StrCat(proto), "USER, BACKEND or NONE");
  }
  out->auth_scope = kScopes[proto - v1::AUTH_SCOPE_USER];
  return absl::OkStatus();
}

absl::Status SetRest(const v1::Command& proto, Command* out) {
  if (proto.has_timeout()) {
    TRIVIUM_ASSIGN_OR_RETURN(out->timeout, ToDuration("timeout", proto.timeout(), kMinTimeout, kMaxTimeout));
  }
  if (proto.max_request_bytes() > kMaxRequestBytes) {
    return Wrong("max_request_bytes", absl::StrCat(proto.max_request_bytes()), "at most 4194304");
  }
  if (proto.max_request_bytes() != 0) out->max_request_bytes = proto.max_request_bytes();
  TRIVIUM_ASSIGN_OR_RETURN(out->retry_after, ToDuration("disabled.retry_after", proto.disabled().retry_after(),
                                                        absl::ZeroDuration(), kMaxRetryAfter));
  out->idempotent = proto.idempotent();
  out->disabled = proto.has_disabled();
  out->disabled_message = proto.disabled().message();
  out->deprecated = proto.deprecated();
  out->replaced_by = proto.replaced_by();
  out->title_zh = proto.title_zh();
  out->title_en = proto.title_en();
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Command> ToCommand(std::string_view item, const v1::Command& proto,
                                  std::shared_ptr<const ApiSchema> schema) {
  Command command;
  TRIVIUM_RETURN_IF_ERROR(SetName(item, proto, &command));
  TRIVIUM_RETURN_IF_ERROR(SetMethod(proto, std::move(schema), &command));
  TRIVIUM_RETURN_IF_ERROR(SetRouting(proto.routing_key(), &command));
  TRIVIUM_RETURN_IF_ERROR(SetLimits(proto.limits(), &command));
  TRIVIUM_RETURN_IF_ERROR(SetScope(proto.auth_scope(), &command));
  TRIVIUM_RETURN_IF_ERROR(SetRest(proto, &command));
  return command;
}

absl::Status CheckEnabled(const Command& command) {
  if (!command.disabled) return absl::OkStatus();
  Error error(absl::StatusCode::kUnavailable, "COMMAND_DISABLED",
              absl::StrCat("command ", command.name, ": ", command.disabled_message));
  error.With("command", command.name).With("message", command.disabled_message);
  if (command.retry_after > absl::ZeroDuration()) error.RetryAfter(command.retry_after);
  return error;
}

absl::StatusOr<std::string> RouteKeyOf(const Command& command, const CallKeys& keys, std::string_view request) {
  if (command.key_field) return command.key_field->KeyOf(request);
  const std::string_view kKeys[] = {"", keys.uid, keys.room_id, keys.cid};
  return EncodeRouteKey(kKeys[static_cast<size_t>(command.key_source)]);
}

}  // namespace trivium::gateway
