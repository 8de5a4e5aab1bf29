#include "services/push/domain/message_rules.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/text/view.h"

namespace trivium::push {

std::string UserChannel(std::string_view user_id) { return absl::StrCat("user:", ToAbsl(user_id)); }

std::string ChannelOf(const Target& target) {
  constexpr std::string_view kPrefixes[] = {"", "user:", "room:", "product", ""};
  if (target.kind == TargetKind::kAudience) return "";
  return absl::StrCat(ToAbsl(kPrefixes[static_cast<int>(target.kind)]), target.value);
}

absl::Time TimeOf(const Id& message_id) {
  constexpr int kTimeBytes = 6;
  int64_t millis = 0;
  for (int i = 0; i < kTimeBytes; ++i) millis = millis << 8 | message_id.bytes[static_cast<size_t>(i)];
  return absl::FromUnixMillis(millis);
}

Message FirstState(Message m) {
  m.channel = ChannelOf(m.target);
  m.state = m.IsScheduled() ? MessageState::kScheduled : MessageState::kAccepted;
  m.update_time = m.create_time;
  m.version = 1;
  m.sequence = 0;
  m.counts = {};
  // The day it counts on is that of its release.
  if (m.IsScheduled()) m.day.clear();
  return m;
}

Message AsRecorded(Message m) {
  m.schedule_time = absl::InfinitePast();
  m = FirstState(std::move(m));
  m.request_id.clear();
  m.state = MessageState::kSent;
  m.vendor_after = m.ack_timeout = absl::ZeroDuration();
  return m;
}

Message AsCreated(Message m) {
  const Message now = m;
  m = FirstState(std::move(m));
  // Recipients and place of a scheduled message came later.
  if (!now.IsScheduled()) {
    m.sequence = now.sequence;
    m.counts = AcceptedChange(now.counts.accepted);
    // Decided when it was accepted, and then alone.
    const int64_t full = now.counts.Dropped(DropReason::kTooManyPending);
    m.counts += MoveChange(DeliveryState::kPending, DeliveryState::kDropped, full, DropReason::kTooManyPending);
  }
  return m;
}

bool IsTold(const Message& m) { return m.message_class == MessageClass::kReliable || m.IsScheduled(); }

bool Move(Message& m, MessageState to, absl::Time now, std::vector<Message>* told) {
  if (!CanMove(m.state, to)) return false;
  m.state = to;
  m.update_time = now;
  ++m.version;
  if (IsTold(m)) told->push_back(m);
  return true;
}

namespace {

void CompleteWhenDone(Message& m, absl::Time now, std::vector<Message>* told) {
  const bool done = m.message_class == MessageClass::kReliable && m.counts.pending == 0;
  if (done && m.state == MessageState::kSent) Move(m, MessageState::kCompleted, now, told);
}

}  // namespace

void Apply(Message& m, const Counts& change, absl::Time now, std::vector<Message>* told) {
  m.counts += change;
  CompleteWhenDone(m, now, told);
}

bool Send(Message& m, absl::Time now, std::vector<Message>* told) {
  if (m.state != MessageState::kAccepted) return false;
  Move(m, MessageState::kSent, now, told);
  CompleteWhenDone(m, now, told);
  return true;
}

CancelVerdict CheckCancel(const Message& m) {
  if (m.message_class != MessageClass::kReliable && m.state == MessageState::kSent)
    return CancelVerdict::kNotCancelable;
  return CanMove(m.state, MessageState::kCanceled) ? CancelVerdict::kCancel : CancelVerdict::kAlready;
}

void Cancel(Message& m, int64_t dropped, absl::Time now, std::vector<Message>* told) {
  m.counts += MoveChange(DeliveryState::kPending, DeliveryState::kDropped, dropped, DropReason::kCanceled);
  Move(m, MessageState::kCanceled, now, told);
}

Delivery NewDelivery(const Message& m, const std::string& user_id, absl::Time now) {
  Delivery d;
  d.message_id = m.id;
  d.user_id = user_id;
  d.channel = m.target.kind == TargetKind::kAudience ? UserChannel(user_id) : m.channel;
  d.update_time = now;
  d.next_attempt_time = now + RepeatDelay(m.ack_timeout, d.attempts);
  if (m.vendor_after > absl::ZeroDuration()) d.vendor_time = now + m.vendor_after;
  return d;
}

bool Move(Delivery& d, DeliveryState to, absl::Time now, DropReason reason) {
  if (!CanMove(d.state, to)) return false;
  d.state = to;
  d.reason = reason;
  d.update_time = now;
  d.next_attempt_time = d.vendor_time = absl::InfiniteFuture();
  return true;
}

absl::Duration RepeatDelay(absl::Duration ack_timeout, int attempts) {
  absl::Duration delay = ack_timeout;
  for (int i = 1; i < attempts && delay < kRepeatDelayMax; ++i) delay *= 2;
  return std::min(delay, kRepeatDelayMax);
}

}  // namespace trivium::push
