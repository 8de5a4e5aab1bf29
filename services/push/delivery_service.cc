#include "services/push/delivery_service.h"

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/clock/proto_time.h"
#include "libs/event_feed/event_feed.h"
#include "libs/rpc/call_context.h"
#include "libs/rpc/call_guard.h"
#include "libs/status/status.h"
#include "services/push/domain/message_rules.h"
#include "services/push/message_view.h"
#include "services/push/validate.h"

namespace trivium::push {
namespace {

using rpc::CallContext;

constexpr size_t kLookedUpMax = 100;  // Messages of one call, for the time of their acknowledgement.
constexpr size_t kKnownUsersMax = 200'000;
// Younger messages were not scheduled, as good as surely: their ids say when they were accepted.
constexpr absl::Duration kYoung = absl::Minutes(1);

}  // namespace

std::vector<std::string> KnownUsers::Unknown(const std::string& product, const std::vector<std::string>& users) {
  std::set<std::string> unknown;
  MutexLock lock(mu_);
  for (const std::string& user : users) {
    if (!known_.contains(absl::StrCat(product, "/", user))) unknown.insert(user);
  }
  return {unknown.begin(), unknown.end()};
}

void KnownUsers::Add(const std::string& product, const std::vector<std::string>& users) {
  MutexLock lock(mu_);
  if (known_.size() + users.size() > kKnownUsersMax) known_.clear();
  for (const std::string& user : users) known_.insert(absl::StrCat(product, "/", user));
}

#define TRIVIUM_DELIVERY_METHOD(name)                                                                               \
  grpc::ServerUnaryReactor* DeliveryService::name(grpc::CallbackServerContext* context,                             \
                                                  const v1::name##Request* request, v1::name##Response* response) { \
    return p_.guard.Unary(context, "trivium.push.v1.DeliveryService/" #name,                                        \
                          [=, this](const CallContext& call) { return Handle(call, *request, response); });         \
  }
TRIVIUM_DELIVERY_METHOD(Acknowledge)
TRIVIUM_DELIVERY_METHOD(ListPending)
TRIVIUM_DELIVERY_METHOD(ReportDeliveries)
TRIVIUM_DELIVERY_METHOD(CheckRooms)
TRIVIUM_DELIVERY_METHOD(RestoreChannel)
#undef TRIVIUM_DELIVERY_METHOD

absl::Time DeliveryService::Now() const { return absl::FromUnixMicros(absl::ToUnixMicros(p_.clock.Now())); }

absl::Status DeliveryService::Handle(const CallContext& call, const v1::AcknowledgeRequest& request,
                                     v1::AcknowledgeResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  std::vector<DeliveryKey> keys;
  for (const v1::UserAcknowledgement& user : request.users()) {
    for (const std::string& id : user.message_ids()) keys.push_back({*Id::FromBytes(id), user.user_id()});
  }
  const std::vector<absl::StatusOr<bool>> moved =
      p_.store.MoveDeliveries(call.product, keys, {.to = DeliveryState::kAcked, .now = Now()}, call.deadline);
  std::vector<Id> acked;
  absl::Status failed;
  for (size_t i = 0; i < moved.size(); ++i) {
    if (moved[i].ok() && *moved[i]) acked.push_back(keys[i].message_id);
    if (!moved[i].ok()) failed = moved[i].status();
  }
  p_.metrics.Fate(call.product, MessageClass::kReliable, "acked", static_cast<int64_t>(acked.size()));
  CountAcknowledged(call.product, acked, call.deadline);
  p_.feed.Wake();
  response->set_acked(static_cast<int32_t>(acked.size()));
  // The gateway repeats it whole: what has moved does not move again.
  return failed;
}

void DeliveryService::CountAcknowledged(const std::string& product, const std::vector<Id>& message_ids,
                                        absl::Time deadline) {
  const absl::Time now = Now();
  std::map<Id, absl::Time> since_of;
  std::vector<Id> old;
  for (const Id& id : message_ids) {
    const auto [it, is_new] = since_of.try_emplace(id, TimeOf(id));
    if (is_new && now - it->second > kYoung && old.size() < kLookedUpMax) old.push_back(id);
  }
  if (!old.empty()) {
    const absl::StatusOr<std::vector<Message>> messages = p_.store.GetMessages(product, old, deadline);
    for (size_t i = 0; messages.ok() && i < messages->size(); ++i) {
      const Message& m = (*messages)[i];
      if (m.IsScheduled()) since_of[m.id] = m.schedule_time;
    }
  }
  for (const Id& id : message_ids) p_.metrics.Acked(product, now - since_of[id]);
}

absl::Status DeliveryService::See(const std::string& product, const std::vector<std::string>& users,
                                  absl::Time deadline) {
  const std::vector<std::string> unknown = known_.Unknown(product, users);
  if (unknown.empty()) return absl::OkStatus();
  TRIVIUM_RETURN_IF_ERROR(p_.store.SeeUsers(product, unknown, Now(), deadline));
  known_.Add(product, unknown);
  return absl::OkStatus();
}

absl::Status DeliveryService::Handle(const CallContext& call, const v1::ListPendingRequest& request,
                                     v1::ListPendingResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  std::vector<PendingQuery> queries;
  std::vector<std::string> users;
  for (const v1::PendingQuery& query : request.queries()) {
    queries.push_back({query.user_id(), query.channel()});
    users.push_back(query.user_id());
  }
  TRIVIUM_RETURN_IF_ERROR(See(call.product, users, call.deadline));
  TRIVIUM_ASSIGN_OR_RETURN(const std::vector<PendingPage> pages,
                           p_.store.ListPending(call.product, queries, kAcknowledgedEachMax, call.deadline));
  const absl::Time now = Now();
  for (const PendingPage& page : pages) {
    v1::PendingMessages* out = response->add_results();
    for (const Message& m : page.messages) {
      // What has expired is about to be marked so.
      if (m.expire_time > now) ToProto(m, /*repeat=*/true, out->add_publications());
    }
    out->set_has_more(page.has_more);
  }
  return absl::OkStatus();
}

absl::Status DeliveryService::Handle(const CallContext& call, const v1::ReportDeliveriesRequest& request,
                                     v1::ReportDeliveriesResponse*) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  CountReport report{.product = call.product, .gateway = request.gateway(), .number = request.number(), .now = Now()};
  for (const v1::DeliveryCount& count : request.counts()) {
    MessageCount counted{.message_id = *Id::FromBytes(count.message_id()), .sent = count.sent()};
    for (const auto& [reason, n] : count.dropped()) counted.slow_readers += n;
    report.counts.push_back(counted);
  }
  return std::move(p_.store.AddCounts({&report, 1}, call.deadline)[0]).status();
}

