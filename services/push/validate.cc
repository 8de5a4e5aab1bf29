#include "services/push/validate.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/text/day.h"
#include "services/push/domain/audience.h"
#include "services/push/field_checks.h"
#include "services/push/store/errors.h"
#include "services/push/store/store.h"
#include "trivium/push/v1/delivery.pb.h"

namespace trivium::push {
namespace {

constexpr absl::Duration kTtlMax = absl::Hours(24 * 30), kScheduleMax = absl::Hours(24 * 30);
constexpr absl::Duration kVendorAfterMin = absl::Seconds(5);
constexpr int64_t kCountMax = 1'000'000'000;

void CheckTarget(const v1::Target& target, FieldChecks& checks) {
  switch (target.kind_case()) {
    case v1::Target::kUserId:
      return checks.Name("target.user_id", target.user_id());
    case v1::Target::kRoomId:
      return checks.Name("target.room_id", target.room_id());
    case v1::Target::kProduct:
      if (!target.product()) checks.Bad("target.product", "false, want true");
      return;
    case v1::Target::kAudience:
      if (target.audience().empty()) checks.Bad("target.audience", "empty, want an expression");
      return;
    case v1::Target::KIND_NOT_SET:
      return checks.Bad("target", "none, want a user, a room, the product or an audience");
  }
}

void CheckTimes(const v1::PublishRequest& request, absl::Time now, FieldChecks& checks) {
  const bool lossy = request.class_() == v1::LOSSY, reliable = request.class_() == v1::RELIABLE;
  absl::Duration ttl = kTtlMax;
  if (request.has_ttl()) {
    const absl::Duration max = lossy ? kLossyTtlMax : kTtlMax;
    if (!ReadDuration(request.ttl(), &ttl) || ttl < absl::Seconds(1) || ttl > max)
      checks.Bad("ttl", lossy ? "out of range, want 1 s to 60 s (LOSSY)" : "out of range, want 1 s to 30 days");
  }
  absl::Time schedule;
  if (request.has_schedule_time() && !ReadTime(request.schedule_time(), &schedule))
    checks.Bad("schedule_time", "no time, want one");
  if (request.has_schedule_time() && schedule > now + kScheduleMax)
    checks.Bad("schedule_time", "too late, want at most 30 days ahead");
  if (!request.has_vendor_after()) return;
  absl::Duration after;
  const bool is_time = ReadDuration(request.vendor_after(), &after);
  const bool in_range = is_time && (after == absl::ZeroDuration() || (after >= kVendorAfterMin && after <= ttl));
  if (!in_range) return checks.Bad("vendor_after", "out of range, want 0, or 5 s to ttl");
  if (!reliable && after != absl::ZeroDuration()) checks.Bad("vendor_after", "set, want it for RELIABLE only");
}

template <typename Request>
absl::Status ValidateMembers(const Request& request) {
  FieldChecks checks;
  checks.RequestId(request.request_id());
  checks.Name("room_id", request.room_id());
  checks.Size("user_ids", request.user_ids_size(), 1, kMembersMax, "users");
  for (int i = 0; i < request.user_ids_size() && !checks.full(); ++i)
    checks.Name(absl::StrCat("user_ids[", i, "]"), request.user_ids(i));
  return checks.Result();
}

}  // namespace

absl::Status Validate(const v1::PublishRequest& request, absl::Time now) {
  FieldChecks checks;
  checks.RequestId(request.request_id());
  CheckTarget(request.target(), checks);
  if (!v1::MessageClass_IsValid(request.class_()) || request.class_() == v1::MESSAGE_CLASS_UNSPECIFIED)
    checks.Bad("class", absl::StrCat(request.class_(), ", want LOSSY, ORDERED or RELIABLE"));
  checks.Size("data", static_cast<int64_t>(request.data().size()), 1, kDataBytesMax, "bytes");
  CheckTimes(request, now, checks);
  checks.OptionalText("dedupe_key", request.dedupe_key(), 64);
  checks.OptionalText("collapse_key", request.collapse_key(), 64);
  if (!request.collapse_key().empty() && request.class_() != v1::RELIABLE)
    checks.Bad("collapse_key", "set, want it for RELIABLE only");
  if (!v1::Priority_IsValid(request.priority()))
    checks.Bad("priority", absl::StrCat(request.priority(), ", want LOW, NORMAL or HIGH"));
  if (absl::Status wrong = checks.Result(); !wrong.ok()) return wrong;
  if (request.target().kind_case() != v1::Target::kAudience) return absl::OkStatus();
  return PlanOfExpression(request.target().audience()).status();
}

absl::Status Validate(const v1::PublishBatchRequest& request) {
  FieldChecks checks;
  checks.Size("requests", request.requests_size(), 1, kBatchMax, "requests");
  size_t bytes = 0;
  for (const v1::PublishRequest& one : request.requests()) bytes += one.data().size();
  checks.Size("requests", static_cast<int64_t>(bytes), 0, kBatchBytesMax, "bytes of data");
  return checks.Result();
}

absl::Status Validate(const v1::CancelMessageRequest& request) {
  FieldChecks checks;
  checks.RequestId(request.request_id());
  checks.MessageId("message_id", request.message_id());
  return checks.Result();
}

absl::Status Validate(const v1::GetMessageRequest& request) {
  FieldChecks checks;
  checks.MessageId("message_id", request.message_id());
  return checks.Result();
}

absl::Status Validate(const v1::ListMessagesRequest& request) {
  FieldChecks checks;
  checks.PageSize(request.page_size());
  if (!request.channel().empty()) checks.Channel("channel", request.channel());
  if (!v1::MessageClass_IsValid(request.class_()))
    checks.Bad("class", absl::StrCat(request.class_(), ", want a class's number"));
  if (!v1::Message::State_IsValid(request.state()))
    checks.Bad("state", absl::StrCat(request.state(), ", want a state's number"));
  return checks.Result();
}

absl::Status Validate(const v1::GetDeliveryRequest& request) {
  FieldChecks checks;
  checks.MessageId("message_id", request.message_id());
  return checks.Result();
}

absl::Status Validate(const v1::ListRecipientsRequest& request) {
  FieldChecks checks;
  checks.MessageId("message_id", request.message_id());
  checks.PageSize(request.page_size());
  if (!v1::Recipient::State_IsValid(request.state()))
    checks.Bad("state", absl::StrCat(request.state(), ", want a state's number"));
  return checks.Result();
}

absl::Status Validate(const v1::ListUserMessagesRequest& request) {
  FieldChecks checks;
  checks.Name("user_id", request.user_id());
  checks.PageSize(request.page_size());
  if (!v1::Recipient::State_IsValid(request.state()))
    checks.Bad("state", absl::StrCat(request.state(), ", want a state's number"));
  return checks.Result();
}

absl::Status Validate(const v1::GetDailySummaryRequest& request) {
  FieldChecks checks;
  if (!request.day().empty() && !ParseDay(request.day()))
    checks.Bad("day", "malformed, want a calendar day \"YYYY-MM-DD\" of the years 2000-2999");
  return checks.Result();
}

absl::Status Validate(const v1::AddRoomMembersRequest& request) { return ValidateMembers(request); }
absl::Status Validate(const v1::RemoveRoomMembersRequest& request) { return ValidateMembers(request); }

absl::Status Validate(const v1::ListRoomMembersRequest& request) {
  FieldChecks checks;
  checks.Name("room_id", request.room_id());
  checks.PageSize(request.page_size());
  return checks.Result();
}

absl::Status Validate(const v1::UpdateUserTagsRequest& request) {
  FieldChecks checks;
  checks.RequestId(request.request_id());
  checks.Name("user_id", request.user_id());
  checks.Size("set", request.set_size(), 0, kUserTagsMax, "tags");
  checks.Size("remove", request.remove_size(), 0, kUserTagsMax, "keys");
  if (request.set().empty() && request.remove().empty()) checks.Bad("set", "empty, as is remove: want a change");
  for (const auto& [key, value] : request.set()) {
    if (checks.full()) break;
    if (!IsTagKey(key)) checks.Bad("set", "a key is malformed, want 1-32 characters of a-z 0-9 _, first a letter");
    if (!IsTagValue(value)) checks.Bad("set", "a value is malformed, want 0-64 characters without control characters");
  }
  for (int i = 0; i < request.remove_size() && !checks.full(); ++i) {
    if (!IsTagKey(request.remove(i)))
      checks.Bad(absl::StrCat("remove[", i, "]"), "malformed, want 1-32 characters of a-z 0-9 _, first a letter");
  }
  return checks.Result();
}

absl::Status Validate(const v1::GetUserRequest& request) {
  FieldChecks checks;
  checks.Name("user_id", request.user_id());
  return checks.Result();
}

absl::Status Validate(const v1::GetPresenceRequest& request) {
  FieldChecks checks;
  switch (request.of_case()) {
    case v1::GetPresenceRequest::kRoomId:
      checks.Name("room_id", request.room_id());
      break;
    case v1::GetPresenceRequest::kUserId:
      checks.Name("user_id", request.user_id());
      break;
    case v1::GetPresenceRequest::OF_NOT_SET:
      checks.Bad("of", "none, want a room or a user");
  }
  return checks.Result();
}

absl::Status Validate(const v1::DisconnectUserRequest& request) {
  FieldChecks checks;
  checks.Name("user_id", request.user_id());
  checks.OptionalText("device_id", request.device_id(), 128);
  return checks.Result();
}

absl::Status Validate(const v1::ListEventsRequest& request) {
  FieldChecks checks;
  checks.PageSize(request.page_size());
  return checks.Result();
}

absl::Status Validate(const v1::AcknowledgeRequest& request) {
  FieldChecks checks;
  checks.Size("users", request.users_size(), 1, kBatchMax, "users");
  for (int i = 0; i < request.users_size() && !checks.full(); ++i) {
    const v1::UserAcknowledgement& user = request.users(i);
    const std::string field = absl::StrCat("users[", i, "]");
    checks.Name(field + ".user_id", user.user_id());
    checks.Size(field + ".message_ids", user.message_ids_size(), 1, kAcknowledgedEachMax, "ids");
    for (const std::string& id : user.message_ids()) checks.MessageIdBytes(field + ".message_ids", id);
  }
  return checks.Result();
}

absl::Status Validate(const v1::ListPendingRequest& request) {
  FieldChecks checks;
  checks.Size("queries", request.queries_size(), 1, kBatchMax, "queries");
  for (int i = 0; i < request.queries_size() && !checks.full(); ++i) {
    checks.Name(absl::StrCat("queries[", i, "].user_id"), request.queries(i).user_id());
    checks.Channel(absl::StrCat("queries[", i, "].channel"), request.queries(i).channel());
  }
  return checks.Result();
}

absl::Status Validate(const v1::ReportDeliveriesRequest& request) {
  constexpr int kCounts = 10'000;
  FieldChecks checks;
  checks.Name("gateway", request.gateway());
  if (request.number() <= 0) checks.Bad("number", absl::StrCat(request.number(), ", want >= 1"));
  checks.Size("counts", request.counts_size(), 1, kCounts, "counts");
  for (int i = 0; i < request.counts_size() && !checks.full(); ++i) {
    const v1::DeliveryCount& count = request.counts(i);
    const std::string field = absl::StrCat("counts[", i, "]");
    checks.MessageIdBytes(field + ".message_id", count.message_id());
    checks.Size(field + ".sent", count.sent(), 0, kCountMax, "connections");
    for (const auto& [reason, n] : count.dropped()) {
      if (DropReasonOf(reason) != DropReason::kSlowReader)
        checks.Bad(field + ".dropped", absl::StrCat("reason of ", reason.size(), " bytes, want SLOW_READER"));
      checks.Size(field + ".dropped", n, 0, kCountMax, "connections");
    }
  }
  return checks.Result();
}

absl::Status Validate(const v1::CheckRoomsRequest& request) {
  constexpr int kRooms = 100;
  FieldChecks checks;
  checks.Name("user_id", request.user_id());
  checks.Size("room_ids", request.room_ids_size(), 1, kRooms, "rooms");
  for (int i = 0; i < request.room_ids_size() && !checks.full(); ++i)
    checks.Name(absl::StrCat("room_ids[", i, "]"), request.room_ids(i));
  return checks.Result();
}

absl::Status Validate(const v1::RestoreChannelRequest& request) {
  FieldChecks checks;
  checks.Channel("channel", request.channel());
  return checks.Result();
}

}  // namespace trivium::push
