#include "services/control/kinds/command.h"

#include <algorithm>
#include <cmath>

#include "libs/text/utf8.h"
#include "services/control/names.h"
#include "trivium/gateway/v1/command.pb.h"

namespace trivium::control {
namespace {

using gateway::v1::Command;
using gateway::v1::RateLimit;
using gateway::v1::RoutingKey;

constexpr size_t kMaxItemName = 64, kMaxTitle = 40, kMaxMessage = 200, kMaxService = 200, kMaxMethod = 100,
                 kMaxFieldPath = 200;
constexpr int64_t kMaxNumber = 1'000'000, kMaxRequestBytes = 4 << 20, kMaxBurst = 1'000'000;
constexpr double kMinRate = 0.001, kMaxRate = 1'000'000;
constexpr int64_t kMaxRetryAfterSeconds = 24 * 3600;

std::string Shown(std::string_view text) { return "\"" + ToValidUtf8(Utf8Prefix(text, 64)) + "\""; }

bool IsCommandName(std::string_view name) {
  for (;;) {
    const size_t dot = name.find('.');
    if (!IsItemName(name.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    name.remove_prefix(dot + 1);
  }
}

bool IsIdentifier(std::string_view text) {
  const auto letter = [](unsigned char c) { return (c | 32) >= 'a' && (c | 32) <= 'z'; };
  return !text.empty() && (letter(text[0]) || text[0] == '_') &&
         std::all_of(text.begin(), text.end(),
                     [&](unsigned char c) { return letter(c) || (c >= '0' && c <= '9') || c == '_'; });
}

// Identifiers joined by ".", at least so many.
bool IsDotted(std::string_view text, size_t max_length, int at_least) {
  if (text.size() > max_length) return false;
  for (; at_least > 0 || !text.empty(); --at_least) {
    const size_t dot = std::min(text.find('.'), text.size());
    if (!IsIdentifier(text.substr(0, dot)) || dot + 1 == text.size()) return false;
    text.remove_prefix(std::min(dot + 1, text.size()));
  }
  return true;
}

void CheckLength(const std::string& field, const std::string& text, size_t most, Violations* out) {
  const size_t length = Utf8Length(text);
  if (length < 1 || length > most) {
    out->emplace_back(field, std::to_string(length) + " characters, want 1 to " + std::to_string(most));
  }
}

void CheckMost(const std::string& field, int64_t value, int64_t most, Violations* out) {
  if (value > most) out->emplace_back(field, std::to_string(value) + ", want at most " + std::to_string(most));
}

void CheckTarget(const Command& command, Violations* out) {
  if (!IsDotted(command.service(), kMaxService, 2)) {
    out->emplace_back("value.service", Shown(command.service()) + ", want a gRPC service, like acme.v1.CourseService");
  }
  if (command.method().size() > kMaxMethod || !IsIdentifier(command.method())) {
    out->emplace_back("value.method", Shown(command.method()) + ", want a method's name, like RollCall");
  }
  if (command.product() != "*" && !IsLabel(command.product())) {
    out->emplace_back("value.product", Shown(command.product()) + ", want a product, or *");
  }
}

void CheckRoutingKey(const RoutingKey& key, Violations* out) {
  if (!RoutingKey::Source_IsValid(key.source())) {
    out->emplace_back("value.routing_key.source", std::to_string(key.source()) + ", want a known source");
  }
  const bool by_field = key.source() == RoutingKey::FIELD;
  if (by_field && !IsDotted(key.field_path(), kMaxFieldPath, 1)) {
    out->emplace_back("value.routing_key.field_path",
                      Shown(key.field_path()) + ", want names of fields joined by \".\"");
  }
  if (!by_field && !key.field_path().empty()) {
    out->emplace_back("value.routing_key.field_path", Shown(key.field_path()) + ", want none without source FIELD");
  }
}

void CheckTimeout(const Command& command, Violations* out) {
  if (!command.has_timeout()) return;
  const auto& timeout = command.timeout();
  const bool whole =
      timeout.nanos() >= 0 && timeout.nanos() < 1'000'000'000 && timeout.seconds() >= 0 && timeout.seconds() <= 60;
  const int64_t ms = whole ? timeout.seconds() * 1000 + timeout.nanos() / 1'000'000 : -1;
  const bool above = ms == 60'000 && timeout.nanos() > 0;
  if (ms < 10 || ms > 60'000 || above) {
    out->emplace_back("value.timeout", std::to_string(timeout.seconds()) + " s, want 10 ms to 60 s");
  }
}

void CheckLimit(const std::string& field, const RateLimit& limit, Violations* out) {
  if (!(limit.rate() >= kMinRate && limit.rate() <= kMaxRate)) {
    out->emplace_back(field + ".rate", std::to_string(limit.rate()) + ", want 0.001 to 1000000 calls per second");
  }
  CheckMost(field + ".burst", limit.burst(), kMaxBurst, out);
}

void CheckLimits(const gateway::v1::CommandLimits& limits, Violations* out) {
  const std::string prefix = "value.limits.";
  if (limits.has_per_connection()) CheckLimit(prefix + "per_connection", limits.per_connection(), out);
  if (limits.has_per_user()) CheckLimit(prefix + "per_user", limits.per_user(), out);
  if (limits.has_per_command()) CheckLimit(prefix + "per_command", limits.per_command(), out);
  if (limits.has_per_product()) CheckLimit(prefix + "per_product", limits.per_product(), out);
}

void CheckDisabled(const gateway::v1::Disabled& disabled, Violations* out) {
  CheckLength("value.disabled.message", disabled.message(), kMaxMessage, out);
  const auto& after = disabled.retry_after();
  const bool in_range =
      after.nanos() >= 0 && after.nanos() < 1'000'000'000 && after.seconds() >= 0 &&
      (after.seconds() < kMaxRetryAfterSeconds || (after.seconds() == kMaxRetryAfterSeconds && after.nanos() == 0));
  if (!in_range) {
    out->emplace_back("value.disabled.retry_after", std::to_string(after.seconds()) + " s, want 0 s to 86400 s");
  }
}

void CheckReplacement(const Command& command, Violations* out) {
  if (command.replaced_by().empty()) return;
  if (!IsCommandName(command.replaced_by()) || command.replaced_by().size() > kMaxItemName) {
    out->emplace_back("value.replaced_by", Shown(command.replaced_by()) + ", want a command's name");
  }
  if (!command.deprecated()) out->emplace_back("value.deprecated", "false, want true with replaced_by");
}

}  // namespace

bool IsCommandItemName(std::string_view name) {
  const size_t at = name.find('@');
  if (name.size() > kMaxItemName || !IsCommandName(name.substr(0, at))) return false;
  return at == std::string_view::npos || IsLabel(name.substr(at + 1));
}

Violations CheckCommand(const google::protobuf::Any& value) {
  Command command;
  if (!UnpackStrictly(value, &command)) {
    return {{"value", "unreadable or with unknown fields, want a trivium.gateway.v1.Command"}};
  }
  Violations wrong;
  CheckMost("value.number", command.number(), kMaxNumber, &wrong);
  CheckTarget(command, &wrong);
  CheckRoutingKey(command.routing_key(), &wrong);
  CheckTimeout(command, &wrong);
  if (command.auth_scope() < gateway::v1::AUTH_SCOPE_USER || command.auth_scope() > gateway::v1::AUTH_SCOPE_NONE) {
    wrong.emplace_back("value.auth_scope", std::to_string(command.auth_scope()) + ", want USER, BACKEND or NONE");
  }
  CheckLimits(command.limits(), &wrong);
  if (command.has_disabled()) CheckDisabled(command.disabled(), &wrong);
  CheckMost("value.max_request_bytes", command.max_request_bytes(), kMaxRequestBytes, &wrong);
  CheckReplacement(command, &wrong);
  CheckLength("value.title_zh", command.title_zh(), kMaxTitle, &wrong);
  CheckLength("value.title_en", command.title_en(), kMaxTitle, &wrong);
  return wrong;
}

}  // namespace trivium::control
