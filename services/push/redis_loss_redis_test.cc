// The service while its Redis is away, hangs, or has lost everything.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "libs/fanout/history_reader.h"
#include "libs/status/error.h"
#include "services/push/push_under_test.h"

namespace trivium::push {
namespace {

using testing::ElementsAre;

// A base, so that it outlives the service.
struct OwnRedis {
  const std::unique_ptr<redis::AnyTestRedis> redis = redis::AnyTestRedis::Start().value();
};

class RedisLossTest : public ::testing::Test, protected OwnRedis, protected TwoProfiles, protected PushUnderTest {
 protected:
  RedisLossTest() : PushUnderTest(*redis, *this) {}

  // "sequence:message id" of a channel's history.
  std::vector<std::string> HistoryOf(const std::string& channel) {
    Metrics metrics;
    const auto client = redis::NewClient(redis->client_options(), Clock::Real(), metrics).value();
    const auto history = fanout::NewHistoryReader(*client)->Read({.channel = {"acme", channel}}, Soon());
    EXPECT_TRUE(history.ok()) << history.status();
    std::vector<std::string> entries;
    for (size_t i = 0; history.ok() && i < history->entries.size(); ++i) {
      v1::Fanout fanout;
      EXPECT_TRUE(fanout.ParseFromString(history->entries[i].payload));
      entries.push_back(absl::StrCat(history->entries[i].sequence, ":", IdOf(fanout.publication())));
    }
    return entries;
  }
  v1::RestoreChannelResponse MustRestore(const std::string& channel) {
    v1::RestoreChannelRequest request;
    request.set_channel(channel);
    v1::RestoreChannelResponse response;
    const absl::Status status = Call(&v1::DeliveryService::Stub::RestoreChannel, request, &response);
    EXPECT_TRUE(status.ok()) << status;
    return response;
  }
  bool AwaitSent(const v1::Message& message) {
    return Eventually([&] { return MustGet(message.message_id()).state() == v1::Message::SENT; });
  }
};

TEST_F(RedisLossTest, WithoutRedisReliableMessagesAreTakenAndGoOutLater) {
  MustJoin("math", {"li"});
  redis->Kill9();
  std::vector<std::string> accepted;
  for (int i = 0; i < 5; ++i)
    accepted.push_back(MustPublish(ToRoom(absl::StrCat("reliable-", i), "math", v1::RELIABLE)).message_id());
  for (const v1::MessageClass c : {v1::LOSSY, v1::ORDERED}) {
    v1::Message message;
    const absl::Status refused = Publish(ToRoom(absl::StrCat("request-", c), "math", c), &message);
    EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable) << c;
    EXPECT_EQ(ReasonOf(refused), "CHANNEL_UNAVAILABLE") << c;
    EXPECT_EQ(MetadataOf(refused, "sent"), "no") << c;
    EXPECT_NE(SerializeDetails(refused).find("google.rpc.RetryInfo"), std::string::npos) << c;
  }
  ASSERT_TRUE(redis->Restart(redis::AnyTestRedis::Data::kWiped).ok());
  TestGateway gateway(*redis, "acme", {"room:math"});
  for (const std::string& id : accepted) {
    ASSERT_TRUE(Eventually([&] { return MustGet(id).state() == v1::Message::SENT; }));
  }
  std::vector<std::string> want;
  for (size_t i = 0; i < accepted.size(); ++i) want.push_back(absl::StrCat(i + 1, ":", accepted[i]));
  EXPECT_EQ(HistoryOf("room:math"), want);
  // The same requests are new ones: nothing was sent.
  const v1::Message chat = MustPublish(ToRoom(absl::StrCat("request-", v1::ORDERED), "math", v1::ORDERED));
  EXPECT_EQ(MustPublish(ToRoom(absl::StrCat("request-", v1::ORDERED), "math", v1::ORDERED)).message_id(),
            chat.message_id());
  EXPECT_EQ(HistoryOf("room:math").size(), want.size() + 1);
}

TEST_F(RedisLossTest, ARedisThatHangsHoldsNobodyUpForLong) {
  MustJoin("math", {"li"});
  redis->Stop();
  const absl::Time start = absl::Now();
  const v1::Message reliable = MustPublish(ToRoom("request-1", "math", v1::RELIABLE));
  v1::Message message;
  const absl::Status refused = Publish(ToRoom("request-2", "math", v1::LOSSY), &message);
  EXPECT_EQ(refused.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(refused), "CHANNEL_UNAVAILABLE");
  // Of a cluster each node is asked for the slot map, a second each, until the call's time is over.
  EXPECT_LT(absl::Now() - start, redis->client_options().cluster ? absl::Seconds(25) : absl::Seconds(15));
  redis->Cont();
  EXPECT_TRUE(AwaitSent(reliable));
}

TEST_F(RedisLossTest, AChannelThatWasLostIsRestoredOnce) {
  MustJoin("math", {"li"});
  const v1::Message first = MustPublish(ToRoom("request-1", "math", v1::RELIABLE));
  const v1::Message canceled = MustPublish(ToRoom("request-2", "math", v1::RELIABLE));
  const v1::Message last = MustPublish(ToRoom("request-3", "math", v1::RELIABLE));
  ASSERT_TRUE(AwaitSent(last) && AwaitSent(first));
  v1::CancelMessageRequest cancel;
  cancel.set_request_id("cancel-01");
  cancel.set_message_id(canceled.message_id());
  v1::Message message;
  ASSERT_TRUE(Call(&v1::PushService::Stub::CancelMessage, cancel, &message).ok());
  const v1::RestoreChannelResponse before = MustRestore("room:math");
  EXPECT_EQ(before.offset(), 3u) << "nothing was lost";
  ASSERT_TRUE(redis->Restart(redis::AnyTestRedis::Data::kWiped).ok());
  const v1::RestoreChannelResponse restored = MustRestore("room:math"), again = MustRestore("room:math");
  EXPECT_NE(restored.epoch(), before.epoch());
  EXPECT_FALSE(restored.epoch().empty());
  EXPECT_EQ(restored.offset(), 2u);
  EXPECT_TRUE(restored.has_create_time());
  EXPECT_EQ(again.epoch(), restored.epoch());
  EXPECT_EQ(again.offset(), 2u);
  EXPECT_FALSE(again.has_create_time());
  EXPECT_THAT(HistoryOf("room:math"),
              ElementsAre(absl::StrCat("1:", first.message_id()), absl::StrCat("3:", last.message_id())));
  EXPECT_EQ(MustRestore("room:empty").epoch(), "");
}

TEST_F(RedisLossTest, TheNextMessageBringsTheOnesBeforeItBack) {
  MustJoin("math", {"li"});
  const v1::Message first = MustPublish(ToRoom("request-1", "math", v1::RELIABLE));
  ASSERT_TRUE(AwaitSent(first));
  ASSERT_TRUE(redis->Restart(redis::AnyTestRedis::Data::kWiped).ok());
  // An ORDERED message begins a new history before anybody has missed the old one.
  const v1::Message chat = MustPublish(ToRoom("request-2", "math", v1::ORDERED));
  const v1::Message second = MustPublish(ToRoom("request-3", "math", v1::RELIABLE));
  ASSERT_TRUE(AwaitSent(second));
  EXPECT_THAT(HistoryOf("room:math"),
              ElementsAre(absl::StrCat("0:", chat.message_id()), absl::StrCat("1:", first.message_id()),
                          absl::StrCat("2:", second.message_id())));
}

TEST_F(RedisLossTest, AUsersChannelGetsItsAudiencesMessagesBackToo) {
  TestGateway gateway(*redis, "acme", {"user:li"});
  MustTag("li", {{"grade", "7"}});
  gateway.MustConnect("user:li", {"li"});
  v1::PublishRequest request = ToUser("request-1", "", v1::RELIABLE);
  request.mutable_target()->set_audience("grade");
  const v1::Message to_grade = MustPublish(request), to_user = MustPublish(ToUser("request-2", "li", v1::RELIABLE));
  ASSERT_TRUE(AwaitSent(to_grade) && AwaitSent(to_user));
  EXPECT_EQ(HistoryOf("user:li").size(), 2u);
  ASSERT_TRUE(redis->Restart(redis::AnyTestRedis::Data::kWiped).ok());
  EXPECT_EQ(MustRestore("user:li").offset(), 2u);
  EXPECT_EQ(MustRestore("user:li").offset(), 2u);
  EXPECT_THAT(HistoryOf("user:li"), testing::UnorderedElementsAre(absl::StrCat("1:", to_user.message_id()),
                                                                  absl::StrCat("0:", to_grade.message_id())));
}

}  // namespace
}  // namespace trivium::push
