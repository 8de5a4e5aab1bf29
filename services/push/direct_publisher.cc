#include "services/push/direct_publisher.h"

#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/push/domain/message_rules.h"
#include "services/push/store/errors.h"

namespace trivium::push {
namespace {

constexpr absl::Duration kLossyKnownFor = absl::Minutes(1), kOrderedKnownFor = absl::Minutes(10);

// What Redis knows of a message for the repeats of its request.
struct First {
  Id id;
  absl::Time create_time, expire_time;
  std::string day, trace_id, fingerprint;
};

std::string Encode(const Message& m) {
  return absl::StrJoin({FormatId(kMessageIdKind, m.id), absl::StrCat(absl::ToUnixMicros(m.create_time)),
                        absl::StrCat(absl::ToUnixMicros(m.expire_time)), m.day, m.trace_id, m.fingerprint},
                       " ");
}

std::optional<First> Decode(const std::string& text) {
  const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits(' ', 5));
  int64_t created = 0, expires = 0;
  if (parts.size() != 6 || !absl::SimpleAtoi(parts[1], &created) || !absl::SimpleAtoi(parts[2], &expires)) return {};
  const absl::StatusOr<Id> id = ParseId(kMessageIdKind, parts[0]);
  if (!id.ok()) return {};
  return First{*id, absl::FromUnixMicros(created), absl::FromUnixMicros(expires), parts[3], parts[4], parts[5]};
}

std::string RequestKey(const Message& m) { return absl::StrCat("push:request:{", m.product, "/", m.request_id, "}"); }
std::string DedupeKey(const Message& m) { return absl::StrCat("push:dedupe:{", m.product, "/", m.dedupe_key, "}"); }

absl::Duration KnownFor(const Message& m) {
  return m.message_class == MessageClass::kLossy ? kLossyKnownFor : kOrderedKnownFor;
}

// Answers nothing, or the value that was there. Sent twice, it finds its own value.
redis::Command SetIfNew(const std::string& key, const Message& m, absl::Duration ttl) {
  redis::Command command{{"SET", key, Encode(m), "NX", "GET", "PX", absl::StrCat(absl::ToInt64Milliseconds(ttl))}};
  command.idempotent = true;
  return command;
}

// The message that was there before m; nothing when there was none, or it is m itself.
absl::StatusOr<std::optional<First>> FirstOf(const redis::Outcome& outcome, const Message& m) {
  TRIVIUM_RETURN_IF_ERROR(outcome.status());
  if (outcome->is_nil()) return std::nullopt;
  TRIVIUM_ASSIGN_OR_RETURN(const std::string text, outcome->Text());
  std::optional<First> first = Decode(text);
  if (first && first->id == m.id) return std::nullopt;
  return first;
}

}  // namespace

struct DirectPublisher::Item {
  enum class Kind {
    kNew,
    kRepeat,     // Of a request that was accepted before.
    kDuplicate,  // Of another request's message, by the dedupe key.
  };
  Message message;
  std::vector<std::string> channels;
  Kind kind = Kind::kNew;
  size_t reserved_bytes = 0;  // Room kept in the recorder; 0: none.
  bool claimed = false;       // The request's key is ours.
  bool claimed_dedupe = false;
  absl::Status status;
};

std::vector<absl::StatusOr<Message>> DirectPublisher::Send(std::vector<Message> drafts, absl::Time deadline) {
  std::vector<Item> items;
  for (Message& draft : drafts) items.push_back({.message = std::move(draft)});
  for (Item& item : items) {
    FindUsers(item, deadline);
    if (!item.status.ok()) continue;
    item.status = p_.recorder.Reserve(1, item.message.data.size());
    if (item.status.ok()) item.reserved_bytes = item.message.data.size();
  }
  Claim(items, deadline);
  Publish(items, deadline);
  GiveBack(items, deadline);
  std::vector<absl::StatusOr<Message>> outcomes;
  for (Item& item : items) outcomes.push_back(Finish(item));
  return outcomes;
}

void DirectPublisher::FindUsers(Item& item, absl::Time deadline) {
  Message& m = item.message;
  m.channel = ChannelOf(m.target);
  if (m.target.kind != TargetKind::kAudience) {
    item.channels = {m.channel};
    return;
  }
  const absl::StatusOr<std::vector<std::string>> users =
      p_.store.ListAudience(m.product, m.target.value, "", static_cast<int>(kRecipientsMax) + 1, deadline);
  item.status = users.status();
  if (!users.ok()) return;
  const bool too_large =
      m.message_class == MessageClass::kOrdered && users->size() * m.data.size() > kAudienceHistoryBytes;
  if (users->size() > kRecipientsMax || too_large) {
    item.status = AudienceTooLarge();
    return;
  }
  for (const std::string& user : *users) item.channels.push_back(UserChannel(user));
}

