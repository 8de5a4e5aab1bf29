// What a participant shows to the media system: tokens and signed addresses, by its role, seat and rung.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/time/time.h"
#include "libs/sync/mutex.h"
#include "services/live/admission/place.h"

namespace trivium::live {

// How a product's media system is reached.
struct MediaSystem {
  uint32_t app_id = 1'400'000'000;
  absl::Duration token_ttl = absl::Hours(24);
  std::string rtc_url;                       // "": no address.
  std::string fast_domain, standard_domain;  // Likewise.
  std::string stream_app = "live";
};

// Secrets shared with it.
struct MediaKeys {
  std::string user_sig_key;  // Signs UserSig and PrivateMapKey.
  std::string url_key;       // Signs addresses.
};

// Keys of a product that has none of its own: of one secret, for media systems that derive them likewise.
MediaKeys DeriveMediaKeys(const std::string& secret, const std::string& product);

// The keys of each product: its own, or derived ones, which are remembered. Thread-safe.
class ProductMediaKeys {
 public:
  ProductMediaKeys(std::string secret, std::map<std::string, MediaKeys> own)
      : secret_(std::move(secret)), keys_(std::move(own)) {}
  const MediaKeys& Of(const std::string& product);

 private:
  const std::string secret_;
  Mutex mu_;
  std::map<std::string, MediaKeys> keys_ ABSL_GUARDED_BY(mu_);  // By product; none ever goes, as products do not.
};

// Query of a signed address: "txSecret=...&txTime=...".
std::string SignedQuery(const std::string& key, const std::string& stream, absl::Time expires);

struct MediaUrl {
  Rung rung;
  std::string protocol;
  std::string url;
};

struct MediaAccess {
  uint32_t app_id = 0;
  std::string user, room;
  std::string user_sig, private_map_key;
  absl::Time expires;
  std::vector<MediaUrl> urls;
};

// room: the room's name in the media system. place: not waiting. In whole seconds.
MediaAccess MediaAccessOf(const MediaSystem& system, const MediaKeys& keys, const std::string& room,
                          const std::string& user_id, const Place& place, absl::Time now);

}  // namespace trivium::live
