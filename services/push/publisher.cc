#include "services/push/publisher.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/log/log.h"
#include "libs/status/status.h"
#include "services/push/domain/message_rules.h"
#include "services/push/domain/request_fields.h"
#include "services/push/field_checks.h"
#include "services/push/validate.h"
#include "trivium/push/v1/push.pb.h"

namespace trivium::push {
namespace {

// A validated target, an audience in its canonical form.
Target TargetOf(const v1::Target& target) {
  switch (target.kind_case()) {
    case v1::Target::kUserId:
      return {TargetKind::kUser, target.user_id()};
    case v1::Target::kRoomId:
      return {TargetKind::kRoom, target.room_id()};
    case v1::Target::kAudience: {
      Audience audience;
      (void)ParseAudience(target.audience(), &audience);
      return {TargetKind::kAudience, FormatAudience(audience)};
    }
    default:
      return {TargetKind::kProduct, ""};
  }
}

template <typename SecondsAndNanos>
std::string TextOf(bool has, const SecondsAndNanos& value) {
  return has ? absl::StrCat(value.seconds(), ".", value.nanos()) : "";
}

std::string FingerprintOf(const v1::PublishRequest& request, const Target& target) {
  return Fingerprint({absl::StrCat(static_cast<int>(target.kind), ":", target.value), absl::StrCat(request.class_()),
                      request.data(), TextOf(request.has_ttl(), request.ttl()), request.dedupe_key(),
                      request.collapse_key(), absl::StrCat(request.priority()),
                      TextOf(request.has_schedule_time(), request.schedule_time()),
                      TextOf(request.has_vendor_after(), request.vendor_after())});
}

Priority PriorityOf(v1::Priority priority) {
  return priority == v1::PRIORITY_UNSPECIFIED ? Priority::kNormal : static_cast<Priority>(priority);
}

}  // namespace

std::vector<std::string> RoomPresence::Of(const Message& m) {
  if (m.target.kind != TargetKind::kRoom || m.message_class != MessageClass::kReliable) return {};
  const auto [it, first] = users_of_.try_emplace(m.target.value);
  if (first) {
    absl::StatusOr<std::vector<std::string>> users = channels_.PresentIn(product_, m.target.value, deadline_);
    if (users.ok()) {
      it->second = *std::move(users);
    } else {
      TRIVIUM_LOG(kWarning, "who is in a room is not known: its members are the recipients", {"error", users.status()});
    }
  }
  return it->second;
}

absl::StatusOr<Message> Publisher::DraftOf(const std::string& product, const std::string& trace_id,
                                           const v1::PublishRequest& request, const Profile& profile) {
  const absl::Time now = absl::FromUnixMicros(absl::ToUnixMicros(p_.clock.Now()));
  TRIVIUM_RETURN_IF_ERROR(Validate(request, now));
  Message m;
  m.priority = PriorityOf(request.priority());
  if (absl::Status quota = p_.quotas.Take(product, profile, m.priority); !quota.ok()) {
    p_.metrics.QuotaRefused(product, m.priority);
    return quota;
  }
  m.id = p_.ids.Next();
  m.product = product;
  m.request_id = request.request_id();
  m.target = TargetOf(request.target());
  m.fingerprint = FingerprintOf(request, m.target);
  m.message_class = static_cast<MessageClass>(request.class_());
  m.data = request.data();
  m.dedupe_key = request.dedupe_key();
  m.collapse_key = request.collapse_key();
  m.create_time = now;
  absl::Time starts = now;
  if (request.has_schedule_time()) {
    absl::Time schedule;
    (void)ReadTime(request.schedule_time(), &schedule);
    starts = std::max(schedule, now);
    // A LOSSY or ORDERED one that was scheduled once is known to the database, whenever its request comes again.
    const bool waits = schedule > now || m.message_class != MessageClass::kReliable;
    if (waits) m.schedule_time = starts;
  }
  absl::Duration ttl = profile.message_ttl;
  if (request.has_ttl()) (void)ReadDuration(request.ttl(), &ttl);
  if (m.message_class == MessageClass::kLossy) ttl = std::min(ttl, kLossyTtlMax);
  m.expire_time = starts + ttl;
  if (request.has_vendor_after()) (void)ReadDuration(request.vendor_after(), &m.vendor_after);
  if (m.message_class == MessageClass::kReliable) m.ack_timeout = profile.ack_timeout;
  m.day = profile.DayOf(now);
  m.trace_id = trace_id;
  return m;
}

std::vector<absl::StatusOr<Message>> Publisher::Publish(const std::string& product, const std::string& trace_id,
                                                        std::span<const v1::PublishRequest* const> requests,
                                                        absl::Time deadline) {
  const std::shared_ptr<const Profile> profile = p_.profiles.Find(product);
  std::vector<absl::StatusOr<Message>> outcomes(requests.size(), ProductNotConfigured(product));
  if (profile == nullptr) return outcomes;
  std::vector<Message> stored, direct;
  std::vector<size_t> stored_at, direct_at;
  for (size_t i = 0; i < requests.size(); ++i) {
    absl::StatusOr<Message> draft = DraftOf(product, trace_id, *requests[i], *profile);
    if (!draft.ok()) {
      outcomes[i] = draft.status();
      continue;
    }
    const bool in_store = draft->message_class == MessageClass::kReliable || draft->IsScheduled();
    (in_store ? stored : direct).push_back(*std::move(draft));
    (in_store ? stored_at : direct_at).push_back(i);
  }
  std::vector<absl::StatusOr<Message>> accepted = Accept(product, std::move(stored), deadline);
  for (size_t i = 0; i < accepted.size(); ++i) outcomes[stored_at[i]] = std::move(accepted[i]);
  std::vector<absl::StatusOr<Message>> sent;
  if (!direct.empty()) sent = p_.direct.Send(std::move(direct), deadline);
  for (size_t i = 0; i < sent.size(); ++i) outcomes[direct_at[i]] = std::move(sent[i]);
  return outcomes;
}

std::vector<absl::StatusOr<Message>> Publisher::Accept(const std::string& product, std::vector<Message> drafts,
                                                       absl::Time deadline) {
  if (drafts.empty()) return {};
  RoomPresence presence(p_.channels, product, deadline);
  const int64_t max_pending = p_.profiles.FindOrDefault(product)->max_pending_per_user;
  std::vector<NewMessage> items;
  std::vector<Id> ids;
  for (Message& draft : drafts) {
    std::vector<std::string> present;
    if (!draft.IsScheduled()) present = presence.Of(draft);
    ids.push_back(draft.id);
    items.push_back({std::move(draft), std::move(present), max_pending});
  }
  std::vector<absl::StatusOr<Message>> accepted = p_.store.Accept(items, deadline);
  for (size_t i = 0; i < accepted.size(); ++i) {
    const bool is_new = accepted[i].ok() && accepted[i]->id == ids[i];
    if (is_new) p_.metrics.Accepted(*accepted[i]);
    // A repeat may be what a crash has left unsent.
    if (accepted[i].ok() && !accepted[i]->IsScheduled()) p_.relay.Wake({product, accepted[i]->channel});
  }
  return accepted;
}

}  // namespace trivium::push
