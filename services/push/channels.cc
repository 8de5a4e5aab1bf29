#include "services/push/channels.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/log/log.h"
#include "libs/redis/client.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/push/message_view.h"
#include "trivium/push/v1/delivery.pb.h"

namespace trivium::push {
namespace {

// A message without a sequence is known by its id for so long.
constexpr absl::Duration kKnownFor = absl::Hours(1);
// Messages that a lost channel gets back; more would be read at once.
constexpr int64_t kTailMax = 1000;
// Redis may be wiped again while it is being restored.
constexpr int kRestoresMax = 3;

fanout::Channel ToFanout(const ChannelName& channel) { return {channel.product, channel.channel}; }

}  // namespace

absl::Status ChannelUnavailable(const absl::Status& cause) {
  const bool maybe = redis::IsOutcomeUnknown(cause);
  return Error(absl::StatusCode::kUnavailable, "CHANNEL_UNAVAILABLE",
               absl::StrCat("channel: its Redis does not answer, and what was to be sent ",
                            maybe ? "may have been sent" : "was not", ": repeat the request"))
      .With("cause", ReasonOf(cause))
      .With("sent", maybe ? "maybe" : "no")
      .RetryAfter(absl::Milliseconds(500));
}

fanout::Message Channels::ToFanout(const Publish& item, bool repeat) const {
  return {.channel = {item.message->product, item.channel}, .payload = FanoutOf(*item.message, repeat)};
}

std::vector<absl::Status> Channels::PublishOnly(std::span<const Publish> items, bool repeat, absl::Time deadline) {
  std::vector<absl::Status> outcomes;
  for (size_t at = 0; at < items.size(); at += fanout::kMaxBatch / 2) {
    std::vector<fanout::Message> messages;
    for (const Publish& item : items.subspan(at, std::min(fanout::kMaxBatch / 2, items.size() - at)))
      messages.push_back(ToFanout(item, repeat));
    for (absl::Status& status : p_.publisher.PublishOnly(messages, deadline)) outcomes.push_back(std::move(status));
  }
  return outcomes;
}

std::vector<absl::StatusOr<fanout::Result>> Channels::Append(std::span<const Publish> items, absl::Time deadline) {
  std::vector<absl::StatusOr<fanout::Result>> outcomes;
  for (size_t at = 0; at < items.size(); at += fanout::kMaxBatch / 2) {
    std::vector<fanout::Message> messages;
    for (const Publish& item : items.subspan(at, std::min(fanout::kMaxBatch / 2, items.size() - at))) {
      fanout::Message message = ToFanout(item, /*repeat=*/false);
      message.history = p_.profiles.FindOrDefault(item.message->product)->history;
      message.sequence = item.message->sequence;
      if (message.sequence == 0) {
        message.idempotency_key = FormatId(kMessageIdKind, item.message->id);
        message.idempotency_ttl = kKnownFor;
      }
      messages.push_back(std::move(message));
    }
    for (absl::StatusOr<fanout::Result>& result : p_.publisher.Append(messages, deadline))
      outcomes.push_back(std::move(result));
  }
  return outcomes;
}

Channels::Appended Channels::AppendSequenced(const ChannelName& channel, std::span<const Message* const> messages,
                                             absl::Time deadline) {
  Appended appended;
  for (int restores = 0;;) {
    std::vector<Publish> items;
    for (const Message* m : messages.subspan(appended.count)) items.push_back({m, channel.channel});
    const auto results = Append(items, deadline);
    const auto stop = std::ranges::find_if(results, [](const absl::StatusOr<fanout::Result>& result) {
      return !result.ok() || result->outcome == fanout::Outcome::kNeedRestore;
    });
    for (auto it = results.begin(); it != stop; ++it)
      p_.metrics.Relayed((*it)->outcome == fanout::Outcome::kDone ? "appended" : "already");
    appended.count += static_cast<size_t>(stop - results.begin());
    if (stop == results.end()) return appended;
    appended.status = stop->status();
    if (!appended.status.ok()) return appended;
    if (++restores > kRestoresMax) {
      appended.status = absl::UnavailableError("the channel lost its state again and again");
      return appended;
    }
    const absl::StatusOr<fanout::Result> restored = RestoreRange(channel, {(*stop)->position, (*stop)->last_sequence},
                                                                 messages[appended.count]->sequence - 1, deadline);
    appended.status = restored.status();
    if (!restored.ok()) return appended;
  }
}

absl::StatusOr<std::vector<Message>> Channels::TailOf(const ChannelName& channel, absl::Time deadline) {
  const int64_t size = p_.profiles.FindOrDefault(channel.product)->history.size;
  const int limit = static_cast<int>(std::min(size, kTailMax));
  return p_.store.ListChannelTail(channel, p_.clock.Now(), limit, deadline);
}

absl::StatusOr<fanout::Result> Channels::RestoreRange(const ChannelName& channel, const Top& top, int64_t through,
                                                      absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(std::vector<Message> tail, TailOf(channel, deadline));
  // Also those that are on their way: a range that is restored without them would leave them out for ever.
  TRIVIUM_ASSIGN_OR_RETURN(std::vector<Message> unsent,
                           p_.store.ListUnsent(channel, static_cast<int>(kTailMax), deadline));
  std::map<int64_t, const Message*> in_range;
  for (const std::vector<Message>* messages : {&tail, &unsent}) {
    for (const Message& m : *messages) {
      if (m.sequence > top.sequence && m.sequence <= through && m.expire_time > p_.clock.Now())
        in_range[m.sequence] = &m;
    }
  }
  fanout::Restoration restoration{.channel = push::ToFanout(channel),
                                  .history = p_.profiles.FindOrDefault(channel.product)->history,
                                  .after = top.sequence,
                                  .through = through};
  for (const auto& [sequence, m] : in_range) restoration.entries.push_back({sequence, FanoutOf(*m, /*repeat=*/false)});
  absl::StatusOr<fanout::Result> result = p_.publisher.Restore(restoration, deadline);
  p_.metrics.Restored(!result.ok() ? "failed" : result->outcome == fanout::Outcome::kDone ? "done" : "already");
  if (top.position.epoch.empty() && result.ok() && result->outcome == fanout::Outcome::kDone)
    AppendWithoutSequence(channel, tail, deadline);
  return result;
}

void Channels::AppendWithoutSequence(const ChannelName& channel, std::span<const Message> tail, absl::Time deadline) {
  std::vector<Publish> items;
  for (const Message& m : tail) {
    if (m.sequence == 0) items.push_back({&m, channel.channel});
  }
  // What is missed here comes again as a repeat.
  for (const absl::StatusOr<fanout::Result>& result : Append(items, deadline)) {
    if (!result.ok()) TRIVIUM_LOG(kWarning, "a message was not brought back", {"error", result.status()});
  }
}

absl::StatusOr<Channels::Restored> Channels::Restore(const ChannelName& channel, absl::Time deadline) {
  Restored restored;
  for (int restores = 0; restores < kRestoresMax; ++restores) {
    TRIVIUM_ASSIGN_OR_RETURN(const fanout::History now,
                             p_.histories.Read({.channel = push::ToFanout(channel), .limit = 0}, deadline));
    restored.position = now.top;
    TRIVIUM_ASSIGN_OR_RETURN(const std::vector<Message> tail, TailOf(channel, deadline));
    int64_t through = 0;
    for (const Message& m : tail) through = std::max(through, m.sequence);
    if (through <= now.last_sequence) {
      const bool lost = now.top.epoch.empty() && !tail.empty();
      if (!lost) return restored;
      AppendWithoutSequence(channel, tail, deadline);
      TRIVIUM_ASSIGN_OR_RETURN(restored.position, p_.histories.ReadPosition(push::ToFanout(channel), deadline));
      restored.done = true;
      return restored;
    }
    TRIVIUM_ASSIGN_OR_RETURN(const fanout::Result result,
                             RestoreRange(channel, {now.top, now.last_sequence}, through, deadline));
    restored.done = restored.done || result.outcome == fanout::Outcome::kDone;
  }
  return restored;
}

absl::Status Channels::Tell(const std::string& product, std::span<const std::string> user_ids, const v1::Fanout& what,
                            absl::Time deadline) {
  const std::string payload = what.SerializeAsString();
  for (size_t at = 0; at < user_ids.size(); at += fanout::kMaxBatch) {
    std::vector<fanout::Message> messages;
    for (const std::string& user : user_ids.subspan(at, std::min(fanout::kMaxBatch, user_ids.size() - at)))
      messages.push_back({.channel = {product, UserChannel(user)}, .payload = payload});
    for (const absl::Status& status : p_.publisher.PublishOnly(messages, deadline)) {
      if (!status.ok()) return ChannelUnavailable(status);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> Channels::PresentIn(const std::string& product, const std::string& room_id,
                                                             absl::Time deadline) {
  return p_.presence.Users({product, ChannelOf({TargetKind::kRoom, room_id})}, deadline);
}

std::vector<bool> Channels::Connected(const std::string& product, std::span<const std::string> user_ids,
                                      absl::Time deadline) {
  std::vector<fanout::Channel> channels;
  for (const std::string& user : user_ids) channels.push_back({product, UserChannel(user)});
  std::vector<bool> connected;
  for (size_t at = 0; at < channels.size(); at += fanout::kMaxPresenceBatch) {
    const size_t n = std::min(fanout::kMaxPresenceBatch, channels.size() - at);
    for (const auto& count : p_.presence.CountEach(std::span<const fanout::Channel>(channels).subspan(at, n), deadline))
      connected.push_back(!count.ok() || count->num_connections > 0);
  }
  return connected;
}

absl::StatusOr<fanout::PresenceList> Channels::ListPresent(const ChannelName& channel, absl::Time deadline) {
  return p_.presence.List(push::ToFanout(channel), fanout::kMaxPresenceListed, deadline);
}

}  // namespace trivium::push
