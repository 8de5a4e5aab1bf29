#include "services/push/message_view.h"

#include "absl/strings/escaping.h"
#include "libs/clock/proto_time.h"
#include "libs/telemetry/trace.h"
#include "libs/text/view.h"
#include "trivium/push/v1/delivery.pb.h"

namespace trivium::push {
namespace {

void SetTarget(const Target& target, v1::Target* out) {
  switch (target.kind) {
    case TargetKind::kUser:
      return out->set_user_id(target.value);
    case TargetKind::kRoom:
      return out->set_room_id(target.value);
    case TargetKind::kProduct:
      return out->set_product(true);
    case TargetKind::kAudience:
      return out->set_audience(target.value);
  }
}

// Continues the trace of the acceptance; the message is the span.
std::string TraceparentOf(const Message& m) {
  if (m.trace_id.empty()) return "";
  const TraceContext trace{
      .trace_id = m.trace_id, .span_id = absl::BytesToHexString(ToAbsl(m.id.ToBytes().substr(8))), .flags = 1};
  return trace.ToHeader();
}

}  // namespace

void ToProto(const Counts& counts, v1::Delivery* out) {
  out->set_accepted(counts.accepted);
  out->set_acked(counts.acked);
  out->set_vendor(counts.vendor);
  out->set_expired(counts.expired);
  out->set_pending(counts.pending);
  for (int i = 1; i <= kDropReasons; ++i) {
    const auto reason = static_cast<DropReason>(i);
    if (counts.Dropped(reason) != 0)
      (*out->mutable_dropped())[std::string(ReasonName(reason))] = counts.Dropped(reason);
  }
}

void ToProto(const Message& m, v1::Message* out) {
  out->set_message_id(FormatId(kMessageIdKind, m.id));
  SetTarget(m.target, out->mutable_target());
  out->set_class_(static_cast<v1::MessageClass>(m.message_class));
  out->set_channel(m.channel);
  out->set_sequence(m.sequence);
  out->set_data(m.data);
  out->set_collapse_key(m.collapse_key);
  out->set_priority(static_cast<v1::Priority>(m.priority));
  out->set_state(static_cast<v1::Message::State>(m.state));
  SetTime(m.create_time, out->mutable_create_time());
  if (m.IsScheduled()) SetTime(m.schedule_time, out->mutable_schedule_time());
  SetTime(m.expire_time, out->mutable_expire_time());
  ToProto(m.counts, out->mutable_delivery());
  out->set_trace_id(m.trace_id);
  out->set_version(m.version);
}

void ToProto(const Delivery& d, v1::Recipient* out) {
  out->set_user_id(d.user_id);
  out->set_message_id(FormatId(kMessageIdKind, d.message_id));
  out->set_state(static_cast<v1::Recipient::State>(d.state));
  out->set_reason(std::string(ReasonName(d.reason)));
  out->set_attempts(d.attempts);
  SetTime(d.update_time, out->mutable_update_time());
}

std::string EventOf(const Id& event_id, const Message& after) {
  v1::Event event;
  event.set_event_id(FormatId("evt", event_id));
  event.set_product(after.product);
  SetTime(after.update_time, event.mutable_time());
  ToProto(after, event.mutable_message());
  event.mutable_message()->clear_data();
  return event.SerializeAsString();
}

void ToProto(const Message& m, bool repeat, v1::Publication* out) {
  out->set_message_id(m.id.ToBytes());
  out->set_class_(static_cast<v1::MessageClass>(m.message_class));
  out->set_data(m.data);
  out->set_repeat(repeat);
  out->set_expire_time_ms(absl::ToUnixMillis(m.expire_time));
  out->set_traceparent(TraceparentOf(m));
  out->set_create_time_ms(absl::ToUnixMillis(m.create_time));
  out->set_priority(static_cast<v1::Priority>(m.priority));
}

std::string FanoutOf(const Message& m, bool repeat) {
  v1::Fanout fanout;
  ToProto(m, repeat, fanout.mutable_publication());
  return fanout.SerializeAsString();
}

}  // namespace trivium::push
