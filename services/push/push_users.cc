// Users, rooms and connections: the third part of PushService.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/clock/proto_time.h"
#include "libs/opaque_token/page_token.h"
#include "libs/rpc/call_context.h"
#include "libs/status/status.h"
#include "services/push/domain/message_rules.h"
#include "services/push/domain/request_fields.h"
#include "services/push/message_view.h"
#include "services/push/push_service.h"
#include "services/push/validate.h"
#include "trivium/push/v1/delivery.pb.h"

namespace trivium::push {
namespace {

using rpc::CallContext;

constexpr int kUsualMembers = 1000;

// Sorted, each once.
template <typename Request>
RoomUpdate UpdateOf(const CallContext& call, const Request& request, absl::Time now) {
  const std::set<std::string> users(request.user_ids().begin(), request.user_ids().end());
  return {.product = call.product,
          .request_id = request.request_id(),
          .fingerprint = Fingerprint({request.room_id(), absl::StrJoin(users, ",")}),
          .room_id = request.room_id(),
          .user_ids = {users.begin(), users.end()},
          .now = now};
}

void ToProto(const User& user, v1::User* out) {
  out->set_user_id(user.user_id);
  for (const auto& [key, value] : user.tags) (*out->mutable_tags())[key] = value;
  SetTime(user.create_time, out->mutable_create_time());
}

// No key has '=', and no value a control character: no two maps make the same text.
std::string TextOf(const Tags& tags) {
  std::string text;
  for (const auto& [key, value] : tags) absl::StrAppend(&text, key, "=", value, "\n");
  return text;
}

// What the gateway wrote; where it is not readable, what Redis says itself.
void ToProto(const fanout::Connection& connection, v1::Connection* out) {
  if (!out->ParseFromString(connection.info)) out->Clear();
  out->set_connection_id(connection.id);
  out->set_user_id(connection.user);
}

}  // namespace

absl::Status PushService::Handle(const CallContext& call, const v1::AddRoomMembersRequest& request,
                                 v1::AddRoomMembersResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const RoomUpdate update = UpdateOf(call, request, Now());
  const absl::StatusOr<int64_t> added = p_.store.AddRoomMembers({&update, 1}, call.deadline)[0];
  TRIVIUM_RETURN_IF_ERROR(added.status());
  response->set_added(static_cast<int32_t>(*added));
  return absl::OkStatus();
}

absl::Status PushService::Handle(const CallContext& call, const v1::RemoveRoomMembersRequest& request,
                                 v1::RemoveRoomMembersResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const RoomUpdate update = UpdateOf(call, request, Now());
  const absl::StatusOr<int64_t> removed = p_.store.RemoveRoomMembers({&update, 1}, call.deadline)[0];
  TRIVIUM_RETURN_IF_ERROR(removed.status());
  response->set_removed(static_cast<int32_t>(*removed));
  // A repeat does the rest again: both are harmless when they were done.
  TRIVIUM_RETURN_IF_ERROR(DropPendingOf(update, call.deadline));
  v1::Fanout leave;
  leave.mutable_leave_room()->set_room_id(update.room_id);
  return p_.channels.Tell(call.product, update.user_ids, leave, call.deadline);
}

absl::Status PushService::DropPendingOf(const RoomUpdate& update, absl::Time deadline) {
  constexpr size_t kUsersAtOnce = 100;
  constexpr int kEach = 100;
  const std::string channel = ChannelOf({TargetKind::kRoom, update.room_id});
  for (size_t at = 0; at < update.user_ids.size();) {
    std::vector<PendingQuery> queries;
    for (size_t i = at; i < update.user_ids.size() && queries.size() < kUsersAtOnce; ++i)
      queries.push_back({update.user_ids[i], channel});
    TRIVIUM_ASSIGN_OR_RETURN(const std::vector<PendingPage> pages,
                             p_.store.ListPending(update.product, queries, kEach, deadline));
    std::vector<DeliveryKey> keys;
    bool more = false;
    for (size_t i = 0; i < pages.size(); ++i) {
      for (const Message& m : pages[i].messages) keys.push_back({m.id, queries[i].user_id});
      more = more || pages[i].has_more;
    }
    int64_t dropped = 0;
    for (const absl::StatusOr<bool>& moved : p_.store.MoveDeliveries(
             update.product, keys, {DeliveryState::kDropped, DropReason::kNotAMember, update.now}, deadline)) {
      TRIVIUM_ASSIGN_OR_RETURN(const bool did, moved);
      if (did) ++dropped;
    }
    p_.metrics.Fate(update.product, MessageClass::kReliable, "not_a_member", dropped);
    // The same users again while something of theirs has moved and more is there.
    if (!more || dropped == 0) at += queries.size();
  }
  return absl::OkStatus();
}

absl::Status PushService::Handle(const CallContext& call, const v1::ListRoomMembersRequest& request,
                                 v1::ListRoomMembersResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const std::string purpose = JoinPurpose({"members", call.product, request.room_id()});
  TRIVIUM_ASSIGN_OR_RETURN(const std::string after, ReadPageToken(purpose, request.page_token()));
  const int limit = request.page_size() == 0 ? kUsualMembers : std::min(request.page_size(), kMembersMax);
  TRIVIUM_ASSIGN_OR_RETURN(std::vector<std::string> page,
                           p_.store.ListRoomMembers(call.product, request.room_id(), after, limit + 1, call.deadline));
  if (page.size() > static_cast<size_t>(limit)) {
    page.pop_back();
    response->set_next_page_token(SealToken(purpose, page.back()));
  }
  for (std::string& user : page) response->add_user_ids(std::move(user));
  return absl::OkStatus();
}

absl::Status PushService::Handle(const CallContext& call, const v1::UpdateUserTagsRequest& request,
                                 v1::User* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const std::set<std::string> remove(request.remove().begin(), request.remove().end());
  TagUpdate update{.product = call.product,
                   .request_id = request.request_id(),
                   .user_id = request.user_id(),
                   .set = {request.set().begin(), request.set().end()},
                   .remove = {remove.begin(), remove.end()},
                   .now = Now()};
  update.fingerprint = Fingerprint({update.user_id, TextOf(update.set), absl::StrJoin(remove, ",")});
  TRIVIUM_ASSIGN_OR_RETURN(const User user, std::move(p_.store.UpdateTags({&update, 1}, call.deadline)[0]));
  ToProto(user, response);
  return absl::OkStatus();
}

absl::Status PushService::Handle(const CallContext& call, const v1::GetUserRequest& request, v1::User* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  TRIVIUM_ASSIGN_OR_RETURN(const User user, p_.store.GetUser(call.product, request.user_id(), call.deadline));
  ToProto(user, response);
  return absl::OkStatus();
}

absl::Status PushService::Handle(const CallContext& call, const v1::GetPresenceRequest& request,
                                 v1::Presence* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const std::string channel = request.of_case() == v1::GetPresenceRequest::kRoomId
                                  ? ChannelOf({TargetKind::kRoom, request.room_id()})
                                  : UserChannel(request.user_id());
  const absl::StatusOr<fanout::PresenceList> list = p_.channels.ListPresent({call.product, channel}, call.deadline);
  if (!list.ok()) return ChannelUnavailable(list.status());
  for (const fanout::Connection& connection : list->connections) ToProto(connection, response->add_connections());
  std::ranges::stable_sort(*response->mutable_connections(), std::greater(),
                           [](const v1::Connection& c) { return c.connect_time().seconds(); });
  response->set_num_connections(static_cast<int32_t>(list->count.num_connections));
  response->set_num_users(static_cast<int32_t>(list->count.num_users));
  return absl::OkStatus();
}

absl::Status PushService::Handle(const CallContext& call, const v1::DisconnectUserRequest& request,
                                 v1::DisconnectUserResponse*) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  v1::Fanout end;
  end.mutable_disconnect()->set_device_id(request.device_id());
  end.mutable_disconnect()->set_may_reconnect(request.may_reconnect());
  return p_.channels.Tell(call.product, {&request.user_id(), 1}, end, call.deadline);
}

}  // namespace trivium::push
