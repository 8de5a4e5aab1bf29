// Who may connect, and what hostile clients get.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "services/gateway/clients/test_floor.h"

namespace trivium::gateway {
namespace {

using protocol::Form;

class ConnectTest : public ClientsTest, public testing::WithParamInterface<Form> {};
INSTANTIATE_TEST_SUITE_P(Forms, ConnectTest, testing::Values(Form::kJson, Form::kProtobuf),
                         [](const auto& info) { return info.param == Form::kJson ? "Json" : "Protobuf"; });

TEST_P(ConnectTest, AClientIsJoinedToItsUserAndItsProduct) {
  Peer peer = gateway().Open(GetParam());
  const protocol::Reply reply = peer.Connect("acme/u1");
  ASSERT_TRUE(reply.has_connect()) << reply.DebugString();
  EXPECT_EQ(reply.connect().node(), "gateway-1");
  EXPECT_EQ(reply.connect().subs_size(), 2);
  EXPECT_TRUE(reply.connect().subs().contains("user:u1"));
  EXPECT_TRUE(reply.connect().subs().contains("product"));
  const std::string id = Publish("user:u1", push::v1::ORDERED, "\"hello\"");
  Publish("product", push::v1::ORDERED, "\"all\"");
  const protocol::Publication publication = peer.Next("user:u1");
  EXPECT_EQ(publication.data(), "\"hello\"");
  EXPECT_EQ(publication.offset(), 1u);
  EXPECT_EQ(publication.epoch().empty(), false) << "the channel had none when the client joined";
  EXPECT_EQ(publication.tags().at("id"), id);
  EXPECT_EQ(publication.tags().at("class"), "ORDERED");
  EXPECT_EQ(publication.tags().count("repeat"), 0u);
  EXPECT_EQ(peer.Next("product").data(), "\"all\"");
}

TEST_P(ConnectTest, CommandsOfTheTableAreCalledAsTheUser) {
  Peer peer = gateway().Connected("acme/u1", GetParam());
  peer.Subscribe("room:r1");
  EXPECT_EQ(peer.Rpc("echo", "{\"a\":1}").rpc().data(), "{\"a\":1}");
  EXPECT_EQ(peer.Rpc("who", "").rpc().data(), "\"acme u1 r1\"");
  EXPECT_EQ(peer.Rpc("nothing", "").error().code(), 104u);
}

TEST_P(ConnectTest, RefusalsSayWhy) {
  gateway().profiles.profile.max_connections_per_user = 1;
  Peer bad = gateway().Open(GetParam());
  bad.Connect("nonsense");
  EXPECT_EQ(bad.AwaitClose().substr(0, 4), "3500");
  Peer late = gateway().Open(GetParam());
  EXPECT_EQ(late.Connect("acme/u1/0").error().code(), 109u);
  EXPECT_TRUE(late.Connect("acme/u1").has_connect()) << "with a new token on the same connection";
  Peer second = gateway().Open(GetParam());
  second.Connect("acme/u1");
  EXPECT_EQ(second.AwaitClose().substr(0, 4), "3504") << "one a user";
  Peer page = gateway().Open(GetParam(), "https://evil.example.com");
  page.Connect("acme/u2");
  EXPECT_EQ(page.AwaitClose().substr(0, 4), "3507");
  Peer own_page = gateway().Open(GetParam(), "https://class.example.com");
  EXPECT_TRUE(own_page.Connect("acme/u2").has_connect());
  EXPECT_EQ(gateway().Count(kConnects, {"acme", "ORIGIN_DENIED"}), 1);
  EXPECT_EQ(gateway().Count(kConnects, {"acme", "USER_CONNECTION_LIMIT"}), 1);
  EXPECT_EQ(gateway().Count(kConnects, {"none", "TOKEN_INVALID"}), 1);
  late.Cut();
  EXPECT_TRUE(fanout::Eventually([&] { return gateway().Open(GetParam()).Connect("acme/u1").has_connect(); }))
      << "the place is free again";
}

TEST_P(ConnectTest, ATokenThatEndsIsRefreshedOrTheConnectionEnds) {
  options_.session.expiry_grace = absl::Milliseconds(100);
  Peer refreshed = gateway().Open(GetParam()), forgotten = gateway().Open(GetParam());
  EXPECT_EQ(refreshed.Connect("acme/u1/1").connect().ttl(), 1u);
  forgotten.Connect("acme/u2/1");
  protocol::Command command;
  command.mutable_refresh()->set_token("acme/u1/100");
  EXPECT_TRUE(refreshed.Ask(command).has_refresh());
  EXPECT_EQ(forgotten.AwaitClose().substr(0, 4), "3005");
  EXPECT_FALSE(refreshed.closed());
  command.mutable_refresh()->set_token("acme/other/100");
  refreshed.Send(command);
  EXPECT_EQ(refreshed.AwaitClose().substr(0, 4), "3500") << "another user's";
}

TEST_P(ConnectTest, GarbageIsRefusedByTheProtocol) {
  Peer garbage = gateway().Open(GetParam()), hasty = gateway().Open(GetParam()), large = gateway().Open(GetParam());
  garbage.Raw("\x07not a command");
  EXPECT_EQ(garbage.AwaitClose().substr(0, 4), GetParam() == Form::kJson ? "3501" : "3501");
  protocol::Command command;
  command.mutable_subscribe()->set_channel("room:r1");
  hasty.Send(command);
  EXPECT_EQ(hasty.AwaitClose().substr(0, 4), "3501") << "connect comes first";
  large.Raw(std::string(70'000, 'x'));
  EXPECT_EQ(large.AwaitClose().substr(0, 4), "1009");
}

TEST_P(ConnectTest, WhoJoinsTooMuchIsStopped) {
  options_.session.channels_max = 3;
  Peer peer = gateway().Connected("acme/u1", GetParam());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(peer.Subscribe(absl::StrCat("room:r", i)).has_subscribe());
  EXPECT_EQ(peer.Subscribe("room:r3").error().code(), 106u);
  for (int i = 0; i < 10'000 && !peer.closed(); ++i) {
    protocol::Command command;
    command.mutable_subscribe()->set_channel(absl::StrCat("room:x", i));
    peer.Send(command);
  }
  EXPECT_EQ(peer.AwaitClose().substr(0, 4), "3505");
  Peer other = gateway().Connected("acme/u2", GetParam());
  EXPECT_TRUE(other.Subscribe("room:r1").has_subscribe()) << "nobody else was harmed";
}

TEST_P(ConnectTest, JoiningAndLeavingForEverCostsPushNothing) {
  Peer peer = gateway().Connected("acme/u1", GetParam());
  uint32_t refused = 0;
  for (int i = 0; i < 400; ++i) {
    const protocol::Reply reply = peer.Subscribe(absl::StrCat("room:r", i));
    refused += reply.error().code() == 111;
    protocol::Command leave;
    leave.mutable_unsubscribe()->set_channel(absl::StrCat("room:r", i));
    peer.Ask(leave);
  }
  EXPECT_GT(refused, 0u);
  EXPECT_LT(push_.check_rooms(), 400);
}

TEST_P(ConnectTest, OneProductsClientsNeitherHearNorJoinAnothers) {
  Peer acme = gateway().Connected("acme/u1", GetParam()), globex = gateway().Connected("globex/u1", GetParam());
  acme.Subscribe("room:r1");
  globex.Subscribe("room:r1");
  EXPECT_EQ(globex.Subscribe("user:u2").error().code(), 103u);
  EXPECT_EQ(globex.Subscribe("room:acme/r1").error().code(), 102u);
  for (const char* channel : {"room:r1", "user:u1", "product"}) Publish(channel, push::v1::ORDERED, "1", "acme");
  for (const char* channel : {"room:r1", "user:u1", "product"}) {
    EXPECT_EQ(acme.Next(channel).data(), "1");
    EXPECT_EQ(globex.Got(channel, absl::Milliseconds(20)), "");
  }
}

TEST_F(ClientsTest, AProductWithoutAProfileHasNoClients) {
  Peer peer = gateway().Open();
  EXPECT_EQ(peer.Connect("initech/u1").error().code(), 108u);
}

TEST_F(ClientsTest, ASilentClientIsPingedAndThenClosed) {
  options_.session.ping_interval = absl::Seconds(1);
  options_.session.pong_timeout = absl::Milliseconds(500);
  Peer awake = gateway().Connected("acme/u1"), asleep = gateway().Connected("acme/u2");
  absl::SleepFor(absl::Milliseconds(1200));
  awake.Read();
  absl::SleepFor(absl::Milliseconds(700));
  EXPECT_FALSE(awake.closed());
  EXPECT_EQ(asleep.AwaitClose().substr(0, 4), "3012");
}

}  // namespace
}  // namespace trivium::gateway
