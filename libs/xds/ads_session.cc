#include "libs/xds/ads_session.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "external/envoy/discovery.pb.h"

namespace trivium::xds {
namespace {

using envoy::service::discovery::v3::DiscoveryRequest;
using envoy::service::discovery::v3::DiscoveryResponse;

absl::Status CheckNames(const DiscoveryRequest& request) {
  if (static_cast<size_t>(request.resource_names_size()) > kMaxNames) {
    return absl::ResourceExhaustedError(
        absl::StrCat("resource_names: ", request.resource_names_size(), " names, want at most ", kMaxNames));
  }
  for (const std::string& name : request.resource_names()) {
    if (name.size() > kMaxNameBytes) {
      return absl::ResourceExhaustedError(
          absl::StrCat("resource_names: a name of ", name.size(), " bytes, want at most ", kMaxNameBytes));
    }
  }
  return absl::OkStatus();
}

bool IsServed(std::string_view type) {
  return std::find(kTypesInOrder.begin(), kTypesInOrder.end(), type) != kTypesInOrder.end();
}

}  // namespace

absl::StatusOr<AdsSession::Taken> AdsSession::OnRequest(const DiscoveryRequest& request) {
  if (!IsServed(request.type_url())) return Taken::kUnknownType;
  TypeState& state = types_[request.type_url()];
  // An answer to an older response says nothing about now: the answer to the newest one is on its way and names all
  // that the client wants.
  if (request.response_nonce() != state.nonce) return Taken::kStaleNonce;
  if (absl::Status status = CheckNames(request); !status.ok()) return status;

  state.names = {request.resource_names().begin(), request.resource_names().end()};
  // A client that drops a name forgets the resource: should it come back, it has to be sent again.
  std::erase_if(state.sent, [&](const auto& sent) { return !state.names.contains(sent.first); });
  if (request.has_error_detail()) return Taken::kNack;
  if (state.nonce.empty()) return Taken::kSubscribed;
  state.acked_version = request.version_info();
  return Taken::kAck;
}

bool AdsSession::Next(const ResourceStore::Snapshot& snapshot, DiscoveryResponse* response) {
  for (std::string_view type : kTypesInOrder) {
    const auto state = types_.find(type);
    if (state != types_.end() && Fill(type, snapshot, &state->second, response)) return true;
  }
  return false;
}

bool AdsSession::Fill(std::string_view type, const ResourceStore::Snapshot& snapshot, TypeState* state,
                      DiscoveryResponse* response) {
  std::map<std::string, uint64_t> now;
  std::map<std::string, const std::string*> content;
  bool changed = false;
  for (const std::string& name : state->names) {
    const std::string* bytes = snapshot.Find(type, name);
    if (bytes == nullptr) continue;
    const uint64_t hash = std::hash<std::string>()(*bytes);
    now[name] = hash;
    const auto sent = state->sent.find(name);
    const bool is_new = sent == state->sent.end() || sent->second != hash;
    changed |= is_new;
    if (is_new || NeedsFullSet(type)) content[name] = bytes;
  }
  // In LDS and CDS a resource that went away is told by leaving it out. EDS and RDS have no way to say it.
  const bool removed = now.size() < state->sent.size();
  if (removed && NeedsFullSet(type)) changed = true;
  if (!changed) return false;

  response->Clear();
  response->set_type_url(std::string(type));
  response->set_version_info(snapshot.version);
  state->nonce = absl::StrCat(next_nonce_++);
  response->set_nonce(state->nonce);
  for (const auto& [name, bytes] : content) {
    google::protobuf::Any* resource = response->add_resources();
    resource->set_type_url(std::string(type));
    resource->set_value(*bytes);
  }
  state->sent = std::move(now);
  return true;
}

const std::set<std::string>& AdsSession::Names(std::string_view type) const {
  static const auto* none = new std::set<std::string>;
  const auto state = types_.find(type);
  return state == types_.end() ? *none : state->second.names;
}

std::string_view AdsSession::AckedVersion(std::string_view type) const {
  const auto state = types_.find(type);
  return state == types_.end() ? std::string_view() : state->second.acked_version;
}

}  // namespace trivium::xds
