// The client's side of one ADS stream: which names to ask for, and what came. A resource that was once good stays, also
// when the server leaves it out or sends a bad one: the relay's callers go on with the last good state.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "libs/xds/resources.h"

namespace envoy::service::discovery::v3 {
class DiscoveryRequest;
class DiscoveryResponse;
}  // namespace envoy::service::discovery::v3

namespace trivium::xds {

using WantedNames = std::map<std::string, std::set<std::string>>;

// Not thread-safe. One per stream; the resources live longer (by_type).
class UpstreamSession {
 public:
  // by_type: the last good resources; not owned.
  UpstreamSession(std::string node_id, ResourcesByType* by_type);

  // Takes a response in, into by_type. true: something changed there. A bad response changes nothing and is answered by
  // a NACK.
  bool OnResponse(const envoy::service::discovery::v3::DiscoveryResponse& response);
  // Fills the next request: names that are wanted and not yet asked for, an ACK or a NACK. false: nothing to say.
  bool Next(const WantedNames& wanted, envoy::service::discovery::v3::DiscoveryRequest* request);
  // Responses refused so far.
  int nacks() const { return nacks_; }

 private:
  struct TypeState {
    std::set<std::string> asked;
    std::string nonce, version, error;
    bool answer_due = false;
  };
  const std::string node_id_;
  ResourcesByType* const by_type_;
  std::map<std::string, TypeState, std::less<>> types_;
  bool node_sent_ = false;
  int nacks_ = 0;
};

}  // namespace trivium::xds
