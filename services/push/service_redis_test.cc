// The service over real gRPC with mTLS: store in memory, a real Redis. What it answers, and what gateways hear.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "libs/event_feed/event_cursor.h"
#include "libs/status/error.h"
#include "services/push/push_under_test.h"

namespace trivium::push {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;
using Stub = v1::PushService::Stub;

redis::AnyTestRedis& Redis() {
  static auto* redis = redis::AnyTestRedis::Start().value().release();
  return *redis;
}
class StopRedis : public ::testing::Environment {
 public:
  void SetUp() override { Redis(); }
  void TearDown() override { delete &Redis(); }
};
const auto* const kStopRedis = ::testing::AddGlobalTestEnvironment(new StopRedis);

class ServiceTest : public ::testing::Test, protected TwoProfiles, protected PushUnderTest {
 protected:
  ServiceTest() : PushUnderTest(Redis(), *this) {}
  void SetUp() override { ASSERT_EQ(Redis().Flush(), absl::OkStatus()); }

  std::string RefusalOf(const v1::PublishRequest& request) {
    v1::Message message;
    return ReasonOf(Publish(request, &message));
  }
  v1::Delivery MustGetDelivery(const std::string& message_id) { return MustGet(message_id).delivery(); }
};

TEST_F(ServiceTest, AReliableMessageIsKeptSentAndAcknowledged) {
  TestGateway gateway(Redis(), "acme", {"room:math"});
  MustJoin("math", {"li", "han"});
  gateway.MustConnect("room:math", {"wang", "li"});
  const v1::Message accepted = MustPublish(ToRoom("request-1", "math", v1::RELIABLE));
  EXPECT_EQ(accepted.state(), v1::Message::ACCEPTED);
  EXPECT_EQ(accepted.channel(), "room:math");
  EXPECT_EQ(accepted.sequence(), 1);
  EXPECT_EQ(accepted.delivery().accepted(), 3) << "members, and who is there";
  const auto heard = gateway.AwaitPublications(1);
  EXPECT_EQ(IdOf(heard[0].what.publication()), accepted.message_id());
  EXPECT_EQ(heard[0].what.publication().class_(), v1::RELIABLE);
  EXPECT_EQ(heard[0].what.publication().data(), accepted.data());
  EXPECT_EQ(heard[0].offset, 1);
  EXPECT_FALSE(heard[0].what.publication().traceparent().empty());
  ASSERT_TRUE(Eventually([&] { return MustGet(accepted.message_id()).state() == v1::Message::SENT; }));
  EXPECT_EQ(MustAck("li", {accepted.message_id()}), 1);
  EXPECT_EQ(MustAck("li", {accepted.message_id()}), 0) << "once";
  EXPECT_EQ(MustAck("stranger", {accepted.message_id()}), 0);
  EXPECT_EQ(MustAck("han", {accepted.message_id()}), 1);
  EXPECT_EQ(MustGet(accepted.message_id()).state(), v1::Message::SENT);
  EXPECT_EQ(MustAck("wang", {accepted.message_id()}), 1);
  const v1::Message done = MustGet(accepted.message_id());
  EXPECT_EQ(done.state(), v1::Message::COMPLETED);
  EXPECT_EQ(done.delivery().acked(), 3);
  EXPECT_EQ(done.delivery().pending(), 0);
}

TEST_F(ServiceTest, OrderedAndLossyMessagesAreSentAtOnce) {
  TestGateway gateway(Redis(), "acme", {"room:math"});
  const v1::Message chat = MustPublish(ToRoom("request-1", "math", v1::ORDERED));
  const v1::Message like = MustPublish(ToRoom("request-2", "math", v1::LOSSY));
  const v1::Message next = MustPublish(ToRoom("request-3", "math", v1::ORDERED));
  EXPECT_EQ(chat.state(), v1::Message::SENT);
  EXPECT_EQ(chat.sequence(), 0);
  const auto heard = gateway.AwaitPublications(3);
  EXPECT_THAT(gateway.IdsOf("room:math"), ElementsAre(chat.message_id(), like.message_id(), next.message_id()));
  EXPECT_EQ(heard[0].offset, 1);
  EXPECT_EQ(heard[1].offset, 0);
  EXPECT_EQ(heard[2].offset, 2);
  // Found at once, and written down a moment later.
  EXPECT_EQ(MustGet(like.message_id()).data(), like.data());
  v1::ListMessagesRequest list;
  v1::ListMessagesResponse page;
  ASSERT_TRUE(Eventually([&] { return Call(&Stub::ListMessages, list, &page).ok() && page.messages_size() == 3; }));
  EXPECT_LE(like.expire_time().seconds() - like.create_time().seconds(), 60);
}

TEST_F(ServiceTest, GatewaysCountWhatTheyDidWithLossyAndOrderedMessages) {
  const v1::Message chat = MustPublish(ToRoom("request-1", "math", v1::ORDERED));
  v1::ReportDeliveriesRequest report;
  report.set_gateway("gateway-1");
  report.set_number(7);
  v1::DeliveryCount* count = report.add_counts();
  count->set_message_id(ParseId("msg", chat.message_id())->ToBytes());
  count->set_sent(40);
  (*count->mutable_dropped())["SLOW_READER"] = 2;
  v1::ReportDeliveriesResponse response;
  for (int i = 0; i < 2; ++i)  // The second time it is a repeat.
    ASSERT_EQ(Call(&v1::DeliveryService::Stub::ReportDeliveries, report, &response), absl::OkStatus());
  ASSERT_TRUE(Eventually([&] { return MustGetDelivery(chat.message_id()).accepted() == 42; }));
  EXPECT_EQ(MustGetDelivery(chat.message_id()).acked(), 40);
  EXPECT_EQ(MustGetDelivery(chat.message_id()).dropped().at("SLOW_READER"), 2);
  report.mutable_counts(0)->set_sent(-1);
  EXPECT_EQ(ReasonOf(Call(&v1::DeliveryService::Stub::ReportDeliveries, report, &response)), "FIELD_INVALID");
}

TEST_F(ServiceTest, ARepeatOfARequestIsAnsweredOnce) {
  TestGateway gateway(Redis(), "acme", {"user:li"});
  size_t sent = 0;
  for (const v1::MessageClass c : {v1::LOSSY, v1::ORDERED, v1::RELIABLE}) {
    ++sent;
    const std::string request_id = absl::StrCat("request-", c);
    const v1::Message first = MustPublish(ToUser(request_id, "li", c)),
                      again = MustPublish(ToUser(request_id, "li", c));
    EXPECT_EQ(again.SerializeAsString(), first.SerializeAsString()) << c;
    EXPECT_EQ(gateway.AwaitPublications(sent).size(), sent) << c;
    v1::PublishRequest other = ToUser(request_id, "li", c);
    other.set_data("{}");
    v1::Message message;
    const absl::Status reused = Publish(other, &message);
    EXPECT_EQ(ReasonOf(reused), "IDEMPOTENCY_KEY_REUSED") << c;
    EXPECT_EQ(MetadataOf(reused, "field"), "data") << c;
  }
}

TEST_F(ServiceTest, ADedupeKeyIsAnsweredByTheFirstMessage) {
  TestGateway gateway(Redis(), "acme", {"user:li"});
  size_t sent = 0;
  for (const v1::MessageClass c : {v1::LOSSY, v1::ORDERED, v1::RELIABLE}) {
    v1::PublishRequest request = ToUser(absl::StrCat("request-1", c), "li", c);
    request.set_dedupe_key(absl::StrCat("homework-7-", c));
    const v1::Message first = MustPublish(request);
    request.set_request_id(absl::StrCat("request-2", c));
    request.set_data("{\"other\":1}");
    EXPECT_EQ(MustPublish(request).message_id(), first.message_id()) << c;
    EXPECT_EQ(MustPublish(request).message_id(), first.message_id()) << c << ": and so are its repeats";
    gateway.AwaitPublications(++sent);
    request.set_request_id(absl::StrCat("request-3", c));
    request.set_dedupe_key(absl::StrCat("homework-8-", c));
    EXPECT_NE(MustPublish(request).message_id(), first.message_id()) << c;
    EXPECT_EQ(gateway.AwaitPublications(++sent).size(), sent) << c;
  }
}

struct BadRequest {
  const char* field;
  std::function<void(v1::PublishRequest&)> spoil;
};

TEST_F(ServiceTest, RefusesBadPublishRequestsNamingTheField) {
  const std::string long_text(65, 'x');
  const BadRequest kCases[] = {
      {"request_id", [](auto& r) { r.set_request_id("short"); }},
      {"request_id", [](auto& r) { r.set_request_id("request 1"); }},
      {"target:", [](auto& r) { r.clear_target(); }},
      {"target.user_id", [](auto& r) { r.mutable_target()->set_user_id(""); }},
      {"target.user_id", [](auto& r) { r.mutable_target()->set_user_id("li/han"); }},
      {"target.user_id", [&](auto& r) { r.mutable_target()->set_user_id(long_text); }},
      {"target.room_id", [](auto& r) { r.mutable_target()->set_room_id("{math}"); }},
      {"target.product", [](auto& r) { r.mutable_target()->set_product(false); }},
      {"target.audience", [](auto& r) { r.mutable_target()->set_audience(""); }},
      {"class", [](auto& r) { r.clear_class_(); }},
      {"class", [](auto& r) { r.set_class_(static_cast<v1::MessageClass>(9)); }},
      {"data", [](auto& r) { r.clear_data(); }},
      {"data", [](auto& r) { r.set_data(std::string((64 << 10) + 1, 'x')); }},
      {"ttl", [](auto& r) { r.mutable_ttl()->set_seconds(0); }},
      {"ttl", [](auto& r) { r.mutable_ttl()->set_seconds(-5); }},
      {"ttl", [](auto& r) { r.mutable_ttl()->set_seconds(31 * 86400); }},
      {"ttl", [](auto& r) { r.mutable_ttl()->set_nanos(2'000'000'000); }},
      {"ttl",
       [](auto& r) {
         r.set_class_(v1::LOSSY);
         r.mutable_ttl()->set_seconds(61);
       }},
      {"dedupe_key", [&](auto& r) { r.set_dedupe_key(long_text); }},
      {"dedupe_key", [](auto& r) { r.set_dedupe_key("a\nb"); }},
      {"collapse_key",
       [](auto& r) {
         r.set_class_(v1::ORDERED);
         r.set_collapse_key("k");
       }},
      {"priority", [](auto& r) { r.set_priority(static_cast<v1::Priority>(17)); }},
      {"schedule_time",
       [](auto& r) { r.mutable_schedule_time()->set_seconds(absl::ToUnixSeconds(absl::Now()) + 31 * 86400); }},
      {"schedule_time", [](auto& r) { r.mutable_schedule_time()->set_seconds(-1); }},
      {"vendor_after", [](auto& r) { r.mutable_vendor_after()->set_seconds(4); }},
      {"vendor_after",
       [](auto& r) {
         r.mutable_ttl()->set_seconds(60);
         r.mutable_vendor_after()->set_seconds(61);
       }},
      {"vendor_after",
       [](auto& r) {
         r.set_class_(v1::ORDERED);
         r.mutable_vendor_after()->set_seconds(10);
       }},
  };
  for (const BadRequest& bad : kCases) {
    v1::PublishRequest request = ToUser("request-1", "li", v1::RELIABLE);
    bad.spoil(request);
    v1::Message message;
    const absl::Status status = Publish(request, &message);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << request.ShortDebugString();
    EXPECT_EQ(ReasonOf(status), "FIELD_INVALID") << request.ShortDebugString();
    EXPECT_NE(std::string(status.message()).find(bad.field), std::string::npos) << bad.field << " in " << status;
  }
  // None of them used the key up.
  EXPECT_EQ(MustPublish(ToUser("request-1", "li", v1::RELIABLE)).delivery().accepted(), 1);
}

TEST_F(ServiceTest, SaysWhereAnAudienceDoesNotParse) {
  v1::PublishRequest request = ToUser("request-1", "li", v1::RELIABLE);
  request.mutable_target()->set_audience("grade=7 AND");
  v1::Message message;
  const absl::Status status = Publish(request, &message);
  EXPECT_EQ(ReasonOf(status), "AUDIENCE_INVALID");
  EXPECT_EQ(MetadataOf(status, "position"), "11");
}

TEST_F(ServiceTest, CallersAreWhatTheirCertificateSays) {
  const v1::Message mine = MustPublish(ToUser("request-1", "li", v1::RELIABLE));
  const auto globex = Stub(Pki().Product("globex")), unknown = Stub(Pki().Product("initech")),
             dev = Stub(Pki().Operator("dev")), other = Stub(Pki().Service("payment"));
  v1::GetMessageRequest get;
  get.set_message_id(mine.message_id());
  v1::Message message;
  EXPECT_EQ(ReasonOf(Call(&v1::PushService::Stub::GetMessage, get, &message, globex.get())), "MESSAGE_NOT_FOUND");
  v1::CancelMessageRequest cancel;
  cancel.set_request_id("cancel-01");
  cancel.set_message_id(mine.message_id());
  EXPECT_EQ(ReasonOf(Call(&v1::PushService::Stub::CancelMessage, cancel, &message, globex.get())), "MESSAGE_NOT_FOUND");
  const v1::PublishRequest request = ToUser("request-2", "li", v1::RELIABLE);
  EXPECT_EQ(ReasonOf(Call(&v1::PushService::Stub::Publish, request, &message, unknown.get())),
            "PRODUCT_NOT_CONFIGURED");
  EXPECT_EQ(ReasonOf(Call(&v1::PushService::Stub::Publish, request, &message, dev.get())), "METHOD_NOT_ALLOWED");
  EXPECT_EQ(ReasonOf(Call(&v1::PushService::Stub::Publish, request, &message, other.get())), "METHOD_NOT_ALLOWED");
  // An acknowledgement for another product moves nothing.
  v1::AcknowledgeRequest ack;
  ack.add_users()->set_user_id("li");
  ack.mutable_users(0)->add_message_ids(ParseId("msg", mine.message_id())->ToBytes());
  v1::AcknowledgeResponse acked;
  ASSERT_EQ(Call(&v1::DeliveryService::Stub::Acknowledge, ack, &acked, "globex"), absl::OkStatus());
  EXPECT_EQ(acked.acked(), 0);
}

TEST_F(ServiceTest, QuotasCountHighPriorityByItself) {
  Profile profile = Get();
  profile.max_messages_per_second = 3;
  profile.max_high_priority_per_second = 1;
  Set(profile);
  const auto request = [](const std::string& id, v1::Priority priority) {
    v1::PublishRequest r = ToUser("request-" + id, "li", v1::LOSSY);
    r.set_priority(priority);
    return r;
  };
  MustPublish(request("1", v1::NORMAL));
  MustPublish(request("2", v1::LOW));
  MustPublish(request("3", v1::PRIORITY_UNSPECIFIED));
  v1::Message message;
  const absl::Status refused = Publish(request("4", v1::NORMAL), &message);
  EXPECT_EQ(refused.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ReasonOf(refused), "QUOTA_EXCEEDED");
  EXPECT_EQ(MetadataOf(refused, "messages_per_second"), "3");
  EXPECT_NE(SerializeDetails(refused).find("google.rpc.RetryInfo"), std::string::npos);
  EXPECT_NE(SerializeDetails(refused).find("google.rpc.QuotaFailure"), std::string::npos);
  MustPublish(request("5", v1::HIGH));
  EXPECT_EQ(RefusalOf(request("6", v1::HIGH)), "QUOTA_EXCEEDED");
  EXPECT_NE(metrics().Expose().find("trivium_push_quota_refusals_total{priority=\"HIGH\",product=\"acme\"} 1"),
            std::string::npos);
}

TEST_F(ServiceTest, ABatchAnswersEachRequestByItself) {
  TestGateway gateway(Redis(), "acme", {"room:math", "user:li"});
  v1::PublishBatchRequest batch;
  *batch.add_requests() = ToUser("request-1", "li", v1::RELIABLE);
  *batch.add_requests() = ToUser("bad", "li", v1::RELIABLE);
  *batch.add_requests() = ToRoom("request-3", "math", v1::ORDERED);
  *batch.add_requests() = ToRoom("request-4", "math", v1::LOSSY);
  *batch.add_requests() = ToRoom("request-3", "math", v1::ORDERED);
  v1::PublishBatchResponse response;
  ASSERT_EQ(Call(&Stub::PublishBatch, batch, &response), absl::OkStatus());
  ASSERT_EQ(response.outcomes_size(), 5);
  EXPECT_TRUE(response.outcomes(0).has_message());
  EXPECT_TRUE(response.outcomes(0).message().data().empty()) << "4 MiB came in: they are not sent back";
  EXPECT_EQ(response.outcomes(1).code(), 3);
  EXPECT_EQ(response.outcomes(1).reason(), "FIELD_INVALID");
  EXPECT_NE(response.outcomes(1).error().find("request_id"), std::string::npos);
  EXPECT_EQ(response.outcomes(4).message().message_id(), response.outcomes(2).message().message_id());
  gateway.AwaitPublications(3);
  EXPECT_THAT(gateway.IdsOf("room:math"), UnorderedElementsAre(response.outcomes(2).message().message_id(),
                                                               response.outcomes(3).message().message_id()));
  v1::PublishBatchRequest empty, large;
  EXPECT_EQ(ReasonOf(Call(&Stub::PublishBatch, empty, &response)), "FIELD_INVALID");
  for (int i = 0; i < 1001; ++i) *large.add_requests() = ToUser(absl::StrCat("request-", 100 + i), "li", v1::LOSSY);
  EXPECT_EQ(ReasonOf(Call(&Stub::PublishBatch, large, &response)), "FIELD_INVALID");
  large.clear_requests();
  for (int i = 0; i < 49; ++i) {
    *large.add_requests() = ToUser(absl::StrCat("request-", 100 + i), "li", v1::LOSSY);
    large.mutable_requests(i)->set_data(std::string(64 << 10, 'x'));
  }
  EXPECT_EQ(ReasonOf(Call(&Stub::PublishBatch, large, &response)), "FIELD_INVALID");
}

TEST_F(ServiceTest, AScheduledMessageGoesAtItsTimeToWhoIsThereThen) {
  TestGateway gateway(Redis(), "acme", {"room:math"});
  int number = 0;
  for (const v1::MessageClass c : {v1::LOSSY, v1::ORDERED, v1::RELIABLE}) {
    v1::PublishRequest request = ToRoom(absl::StrCat("request-", ++number), "math", c);
    const absl::Time when = absl::Now() + absl::Milliseconds(400);
    request.mutable_schedule_time()->set_seconds(absl::ToUnixSeconds(when));
    request.mutable_schedule_time()->set_nanos(static_cast<int>(absl::ToUnixMicros(when) % 1'000'000 * 1000));
    const v1::Message scheduled = MustPublish(request);
    EXPECT_EQ(scheduled.state(), v1::Message::SCHEDULED) << c;
    MustJoin("math", {absl::StrCat("user-", c)});
    const auto heard = gateway.AwaitPublications(static_cast<size_t>(number));
    EXPECT_EQ(IdOf(heard.back().what.publication()), scheduled.message_id()) << c;
    EXPECT_GE(absl::Now(), when) << c;
    ASSERT_TRUE(Eventually([&] { return MustGet(scheduled.message_id()).state() >= v1::Message::SENT; })) << c;
    EXPECT_EQ(MustPublish(request).message_id(), scheduled.message_id()) << "a repeat after its time";
  }
  EXPECT_EQ(gateway.AwaitPublications(3).size(), 3u);
}

TEST_F(ServiceTest, ACanceledMessageIsNotSentOrNotRepeated) {
  TestGateway gateway(Redis(), "acme", {"user:li"});
  v1::PublishRequest request = ToUser("request-1", "li", v1::ORDERED);
  request.mutable_schedule_time()->set_seconds(absl::ToUnixSeconds(absl::Now()) + 3600);
  const v1::Message scheduled = MustPublish(request);
  const v1::Message reliable = MustPublish(ToUser("request-2", "li", v1::RELIABLE));
  const v1::Message lossy = MustPublish(ToUser("request-3", "li", v1::LOSSY));
  v1::Message message;
  v1::CancelMessageRequest cancel;
  const auto cancel_it = [&](const std::string& request_id, const v1::Message& m) {
    cancel.set_request_id(request_id);
    cancel.set_message_id(m.message_id());
    return Call(&Stub::CancelMessage, cancel, &message);
  };
  ASSERT_EQ(cancel_it("cancel-01", scheduled), absl::OkStatus());
  EXPECT_EQ(message.state(), v1::Message::CANCELED);
  ASSERT_EQ(cancel_it("cancel-02", reliable), absl::OkStatus());
  EXPECT_EQ(message.delivery().dropped().at("CANCELED"), 1);
  EXPECT_EQ(message.delivery().pending(), 0);
  ASSERT_EQ(cancel_it("cancel-02", reliable), absl::OkStatus());
  EXPECT_EQ(ReasonOf(cancel_it("cancel-02", scheduled)), "IDEMPOTENCY_KEY_REUSED");
  EXPECT_EQ(ReasonOf(cancel_it("cancel-03", lossy)), "MESSAGE_NOT_CANCELABLE");
  ASSERT_TRUE(Eventually([&] {
    v1::ListMessagesResponse page;
    v1::ListMessagesRequest list;
    list.set_class_(v1::LOSSY);
    return Call(&Stub::ListMessages, list, &page).ok() && page.messages_size() == 1;
  }));
  EXPECT_EQ(ReasonOf(cancel_it("cancel-04", lossy)), "MESSAGE_NOT_CANCELABLE") << "also when it is written down";
  cancel.set_message_id("msg_1");
  EXPECT_EQ(ReasonOf(Call(&Stub::CancelMessage, cancel, &message)), "FIELD_INVALID");
}

TEST_F(ServiceTest, WhatIsNotAcknowledgedComesAgainToWhoIsConnected) {
  Profile profile = Get();
  profile.ack_timeout = absl::Milliseconds(100);
  Set(profile);
  TestGateway gateway(Redis(), "acme", {"room:math", "user:li", "user:han"});
  MustJoin("math", {"li", "han"});
  gateway.MustConnect("user:li", {"li"});
  const v1::Message message = MustPublish(ToRoom("request-1", "math", v1::RELIABLE));
  const auto repeats = gateway.AwaitPublications(2, "user:li");
  EXPECT_EQ(IdOf(repeats[0].what.publication()), message.message_id());
  EXPECT_TRUE(repeats[0].what.publication().repeat());
  EXPECT_EQ(repeats[0].offset, 0);
  MustAck("li", {message.message_id()});
  const auto heard = gateway.heard();
  EXPECT_TRUE(std::ranges::none_of(heard, [](const auto& h) { return h.channel == "user:han"; })) << "he is away";
  EXPECT_THAT(MustListPending("han", "room:math"), ElementsAre(message.message_id()));
  EXPECT_THAT(MustListPending("li", "room:math"), IsEmpty());
  v1::ListRecipientsRequest request;
  request.set_message_id(message.message_id());
  v1::ListRecipientsResponse recipients;
  ASSERT_EQ(Call(&Stub::ListRecipients, request, &recipients), absl::OkStatus());
  ASSERT_EQ(recipients.recipients_size(), 2);
  EXPECT_EQ(recipients.recipients(0).user_id(), "han");
  EXPECT_EQ(recipients.recipients(0).state(), v1::Recipient::PENDING);
  EXPECT_EQ(recipients.recipients(1).state(), v1::Recipient::ACKED);
  EXPECT_GE(recipients.recipients(1).attempts(), 3);
}

TEST_F(ServiceTest, WhatIsNotAcknowledgedInTimeExpiresOrGoesToTheVendor) {
  v1::PublishRequest request = ToUser("request-1", "li", v1::RELIABLE);
  request.mutable_ttl()->set_seconds(1);
  const v1::Message brief = MustPublish(request);
  ASSERT_TRUE(Eventually([&] { return MustGet(brief.message_id()).state() == v1::Message::COMPLETED; }));
  EXPECT_EQ(MustGetDelivery(brief.message_id()).expired(), 1);
  v1::PublishRequest handed = ToUser("request-2", "li", v1::RELIABLE);
  handed.mutable_vendor_after()->set_seconds(5);
  const v1::Message vendor = MustPublish(handed);
  ASSERT_TRUE(Eventually([&] { return MustGetDelivery(vendor.message_id()).vendor() == 1; }));
  EXPECT_EQ(MustGet(vendor.message_id()).state(), v1::Message::COMPLETED);
  EXPECT_EQ(MustAck("li", {vendor.message_id()}), 1) << "opened after the vendor's notification";
  EXPECT_EQ(MustGetDelivery(vendor.message_id()).acked(), 1);
  EXPECT_EQ(MustGetDelivery(vendor.message_id()).vendor(), 0);
}

TEST_F(ServiceTest, WhoHasAsManyPendingAsTheProfileSaysIsNotSentAnotherOne) {
  Profile profile = Get();
  profile.max_pending_per_user = 1;
  Set(profile);
  const v1::Message first = MustPublish(ToUser("request-1", "li", v1::RELIABLE));
  const v1::Message second = MustPublish(ToUser("request-2", "li", v1::RELIABLE));
  EXPECT_EQ(second.delivery().dropped().at("TOO_MANY_PENDING"), 1);
  EXPECT_EQ(MustGetDelivery(second.message_id()).pending(), 0);
  v1::PublishRequest request = ToUser("request-3", "li", v1::RELIABLE);
  request.mutable_schedule_time()->set_seconds(absl::ToUnixSeconds(absl::Now()) + 1);
  const v1::Message scheduled = MustPublish(request);
  ASSERT_TRUE(Eventually([&] { return MustGet(scheduled.message_id()).state() == v1::Message::COMPLETED; }));
  EXPECT_EQ(MustGetDelivery(scheduled.message_id()).dropped().at("TOO_MANY_PENDING"), 1);
  EXPECT_EQ(MustAck("li", {first.message_id()}), 1);
  EXPECT_EQ(MustPublish(ToUser("request-4", "li", v1::RELIABLE)).delivery().pending(), 1);
}

TEST_F(ServiceTest, AnAudienceIsReachedThroughEachUsersChannel) {
  TestGateway gateway(Redis(), "acme", {"user:li", "user:han", "user:wang"});
  MustTag("li", {{"grade", "7"}});
  MustTag("han", {{"grade", "7"}, {"trial", ""}});
  MustTag("wang", {{"grade", "7"}});
  gateway.MustConnect("user:li", {"li"});
  gateway.MustConnect("user:han", {"han"});
  size_t sent = 0;
  for (const v1::MessageClass c : {v1::RELIABLE, v1::ORDERED, v1::LOSSY}) {
    v1::PublishRequest request = ToUser(absl::StrCat("request-", c), "", c);
    request.mutable_target()->set_audience("(grade=7)  AND NOT trial");
    const v1::Message message = MustPublish(request);
    EXPECT_EQ(message.channel(), "") << c;
    EXPECT_EQ(message.target().audience(), "grade=7 AND NOT trial") << c;
    // RELIABLE: who is away gets it when he connects.
    sent += c == v1::RELIABLE ? 1 : 2;
    gateway.AwaitPublications(sent);
    EXPECT_EQ(gateway.IdsOf("user:li").back(), message.message_id()) << c;
    EXPECT_THAT(gateway.IdsOf("user:han"), IsEmpty()) << c;
    if (c != v1::RELIABLE) continue;
    EXPECT_EQ(message.delivery().accepted(), 2);
    EXPECT_THAT(MustListPending("wang", "user:wang"), ElementsAre(message.message_id()));
    ASSERT_TRUE(Eventually([&] { return MustGet(message.message_id()).state() == v1::Message::SENT; }));
    MustAck("li", {message.message_id()});
    MustAck("wang", {message.message_id()});
    EXPECT_EQ(MustGet(message.message_id()).state(), v1::Message::COMPLETED);
  }
  EXPECT_EQ(gateway.AwaitPublications(sent).size(), sent);
}

TEST_F(ServiceTest, MembersComeAndGo) {
  TestGateway gateway(Redis(), "acme", {"user:li"});
  MustJoin("math", {"li", "han", "li"});
  v1::ListRoomMembersRequest list;
  list.set_room_id("math");
  list.set_page_size(1);
  v1::ListRoomMembersResponse members;
  ASSERT_EQ(Call(&Stub::ListRoomMembers, list, &members), absl::OkStatus());
  EXPECT_THAT(members.user_ids(), ElementsAre("han"));
  list.set_page_token(members.next_page_token());
  ASSERT_EQ(Call(&Stub::ListRoomMembers, list, &members), absl::OkStatus());
  EXPECT_THAT(members.user_ids(), ElementsAre("li"));
  EXPECT_TRUE(members.next_page_token().empty());
  const v1::Message message = MustPublish(ToRoom("request-1", "math", v1::RELIABLE));
  v1::RemoveRoomMembersRequest remove;
  remove.set_request_id("remove-01");
  remove.set_room_id("math");
  remove.add_user_ids("li");
  remove.add_user_ids("stranger");
  v1::RemoveRoomMembersResponse removed;
  for (int i = 0; i < 2; ++i) {
    ASSERT_EQ(Call(&Stub::RemoveRoomMembers, remove, &removed), absl::OkStatus());
    EXPECT_EQ(removed.removed(), 1);
  }
  ASSERT_TRUE(Eventually([&] {
    const auto heard = gateway.heard();
    return std::ranges::any_of(heard, [](const auto& h) { return h.what.leave_room().room_id() == "math"; });
  }));
  EXPECT_EQ(MustGetDelivery(message.message_id()).dropped().at("NOT_A_MEMBER"), 1);
  EXPECT_EQ(MustGetDelivery(message.message_id()).pending(), 1);
  remove.add_user_ids("han");
  EXPECT_EQ(ReasonOf(Call(&Stub::RemoveRoomMembers, remove, &removed)), "IDEMPOTENCY_KEY_REUSED");
  v1::AddRoomMembersRequest add;
  v1::AddRoomMembersResponse added;
  EXPECT_EQ(ReasonOf(Call(&Stub::AddRoomMembers, add, &added)), "FIELD_INVALID");
}

TEST_F(ServiceTest, RoomsAreForMembersWhereTheProductSaysSo) {
  MustJoin("math", {"li"});
  v1::CheckRoomsRequest request;
  request.set_user_id("li");
  request.add_room_ids("art");
  request.add_room_ids("math");
  v1::CheckRoomsResponse response;
  ASSERT_EQ(Call(&v1::DeliveryService::Stub::CheckRooms, request, &response), absl::OkStatus());
  EXPECT_THAT(response.room_ids(), ElementsAre("art", "math"));
  Profile profile = Get();
  profile.rooms_for_members_only = true;
  Set(profile);
  ASSERT_EQ(Call(&v1::DeliveryService::Stub::CheckRooms, request, &response), absl::OkStatus());
  EXPECT_THAT(response.room_ids(), ElementsAre("math"));
  EXPECT_EQ(ReasonOf(Call(&v1::DeliveryService::Stub::CheckRooms, request, &response, "initech")),
            "PRODUCT_NOT_CONFIGURED");
}

TEST_F(ServiceTest, UsersHaveTagsAndConnections) {
  v1::GetUserRequest get;
  get.set_user_id("li");
  v1::User user;
  EXPECT_EQ(ReasonOf(Call(&Stub::GetUser, get, &user)), "USER_NOT_FOUND");
  MustListPending("li", "user:li");
  EXPECT_EQ(Call(&Stub::GetUser, get, &user), absl::OkStatus()) << "who connects is known from then on";
  MustTag("li", {{"grade", "7"}, {"city", "深圳"}});
  ASSERT_EQ(Call(&Stub::GetUser, get, &user), absl::OkStatus());
  EXPECT_EQ(user.tags().at("city"), "深圳");
  v1::UpdateUserTagsRequest bad;
  bad.set_request_id("request-9");
  bad.set_user_id("li");
  EXPECT_EQ(ReasonOf(Call(&Stub::UpdateUserTags, bad, &user)), "FIELD_INVALID");
  (*bad.mutable_set())["Grade"] = "7";
  EXPECT_EQ(ReasonOf(Call(&Stub::UpdateUserTags, bad, &user)), "FIELD_INVALID");

  TestGateway gateway(Redis(), "acme", {"user:li"});
  gateway.MustConnect("room:math", {"li", "han"});
  gateway.MustConnect("user:li", {"li"});
  v1::GetPresenceRequest of;
  of.set_room_id("math");
  v1::Presence presence;
  ASSERT_EQ(Call(&Stub::GetPresence, of, &presence), absl::OkStatus());
  EXPECT_EQ(presence.num_connections(), 2);
  EXPECT_EQ(presence.num_users(), 2);
  of.set_user_id("li");
  ASSERT_EQ(Call(&Stub::GetPresence, of, &presence), absl::OkStatus());
  ASSERT_EQ(presence.connections_size(), 1);
  EXPECT_EQ(presence.connections(0).device_id(), "d-li");
  EXPECT_EQ(presence.connections(0).user_id(), "li");
  v1::DisconnectUserRequest disconnect;
  disconnect.set_user_id("li");
  disconnect.set_device_id("d-li");
  v1::DisconnectUserResponse gone;
  ASSERT_EQ(Call(&Stub::DisconnectUser, disconnect, &gone), absl::OkStatus());
  ASSERT_TRUE(Eventually([&] {
    const auto heard = gateway.heard();
    return std::ranges::any_of(heard, [](const auto& h) { return h.what.disconnect().device_id() == "d-li"; });
  }));
}

TEST_F(ServiceTest, EventsTellWhatBecameOfReliableMessages) {
  const v1::Message message = MustPublish(ToUser("request-1", "li", v1::RELIABLE));
  MustPublish(ToUser("request-2", "li", v1::LOSSY));
  ASSERT_TRUE(Eventually([&] { return MustGet(message.message_id()).state() == v1::Message::SENT; }));
  MustAck("li", {message.message_id()});
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  const auto stub = PushUnderTest::Stub(Pki().Product("acme"));
  const auto stream = stub->WatchEvents(&context, {});
  v1::Event event;
  for (const auto state : {v1::Message::ACCEPTED, v1::Message::SENT, v1::Message::COMPLETED}) {
    ASSERT_TRUE(stream->Read(&event));
    EXPECT_EQ(event.message().state(), state);
    EXPECT_EQ(event.message().message_id(), message.message_id());
    EXPECT_TRUE(event.message().data().empty());
    EXPECT_EQ(event.product(), "acme");
  }
  context.TryCancel();
  v1::ListEventsRequest list;
  list.set_page_size(2);
  v1::ListEventsResponse page;
  ASSERT_EQ(Call(&Stub::ListEvents, list, &page), absl::OkStatus());
  ASSERT_EQ(page.events_size(), 2);
  list.set_cursor(page.next_cursor());
  ASSERT_EQ(Call(&Stub::ListEvents, list, &page), absl::OkStatus());
  ASSERT_EQ(page.events_size(), 1);
  EXPECT_EQ(page.events(0).message().delivery().acked(), 1);
  for (const std::string& bad : {std::string("x"), EventCursor("globex", 1), EventCursor("acme", 1000)}) {
    list.set_cursor(bad);
    EXPECT_EQ(ReasonOf(Call(&Stub::ListEvents, list, &page)), "CURSOR_INVALID") << bad;
  }
}

TEST_F(ServiceTest, ADaysSumsAreThoseOfItsMessages) {
  MustPublish(ToUser("request-1", "li", v1::RELIABLE));
  const v1::Message acked = MustPublish(ToUser("request-2", "li", v1::RELIABLE));
  MustAck("li", {acked.message_id()});
  MustPublish(ToUser("request-3", "li", v1::ORDERED));
  v1::DailySummary day;
  ASSERT_TRUE(Eventually([&] {
    return Call(&Stub::GetDailySummary, {}, &day).ok() && day.classes_size() == 3 && day.classes(1).messages() == 1;
  }));
  EXPECT_EQ(day.time_zone(), "Asia/Shanghai");
  EXPECT_EQ(day.classes(2).class_(), v1::RELIABLE);
  EXPECT_EQ(day.classes(2).messages(), 2);
  EXPECT_EQ(day.classes(2).delivery().accepted(), 2);
  EXPECT_EQ(day.classes(2).delivery().acked(), 1);
  EXPECT_EQ(day.classes(2).delivery().pending(), 1);
  v1::GetDailySummaryRequest bad;
  bad.set_day("2026-02-30");
  EXPECT_EQ(ReasonOf(Call(&Stub::GetDailySummary, bad, &day)), "FIELD_INVALID");
}

TEST_F(ServiceTest, PagesThroughListsAndRefusesForeignTokens) {
  for (int i = 0; i < 5; ++i) MustPublish(ToUser(absl::StrCat("request-", i), "li", v1::RELIABLE));
  v1::ListMessagesRequest request;
  request.set_page_size(2);
  request.set_channel("user:li");
  int seen = 0, pages = 0;
  v1::ListMessagesResponse page;
  do {
    page.Clear();
    ASSERT_EQ(Call(&Stub::ListMessages, request, &page), absl::OkStatus());
    for (const v1::Message& m : page.messages()) EXPECT_TRUE(m.data().empty());
    seen += page.messages_size();
    request.set_page_token(page.next_page_token());
    ++pages;
  } while (!page.next_page_token().empty());
  EXPECT_EQ(seen, 5);
  EXPECT_EQ(pages, 3);
  v1::ListUserMessagesRequest of_user;
  of_user.set_user_id("li");
  of_user.set_page_size(4);
  v1::ListUserMessagesResponse mine;
  ASSERT_EQ(Call(&Stub::ListUserMessages, of_user, &mine), absl::OkStatus());
  EXPECT_EQ(mine.recipients_size(), 4);
  request.set_page_token(mine.next_page_token());
  EXPECT_EQ(ReasonOf(Call(&Stub::ListMessages, request, &page)), "PAGE_TOKEN_INVALID");
  request.clear_page_token();
  request.set_channel("elsewhere");
  EXPECT_EQ(ReasonOf(Call(&Stub::ListMessages, request, &page)), "FIELD_INVALID");
  request.clear_channel();
  request.set_page_size(-1);
  EXPECT_EQ(ReasonOf(Call(&Stub::ListMessages, request, &page)), "FIELD_INVALID");
}

TEST_F(ServiceTest, MalformedCallsOfGatewaysAreRefused) {
  v1::AcknowledgeRequest ack;
  v1::AcknowledgeResponse acked;
  using Delivery = v1::DeliveryService::Stub;
  EXPECT_EQ(ReasonOf(Call(&Delivery::Acknowledge, ack, &acked)), "FIELD_INVALID");
  ack.add_users()->set_user_id("li");
  EXPECT_EQ(ReasonOf(Call(&Delivery::Acknowledge, ack, &acked)), "FIELD_INVALID");
  ack.mutable_users(0)->add_message_ids("short");
  EXPECT_EQ(ReasonOf(Call(&Delivery::Acknowledge, ack, &acked)), "FIELD_INVALID");
  v1::ListPendingRequest pending;
  v1::ListPendingResponse pages;
  pending.add_queries()->set_user_id("li");
  pending.mutable_queries(0)->set_channel("room:");
  EXPECT_EQ(ReasonOf(Call(&Delivery::ListPending, pending, &pages)), "FIELD_INVALID");
  v1::RestoreChannelRequest restore;
  v1::RestoreChannelResponse restored;
  restore.set_channel("room:{x}");
  EXPECT_EQ(ReasonOf(Call(&Delivery::RestoreChannel, restore, &restored)), "FIELD_INVALID");
  v1::CheckRoomsRequest rooms;
  v1::CheckRoomsResponse may_join;
  rooms.set_user_id("li");
  EXPECT_EQ(ReasonOf(Call(&Delivery::CheckRooms, rooms, &may_join)), "FIELD_INVALID");
}

}  // namespace
}  // namespace trivium::push
