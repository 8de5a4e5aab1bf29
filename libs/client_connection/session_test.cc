#include "libs/client_connection/session.h"

#include <gtest/gtest.h>

#include "libs/client_protocol/protocol.h"

namespace trivium::client {
namespace {

namespace wire = trivium::protocol;

// Writes down what it is told.
struct Listener : SessionListener {
  void OnConnected(const std::string& id) override { said += "connected " + id + "; "; }
  void OnJoined(const Joined& j) override {
    said += "joined " + j.channel + (j.recovered ? " recovered" : j.was_recovering ? " with a hole" : "") + "; ";
  }
  void OnMessage(const Message& m) override {
    said += m.channel + "@" + std::to_string(m.offset) + "=" + m.data + (m.seen ? " seen" : "") + "; ";
  }
  void OnLeft(const std::string& channel, uint32_t code, bool again) override {
    said += "left " + channel + " " + std::to_string(code) + (again ? " for now" : "") + "; ";
  }
  void OnDisconnected(uint32_t code, const std::string&) override { said += "gone " + std::to_string(code) + "; "; }
  std::string Take() { return std::exchange(said, ""); }
  std::string said;
};

class SessionTest : public testing::TestWithParam<Form> {
 protected:
  SessionTest() : session_({.form = GetParam(), .acks_max = 2}, listener_) {}

  wire::Form form() const { return GetParam() == Form::kJson ? wire::Form::kJson : wire::Form::kProtobuf; }
  std::vector<wire::Command> Sent() {
    const std::string output = session_.TakeOutput();
    if (output.empty()) return {};
    auto commands = wire::DecodeCommands(form(), output);
    EXPECT_TRUE(commands.ok()) << commands.status();
    return commands.ok() ? *std::move(commands) : std::vector<wire::Command>();
  }
  void Answer(const wire::Reply& reply) {
    const auto encoded = wire::EncodeReply(reply, form());
    ASSERT_TRUE(encoded.ok()) << encoded.status();
    std::string frame;
    wire::AppendToFrame(form(), *encoded, &frame);
    ASSERT_TRUE(session_.Receive(frame).ok());
  }
  // Connects with one server-side channel and answers.
  void Connect() {
    session_.Open("t");
    const auto commands = Sent();
    ASSERT_EQ(commands.size(), 1u);
    wire::Reply reply;
    reply.set_id(commands[0].id());
    reply.mutable_connect()->set_client("c1");
    reply.mutable_connect()->set_ping(25);
    reply.mutable_connect()->set_pong(true);
    wire::SubscribeResult& sub = (*reply.mutable_connect()->mutable_subs())["user:u"];
    sub.set_recoverable(true);
    sub.set_epoch("e");
    sub.set_offset(5);
    Answer(reply);
  }
  void Publish(const std::string& channel, uint64_t offset, const std::string& id,
               const std::string& type = "RELIABLE") {
    wire::Reply reply;
    reply.mutable_push()->set_channel(channel);
    wire::Publication& publication = *reply.mutable_push()->mutable_pub();
    publication.set_offset(offset);
    publication.set_data("1");
    (*publication.mutable_tags())["id"] = id;
    (*publication.mutable_tags())["class"] = type;
    Answer(reply);
  }
  void Joined(uint32_t id, uint64_t offset, bool was_recovering, bool recovered) {
    wire::Reply reply;
    reply.set_id(id);
    reply.mutable_subscribe()->set_recoverable(true);
    reply.mutable_subscribe()->set_epoch("r");
    reply.mutable_subscribe()->set_offset(offset);
    reply.mutable_subscribe()->set_was_recovering(was_recovering);
    reply.mutable_subscribe()->set_recovered(recovered);
    if (recovered) {
      wire::Publication& publication = *reply.mutable_subscribe()->add_publications();
      publication.set_offset(offset);
      publication.set_data("2");
    }
    Answer(reply);
  }

