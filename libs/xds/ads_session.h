// What the server knows of one ADS stream: per type the names subscribed, the nonce, the accepted version, and what has
// been sent. It decides what to send next, always from the newest snapshot, so a slow client costs no queue.
//
// Rules: a stale nonce is ignored; a NACK is reported and nothing is sent again until content changes; a response goes
// out only on a change or new names; LDS and CDS responses carry the full subscribed set that exists, EDS and RDS what
// is new; a name that does not exist yet is remembered and sent when it appears.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/xds/resources.h"

namespace envoy::service::discovery::v3 {
class DiscoveryRequest;
class DiscoveryResponse;
}  // namespace envoy::service::discovery::v3

namespace trivium::xds {

// Not thread-safe.
class AdsSession {
 public:
  enum class Taken { kSubscribed, kAck, kNack, kStaleNonce, kUnknownType };
  // Takes a request in. RESOURCE_EXHAUSTED: too many or too long names; the stream should end.
  absl::StatusOr<Taken> OnRequest(const envoy::service::discovery::v3::DiscoveryRequest& request);
  // Fills the next response of the first type in order that needs one, and counts it as sent. false: nothing to send.
  bool Next(const ResourceStore::Snapshot& snapshot, envoy::service::discovery::v3::DiscoveryResponse* response);
  // Names subscribed now.
  const std::set<std::string>& Names(std::string_view type) const;
  // Version that the client accepted last; empty: none.
  std::string_view AckedVersion(std::string_view type) const;

 private:
  struct TypeState {
    std::set<std::string> names;
    std::map<std::string, uint64_t> sent;  // Name -> hash of the content sent last; names that are subscribed only.
    std::string nonce;                     // Of the last response; empty before the first.
    std::string acked_version;
  };
  bool Fill(std::string_view type, const ResourceStore::Snapshot& snapshot, TypeState* state,
            envoy::service::discovery::v3::DiscoveryResponse* response);

  std::map<std::string, TypeState, std::less<>> types_;
  uint64_t next_nonce_ = 1;
};

}  // namespace trivium::xds