absl::Status DeliveryService::Handle(const CallContext& call, const v1::CheckRoomsRequest& request,
                                     v1::CheckRoomsResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  const std::shared_ptr<const Profile> profile = p_.profiles.Find(call.product);
  if (profile == nullptr) return ProductNotConfigured(call.product);
  std::vector<std::string> rooms(request.room_ids().begin(), request.room_ids().end());
  if (profile->rooms_for_members_only) {
    TRIVIUM_ASSIGN_OR_RETURN(rooms, p_.store.RoomsOfMember(call.product, request.user_id(), rooms, call.deadline));
  }
  for (std::string& room : rooms) response->add_room_ids(std::move(room));
  return absl::OkStatus();
}

absl::Status DeliveryService::Handle(const CallContext& call, const v1::RestoreChannelRequest& request,
                                     v1::RestoreChannelResponse* response) {
  TRIVIUM_RETURN_IF_ERROR(Validate(request));
  TRIVIUM_ASSIGN_OR_RETURN(const Channels::Restored restored,
                           p_.channels.Restore({call.product, request.channel()}, call.deadline));
  response->set_epoch(restored.position.epoch);
  response->set_offset(static_cast<uint64_t>(restored.position.offset));
  if (restored.done) SetTime(Now(), response->mutable_create_time());
  return absl::OkStatus();
}

}  // namespace trivium::push