  Listener listener_;
  Session session_;
};

INSTANTIATE_TEST_SUITE_P(Forms, SessionTest, testing::Values(Form::kJson, Form::kProtobuf));

TEST_P(SessionTest, ConnectsJoinsAndReads) {
  session_.Subscribe("room:1");
  EXPECT_EQ(session_.TakeOutput(), "");
  Connect();
  EXPECT_EQ(session_.ping_interval(), absl::Seconds(25));
  const auto commands = Sent();
  ASSERT_EQ(commands.size(), 1u);
  EXPECT_EQ(commands[0].subscribe().channel(), "room:1");
  EXPECT_TRUE(commands[0].subscribe().recoverable());
  EXPECT_FALSE(commands[0].subscribe().recover());
  Joined(commands[0].id(), 7, false, false);
  Publish("room:1", 8, "msg_a", "ORDERED");
  EXPECT_EQ(listener_.Take(), "connected c1; joined user:u; joined room:1; room:1@8=1; ");
  EXPECT_FALSE(session_.HasDue());
}

// The gateway leaves the connection open after such an answer, for a while: stock clients come again by themselves.
TEST_P(SessionTest, ComesAgainWhenConnectIsRefusedForNow) {
  const auto refused = [&](uint32_t code, bool temporary) {
    session_.Open("t");
    wire::Reply reply;
    reply.set_id(Sent().at(0).id());
    reply.mutable_error()->set_code(code);
    reply.mutable_error()->set_message("no");
    reply.mutable_error()->set_temporary(temporary);
    std::string frame;
    wire::AppendToFrame(form(), *wire::EncodeReply(reply, form()), &frame);
    return session_.Receive(frame);
  };
  EXPECT_EQ(refused(100, true).code(), absl::StatusCode::kUnavailable);
  session_.Lost(0, "");
  EXPECT_EQ(refused(109, false).code(), absl::StatusCode::kUnavailable) << "with a new token";
  session_.Lost(0, "");
  EXPECT_TRUE(refused(101, false).ok()) << "the gateway closes, with a code";
  session_.Lost(3500, "invalid token");
  Connect();
  EXPECT_TRUE(session_.connected());
}

TEST_P(SessionTest, RecoversFromWhereItWas) {
  session_.Subscribe("room:1");
  Connect();
  Joined(Sent()[0].id(), 7, false, false);
  Publish("room:1", 8, "msg_a", "ORDERED");
  Publish("user:u", 6, "msg_b", "ORDERED");
  session_.Lost(3001, "shutdown");
  listener_.Take();

  session_.Open("t2");
  const auto connect = Sent();
  ASSERT_EQ(connect.size(), 1u);
  EXPECT_EQ(connect[0].connect().token(), "t2");
  const wire::SubscribeRequest& user = connect[0].connect().subs().at("user:u");
  EXPECT_TRUE(user.recover() && user.epoch() == "e" && user.offset() == 6);
  wire::Reply reply;
  reply.set_id(connect[0].id());
  reply.mutable_connect()->set_client("c2");
  Answer(reply);
  EXPECT_EQ(listener_.Take(), "connected c2; ");
  const auto room = Sent();
  ASSERT_EQ(room.size(), 1u);
  EXPECT_TRUE(room[0].subscribe().recover() && room[0].subscribe().epoch() == "r" && room[0].subscribe().offset() == 8);
  Joined(room[0].id(), 9, true, true);
  EXPECT_EQ(listener_.Take(), "room:1@9=2; joined room:1 recovered; ");
}

TEST_P(SessionTest, RecoversInARoomThatWasEmptyWhenItJoined) {
  session_.Subscribe("room:1");
  Connect();
  wire::Reply reply;
  reply.set_id(Sent()[0].id());
  reply.mutable_subscribe()->set_recoverable(true);
  Answer(reply);
  reply = wire::Reply();
  reply.mutable_push()->set_channel("room:1");
  reply.mutable_push()->mutable_pub()->set_offset(1);
  reply.mutable_push()->mutable_pub()->set_epoch("new");
  reply.mutable_push()->mutable_pub()->set_data("1");
  Answer(reply);
  Publish("room:1", 2, "msg_a", "ORDERED");
  session_.Lost(3001, "shutdown");

  session_.Open("t2");
  reply = wire::Reply();
  reply.set_id(Sent()[0].id());
  reply.mutable_connect()->set_client("c2");
  Answer(reply);
  const wire::SubscribeRequest room = Sent()[0].subscribe();
  EXPECT_TRUE(room.recover() && room.epoch() == "new" && room.offset() == 2) << room.ShortDebugString();
}

TEST_P(SessionTest, AnAppThatIsStartedAnewRecoversNothingAndShowsNothingTwice) {
  Connect();
  Publish("user:u", 6, "msg_a");
  session_.Lost(0, "");
  session_.ForgetPositions();
  session_.Open("t");
  EXPECT_TRUE(Sent()[0].connect().subs().empty());
  listener_.Take();
  Publish("user:u", 0, "msg_a");
  EXPECT_EQ(listener_.Take(), "user:u@0=1 seen; ");
}

TEST_P(SessionTest, TellsOfAHole) {
  session_.Subscribe("room:1");
  Connect();
  Joined(Sent()[0].id(), 7, false, false);
  session_.Lost(0, "");
  Connect();
  Joined(Sent()[0].id(), 400, true, false);
  EXPECT_NE(listener_.Take().find("joined room:1 with a hole"), std::string::npos);
  EXPECT_EQ(session_.PositionOf("room:1").second, 400u);
}

TEST_P(SessionTest, AcknowledgesInBatchesAndDropsRepeats) {
  Connect();
  for (const char* id : {"msg_a", "msg_b", "msg_c"}) Publish("user:u", 0, id);
  Publish("user:u", 0, "msg_a");
  EXPECT_NE(listener_.Take().find("user:u@0=1 seen; "), std::string::npos);
  ASSERT_TRUE(session_.HasDue());
  session_.Flush();
  const auto acks = Sent();
  ASSERT_EQ(acks.size(), 2u);  // acks_max is 2; a repeat is acknowledged, too.
  EXPECT_EQ(acks[0].rpc().method(), "push.ack");
  EXPECT_EQ(acks[0].rpc().data(), R"({"message_ids":["msg_a","msg_b"]})");
  EXPECT_EQ(acks[1].rpc().data(), R"({"message_ids":["msg_c","msg_a"]})");
  EXPECT_FALSE(session_.HasDue());

  wire::Reply good, bad;
  good.set_id(acks[0].id());
  good.mutable_rpc()->set_data(R"({"acked":2})");
  Answer(good);
  EXPECT_EQ(session_.acked(), 2);
  bad.set_id(acks[1].id());
  bad.mutable_error()->set_code(100);
  bad.mutable_error()->set_message("internal server error");
  Answer(bad);
  EXPECT_FALSE(session_.HasDue());
  session_.RetryRefused();
  EXPECT_TRUE(session_.HasDue());
}

TEST_P(SessionTest, WhatWasNotAnsweredIsAcknowledgedAgain) {
  Connect();
  Publish("user:u", 0, "msg_a");
  session_.Flush();
  ASSERT_EQ(Sent().size(), 1u);
  session_.Lost(0, "");
  EXPECT_FALSE(session_.HasDue());
  Connect();
  const auto again = Sent();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].rpc().data(), R"({"message_ids":["msg_a"]})");
}

