// RELIABLE messages until they are acknowledged, and counts of the others.
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "services/gateway/clients/test_floor.h"

namespace trivium::gateway {
namespace {

using protocol::Form;

class ReliableTest : public ClientsTest, public testing::WithParamInterface<Form> {
 protected:
  bool Acked(const std::string& uid, const std::string& id) { return push_.acked().contains("acme/" + uid + "/" + id); }
};
INSTANTIATE_TEST_SUITE_P(Forms, ReliableTest, testing::Values(Form::kJson, Form::kProtobuf),
                         [](const auto& info) { return info.param == Form::kJson ? "Json" : "Protobuf"; });

TEST_P(ReliableTest, APositionAcknowledgesWhatCameOverThisConnection) {
  Publish("room:r1", push::v1::RELIABLE, "\"before\"");
  Peer peer = gateway().Connected("acme/u1", GetParam());
  const std::string epoch = peer.Subscribe("room:r1").subscribe().epoch();
  const std::string first = Publish("room:r1", push::v1::RELIABLE, "1");
  Publish("room:r1", push::v1::ORDERED, "2");
  const std::string third = Publish("room:r1", push::v1::RELIABLE, "3");
  const std::string fourth = Publish("room:r1", push::v1::RELIABLE, "4");
  protocol::Publication last;
  for (int i = 1; i <= 3; ++i) last = peer.Next("room:r1");
  EXPECT_EQ(last.offset(), 4u);
  EXPECT_EQ(last.tags().at("class"), "RELIABLE");
  const std::string ack = absl::StrCat(R"({"channel":"room:r1","epoch":")", epoch, R"(","offset":4})");
  EXPECT_EQ(peer.Rpc("push.ack", ack).rpc().data(), R"({"acked":2})");
  EXPECT_TRUE(Acked("u1", first));
  EXPECT_TRUE(Acked("u1", third));
  EXPECT_EQ(push_.acked().size(), 2u) << "not the one before it joined, nor the one after";
  EXPECT_EQ(peer.Rpc("push.ack", ack).rpc().data(), R"({"acked":0})") << "once more: nothing is new";
  EXPECT_EQ(peer.Rpc("push.ack", R"({"channel":"room:r1","epoch":"other","offset":9})").rpc().data(), R"({"acked":0})");
  EXPECT_EQ(peer.Rpc("push.ack", absl::StrCat(R"({"message_ids":[")", fourth, R"("]})")).rpc().data(),
            R"({"acked":1})");
  EXPECT_TRUE(Acked("u1", fourth));
  EXPECT_EQ(gateway().Count(kPushCalls, {"acme", "Acknowledge", "OK"}), 2);
}

// The stock client keeps the epoch that came with the first message to itself.
TEST_P(ReliableTest, APositionNeedsNoEpochWhenTheRoomWasEmpty) {
  Peer peer = gateway().Connected("acme/u1", GetParam());
  EXPECT_EQ(peer.Subscribe("room:r1").subscribe().epoch(), "");
  const std::string first = Publish("room:r1", push::v1::RELIABLE, "1");
  peer.Next("room:r1");
  EXPECT_EQ(peer.Rpc("push.ack", R"({"channel":"room:r1","epoch":"","offset":1})").rpc().data(), R"({"acked":1})");
  EXPECT_TRUE(Acked("u1", first));
}

TEST_P(ReliableTest, WrongAcknowledgementsAreRefused) {
  Peer peer = gateway().Connected("acme/u1", GetParam());
  for (const char* body : {"[]", R"({"message_ids":["nonsense"]})", R"({"message_ids":[1]})", R"({"offset":-1})"}) {
    EXPECT_EQ(peer.Rpc("push.ack", body).error().code(), 403u) << body;
  }
  EXPECT_EQ(peer.Rpc("push.ack", R"({"channel":"room:r1","epoch":"e","offset":1})").error().code(), 409u)
      << "not joined";
  std::string many = R"({"message_ids":[)";
  for (int i = 0; i <= 1000; ++i)
    absl::StrAppend(&many, i == 0 ? "" : ",", "\"", FormatId("msg", fanout_.ids->Next()), "\"");
  EXPECT_EQ(peer.Rpc("push.ack", many + "]}").error().code(), 403u);
}

TEST_P(ReliableTest, AnAcknowledgementIsAnsweredWhenPushHasIt) {
  options_.ack_patience = absl::Seconds(10);
  Peer peer = gateway().Connected("acme/u1", GetParam());
  const std::string id = Publish("user:u1", push::v1::RELIABLE, "1");
  EXPECT_EQ(peer.Next("user:u1").data(), "1");
  push_.SetAway(true);
  protocol::Command command;
  command.mutable_rpc()->set_method("push.ack");
  command.mutable_rpc()->set_data(absl::StrCat(R"({"message_ids":[")", id, R"("]})"));
  const uint32_t asked = peer.Send(command);
  absl::SleepFor(absl::Milliseconds(300));
  protocol::Reply reply;
  peer.Read();
  EXPECT_FALSE(peer.Take([&](const protocol::Reply& r) { return r.id() == asked; }, &reply));
  push_.SetAway(false);
  EXPECT_TRUE(fanout::Eventually([&] {
    peer.Read();
    return peer.Take([&](const protocol::Reply& r) { return r.id() == asked; }, &reply);
  }));
  EXPECT_EQ(reply.rpc().data(), R"({"acked":1})");
  EXPECT_TRUE(Acked("u1", id));
}

TEST_P(ReliableTest, PatienceForPushEnds) {
  options_.ack_patience = absl::Milliseconds(200);
  Peer peer = gateway().Connected("acme/u1", GetParam());
  push_.SetAway(true);
  const std::string id = FormatId("msg", fanout_.ids->Next());
  const protocol::Reply reply = peer.Rpc("push.ack", absl::StrCat(R"({"message_ids":[")", id, R"("]})"));
  EXPECT_EQ(reply.error().code(), 100u);
  EXPECT_TRUE(reply.error().temporary()) << "the client says it again";
}

TEST_P(ReliableTest, WhatIsNotAcknowledgedComesAgainWithAFreshConnection) {
  push_.AddPending("u1", "user:u1", Message(push::v1::RELIABLE, "\"quiz\""));
  push_.AddPending("u1", "room:r1", Message(push::v1::RELIABLE, "\"roll call\""));
  push_.AddPending("u2", "user:u2", Message(push::v1::RELIABLE, "\"of another\""));
  Peer peer = gateway().Connected("acme/u1", GetParam());
  const protocol::Publication quiz = peer.Next("user:u1");
  EXPECT_EQ(quiz.data(), "\"quiz\"");
  EXPECT_EQ(quiz.offset(), 0u);
  EXPECT_EQ(quiz.tags().at("repeat"), "1");
  peer.Subscribe("room:r1");
  EXPECT_EQ(peer.Next("room:r1").data(), "\"roll call\"");
  EXPECT_EQ(peer.Rpc("push.ack", absl::StrCat(R"({"message_ids":[")", quiz.tags().at("id"), R"("]})")).rpc().data(),
            R"({"acked":1})");
  Peer again = gateway().Connected("acme/u1", GetParam());
  EXPECT_EQ(again.Got("user:u1"), "") << "acknowledged";
}

TEST_P(ReliableTest, MoreThanAPageComesAsThePagesAreAcknowledged) {
  push_.SetPendingPage(2);
  for (int i = 1; i <= 5; ++i) push_.AddPending("u1", "user:u1", Message(push::v1::RELIABLE, absl::StrCat(i)));
  Peer peer = gateway().Connected("acme/u1", GetParam());
  for (int i = 1; i <= 5; ++i) {
    const protocol::Publication repeat = peer.Next("user:u1");
    EXPECT_EQ(repeat.data(), absl::StrCat(i));
    if (!repeat.tags().contains("id")) return;
    peer.Rpc("push.ack", absl::StrCat(R"({"message_ids":[")", repeat.tags().at("id"), R"("]})"));
  }
}

TEST_P(ReliableTest, RepeatsNeverFillAQueue) {
  options_.connection.max_queue_bytes = 64 << 10;
  const std::string large = absl::StrCat("\"", std::string(7'000, 'x'), "\"");
  for (int i = 1; i <= 30; ++i) push_.AddPending("u1", "user:u1", Message(push::v1::RELIABLE, large));
  Peer peer = gateway().Connected("acme/u1", GetParam());
  for (int i = 1; i <= 30; ++i) {
    const protocol::Publication repeat = peer.Next("user:u1");
    ASSERT_TRUE(repeat.tags().contains("id")) << i;
    peer.Rpc("push.ack", absl::StrCat(R"({"message_ids":[")", repeat.tags().at("id"), R"("]})"));
  }
  EXPECT_EQ(push_.acked().size(), 30u);
  EXPECT_EQ(gateway().Count(kAcknowledgements, {"acme", "OK"}), 30);
}

TEST_P(ReliableTest, WhatCameLiveIsNotSentAgain) {
  Peer first = gateway().Connected("acme/u9", GetParam());
  const push::v1::Publication message = Message(push::v1::RELIABLE, "\"once\"");
  push_.AddPending("u1", "room:r1", message);
  // Push answers with it while it is also live: both ways lead to this client.
  Peer peer = gateway().Connected("acme/u1", GetParam());
  peer.Subscribe("room:r1");
  Publish("room:r1", message);
  EXPECT_EQ(peer.Next("room:r1").data(), "\"once\"");
}

// A message that nobody acknowledges would make the time to the client look like the time since it was accepted.
TEST_F(ClientsTest, RepeatsDoNotCountForTheTimeToTheClient) {
  push::v1::Publication repeat = Message(push::v1::RELIABLE, "\"again\"");
  repeat.set_repeat(true);
  Peer peer = gateway().Connected("acme/u1", Form::kJson);
  peer.Subscribe("room:r1");
  Publish("room:r1", repeat);
  EXPECT_EQ(peer.Next("room:r1").tags().at("repeat"), "1");
  Publish("room:r1", push::v1::ORDERED, "\"new\"");
  EXPECT_EQ(peer.Next("room:r1").data(), "\"new\"");
  EXPECT_TRUE(fanout::Eventually([&] {
    return gateway().metrics.GetHistogram(kDeliverySeconds, {"acme", "ORDERED"}).Count() == 1;
  }));
  EXPECT_EQ(gateway().metrics.GetHistogram(kDeliverySeconds, {"acme", "RELIABLE"}).Count(), 0u);
}

TEST_F(ClientsTest, LossyAndOrderedMessagesAreCountedWhenTheyAreWritten) {
  std::vector<Peer> peers;
  for (int i = 0; i < 20; ++i) {
    peers.push_back(gateway().Connected(absl::StrCat("acme/u", i), i % 2 == 0 ? Form::kJson : Form::kProtobuf));
    peers.back().Subscribe("room:r1");
  }
  const std::string lossy = Publish("room:r1", push::v1::LOSSY, "1"),
                    ordered = Publish("room:r1", push::v1::ORDERED, "2");
  const std::string reliable = Publish("room:r1", push::v1::RELIABLE, "3");
  const std::string nobody = Publish("room:r2", push::v1::ORDERED, "4");
  for (Peer& peer : peers) EXPECT_EQ(peer.Got("room:r1", absl::Milliseconds(20)).substr(0, 1), "1");
  EXPECT_TRUE(fanout::Eventually([&] { return push_.FateOf(ordered) == FakePush::Fate{20, 0}; }));
  EXPECT_EQ(push_.FateOf(lossy), (FakePush::Fate{20, 0}));
  EXPECT_EQ(push_.FateOf(reliable), (FakePush::Fate{0, 0})) << "push counts these by their acknowledgements";
  EXPECT_EQ(push_.FateOf(nobody), (FakePush::Fate{0, 0}));
  EXPECT_EQ(gateway().Count(kDeliveries, {"acme", "LOSSY"}), 20);
  EXPECT_GT(gateway().metrics.GetHistogram(kDeliverySeconds, {"acme", "ORDERED"}).Count(), 0u);
  // Counts wait while push is away.
  push_.SetAway(true);
  const std::string late = Publish("room:r1", push::v1::ORDERED, "5");
  absl::SleepFor(absl::Milliseconds(300));
  push_.SetAway(false);
  EXPECT_TRUE(fanout::Eventually([&] { return push_.FateOf(late) == FakePush::Fate{20, 0}; }));
}

}  // namespace
}  // namespace trivium::gateway
