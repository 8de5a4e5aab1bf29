#include "services/control/kinds/client_profiles.h"

#include <algorithm>
#include <set>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"
#include "services/control/kinds/range.h"
#include "trivium/common/v1/product.pb.h"

namespace trivium::control {
namespace {

constexpr int kMaxOrigins = 50;
constexpr size_t kMaxOriginBytes = 200;
constexpr int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr int kMillion = 1'000'000;

bool IsLower(char c) { return absl::ascii_islower(static_cast<unsigned char>(c)); }
bool IsDigit(char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); }

bool IsScheme(std::string_view text) {
  return !text.empty() && IsLower(text[0]) &&
         std::ranges::all_of(text, [](char c) { return IsLower(c) || IsDigit(c) || c == '+' || c == '-' || c == '.'; });
}

bool IsHost(std::string_view text) {
  if (text.size() > 2 && text.front() == '[' && text.back() == ']') {
    return std::ranges::all_of(text.substr(1, text.size() - 2),
                               [](char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || c == ':' || c == '.'; });
  }
  return !text.empty() &&
         std::ranges::all_of(text, [](char c) { return IsLower(c) || IsDigit(c) || c == '-' || c == '.'; });
}

// A browser leaves the scheme's own port out: with it, an origin would never match.
bool IsPort(std::string_view scheme, std::string_view text) {
  int port = 0;
  if (text.empty() || text[0] == '0' || !std::ranges::all_of(text, IsDigit) || !absl::SimpleAtoi(ToAbsl(text), &port))
    return false;
  return port <= 65535 && !(scheme == "https" && port == 443) && !(scheme == "http" && port == 80);
}

// As a browser serializes it (RFC 6454 section 6.2), or "*".
bool IsOrigin(std::string_view text) {
  if (text == "*") return true;
  const size_t slashes = text.find("://");
  if (slashes == text.npos || text.size() > kMaxOriginBytes || !IsScheme(text.substr(0, slashes))) return false;
  const std::string_view scheme = text.substr(0, slashes), place = text.substr(slashes + 3);
  const size_t colon = place.find(':', place.starts_with('[') ? place.find(']') : 0);
  if (colon == place.npos) return IsHost(place);
  return IsHost(place.substr(0, colon)) && IsPort(scheme, place.substr(colon + 1));
}

void CheckOrigins(const common::v1::GatewayProfile& gateway, Violations* out) {
  const std::string field = "value.gateway.allowed_origins";
  const int count = gateway.allowed_origins_size();
  if (count > kMaxOrigins)
    out->emplace_back(field, std::to_string(count) + " origins, want at most " + std::to_string(kMaxOrigins));
  std::set<std::string> seen;
  for (int i = 0; i < count; ++i) {
    const std::string path = field + "[" + std::to_string(i) + "]";
    const std::string& origin = gateway.allowed_origins(i);
    if (!IsOrigin(origin)) {
      out->emplace_back(path, "\"" + ToValidUtf8(Utf8Prefix(origin, 64)) +
                                  "\", want * or scheme://host[:port] as browsers send it: lower case, no path");
    }
    if (!seen.insert(origin).second) out->emplace_back(path, "twice, want each origin once");
  }
}

}  // namespace

// 0 stands for a default.
void CheckPushProfile(const common::v1::PushProfile& push, Violations* out) {
  if (push.has_message_ttl()) CheckSeconds("value.push.message_ttl", push.message_ttl(), 1, 30 * kDay, out);
  if (push.has_ack_timeout()) CheckSeconds("value.push.ack_timeout", push.ack_timeout(), 1, kHour, out);
  if (push.has_history_ttl()) CheckSeconds("value.push.history_ttl", push.history_ttl(), 1, 7 * kDay, out);
  CheckRange("value.push.history_size", push.history_size(), 0, 10'000, out);
  CheckRange("value.push.max_messages_per_second", push.max_messages_per_second(), 0, kMillion, out);
  CheckRange("value.push.max_high_priority_per_second", push.max_high_priority_per_second(), 0, kMillion, out);
  CheckRange("value.push.max_calls_per_second", push.max_calls_per_second(), 0, kMillion, out);
  CheckRange("value.push.max_pending_per_user", push.max_pending_per_user(), 0, 100'000, out);
}

void CheckGatewayProfile(const common::v1::GatewayProfile& gateway, Violations* out) {
  CheckOrigins(gateway, out);
  CheckRange("value.gateway.max_connections", gateway.max_connections(), 0, kMillion, out);
  CheckRange("value.gateway.max_connections_per_user", gateway.max_connections_per_user(), 0, 100, out);
  CheckRange("value.gateway.max_calls_per_second", gateway.max_calls_per_second(), 0, kMillion, out);
}

}  // namespace trivium::control