void DirectPublisher::Claim(std::vector<Item>& items, absl::Time deadline) {
  std::vector<redis::Command> commands;
  std::vector<Item*> asking;
  for (Item& item : items) {
    if (!item.status.ok()) continue;
    asking.push_back(&item);
    commands.push_back(SetIfNew(RequestKey(item.message), item.message, KnownFor(item.message)));
    if (!item.message.dedupe_key.empty())
      commands.push_back(SetIfNew(DedupeKey(item.message), item.message, kDedupeWindow));
  }
  const std::vector<redis::Outcome> outcomes = p_.redis.Pipeline(commands, deadline);
  auto next = outcomes.begin();
  for (Item* item : asking) {
    Message& m = item->message;
    absl::StatusOr<std::optional<First>> first = FirstOf(*next++, m);
    item->kind = first.ok() && first->has_value() ? Item::Kind::kRepeat : Item::Kind::kNew;
    item->claimed = first.ok() && !first->has_value();
    if (!m.dedupe_key.empty()) {
      absl::StatusOr<std::optional<First>> same = FirstOf(*next++, m);
      item->claimed_dedupe = same.ok() && !same->has_value();
      if (item->claimed && same.ok() && same->has_value()) {
        first = std::move(same);
        item->kind = Item::Kind::kDuplicate;
      } else if (item->claimed && !same.ok()) {
        first = same.status();
      }
    }
    if (!first.ok()) {
      item->status = ChannelUnavailable(first.status());
      continue;
    }
    if (!first->has_value()) continue;
    if (item->kind == Item::Kind::kRepeat)
      item->status = CheckFingerprint(Method::kPublish, (*first)->fingerprint, m.fingerprint);
    m.id = (*first)->id;
    m.create_time = (*first)->create_time;
    m.expire_time = (*first)->expire_time;
    m.day = (*first)->day;
    m.trace_id = (*first)->trace_id;
    if (item->status.ok() && item->kind == Item::Kind::kDuplicate) TakeFirst(*item, deadline);
  }
}

void DirectPublisher::TakeFirst(Item& item, absl::Time deadline) {
  Message& m = item.message;
  // Repeats of this request get the same answer.
  const redis::Command remember{
      {"SET", RequestKey(m), Encode(m), "PX", absl::StrCat(absl::ToInt64Milliseconds(KnownFor(m)))}};
  (void)p_.redis.Call(remember, deadline);
  std::optional<Message> first = p_.recorder.Find(m.product, m.id);
  if (!first) {
    absl::StatusOr<Message> stored = p_.store.GetMessage(m.product, m.id, deadline);
    if (stored.ok()) first = *std::move(stored);
  }
  if (first) m = *std::move(first);
}

void DirectPublisher::Publish(std::vector<Item>& items, absl::Time deadline) {
  std::vector<push::Publish> lossy, ordered;
  std::vector<Item*> lossy_of, ordered_of;
  for (Item& item : items) {
    const bool is_lossy = item.message.message_class == MessageClass::kLossy;
    // A repeat of an ORDERED one makes sure that it is there; a LOSSY one goes out once at most.
    const bool wanted = item.kind == Item::Kind::kNew || (item.kind == Item::Kind::kRepeat && !is_lossy);
    if (!item.status.ok() || !wanted) continue;
    for (const std::string& channel : item.channels) {
      (is_lossy ? lossy : ordered).push_back({&item.message, channel});
      (is_lossy ? lossy_of : ordered_of).push_back(&item);
    }
  }
  const auto settle = [](Item* item, const absl::Status& status) {
    if (!status.ok() && item->status.ok()) item->status = ChannelUnavailable(status);
  };
  const std::vector<absl::Status> published = p_.channels.PublishOnly(lossy, /*repeat=*/false, deadline);
  for (size_t i = 0; i < published.size(); ++i) settle(lossy_of[i], published[i]);
  const auto appended = p_.channels.Append(ordered, deadline);
  for (size_t i = 0; i < appended.size(); ++i) settle(ordered_of[i], appended[i].status());
}

void DirectPublisher::GiveBack(const std::vector<Item>& items, absl::Time deadline) {
  std::vector<redis::Command> commands;
  for (const Item& item : items) {
    // What may have been sent stays claimed: a repeat must not send a LOSSY one twice.
    if (item.status.ok() || !item.claimed || MetadataOf(item.status, "sent") == "maybe") continue;
    commands.push_back({{"DEL", RequestKey(item.message)}});
    if (item.claimed_dedupe) commands.push_back({{"DEL", DedupeKey(item.message)}});
  }
  // Best effort: Redis has just failed.
  if (!commands.empty()) (void)p_.redis.Pipeline(commands, deadline);
}

absl::StatusOr<Message> DirectPublisher::Finish(Item& item) {
  Message& m = item.message;
  if (!item.status.ok() || item.kind == Item::Kind::kDuplicate) {
    if (item.reserved_bytes > 0) p_.recorder.Release(1, item.reserved_bytes);
    if (!item.status.ok()) return item.status;
    return m;
  }
  Message sent = AsRecorded(m);
  if (item.kind == Item::Kind::kNew) {
    p_.metrics.Accepted(sent);
    p_.metrics.Sent(sent, p_.clock.Now() - m.create_time);
  }
  p_.recorder.Add(std::move(m));
  return sent;
}

}  // namespace trivium::push
