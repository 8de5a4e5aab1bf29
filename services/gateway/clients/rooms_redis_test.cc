// Channels: order, recovery, and what becomes of them when Redis goes.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "libs/redis/test_redis.h"
#include "services/gateway/clients/test_floor.h"

namespace trivium::gateway {
namespace {

using protocol::Form;

class RoomsTest : public ClientsTest, public testing::WithParamInterface<Form> {
 protected:
  // No reading but those that a test is about.
  RoomsTest() { options_.check_interval = absl::Hours(1); }
  std::string ReadsByWhy() {
    std::string all;
    for (const char* why : {"first", "older", "lost", "gap"}) {
      absl::StrAppend(&all, why, " ", gateway().Count(kHistoryReads, {why}), ", ");
    }
    return all;
  }
  // What joins cost. A machine under load may lose the subscription for a moment, and reads again for that.
  double Reads() { return gateway().Count(kHistoryReads, {"first"}) + gateway().Count(kHistoryReads, {"older"}); }
};
INSTANTIATE_TEST_SUITE_P(Forms, RoomsTest, testing::Values(Form::kJson, Form::kProtobuf),
                         [](const auto& info) { return info.param == Form::kJson ? "Json" : "Protobuf"; });

TEST_P(RoomsTest, MembersHearInOrderUntilTheyLeave) {
  Peer peer = gateway().Connected("acme/u1", GetParam());
  Publish("room:r1", push::v1::ORDERED, "0");
  const protocol::Reply joined = peer.Subscribe("room:r1");
  ASSERT_TRUE(joined.has_subscribe());
  EXPECT_EQ(joined.subscribe().offset(), 1u) << "what was before is not for those who come";
  EXPECT_TRUE(joined.subscribe().recoverable());
  for (int i = 1; i <= 20; ++i) Publish("room:r1", push::v1::ORDERED, absl::StrCat(i));
  Publish("room:r1", push::v1::LOSSY, "21");
  for (int i = 1; i <= 21; ++i) EXPECT_EQ(peer.Next("room:r1").data(), absl::StrCat(i));
  protocol::Command leave;
  leave.mutable_unsubscribe()->set_channel("room:r1");
  EXPECT_TRUE(peer.Ask(leave).has_unsubscribe());
  Publish("room:r1", push::v1::ORDERED, "22");
  EXPECT_EQ(peer.Got("room:r1"), "");
}

TEST_P(RoomsTest, AStormOfReconnectsIsServedFromMemory) {
  std::string epoch;
  {
    Peer stays = gateway().Connected("acme/u0", GetParam());
    stays.Subscribe("room:r1");
    for (int i = 1; i <= 5; ++i) Publish("room:r1", push::v1::ORDERED, absl::StrCat(i));
    for (int i = 1; i <= 5; ++i) EXPECT_EQ(stays.Next("room:r1").data(), absl::StrCat(i));
    Peer asks = gateway().Connected("acme/u9", GetParam());
    epoch = asks.Subscribe("room:r1").subscribe().epoch();
  }
  const double reads = Reads();
  ASSERT_TRUE(fanout::Eventually([&] { return push_.list_pending() == 6; })) << "both had no position";
  for (int i = 0; i < 30; ++i) {
    Peer peer = gateway().Open(GetParam());
    peer.Connect(absl::StrCat("acme/u", i % 5), {{absl::StrCat("user:u", i % 5), {"", 0}}, {"product", {"", 0}}});
    const protocol::Reply reply = peer.Subscribe("room:r1", &epoch, 2);
    ASSERT_TRUE(reply.subscribe().recovered()) << reply.DebugString();
    ASSERT_EQ(reply.subscribe().publications_size(), 3);
    EXPECT_EQ(reply.subscribe().publications(0).data(), "3");
    EXPECT_EQ(reply.subscribe().publications(2).offset(), 5u);
  }
  EXPECT_EQ(Reads() - reads, 4) << "of u1 to u4 alone, which nobody had asked for before";
  EXPECT_EQ(push_.list_pending(), 6) << "who recovers has missed nothing";
  EXPECT_EQ(gateway().Count(kRecoveries, {"acme", "recovered"}), 90);
}

TEST_P(RoomsTest, WhatThisGatewayHasNotHeardComesFromRedisOnce) {
  for (int i = 1; i <= 10; ++i) Publish("room:r1", push::v1::ORDERED, absl::StrCat(i));
  const std::string epoch = fanout_.Read({{"acme", "room:r1"}, std::nullopt, 1}).value().top.epoch;
  for (int i = 0; i < 5; ++i) {
    Peer peer = gateway().Connected(absl::StrCat("acme/u", i), GetParam());
    const protocol::Reply reply = peer.Subscribe("room:r1", &epoch, 4);
    EXPECT_TRUE(reply.subscribe().recovered());
    EXPECT_EQ(reply.subscribe().publications_size(), 6);
  }
  EXPECT_EQ(Reads(), 1 + 1 + 5) << "room, product, users; " << ReadsByWhy();
}

TEST_P(RoomsTest, MembersOnlyRoomsAreForMembers) {
  Peer peer = gateway().Connected("acme/u1", GetParam());
  EXPECT_EQ(peer.Subscribe("room:secret").error().code(), 103u);
  push_.SetAway(true);
  EXPECT_EQ(peer.Subscribe("room:other").error().code(), 100u) << "not decided: the client asks again";
  push_.SetAway(false);
  EXPECT_TRUE(peer.Subscribe("room:other").has_subscribe());
}

TEST_P(RoomsTest, WhoWasInARoomComesBackWithoutAQuestionUnlessTakenOut) {
  options_.room_cache_ttl = absl::Milliseconds(600);
  Peer peer = gateway().Connected("acme/u1", GetParam());
  peer.Subscribe("room:r1");
  EXPECT_EQ(push_.check_rooms(), 1);
  absl::SleepFor(absl::Milliseconds(700));
  peer.Cut();
  EXPECT_TRUE(fanout::Eventually([&] { return gateway().clients->connections() == 0; }));
  Peer again = gateway().Connected("acme/u1", GetParam());
  EXPECT_TRUE(again.Subscribe("room:r1").has_subscribe());
  EXPECT_EQ(push_.check_rooms(), 1) << "it was there a moment ago";
  push::v1::Fanout leave;
  leave.mutable_leave_room()->set_room_id("r1");
  Order("u1", leave);
  EXPECT_EQ(again.AwaitUnsubscribe("room:r1"), 2000u);
  EXPECT_TRUE(again.Subscribe("room:r1").has_subscribe());
  EXPECT_EQ(push_.check_rooms(), 2) << "push decides anew";
}

TEST_P(RoomsTest, OrdersOfTheBackendAreObeyed) {
  Peer phone = gateway().Open(GetParam()), web = gateway().Open(GetParam());
  phone.Connect("acme/u1", {}, R"({"platform":"ios","device_id":"d-1","more":[1]})");
  web.Connect("acme/u1", {}, R"({"platform":"web","device_id":"d-2"})");
  phone.Subscribe("room:r1");
  push::v1::Fanout leave, one, all;
  leave.mutable_leave_room()->set_room_id("r1");
  Order("u1", leave);
  EXPECT_EQ(phone.AwaitUnsubscribe("room:r1"), 2000u);
  one.mutable_disconnect()->set_device_id("d-1");
  one.mutable_disconnect()->set_may_reconnect(true);
  Order("u1", one);
  EXPECT_EQ(phone.AwaitClose().substr(0, 4), "3011");
  EXPECT_FALSE(web.closed());
  all.mutable_disconnect();
  Order("u1", all);
  EXPECT_EQ(web.AwaitClose().substr(0, 4), "3503");
}

TEST_P(RoomsTest, HistoryIsForMembers) {
  for (int i = 1; i <= 3; ++i) Publish("room:r1", push::v1::ORDERED, absl::StrCat(i));
  Peer peer = gateway().Connected("acme/u1", GetParam());
  protocol::Command ask;
  ask.mutable_history()->set_channel("room:r1");
  ask.mutable_history()->set_limit(2);
  EXPECT_EQ(peer.Ask(ask).error().code(), 103u);
  peer.Subscribe("room:r1");
  const protocol::Reply reply = peer.Ask(ask);
  EXPECT_EQ(reply.history().publications_size(), 2);
  EXPECT_EQ(reply.history().offset(), 3u);
  ask.mutable_history()->mutable_since()->set_epoch("other");
  EXPECT_EQ(peer.Ask(ask).error().code(), 112u);
}

TEST_P(RoomsTest, MoreThanAQueueHoldsIsNotSentAtOnce) {
  options_.connection.max_queue_bytes = 64 << 10;
  Peer first = gateway().Connected("acme/u0", GetParam());
  first.Subscribe("room:r1");
  const std::string large = absl::StrCat("\"", std::string(10'000, 'x'), "\"");
  for (int i = 0; i < 10; ++i) {
    Publish("room:r1", push::v1::ORDERED, large);
    EXPECT_EQ(first.Next("room:r1").data().size(), large.size());
  }
  const std::string now = fanout_.Read({{"acme", "room:r1"}, std::nullopt, 1}).value().top.epoch;
  Peer peer = gateway().Connected("acme/u1", GetParam());
  const protocol::Reply joined = peer.Subscribe("room:r1", &now, 0);
  ASSERT_TRUE(joined.has_subscribe());
  EXPECT_FALSE(joined.subscribe().recovered()) << "100 KB would close it, again and again";
  EXPECT_EQ(joined.subscribe().offset(), 10u);
  protocol::Command ask;
  ask.mutable_history()->set_channel("room:r1");
  ask.mutable_history()->set_limit(10);
  EXPECT_EQ(peer.Ask(ask).history().publications_size(), 1);
  EXPECT_EQ(peer.Rpc("echo", absl::StrCat("\"", std::string(40'000, 'x'), "\"")).error().code(), 411u);
  EXPECT_FALSE(peer.closed());
}

TEST_P(RoomsTest, AWipedRedisIsANewEpochForAllWhoWereThere) {
  Peer peer = gateway().Connected("acme/u1", GetParam());
  peer.Subscribe("room:r1");
  Publish("room:r1", push::v1::RELIABLE, "1");
  Publish("user:u1", push::v1::RELIABLE, "1");
  const std::string epoch = fanout_.Read({{"acme", "room:r1"}, std::nullopt, 1}).value().top.epoch;
  EXPECT_EQ(peer.Next("room:r1").data(), "1");
  EXPECT_EQ(peer.Next("user:u1").data(), "1");
  ASSERT_EQ(redis_->Flush(), absl::OkStatus());
  Publish("room:r1", push::v1::ORDERED, "2");
  EXPECT_EQ(peer.AwaitUnsubscribe("room:r1"), 2500u) << "the client joins again by itself";
  const protocol::Reply again = peer.Subscribe("room:r1", &epoch, 1);
  EXPECT_FALSE(again.subscribe().recovered());
  EXPECT_NE(again.subscribe().epoch(), epoch);
  Publish("user:u1", push::v1::ORDERED, "2");
  EXPECT_EQ(peer.AwaitClose().substr(0, 4), "3010") << "a server's subscription comes back with the connection";
}

TEST_F(ClientsTest, NothingIsMissedOverALostConnectionToRedis) {
  auto own = redis::AnyTestRedis::Start().value();
  options_.redis = own->client_options();
  fanout::TestFanout fanout(own->client_options());
  Peer peer = gateway().Connected("acme/u1");
  peer.Subscribe("room:r1");
  const auto publish = [&](const std::string& data) {
    push::v1::Fanout payload;
    *payload.mutable_publication() = Message(push::v1::ORDERED, data);
    ASSERT_TRUE(fanout::Eventually([&] {
      return fanout
          .Append(
              {.channel = {"acme", "room:r1"}, .payload = payload.SerializeAsString(), .idempotency_key = "k" + data})
          .ok();
    }));
  };
  publish("1");
  EXPECT_EQ(peer.Next("room:r1").data(), "1");
  ASSERT_TRUE(fanout::Eventually([&] { return gateway().clients->Ready().ok(); }));
  // The subscriber's connection is killed and comes back; what is published meanwhile is read from the history.
  ASSERT_TRUE(own->RunOnAll({"CLIENT", "KILL", "TYPE", "pubsub"}).ok());
  for (int i = 2; i <= 6; ++i) publish(absl::StrCat(i));
  for (int i = 2; i <= 6; ++i) EXPECT_EQ(peer.Next("room:r1").data(), absl::StrCat(i));
  EXPECT_FALSE(peer.closed());
  // Redis itself goes and comes back empty.
  own->Kill9();
  EXPECT_TRUE(fanout::Eventually([&] { return !gateway().clients->Ready().ok(); }));
  Peer meanwhile = gateway().Open();
  EXPECT_EQ(meanwhile.Connect("acme/u2").error().code(), 100u) << "the client comes back later";
  ASSERT_TRUE(own->Restart(redis::AnyTestRedis::Data::kWiped).ok());
  EXPECT_TRUE(fanout::Eventually([&] { return gateway().clients->Ready().ok(); }));
  EXPECT_TRUE(fanout::Eventually([&] { return !push_.restored().empty(); })) << "its owner is asked to bring it back";
  EXPECT_EQ(push_.restored(), std::vector<std::string>{"room:r1"});
  publish("7");
  EXPECT_EQ(peer.AwaitUnsubscribe("room:r1"), 2500u);
  EXPECT_TRUE(peer.Subscribe("room:r1").has_subscribe());
  publish("8");
  EXPECT_EQ(peer.Next("room:r1").data(), "8");
}

TEST_F(ClientsTest, ReadOnlyRedisIsNotReady) {
  auto own = redis::TestRedis::Start().value(), master = redis::TestRedis::Start().value();
  options_.redis = own->client_options();
  EXPECT_TRUE(fanout::Eventually([&] { return gateway().clients->Ready().ok(); }));
  ASSERT_TRUE(own->ReplicateFrom(*master).ok());
  EXPECT_TRUE(fanout::Eventually([&] { return !gateway().clients->Ready().ok(); }));
  EXPECT_EQ(ReasonOf(gateway().clients->Ready()), "GATEWAY_NOT_READY");
  EXPECT_NE(gateway().clients->Ready().message().find("redis"), absl::string_view::npos);
}

}  // namespace
}  // namespace trivium::gateway
