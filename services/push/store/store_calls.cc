#include "services/push/store/store_calls.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "services/push/domain/message_rules.h"
#include "services/push/domain/request_fields.h"

namespace trivium::push {
namespace {

constexpr int kMost = 100'000;

std::string FreshProduct(IdGenerator& ids) { return absl::StrCat("acme-", FormatId("t", ids.Next()).substr(10)); }

Counts Fold(const std::vector<Delivery>& deliveries) {
  Counts counts = AcceptedChange(static_cast<int64_t>(deliveries.size()));
  for (const Delivery& d : deliveries) {
    if (d.state != DeliveryState::kPending) counts += MoveChange(DeliveryState::kPending, d.state, 1, d.reason);
  }
  return counts;
}

}  // namespace

std::string EncodeForTest(const Id&, const Message& after) {
  return absl::StrCat(FormatId(kMessageIdKind, after.id), " ", std::string(StateName(after.state)), " ", after.version);
}

StoreCalls::StoreCalls(StoreUnderTest& under_test)
    : under_test_(under_test), store_(under_test.store()), product_(FreshProduct(*ids_)) {}

NewMessage StoreCalls::Draft(const std::string& request_id, Target target, MessageClass message_class) {
  Message m;
  m.id = ids_->Next();
  m.product = product_;
  m.request_id = request_id;
  m.target = std::move(target);
  m.message_class = message_class;
  m.data = "{\"text\":\"点名\"}";
  m.create_time = kNow;
  m.expire_time = kNow + absl::Hours(1);
  m.ack_timeout = absl::Seconds(10);
  m.day = kDay;
  m.trace_id = "0af7651916cd43dd8448eb211c80319c";
  m.fingerprint = Fingerprint({ChannelOf(m.target), m.data});
  return {m, {}};
}

absl::StatusOr<Message> StoreCalls::Accept(const NewMessage& item) { return store_.Accept({&item, 1}, Deadline())[0]; }

Message StoreCalls::MustAccept(const NewMessage& item) {
  absl::StatusOr<Message> message = Accept(item);
  EXPECT_TRUE(message.ok()) << message.status();
  return message.ok() ? *message : Message();
}

void StoreCalls::MustJoin(const std::vector<std::string>& users) {
  const RoomUpdate update{product_, FormatId("req", ids_->Next()), "f", "math", users, kNow};
  const absl::StatusOr<int64_t> added = store_.AddRoomMembers({&update, 1}, Deadline())[0];
  EXPECT_TRUE(added.ok()) << added.status();
}

void StoreCalls::MustSend(const std::vector<Message>& messages) {
  std::vector<Id> ids;
  std::ranges::transform(messages, std::back_inserter(ids), &Message::id);
  for (const absl::StatusOr<bool>& sent : store_.MarkSent(product_, ids, kNow, Deadline())) {
    EXPECT_TRUE(sent.ok() && *sent) << sent.status();
  }
}

absl::StatusOr<Message> StoreCalls::Release(const Message& message, absl::Time now, std::vector<std::string> present) {
  const push::Release release{product_, message.id, std::move(present), kDay, now};
  return store_.ReleaseScheduled({&release, 1}, Deadline())[0];
}

absl::StatusOr<Message> StoreCalls::Cancel(const std::string& request_id, const Message& message) {
  const Cancellation item{product_, request_id, Fingerprint({FormatId("msg", message.id)}), message.id, kNow};
  return store_.Cancel({&item, 1}, Deadline())[0];
}

int64_t StoreCalls::Move(const Message& message, const std::vector<std::string>& users, DeliveryState to,
                         DropReason reason) {
  std::vector<DeliveryKey> keys;
  for (const std::string& user : users) keys.push_back({message.id, user});
  int64_t moved = 0;
  for (const absl::StatusOr<bool>& outcome : store_.MoveDeliveries(product_, keys, {to, reason, kNow}, Deadline())) {
    moved += outcome.ok() && *outcome ? 1 : 0;
  }
  return moved;
}

Message StoreCalls::Get(const Message& message) {
  return store_.GetMessage(product_, message.id, Deadline()).value_or(Message());
}

std::vector<Delivery> StoreCalls::Recipients(const Message& message) {
  return store_.ListRecipients(product_, message.id, {.limit = kMost}, Deadline()).value_or(std::vector<Delivery>());
}

std::vector<std::string> StoreCalls::UsersOf(const Message& message) {
  std::vector<std::string> users;
  std::ranges::transform(Recipients(message), std::back_inserter(users), &Delivery::user_id);
  return users;
}

absl::StatusOr<User> StoreCalls::Tag(const std::string& user, Tags set, std::vector<std::string> remove,
                                     const std::string& request_id) {
  const TagUpdate update{.product = product_,
                         .request_id = request_id.empty() ? FormatId("req", ids_->Next()) : request_id,
                         .fingerprint = Fingerprint({user, absl::StrCat(set.size()), absl::StrCat(remove.size())}),
                         .user_id = user,
                         .set = std::move(set),
                         .remove = std::move(remove),
                         .now = kNow};
  return store_.UpdateTags({&update, 1}, Deadline())[0];
}

void StoreCalls::ExpectLedgerIsTrue() {
  const auto messages = store_.ListMessages(product_, {.limit = kMost}, Deadline());
  ASSERT_TRUE(messages.ok()) << messages.status();
  std::map<std::string, DaySummary> days;
  for (const Message& m : *messages) {
    EXPECT_TRUE(IsLedger(m.counts)) << FormatId("msg", m.id);
    if (m.message_class == MessageClass::kReliable) {
      EXPECT_EQ(m.counts, Fold(Recipients(m))) << FormatId("msg", m.id);
    }
    if (m.day.empty()) continue;
    ClassDay& sum = days[m.day][m.message_class];
    ++sum.messages;
    sum.counts += m.counts;
  }
  for (const auto& [day, summary] : days) EXPECT_EQ(*store_.SummarizeDay(product_, day, Deadline()), summary) << day;
}

std::vector<std::string> StoreCalls::Events() {
  under_test_.Settle(product_);
  std::vector<std::string> payloads;
  const auto events = store_.ListEvents(product_, 0, kMost, Deadline());
  EXPECT_TRUE(events.ok()) << events.status();
  if (!events.ok()) return payloads;
  for (const StoredEvent& event : *events) {
    EXPECT_EQ(event.seq, static_cast<int64_t>(payloads.size()) + 1);
    payloads.push_back(event.payload);
  }
  return payloads;
}

void StoreCalls::ExpectEventsEqualStates() {
  std::map<std::string, std::string> last;
  std::map<std::string, int> version;
  for (const std::string& payload : Events()) {
    const std::vector<std::string> parts = absl::StrSplit(payload, ' ');
    EXPECT_EQ(parts.at(2), absl::StrCat(++version[parts[0]])) << payload;
    last[parts[0]] = payload;
  }
  const std::vector<Message> messages = *store_.ListMessages(product_, {.limit = kMost}, Deadline());
  for (const Message& m : messages) {
    EXPECT_TRUE(!IsTold(m) || last[FormatId("msg", m.id)] == EncodeForTest({}, m)) << EncodeForTest({}, m);
  }
}

}  // namespace trivium::push
