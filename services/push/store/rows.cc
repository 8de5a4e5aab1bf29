#include "services/push/store/rows.h"

#include <algorithm>
#include <iterator>

namespace trivium::push {
namespace {

using mysql::Blob;
using mysql::Row;
using mysql::Rows;
using mysql::Value;
using mysql::Values;

constexpr size_t kFirstCount = 21;  // Of TRIVIUM_MESSAGE_COLUMNS.
constexpr size_t kDataColumn = kFirstCount + 5 + kDropReasons;

absl::Time TimeOrNever(const Row& row, size_t column) {
  return row.IsNull(column) ? absl::InfiniteFuture() : row.Time(column);
}

Value TextOrNull(const std::string& text) { return text.empty() ? Value() : Value(text); }

// What other tables look for only while deliveries are pending.
Value OpenCollapseKey(const Message& m) {
  return m.counts.pending > 0 && !m.collapse_key.empty() ? Value(Blob{m.collapse_key}) : Value();
}
Value DueExpireTime(const Message& m) { return m.counts.pending > 0 ? ToValue(m.expire_time) : Value(); }

}  // namespace

Value ToValue(const Id& id) { return Blob{id.ToBytes()}; }
Value ToValue(absl::Time time) {
  if (time == absl::InfinitePast() || time == absl::InfiniteFuture()) return std::monostate();
  return time;
}
Value ToValue(const std::string& text) { return text; }
Value ToValue(int64_t number) { return number; }

void AppendCounts(const Counts& c, Values* values) {
  for (const int64_t n : {c.accepted, c.acked, c.vendor, c.expired, c.pending}) values->emplace_back(n);
  for (const int64_t n : c.dropped) values->emplace_back(n);
}

Counts CountsOf(const Row& row, size_t first) {
  Counts c{.accepted = row.Int(first),
           .acked = row.Int(first + 1),
           .vendor = row.Int(first + 2),
           .expired = row.Int(first + 3),
           .pending = row.Int(first + 4)};
  for (size_t i = 0; i < c.dropped.size(); ++i) c.dropped[i] = row.Int(first + 5 + i);
  return c;
}

Values RowOf(const Message& m) {
  Values row = {ToValue(m.product),
                ToValue(m.id),
                TextOrNull(m.request_id),
                Blob{m.fingerprint},
                ToValue(m.target.kind),
                Blob{m.target.value},
                ToValue(m.message_class),
                ToValue(m.sequence),
                Blob{m.dedupe_key},
                Blob{m.collapse_key},
                ToValue(m.priority),
                ToValue(m.state),
                ToValue(m.create_time),
                ToValue(m.update_time),
                ToValue(m.schedule_time),
                ToValue(m.expire_time),
                ToValue(absl::ToInt64Milliseconds(m.vendor_after)),
                ToValue(absl::ToInt64Milliseconds(m.ack_timeout)),
                TextOrNull(m.day),
                ToValue(m.trace_id),
                ToValue(m.version)};
  AppendCounts(m.counts, &row);
  const bool has_deliveries = m.message_class == MessageClass::kReliable && m.counts.accepted > 0;
  row.insert(row.end(), {Blob{m.data}, ToValue(m.channel), OpenCollapseKey(m), DueExpireTime(m),
                         has_deliveries ? Value(int64_t{1}) : Value()});
  return row;
}

Values UpdateOf(const Message& m) {
  Values values = {ToValue(m.state), ToValue(m.update_time), ToValue(m.version), ToValue(m.sequence),
                   TextOrNull(m.day)};
  AppendCounts(m.counts, &values);
  values.insert(values.end(), {OpenCollapseKey(m), DueExpireTime(m), ToValue(m.product), ToValue(m.id)});
  return values;
}

Values RowOf(const std::string& product, const Delivery& d) {
  return {ToValue(product),
          ToValue(d.message_id),
          ToValue(d.user_id),
          ToValue(d.channel),
          ToValue(d.state),
          ToValue(d.reason),
          ToValue(int64_t{d.attempts}),
          ToValue(d.update_time),
          ToValue(d.next_attempt_time),
          ToValue(d.vendor_time)};
}

Id IdAt(const Row& row, size_t column) { return Id::FromBytes(row.Text(column)).value_or(Id()); }

Message MessageOf(const Row& row) {
  Message m;
  m.product = row.Text(0);
  m.id = IdAt(row, 1);
  m.request_id = row.Text(2);
  m.fingerprint = row.Text(3);
  m.target = {static_cast<TargetKind>(row.Int(4)), row.Text(5)};
  m.message_class = static_cast<MessageClass>(row.Int(6));
  m.channel = ChannelOf(m.target);
  m.sequence = row.Int(7);
  m.dedupe_key = row.Text(8);
  m.collapse_key = row.Text(9);
  m.priority = static_cast<Priority>(row.Int(10));
  m.state = static_cast<MessageState>(row.Int(11));
  m.create_time = row.Time(12);
  m.update_time = row.Time(13);
  m.schedule_time = row.Time(14);
  m.expire_time = row.Time(15);
  m.vendor_after = absl::Milliseconds(row.Int(16));
  m.ack_timeout = absl::Milliseconds(row.Int(17));
  m.day = row.Text(18);
  m.trace_id = row.Text(19);
  m.version = row.Int(20);
  m.counts = CountsOf(row, kFirstCount);
  m.data = row.Text(kDataColumn);
  return m;
}

std::vector<Message> MessagesOf(const Rows& rows) {
  std::vector<Message> messages;
  std::ranges::transform(rows, std::back_inserter(messages), MessageOf);
  return messages;
}

Delivery DeliveryOf(const Row& row) {
  Delivery d;
  d.message_id = IdAt(row, 0);
  d.user_id = row.Text(1);
  d.channel = row.Text(2);
  d.state = static_cast<DeliveryState>(row.Int(3));
  d.reason = static_cast<DropReason>(row.Int(4));
  d.attempts = static_cast<int>(row.Int(5));
  d.update_time = row.Time(6);
  d.next_attempt_time = TimeOrNever(row, 7);
  d.vendor_time = TimeOrNever(row, 8);
  return d;
}

std::vector<std::string> TextsOf(const Rows& rows) {
  std::vector<std::string> texts;
  std::ranges::transform(rows, std::back_inserter(texts), [](const Row& row) { return row.Text(0); });
  return texts;
}

std::vector<Id> IdsOf(const Rows& rows) {
  std::vector<Id> ids;
  std::ranges::transform(rows, std::back_inserter(ids), [](const Row& row) { return IdAt(row, 0); });
  return ids;
}

}  // namespace trivium::push