TEST_P(SessionTest, ANegligentClientAcknowledgesNothing) {
  session_.SetAcknowledges(false);
  Connect();
  Publish("user:u", 0, "msg_a");
  EXPECT_FALSE(session_.HasDue());
}

TEST_P(SessionTest, CallsEndOneWayOrTheOther) {
  std::vector<std::string> answers;
  const auto note = [&](absl::StatusOr<std::string> answer) {
    answers.push_back(answer.ok() ? *answer : std::string(answer.status().message()));
  };
  session_.Call("a", "1", note);
  Connect();
  session_.Call("a", "1", note);
  session_.Call("b", "2", note);
  session_.Call("c", "3", note);
  const auto commands = Sent();
  ASSERT_EQ(commands.size(), 3u);
  wire::Reply good, bad;
  good.set_id(commands[0].id());
  good.mutable_rpc()->set_data("true");
  bad.set_id(commands[1].id());
  bad.mutable_error()->set_code(409);
  bad.mutable_error()->set_message("QUIZ_CLOSED: too late");
  Answer(good);
  Answer(bad);
  session_.Lost(0, "");
  EXPECT_EQ(answers, (std::vector<std::string>{"not connected", "true", "409: QUIZ_CLOSED: too late",
                                               "the connection ended before the answer"}));
}

TEST_P(SessionTest, JoinsAgainOnlyWhenToldSo) {
  session_.Subscribe("room:1");
  session_.Subscribe("room:2");
  Connect();
  const auto commands = Sent();
  Joined(commands[0].id(), 7, false, false);
  wire::Reply refused;
  refused.set_id(commands[1].id());
  refused.mutable_error()->set_code(103);
  Answer(refused);
  listener_.Take();
  wire::Reply ended;
  ended.mutable_push()->set_channel("room:1");
  ended.mutable_push()->mutable_unsubscribe()->set_code(2500);
  Answer(ended);
  EXPECT_EQ(listener_.Take(), "left room:1 2500 for now; ");
  ASSERT_EQ(Sent().size(), 1u);
  session_.Lost(0, "");
  Connect();
  const auto again = Sent();
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].subscribe().channel(), "room:1");
}

TEST_P(SessionTest, AnswersPings) {
  Connect();
  ASSERT_TRUE(session_.Receive(form() == wire::Form::kJson ? "{}" : std::string_view("\0", 1)).ok());
  EXPECT_EQ(session_.TakeOutput(), wire::PingMessage(form()));
  EXPECT_FALSE(session_.Receive("\xff\xff").ok());
}

}  // namespace
}  // namespace trivium::client
