#include "services/push/relay.h"

#include <pthread.h>

#include <algorithm>

#include "libs/log/log.h"
#include "libs/redis/client.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::push {
namespace {

constexpr absl::Duration kStepTimeout = absl::Seconds(10);
constexpr int kMessages = 100;  // Of a step, with data.
constexpr int kUsers = 500;     // Of an audience, at a time.
constexpr int kSweptChannels = 1000;

}  // namespace

absl::Time Relay::Deadline() const { return clock_.Now() + kStepTimeout; }

void Relay::Start() {
  for (int i = 0; i < options_.threads; ++i) threads_.emplace_back([this] { Run(); });
}

void Relay::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void Relay::Wake(const ChannelName& channel) {
  MutexLock lock(mu_);
  if (waiting_.size() >= kRelayQueueMax) return;
  waiting_.insert(channel);
  wake_.NotifyAll();
}

void Relay::Run() {
  pthread_setname_np(pthread_self(), "relay");
  for (;;) {
    ChannelName channel;
    bool sweep = false;
    {
      MutexLock lock(mu_);
      if (stopping_) return;
      const absl::Duration now = clock_.Monotonic();
      if (now < blocked_until_) {
        wake_.WaitFor(mu_, blocked_until_ - now);
        continue;
      }
      const auto next = std::ranges::find_if(waiting_, [this](const ChannelName& c) {
        mu_.AssertHeld();
        return !running_.contains(c);
      });
      sweep = now >= next_sweep_;
      if (sweep) {
        next_sweep_ = now + options_.sweep;
      } else if (next == waiting_.end()) {
        wake_.WaitFor(mu_, options_.sweep);
        continue;
      } else {
        channel = *next;
        waiting_.erase(next);
        running_.insert(channel);
      }
    }
    if (sweep) {
      Sweep();
    } else {
      Work(channel);
    }
  }
}

void Relay::Work(const ChannelName& channel) {
  const absl::StatusOr<bool> more = Step(channel);
  MutexLock lock(mu_);
  running_.erase(channel);
  if (more.ok() && *more) waiting_.insert(channel);
  wake_.NotifyAll();
  if (!more.ok()) {
    metrics_.Relayed("failed");
    // Once until something works again: Redis or the database is away, and every channel would say so.
    if (!failing_)
      TRIVIUM_LOG(kWarning, "messages wait to be brought into their channels: it will be tried again",
                  {"product", channel.product}, {"error", more.status()});
    // The sweep comes back to this one.
    blocked_until_ = clock_.Monotonic() + options_.pause;
  }
  failing_ = !more.ok();
}

void Relay::Sweep() {
  const absl::StatusOr<std::vector<ChannelName>> channels =
      store_.ListUnsentChannels(options_.home ? options_.home() : std::nullopt, kSweptChannels, Deadline());
  if (!channels.ok()) {
    TRIVIUM_LOG(kWarning, "unsent messages could not be looked for", {"error", channels.status()});
    return;
  }
  for (const ChannelName& channel : *channels) Wake(channel);
}

absl::StatusOr<bool> Relay::Step(const ChannelName& channel) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::vector<Message> messages, store_.ListUnsent(channel, kMessages, Deadline()));
  if (messages.empty()) return false;
  std::vector<Id> sent;
  const absl::Status status = Send(channel, messages, &sent);
  const absl::Time now = absl::FromUnixMicros(absl::ToUnixMicros(clock_.Now()));
  for (const absl::StatusOr<bool>& marked : store_.MarkSent(channel.product, sent, now, Deadline())) {
    // Canceled and purged in between: nothing is left to be marked.
    if (!marked.ok() && marked.status().code() != absl::StatusCode::kNotFound) return marked.status();
  }
  TRIVIUM_RETURN_IF_ERROR(status);
  return messages.size() == kMessages;
}

