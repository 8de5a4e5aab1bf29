#include "services/live/tokens/media_access.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "services/live/domain/roles.h"
#include "services/live/tokens/crypto.h"
#include "services/live/tokens/user_sig.h"

namespace trivium::live {
namespace {

std::vector<MediaUrl> UrlsOf(const MediaSystem& system, const std::string& key, const std::string& room, Rung from,
                             absl::Time expires) {
  std::vector<MediaUrl> urls;
  const std::string path = absl::StrCat("/", system.stream_app, "/", room);
  const std::string query = absl::StrCat("?", SignedQuery(key, room, expires));
  if (from <= Rung::kRtc && !system.rtc_url.empty()) urls.push_back({Rung::kRtc, "wss", system.rtc_url});
  if (from <= Rung::kFast && !system.fast_domain.empty())
    urls.push_back({Rung::kFast, "webrtc", absl::StrCat("webrtc://", system.fast_domain, path, query)});
  if (!system.standard_domain.empty()) {
    const std::string base = absl::StrCat("https://", system.standard_domain, path);
    urls.push_back({Rung::kStandard, "flv", absl::StrCat(base, ".flv", query)});
    urls.push_back({Rung::kStandard, "hls", absl::StrCat(base, ".m3u8", query)});
  }
  return urls;
}

}  // namespace

MediaKeys DeriveMediaKeys(const std::string& secret, const std::string& product) {
  return {.user_sig_key = HexOf(HmacSha256(secret, absl::StrCat("trivium/live/user_sig/", product))),
          .url_key = HexOf(HmacSha256(secret, absl::StrCat("trivium/live/url/", product)))};
}

const MediaKeys& ProductMediaKeys::Of(const std::string& product) {
  MutexLock lock(mu_);
  const auto found = keys_.find(product);
  return found != keys_.end() ? found->second : keys_.emplace(product, DeriveMediaKeys(secret_, product)).first->second;
}

std::string SignedQuery(const std::string& key, const std::string& stream, absl::Time expires) {
  const std::string time = absl::StrFormat("%X", absl::ToUnixSeconds(expires));
  return absl::StrCat("txSecret=", Md5Hex(absl::StrCat(key, stream, time)), "&txTime=", time);
}

MediaAccess MediaAccessOf(const MediaSystem& system, const MediaKeys& keys, const std::string& room,
                          const std::string& user_id, const Place& place, absl::Time now) {
  now = absl::FromUnixSeconds(absl::ToUnixSeconds(now));
  uint32_t privileges = kViewerPrivileges;
  if (MaySend(place.role, place.seat)) {
    privileges = kAllPrivileges;
    if (place.mute.audio) privileges &= ~kSendAudio;
    if (place.mute.video) privileges &= ~kSendVideo;
  }
  MediaAccess access{.app_id = system.app_id, .user = MediaUserId(user_id), .room = room};
  access.expires = now + system.token_ttl;
  const UserSigRequest request{system.app_id, keys.user_sig_key, access.user, now, system.token_ttl};
  access.user_sig = UserSig(request);
  access.private_map_key = PrivateMapKey(request, room, privileges);
  access.urls = UrlsOf(system, keys.url_key, room, place.rung, access.expires);
  return access;
}

}  // namespace trivium::live
