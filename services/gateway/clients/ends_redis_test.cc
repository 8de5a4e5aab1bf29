// Presence over gateways, slow readers, and how connections are moved away.
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "services/gateway/clients/test_floor.h"
#include "services/gateway/connection/metrics.h"

namespace trivium::gateway {
namespace {

using protocol::Form;

class EndsTest : public ClientsTest {
 protected:
  protocol::Reply Presence(Peer& peer, const std::string& channel) {
    protocol::Command command;
    command.mutable_presence()->set_channel(channel);
    return peer.Ask(command);
  }
  // "2 clients, 1 users".
  std::string Stats(Peer& peer, const std::string& channel) {
    // Not faster than a client may ask.
    absl::SleepFor(absl::Milliseconds(50));
    protocol::Command command;
    command.mutable_presence_stats()->set_channel(channel);
    const protocol::Reply reply = peer.Ask(command);
    return absl::StrCat(reply.presence_stats().num_clients(), " clients, ", reply.presence_stats().num_users(),
                        " users");
  }
};

TEST_F(EndsTest, PresenceIsTheSameOnTwoGateways) {
  ClientsOptions other_options = options_;
  other_options.instance = "gateway-2";
  TestGateway other(other_options, push_);
  Peer here = gateway().Open(), there = other.Open(Form::kProtobuf), again = other.Open();
  here.Connect("acme/u1", {}, R"({"platform":"web","device_id":"secret"})");
  there.Connect("acme/u2");
  again.Connect("acme/u2");
  for (Peer* peer : {&here, &there, &again}) peer->Subscribe("room:r1");
  EXPECT_TRUE(fanout::Eventually([&] { return Stats(here, "room:r1") == "3 clients, 2 users"; }));
  const protocol::Reply reply = Presence(there, "room:r1");
  ASSERT_EQ(reply.presence().presence_size(), 3);
  for (const auto& [id, info] : reply.presence().presence()) {
    EXPECT_EQ(info.client(), id);
    EXPECT_EQ(info.conn_info(), info.user() == "u1" ? R"({"platform":"web"})" : "") << "never the device's id";
  }
  EXPECT_EQ(Presence(here, "room:other").error().code(), 103u);
  EXPECT_EQ(Presence(here, "product").error().code(), 108u);
  // Push reads who it is.
  const auto list = fanout_.presence->List({"acme", "user:u1"}, 10, fanout::Soon());
  ASSERT_TRUE(list.ok());
  ASSERT_EQ(list->connections.size(), 1u);
  again.Cut();
  EXPECT_TRUE(fanout::Eventually([&] { return Stats(here, "room:r1") == "2 clients, 2 users"; }));
  EXPECT_TRUE(fanout::Eventually([&] { return Stats(there, "user:u2") == "1 clients, 1 users"; }));
}

TEST_F(EndsTest, ASlowReaderIsClosedAndToldWhyAndNobodyElseWaits) {
  options_.connection.max_queue_bytes = 64 << 10;
  options_.connection.coalescing = absl::ZeroDuration();
  Peer slow = gateway().Connected("acme/slow"), quick = gateway().Connected("acme/quick", Form::kProtobuf);
  slow.Subscribe("room:r1");
  quick.Subscribe("room:r1");
  const std::string big = absl::StrCat("\"", std::string(30'000, 'x'), "\"");
  std::vector<std::string> ids;
  for (int i = 0; i < 400; ++i) {
    ids.push_back(Publish("room:r1", push::v1::ORDERED, big));
    EXPECT_EQ(quick.Next("room:r1").data().size(), big.size());
    if (gateway().Count(kDroppedFrames, {"ORDERED", "slow"}) > 0) break;
  }
  EXPECT_EQ(slow.AwaitClose().substr(0, 4), "3008");
  EXPECT_TRUE(fanout::Eventually([&] { return gateway().Count(kDisconnects, {"acme", "3008"}) == 1; }));
  EXPECT_FALSE(quick.closed());
  // Every delivery is accounted for: written, or dropped.
  EXPECT_TRUE(fanout::Eventually([&] {
    int64_t sent = 0, dropped = 0;
    for (const std::string& id : ids) {
      const FakePush::Fate fate = push_.FateOf(id);
      sent += fate.sent;
      dropped += fate.dropped;
    }
    return dropped > 0 && static_cast<double>(sent + dropped) == gateway().Count(kDeliveries, {"acme", "ORDERED"});
  }));
}

TEST_F(EndsTest, DrainMovesClientsAwayAtItsPace) {
  std::vector<Peer> peers;
  for (int i = 0; i < 40; ++i) peers.push_back(gateway().Connected(absl::StrCat("acme/u", i)));
  const absl::Time start = absl::Now();
  std::atomic<bool> done{false};
  std::thread drain([&] {
    gateway().clients->Drain(100, absl::Seconds(10));
    done = true;
  });
  EXPECT_TRUE(fanout::Eventually([&] { return !gateway().clients->Ready().ok(); }));
  Peer late = gateway().Open();
  EXPECT_EQ(ReasonOf(gateway().adopted), "SERVER_DRAINING");
  EXPECT_EQ(late.AwaitClose(), "3001:shutdown");
  int closed = 0;
  while (!done) {
    closed = 0;
    for (Peer& peer : peers) closed += peer.closed();
    if (absl::Now() - start < absl::Milliseconds(100)) {
      EXPECT_LT(closed, 40);
    }
    absl::SleepFor(absl::Milliseconds(2));
  }
  drain.join();
  EXPECT_GE(absl::Now() - start, absl::Milliseconds(200)) << "40 at 100/s, give or take its chance";
  for (Peer& peer : peers) EXPECT_EQ(peer.AwaitClose(), "3001:shutdown");
  EXPECT_EQ(gateway().clients->connections(), 0);
}

TEST_F(EndsTest, ADrainsDeadlineHoldsAndStopEndsTheRest) {
  std::vector<Peer> peers;
  for (int i = 0; i < 10; ++i) peers.push_back(gateway().Connected(absl::StrCat("acme/u", i)));
  const absl::Time start = absl::Now();
  // Nobody reads: no closing handshake is answered.
  gateway().clients->Drain(1, absl::Milliseconds(300));
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  gateway().clients->Stop();
  gateway().clients->Stop();
  for (Peer& peer : peers) EXPECT_EQ(peer.AwaitClose(), "3001:shutdown");
}

TEST_F(EndsTest, SubscriptionsAndClientsAreGaugesThatGoBack) {
  {
    Peer peer = gateway().Connected("acme/u1");
    peer.Subscribe("room:r1");
    EXPECT_EQ(gateway().metrics.GetGauge(kClients, {"acme"}).Value(), 1);
    EXPECT_EQ(gateway().metrics.GetGauge(kSubscriptions, {"acme", "room"}).Value(), 1);
    EXPECT_EQ(gateway().metrics.GetGauge(kSubscriptions, {"acme", "user"}).Value(), 1);
    EXPECT_EQ(gateway().metrics.GetGauge(kSubscriptions, {"acme", "product"}).Value(), 1);
  }
  EXPECT_TRUE(fanout::Eventually([&] { return gateway().clients->connections() == 0; }));
  EXPECT_EQ(gateway().metrics.GetGauge(kClients, {"acme"}).Value(), 0);
  EXPECT_EQ(gateway().metrics.GetGauge(kSubscriptions, {"acme", "room"}).Value(), 0);
}

TEST_F(EndsTest, AChannelIsForgottenAfterItsGrace) {
  options_.channel_grace = absl::Milliseconds(100);
  { gateway().Connected("acme/u1").Subscribe("room:r1"); }
  EXPECT_TRUE(fanout::Eventually([&] { return Run({"PUBSUB", "CHANNELS"})->Array()->empty(); }));
}

}  // namespace
}  // namespace trivium::gateway
