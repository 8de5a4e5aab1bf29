#include "services/push/workers/janitor.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/log/log.h"
#include "libs/redis/client.h"
#include "libs/status/error.h"
#include "services/push/domain/message_rules.h"

namespace trivium::push {
namespace {

constexpr absl::Duration kStepTimeout = absl::Seconds(10);
constexpr absl::Duration kVendorClaim = absl::Seconds(30);  // Longer than a vendor's answer takes.
constexpr int kReleased = 100;                              // With data.
constexpr int kPurged = 1000;

}  // namespace

absl::Time Janitor::Now() const { return absl::FromUnixMicros(absl::ToUnixMicros(p_.clock.Now())); }
absl::Time Janitor::Deadline() const { return p_.clock.Now() + kStepTimeout; }

void Janitor::Failed(const char* worker, const absl::Status& status, int64_t n) {
  p_.metrics.Worked(worker, "failed", n);
  TRIVIUM_LOG(kWarning, "a worker's step failed: it will be tried again", {"worker", worker}, {"error", status});
}

Janitor::DueOfProduct Janitor::Sort(const std::vector<DueDelivery>& due) {
  DueOfProduct sorted;
  for (const DueDelivery& d : due) sorted[d.product][d.delivery.message_id].push_back(&d.delivery);
  return sorted;
}

std::vector<Message> Janitor::MessagesOf(const char* worker, const std::string& product, const DueOfMessage& due) {
  std::vector<Id> ids;
  for (const auto& [id, deliveries] : due) ids.push_back(id);
  absl::StatusOr<std::vector<Message>> messages = p_.store.GetMessages(product, ids, Deadline());
  if (messages.ok()) return *std::move(messages);
  Failed(worker, messages.status());
  return {};
}

bool Janitor::Repeat() {
  const absl::StatusOr<std::vector<DueDelivery>> due =
      p_.store.ClaimRepeatDue(p_.home(), Now(), options_.batch, Deadline());
  if (!due.ok()) {
    Failed("repeats", due.status());
    return false;
  }
  for (const auto& [product, of_message] : Sort(*due)) RepeatOf(product, of_message);
  return due->size() == static_cast<size_t>(options_.batch);
}

void Janitor::RepeatOf(const std::string& product, const DueOfMessage& due) {
  std::vector<std::string> users;
  for (const auto& [id, deliveries] : due) {
    for (const Delivery* d : deliveries) users.push_back(d->user_id);
  }
  std::ranges::sort(users);
  users.erase(std::unique(users.begin(), users.end()), users.end());
  const std::vector<bool> connected = p_.channels.Connected(product, users, Deadline());
  const auto is_connected = [&](const std::string& user) {
    return connected[static_cast<size_t>(std::ranges::lower_bound(users, user) - users.begin())];
  };
  int64_t offline = 0;
  DueOfMessage wanted;
  for (const auto& [id, deliveries] : due) {
    for (const Delivery* d : deliveries) {
      // Who is away gets it when he connects (ListPending).
      if (is_connected(d->user_id)) wanted[id].push_back(d);
      if (!is_connected(d->user_id)) ++offline;
    }
  }
  p_.metrics.Worked("repeats", "offline", offline);
  if (wanted.empty()) return;
  const std::vector<Message> messages = MessagesOf("repeats", product, wanted);
  std::vector<Publish> items;
  for (const Message& m : messages) {
    for (const Delivery* d : wanted[m.id]) items.push_back({&m, UserChannel(d->user_id)});
  }
  int64_t failed = 0;
  absl::Status why;
  for (const absl::Status& status : p_.channels.PublishOnly(items, /*repeat=*/true, Deadline())) {
    if (status.ok()) continue;
    ++failed;
    why = status;
  }
  p_.metrics.Worked("repeats", "done", static_cast<int64_t>(items.size()) - failed);
  if (failed > 0) Failed("repeats", why, failed);
}

bool Janitor::Expire() {
  const absl::StatusOr<ProductCounts> expired = p_.store.ExpireDue(Now(), options_.batch, Deadline());
  if (!expired.ok()) {
    Failed("expiry", expired.status());
    return false;
  }
  int64_t n = 0;
  for (const auto& [product, count] : *expired) {
    p_.metrics.Fate(product, MessageClass::kReliable, "expired", count);
    n += count;
  }
  p_.metrics.Worked("expiry", "done", n);
  return n >= options_.batch;
}

bool Janitor::HandOver() {
  if (p_.vendor == nullptr) return false;
  const absl::StatusOr<std::vector<DueDelivery>> due =
      p_.store.ClaimVendorDue(Now(), kVendorClaim, options_.batch, Deadline());
  if (!due.ok()) {
    Failed("vendor", due.status());
    return false;
  }
  for (const auto& [product, of_message] : Sort(*due)) HandOverOf(product, of_message);
  return due->size() == static_cast<size_t>(options_.batch);
}

void Janitor::HandOverOf(const std::string& product, const DueOfMessage& due) {
  const std::vector<Message> messages = MessagesOf("vendor", product, due);
  std::vector<Notification> notifications;
  std::vector<DeliveryKey> keys;
  for (const Message& m : messages) {
    for (const Delivery* d : due.at(m.id)) {
      notifications.push_back({m, d->user_id});
      keys.push_back({m.id, d->user_id});
    }
  }
  const std::vector<absl::Status> outcomes = p_.vendor->Send(notifications, Deadline());
  std::vector<DeliveryKey> taken;
  for (size_t i = 0; i < outcomes.size(); ++i) {
    p_.metrics.Vendor(p_.vendor->name(), outcomes[i].ok() ? "taken" : "failed");
    if (outcomes[i].ok()) taken.push_back(keys[i]);
    if (!outcomes[i].ok()) Failed("vendor", outcomes[i]);
  }
  int64_t moved = 0;
  for (const absl::StatusOr<bool>& did :
       p_.store.MoveDeliveries(product, taken, {.to = DeliveryState::kVendor, .now = Now()}, Deadline())) {
    if (!did.ok()) Failed("vendor", did.status());
    if (did.ok() && *did) ++moved;
  }
  p_.metrics.Fate(product, MessageClass::kReliable, "vendor", moved);
  p_.metrics.Worked("vendor", "done", moved);
}

bool Janitor::Release() {
  const absl::StatusOr<std::vector<Message>> due = p_.store.ListDueScheduled(p_.home(), Now(), kReleased, Deadline());
  if (!due.ok()) {
    Failed("schedule", due.status());
    return false;
  }
  for (const Message& message : *due) ReleaseOne(message);
  return due->size() == kReleased;
}

void Janitor::ReleaseOne(const Message& message) {
  const absl::Time now = Now();
  const std::shared_ptr<const Profile> profile = p_.profiles.FindOrDefault(message.product);
  push::Release release{.product = message.product,
                        .message_id = message.id,
                        .present = RoomPresence(p_.channels, message.product, Deadline()).Of(message),
                        .day = profile->DayOf(now),
                        .now = now,
                        .max_pending_of_user = profile->max_pending_per_user};
  const absl::StatusOr<Message> released = std::move(p_.store.ReleaseScheduled({&release, 1}, Deadline())[0]);
  if (released.ok()) {
    p_.metrics.Worked("schedule", "done");
    if (released->update_time == now) p_.metrics.AcceptedRecipients(*released);
    return p_.relay.Wake({released->product, released->channel});
  }
  Failed("schedule", released.status());
  if (ReasonOf(released.status()) != "AUDIENCE_TOO_LARGE") return;
  // It would be tried for ever, before all others.
  const std::string request_id = absl::StrCat("release-", FormatId(kMessageIdKind, message.id));
  const Cancellation cancel{.product = message.product, .request_id = request_id, .message_id = message.id, .now = now};
  if (const absl::Status canceled = p_.store.Cancel({&cancel, 1}, Deadline())[0].status(); !canceled.ok())
    Failed("schedule", canceled);
}

bool Janitor::Purge() {
  const absl::Time now = Now();
  bool more = false;
  const auto count = [&](const absl::StatusOr<int64_t>& purged) {
    if (!purged.ok()) return Failed("purge", purged.status());
    p_.metrics.Worked("purge", "done", *purged);
    more = more || *purged >= kPurged;
  };
  count(p_.store.PurgeDeliveries(now - options_.keep_deliveries, kPurged, Deadline()));
  count(p_.store.PurgeMessages(now - options_.keep_messages, kPurged, Deadline()));
  count(p_.store.PurgeRecords(now, kPurged, Deadline()));
  return more;
}

bool Janitor::Count() {
  const absl::Time now = Now();
  const absl::StatusOr<std::map<std::string, OpenWork>> work = p_.store.CountOpenWork(now, Deadline());
  if (work.ok()) p_.metrics.Open(*work, now);
  for (const std::string& product : p_.products()) {
    const std::shared_ptr<const Profile> profile = p_.profiles.Find(product);
    if (profile == nullptr) continue;
    const absl::StatusOr<DaySummary> today = p_.store.SummarizeDay(product, profile->DayOf(now), Deadline());
    if (today.ok()) p_.metrics.Day(product, *today);
  }
  return false;
}

}  // namespace trivium::push
