#include "libs/xds/upstream_session.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "external/envoy/discovery.pb.h"

namespace trivium::xds {
namespace {

using envoy::service::discovery::v3::DiscoveryRequest;
using envoy::service::discovery::v3::DiscoveryResponse;

constexpr int kInvalidArgument = 3;  // google.rpc.Code.

bool IsKnown(std::string_view type) {
  return std::find(kTypesInOrder.begin(), kTypesInOrder.end(), type) != kTypesInOrder.end();
}

// Name -> bytes of all resources of a response, or why it is refused.
absl::StatusOr<ResourceMap> ReadResources(const DiscoveryResponse& response) {
  ResourceMap resources;
  for (const google::protobuf::Any& resource : response.resources()) {
    if (resource.type_url() != response.type_url()) {
      return absl::InvalidArgumentError("resources.type_url: not the response's type_url");
    }
    absl::StatusOr<std::string> name = ResourceName(response.type_url(), resource.value());
    if (!name.ok()) return name.status();
    if (!resources.emplace(*name, resource.value()).second) {
      return absl::InvalidArgumentError(absl::StrCat("resources: ", *name, " twice, want each name once"));
    }
  }
  return resources;
}

}  // namespace

UpstreamSession::UpstreamSession(std::string node_id, ResourcesByType* by_type)
    : node_id_(std::move(node_id)), by_type_(by_type) {}

bool UpstreamSession::OnResponse(const DiscoveryResponse& response) {
  const auto found = types_.find(response.type_url());
  if (found == types_.end() || !IsKnown(response.type_url())) return false;  // Not asked for.
  TypeState& state = found->second;
  state.nonce = response.nonce();
  state.answer_due = true;
  absl::StatusOr<ResourceMap> resources = ReadResources(response);
  if (!resources.ok()) {
    state.error = std::string(resources.status().message());
    ++nacks_;
    return false;
  }
  state.error.clear();
  state.version = response.version_info();
  bool changed = false;
  for (auto& [name, bytes] : *resources) {
    if (!state.asked.contains(name)) continue;
    std::string& known = (*by_type_)[response.type_url()][name];
    if (known == bytes) continue;
    known = std::move(bytes);
    changed = true;
  }
  return changed;
}

bool UpstreamSession::Next(const WantedNames& wanted, DiscoveryRequest* request) {
  for (std::string_view type : kTypesInOrder) {
    const auto names = wanted.find(std::string(type));
    if (names == wanted.end() || names->second.empty()) continue;
    TypeState& state = types_[std::string(type)];
    if (!state.answer_due && state.asked == names->second) continue;
    state.asked = names->second;
    state.answer_due = false;
    request->Clear();
    if (!std::exchange(node_sent_, true)) request->mutable_node()->set_id(node_id_);
    request->set_type_url(std::string(type));
    request->set_version_info(state.version);
    request->set_response_nonce(state.nonce);
    for (const std::string& name : state.asked) request->add_resource_names(name);
    if (!state.error.empty()) {
      request->mutable_error_detail()->set_code(kInvalidArgument);
      request->mutable_error_detail()->set_message(state.error);
    }
    return true;
  }
  return false;
}

}  // namespace trivium::xds
