#include "services/control/kinds/live.h"

#include <google/protobuf/any.pb.h>

#include <algorithm>
#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"
#include "services/control/kinds/range.h"
#include "services/control/names.h"
#include "trivium/common/v1/product.pb.h"
#include "trivium/live/v1/live_capacity.pb.h"

namespace trivium::control {
namespace {

using common::v1::RungCapacity;

constexpr int kMaxPlaces = 10'000'000, kMaxQueue = 100'000, kMaxSeats = 50, kMaxNodes = 200, kMillion = 1'000'000;
constexpr int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour;
constexpr int64_t kMaxAppId = 0xffffffff;
constexpr size_t kMaxAddress = 200, kMaxApp = 32;

std::string Quoted(const std::string& text) { return "\"" + ToValidUtf8(Utf8Prefix(text, 64)) + "\""; }

void CheckPlaces(const std::string& field, const RungCapacity& capacity, Violations* out) {
  CheckRange(field + ".rtc", capacity.rtc(), 0, kMaxPlaces, out);
  CheckRange(field + ".fast", capacity.fast(), 0, kMaxPlaces, out);
  CheckRange(field + ".standard", capacity.standard(), 0, kMaxPlaces, out);
}

// Host, and perhaps port and path: what may stand in an URL without being escaped.
bool IsAddress(std::string_view text, bool with_path) {
  return text.size() <= kMaxAddress && std::ranges::all_of(text, [&](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '.' || c == '-' || c == ':' || (with_path && (c == '/' || c == '_'));
         });
}

bool IsRtcUrl(std::string_view url) {
  for (const std::string_view scheme : {"wss://", "ws://"}) {
    if (url.starts_with(scheme)) return url.size() > scheme.size() && IsAddress(url.substr(scheme.size()), true);
  }
  return url.empty();
}

void CheckMedia(const common::v1::LiveProfile& live, Violations* out) {
  CheckRange("value.live.media_app_id", live.media_app_id(), 0, kMaxAppId, out);
  if (live.has_media_token_ttl())
    CheckSeconds("value.live.media_token_ttl", live.media_token_ttl(), kMinute, 7 * kDay, out);
  if (!IsRtcUrl(live.rtc_url())) {
    out->emplace_back("value.live.rtc_url",
                      Quoted(live.rtc_url()) + ", want ws:// or wss:// and a host, at most 200 characters");
  }
  for (const auto& [field, domain] : {std::pair<std::string, const std::string&>("fast_domain", live.fast_domain()),
                                      {"standard_domain", live.standard_domain()}}) {
    if (!IsAddress(domain, false))
      out->emplace_back("value.live." + field, Quoted(domain) + ", want a host or host:port, at most 200 characters");
  }
  const std::string& app = live.stream_app();
  if (app.size() > kMaxApp || !std::ranges::all_of(app, [](unsigned char c) {
        return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_' || c == '-';
      })) {
    out->emplace_back("value.live.stream_app", Quoted(app) + ", want 1 to 32 characters of a-z 0-9 _ -");
  }
}

}  // namespace

// 0 and an empty text stand for a default.
void CheckLiveProfile(const common::v1::LiveProfile& live, Violations* out) {
  CheckPlaces("value.live.product_capacity", live.product_capacity(), out);
  CheckPlaces("value.live.institution_capacity", live.institution_capacity(), out);
  CheckPlaces("value.live.room_capacity", live.room_capacity(), out);
  CheckRange("value.live.queue_size", live.queue_size(), 0, kMaxQueue, out);
  CheckRange("value.live.seats", live.seats(), 0, kMaxSeats, out);
  CheckRange("value.live.stage_size", live.stage_size(), 0, kMaxSeats, out);
  CheckRange("value.live.staff_slots", live.staff_slots(), 0, kMaxSeats, out);
  if (live.has_lease()) CheckSeconds("value.live.lease", live.lease(), 5, 5 * kMinute, out);
  if (live.has_close_delay()) CheckSeconds("value.live.close_delay", live.close_delay(), 0, kHour, out);
  CheckMedia(live, out);
  CheckRange("value.live.max_calls_per_second", live.max_calls_per_second(), 0, kMillion, out);
}

Violations CheckLiveCapacity(const google::protobuf::Any& value) {
  live::v1::LiveCapacity capacity;
  if (!UnpackStrictly(value, &capacity))
    return {{"value", "unreadable or with unknown fields, want a trivium.live.v1.LiveCapacity"}};
  Violations wrong;
  if (!capacity.has_platform()) wrong.emplace_back("value.platform", "missing, want places by rung");
  CheckPlaces("value.platform", capacity.platform(), &wrong);
  if (capacity.nodes_size() < 1 || capacity.nodes_size() > kMaxNodes) {
    wrong.emplace_back("value.nodes",
                       std::to_string(capacity.nodes_size()) + " nodes, want 1 to " + std::to_string(kMaxNodes));
    return wrong;
  }
  std::set<std::string> seen;
  for (int i = 0; i < capacity.nodes_size(); ++i) {
    const std::string field = "value.nodes[" + std::to_string(i) + "]";
    const live::v1::MediaNode& node = capacity.nodes(i);
    if (!IsLabel(node.name())) {
      wrong.emplace_back(field + ".name", Quoted(node.name()) + ", want 1-32 characters of a-z 0-9 -, a letter first");
    } else if (!seen.insert(node.name()).second) {
      wrong.emplace_back(field + ".name", node.name() + " twice, want each name once");
    }
    if (!node.has_capacity()) wrong.emplace_back(field + ".capacity", "missing, want places by rung");
    CheckPlaces(field + ".capacity", node.capacity(), &wrong);
  }
  return wrong;
}

}  // namespace trivium::control
