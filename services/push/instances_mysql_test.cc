// Several instances of push on one database and one Redis, and one that comes after another was gone.
#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "libs/redis/test_redis.h"
#include "services/push/push_under_test.h"
#include "services/push/store/mysql_under_test.h"

namespace trivium::push {
namespace {

class InstancesTest : public ::testing::Test {
 protected:
  std::unique_ptr<PushUnderTest> NewInstance(const std::string& name) {
    return std::make_unique<PushUnderTest>(*redis_, profiles_, &options_, name);
  }
  // Rooms of this test alone: the tables are shared.
  std::string Room(const std::string& name) {
    return absl::StrCat(name, "-", PushUnderTest::NewRequestId().substr(20));
  }

  TwoProfiles profiles_;
  const std::unique_ptr<redis::TestRedis> redis_ = redis::TestRedis::Start().value();
  const mysql::PoolOptions options_ = TestDatabaseOptions();
};

TEST_F(InstancesTest, TwoThatServeOneRoomKeepTheOrderAndSendNothingTwice) {
  constexpr int kThreads = 4, kEach = 40;
  const auto a = NewInstance("push-1"), b = NewInstance("push-2");
  const std::string room = Room("math");
  a->MustJoin(room, {"li", "han"});
  TestGateway gateway(*redis_, "acme", {"room:" + room});
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      PushUnderTest& push = t % 2 == 0 ? *a : *b;
      for (int i = 0; i < kEach; ++i) {
        v1::Message message;
        const v1::PublishRequest request = PushUnderTest::ToRoom(PushUnderTest::NewRequestId(), room, v1::RELIABLE);
        EXPECT_TRUE(push.Publish(request, &message).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  constexpr size_t kAll = kThreads * kEach;
  const auto heard = gateway.AwaitPublications(kAll);
  ASSERT_EQ(heard.size(), kAll);
  std::vector<std::string> ids;
  for (size_t i = 0; i < heard.size(); ++i) {
    EXPECT_EQ(heard[i].offset, static_cast<int64_t>(i) + 1);
    ids.push_back(IdOf(heard[i].what.publication()));
    EXPECT_EQ((i % 2 == 0 ? a : b)->MustGet(ids.back()).sequence(), static_cast<int64_t>(i) + 1);
  }
  EXPECT_EQ(std::set<std::string>(ids.begin(), ids.end()).size(), kAll);
  // Acknowledged through both at once: each counts once.
  std::thread other([&] { b->MustAck("li", ids); });
  a->MustAck("li", ids);
  a->MustAck("han", ids);
  other.join();
  for (const std::string& id : ids) {
    const v1::Message done = b->MustGet(id);
    EXPECT_EQ(done.state(), v1::Message::COMPLETED);
    EXPECT_EQ(done.delivery().acked(), 2);
  }
}

TEST_F(InstancesTest, TwoRepeatADeliveryOnceAtATime) {
  Profile profile = profiles_.Get();
  profile.ack_timeout = absl::Seconds(1);
  profiles_.Set(profile);
  const auto a = NewInstance("push-1"), b = NewInstance("push-2");
  const std::string user = Room("li");
  TestGateway gateway(*redis_, "acme", {"user:" + user});
  gateway.MustConnect("user:" + user, {user});
  const v1::Message message = a->MustPublish(PushUnderTest::ToUser(PushUnderTest::NewRequestId(), user, v1::RELIABLE));
  // The message after its acceptance, repeats a second and then two seconds later.
  EXPECT_EQ(gateway.AwaitPublications(3).size(), 3u);
  EXPECT_EQ(b->MustAck(user, {message.message_id()}), 1);
  absl::SleepFor(absl::Milliseconds(300));
  EXPECT_EQ(gateway.AwaitPublications(3).size(), 3u);
}

TEST_F(InstancesTest, WhatOneLeftUndoneTheNextOneDoes) {
  const std::string room = Room("math");
  std::vector<std::string> ids;
  std::string scheduled;
  {
    const auto gone = NewInstance("push-1");
    gone->MustJoin(room, {"li"});
    redis_->Kill9();
    for (int i = 0; i < 10; ++i)
      ids.push_back(
          gone->MustPublish(PushUnderTest::ToRoom(PushUnderTest::NewRequestId(), room, v1::RELIABLE)).message_id());
    v1::PublishRequest later = PushUnderTest::ToRoom(PushUnderTest::NewRequestId(), room, v1::ORDERED);
    later.mutable_schedule_time()->set_seconds(absl::ToUnixSeconds(absl::Now()) + 2);
    scheduled = gone->MustPublish(later).message_id();
  }
  ASSERT_TRUE(redis_->Restart(redis::TestRedis::Data::kWiped).ok());
  TestGateway gateway(*redis_, "acme", {"room:" + room});
  const auto next = NewInstance("push-1");
  gateway.AwaitPublications(ids.size() + 1);
  ids.push_back(scheduled);
  EXPECT_EQ(gateway.IdsOf("room:" + room), ids);
  ids.pop_back();
  EXPECT_EQ(next->MustAck("li", ids), 10);
}

}  // namespace
}  // namespace trivium::push