absl::Status Relay::Send(const ChannelName& channel, const std::vector<Message>& messages, std::vector<Id>* sent) {
  std::vector<const Message*> sequenced;
  for (const Message& m : messages) {
    const absl::Time now = clock_.Now();
    if (m.expire_time <= now) {
      metrics_.Relayed("expired");
      sent->push_back(m.id);
    } else if (m.sequence != 0) {
      sequenced.push_back(&m);
    } else {
      TRIVIUM_RETURN_IF_ERROR(SendUnsequenced(m));
      metrics_.Sent(m, now - m.update_time);
      sent->push_back(m.id);
    }
  }
  if (sequenced.empty()) return absl::OkStatus();
  const Channels::Appended appended = channels_.AppendSequenced(channel, sequenced, Deadline());
  for (size_t i = 0; i < appended.count; ++i) {
    metrics_.Sent(*sequenced[i], clock_.Now() - sequenced[i]->update_time);
    sent->push_back(sequenced[i]->id);
  }
  return appended.status;
}

absl::Status Relay::SendUnsequenced(const Message& m) {
  if (m.target.kind == TargetKind::kAudience) return SendToAudience(m);
  const Publish item{&m, m.channel};
  if (m.message_class != MessageClass::kLossy) return channels_.Append({&item, 1}, Deadline())[0].status();
  const absl::Status published = channels_.PublishOnly({&item, 1}, /*repeat=*/false, Deadline())[0];
  metrics_.Relayed("published");
  // It may have been published: once is enough for a LOSSY one.
  return redis::IsOutcomeUnknown(published) ? absl::OkStatus() : published;
}

absl::StatusOr<std::vector<std::string>> Relay::NextUsers(const Message& m, const std::string& after) {
  if (m.message_class != MessageClass::kReliable)
    return store_.ListAudience(m.product, m.target.value, after, kUsers, Deadline());
  TRIVIUM_ASSIGN_OR_RETURN(
      const std::vector<Delivery> pending,
      store_.ListRecipients(m.product, m.id, {DeliveryState::kPending, after, kUsers}, Deadline()));
  std::vector<std::string> users;
  for (const Delivery& d : pending) users.push_back(d.user_id);
  return users;
}

absl::Status Relay::SendToAudience(const Message& m) {
  std::string after;
  for (;;) {
    absl::StatusOr<std::vector<std::string>> users = NextUsers(m, after);
    // Who is meant by an expression that was good when it was accepted is asked again and again; it stays good.
    TRIVIUM_RETURN_IF_ERROR(users.status());
    if (users->empty()) return absl::OkStatus();
    after = users->back();
    TRIVIUM_RETURN_IF_ERROR(SendToUsers(m, *users));
  }
}

absl::Status Relay::SendToUsers(const Message& m, std::span<const std::string> users) {
  // Who is not connected gets a RELIABLE one when he connects (ListPending): it need not fill his history.
  const bool reliable = m.message_class == MessageClass::kReliable;
  std::vector<bool> wanted(users.size(), true);
  if (reliable) wanted = channels_.Connected(m.product, users, Deadline());
  std::vector<Publish> items;
  for (size_t i = 0; i < users.size(); ++i) {
    if (wanted[i]) items.push_back({&m, UserChannel(users[i])});
  }
  const size_t recipients = reliable ? static_cast<size_t>(m.counts.accepted) : users.size();
  const bool keep = m.message_class != MessageClass::kLossy && m.data.size() * recipients <= kAudienceHistoryBytes;
  if (!keep) {
    for (const absl::Status& status : channels_.PublishOnly(items, /*repeat=*/false, Deadline())) {
      if (!status.ok() && !redis::IsOutcomeUnknown(status)) return status;
    }
    return absl::OkStatus();
  }
  for (const absl::StatusOr<fanout::Result>& result : channels_.Append(items, Deadline()))
    TRIVIUM_RETURN_IF_ERROR(result.status());
  return absl::OkStatus();
}

}  // namespace trivium::push
