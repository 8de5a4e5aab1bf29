#include <gtest/gtest.h>

#include "libs/status/error.h"
#include "services/gateway/session/session_fixture.h"

namespace trivium::protocol {
namespace {

TEST_F(SessionTest, ConnectsThroughTokenAndServerSideChannels) {
  Frame(R"({"id":1,"connect":{"token":"t","data":{"platform":"web"},"name":"js","version":"5"}})");
  const auto verify = Asked<VerifyToken>();
  EXPECT_EQ(verify.token, "t");
  EXPECT_EQ(verify.device, R"({"platform":"web"})");
  EXPECT_EQ(verify.name + verify.version, "js5");
  Quiet();
  Take(session().OnTokenVerified(verify.ticket, VerifiedToken{"u1", "acme", absl::Seconds(100)}, now_));
  const auto user = Asked<JoinChannel>(), product = Asked<JoinChannel>();
  EXPECT_EQ(user.channel, "user:u1");
  EXPECT_EQ(product.channel, "product");
  EXPECT_TRUE(user.server_side && product.server_side);
  EXPECT_FALSE(user.from.has_value());
  Take(session().OnJoined(product.ticket, JoinedChannel{}, now_));
  Quiet();
  EXPECT_FALSE(session().connected());
  Take(session().OnJoined(user.ticket, JoinedChannel{true, {9, "e"}, {}, ""}, now_));
  const Reply reply = Answered();
  EXPECT_EQ(reply.id(), 1u);
  EXPECT_EQ(reply.connect().client(), "c1");
  EXPECT_EQ(reply.connect().version(), "1.0");
  EXPECT_EQ(reply.connect().node(), "n1");
  EXPECT_EQ(reply.connect().ping(), 25u);
  EXPECT_TRUE(reply.connect().pong());
  EXPECT_TRUE(reply.connect().expires());
  EXPECT_EQ(reply.connect().ttl(), 100u);
  EXPECT_EQ(reply.connect().subs().at("user:u1").offset(), 9u);
  EXPECT_TRUE(reply.connect().subs().at("user:u1").recoverable());
  EXPECT_FALSE(reply.connect().subs().at("product").recoverable());
  EXPECT_EQ(session().uid(), "u1");
  EXPECT_EQ(session().product(), "acme");
  Quiet();
}

TEST_F(SessionTest, RefusesBeforeConnectAndASecondConnect) {
  const char* before[] = {R"({"id":1,"rpc":{"method":"m"}})",
                          R"({"id":1,"subscribe":{"channel":"room:a"}})",
                          "{}",
                          R"({"send":{"data":1}})",
                          R"({"id":1,"ping":{}})",
                          R"({"id":1})"};
  for (const char* frame : before) {
    session_.reset();
    closed_.reset();
    Frame(frame);
    ClosedBy(DisconnectCode::kBadRequest);
    EXPECT_TRUE(asked_.empty() && replies_.empty()) << frame;
  }
  session_.reset();
  closed_.reset();
  Connect();
  Frame(R"({"id":2,"connect":{"token":"t"}})");
  ClosedBy(DisconnectCode::kBadRequest);
  EXPECT_EQ(left_, (std::vector<std::string>{"product", "user:u1"}));
}

TEST_F(SessionTest, RefusesASecondConnectWhileTheFirstIsOnItsWay) {
  Frame(R"({"id":1,"connect":{"token":"t"}})"
        "\n"
        R"({"id":2,"connect":{"token":"t"}})");
  Asked<VerifyToken>();
  ClosedBy(DisconnectCode::kBadRequest);
}

TEST_F(SessionTest, MalformedFramesCloseWith3501) {
  for (const char* frame : {"", "x", "{\"id\":\"1\"}", "[]", "{\"id\":0,\"connect\":{}}", "\xFF"}) {
    session_.reset();
    closed_.reset();
    Frame(frame);
    ClosedBy(DisconnectCode::kBadRequest);
    Take(session().OnFrame(R"({"id":1,"connect":{}})", now_));
    EXPECT_TRUE(replies_.empty() && asked_.empty()) << "nothing after the close";
  }
}

TEST_F(SessionTest, ATokensFaultHasItsOwnAnswer) {
  struct Row {
    absl::Status status;
    std::optional<DisconnectCode> close;
    ErrorCode error;
  };
  const Row rows[] = {
      {trivium::Error(absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED", "over"), {}, ErrorCode::kTokenExpired},
      {trivium::Error(absl::StatusCode::kUnauthenticated, "TOKEN_INVALID", "bad"), DisconnectCode::kInvalidToken, {}},
      {trivium::Error(absl::StatusCode::kUnauthenticated, "TOKEN_REVOKED", "bad"), DisconnectCode::kInvalidToken, {}},
      {absl::PermissionDeniedError("no"), DisconnectCode::kInvalidToken, {}},
      {absl::UnavailableError("secret host"), {}, ErrorCode::kInternal},
      {absl::ResourceExhaustedError("slow down"), {}, ErrorCode::kTooManyRequests},
  };
  for (const Row& row : rows) {
    session_.reset();
    closed_.reset();
    Frame(R"({"id":1,"connect":{"token":"t"}})");
    Verify(row.status);
    if (row.close) {
      ClosedBy(*row.close);
      continue;
    }
    EXPECT_EQ(replies_.at(0).error().message().find("secret"), std::string::npos);
    Refused(1, row.error);
    Quiet();
    Connect();  // It may try again.
  }
  session_.reset();
  Frame(R"({"id":1,"connect":{"token":"t"}})");
  Verify(VerifiedToken{"bad uid", "acme"});
  ClosedBy(DisconnectCode::kInvalidToken);
}

TEST_F(SessionTest, CommandsThatComeTooEarlyWaitForConnect) {
  Frame(R"({"id":1,"connect":{"token":"t"}})"
        "\n"
        R"({"id":2,"rpc":{"method":"a","data":1}})"
        "\n"
        R"({"id":3,"ping":{}})");
  Frame("{}");
  EXPECT_EQ(asked_.size(), 1u);
  Verify(VerifiedToken{"u1", "acme"});
  Join(JoinedChannel{});
  Join(JoinedChannel{});
  EXPECT_TRUE(Answered().has_connect());
  EXPECT_TRUE(Answered().has_ping());
  EXPECT_EQ(Asked<CallRpc>().method, "a");
  Quiet();
}

TEST_F(SessionTest, TheWaitingHasAMaximum) {
  Frame(R"({"id":1,"connect":{"token":"t"}})");
  for (int id = 2; id <= 5; ++id) Frame(R"({"id":)" + std::to_string(id) + R"(,"ping":{}})");
  EXPECT_TRUE(replies_.empty());
  Frame(R"({"id":6,"ping":{}})");
  Refused(6, ErrorCode::kTooManyRequests);
  Verify(absl::UnavailableError("down"));
  Refused(1, ErrorCode::kInternal);
  for (uint32_t id = 2; id <= 5; ++id) Refused(id, ErrorCode::kUnauthorized);
  Quiet();
}

TEST_F(SessionTest, WaitingBytesHaveAMaximum) {
  options_.queued_bytes_max = 1000;
  Frame(R"({"id":1,"connect":{"token":"t"}})");
  Frame(R"({"id":2,"rpc":{"method":"m","data":")" + std::string(1000, 'x') + "\"}}");
  Refused(2, ErrorCode::kTooManyRequests);
}

TEST_F(SessionTest, AFailedServerSideJoinFailsConnectAsAWhole) {
  Frame(R"({"id":1,"connect":{"token":"t"}})");
  Verify(VerifiedToken{"u1", "acme"});
  const auto user = Asked<JoinChannel>(), product = Asked<JoinChannel>();
  Take(session().OnJoined(user.ticket, JoinedChannel{}, now_));
  Take(session().OnJoined(product.ticket, absl::UnavailableError("redis"), now_));
  Refused(1, ErrorCode::kInternal);
  EXPECT_EQ(left_, (std::vector<std::string>{"product", "user:u1"}));
  EXPECT_EQ(session().channels(), 0u);
  EXPECT_EQ(session().uid(), "");
  Take(session().OnJoined(user.ticket, JoinedChannel{}, now_));
  Quiet();
  Connect();
}

TEST_F(SessionTest, ANewTokenMovesTheEndButNotTheUser) {
  Connect(absl::Seconds(60));
  Frame(R"({"id":2,"refresh":{"token":"t2"}})");
  now_ += absl::Seconds(50);
  Verify(VerifiedToken{"u1", "acme", absl::Seconds(120)});
  const Reply reply = Answered();
  EXPECT_EQ(reply.refresh().ttl(), 120u);
  EXPECT_TRUE(reply.refresh().expires());
  EXPECT_EQ(reply.refresh().client(), "c1");
  Frame(R"({"id":3,"refresh":{"token":"t3"}})");
  Verify(trivium::Error(absl::StatusCode::kUnauthenticated, "TOKEN_EXPIRED", "over"));
  Refused(3, ErrorCode::kTokenExpired);
  Frame(R"({"id":4,"refresh":{"token":"t4"}})");
  Verify(absl::UnavailableError("x"));
  Refused(4, ErrorCode::kInternal);
  for (const auto& [uid, product] : {std::pair("u2", "acme"), {"u1", "globex"}}) {
    session_.reset();
    closed_.reset();
    Connect();
    Frame(R"({"id":5,"refresh":{"token":"t"}})");
    Verify(VerifiedToken{uid, product});
    ClosedBy(DisconnectCode::kInvalidToken);
  }
}

TEST_F(SessionTest, AnAgelessOrAncientTtlStaysInRange) {
  Connect(absl::Hours(24 * 365 * 7000));
  EXPECT_EQ(connect_.connect().ttl(), 2147483647u);
  session_.reset();
  Connect(absl::Milliseconds(5));
  EXPECT_EQ(connect_.connect().ttl(), 1u);
  session_.reset();
  Connect();
  EXPECT_FALSE(connect_.connect().expires());
}

TEST_F(SessionTest, ConnectHasATimeOut) {
  session();
  EXPECT_EQ(session().deadline(), kStart + absl::Seconds(10));
  Take(session().OnDeadline(kStart + absl::Seconds(9)));
  Quiet();
  Take(session().OnDeadline(kStart + absl::Seconds(10)));
  ClosedBy(DisconnectCode::kStale);
}

// What it waits for is Redis, say, that is away: it must not stay away for ever.
TEST_F(SessionTest, WhoseConnectIsNotAnsweredInTimeComesAgain) {
  session();
  Frame(R"({"id":1,"connect":{"token":"t"}})");
  const auto verify = Asked<VerifyToken>();
  Take(session().OnDeadline(kStart + absl::Seconds(10)));
  ClosedBy(DisconnectCode::kInternal);
  Take(session().OnTokenVerified(verify.ticket, VerifiedToken{"u1", "acme"}, now_));
  EXPECT_TRUE(asked_.empty() && replies_.empty());
}

TEST_F(SessionTest, PingsAndMissesTheAnswer) {
  Connect();
  EXPECT_EQ(session().deadline(), kStart + absl::Seconds(25));
  now_ += absl::Seconds(25);
  Take(session().OnDeadline(now_));
  Asked<SendPing>();
  EXPECT_EQ(session().deadline(), now_ + absl::Seconds(10));
  Frame("{}");
  EXPECT_EQ(session().deadline(), now_ + absl::Seconds(25));
  now_ += absl::Seconds(25);
  Take(session().OnDeadline(now_));
  Asked<SendPing>();
  Frame(R"({"id":9,"ping":{}})");  // Whatever comes shows life.
  EXPECT_TRUE(Answered().has_ping());
  now_ += absl::Seconds(25);
  Take(session().OnDeadline(now_));
  Asked<SendPing>();
  Take(session().OnDeadline(now_ + absl::Seconds(9)));
  Quiet();
  Take(session().OnDeadline(now_ + absl::Seconds(10)));
  ClosedBy(DisconnectCode::kNoPong);
}

TEST_F(SessionTest, ExpiresAfterAGrace) {
  Connect(absl::Seconds(5));
  EXPECT_EQ(session().deadline(), kStart + absl::Seconds(25));
  now_ += absl::Seconds(25);
  Take(session().OnDeadline(now_));
  Asked<SendPing>();
  Frame("{}");
  now_ += absl::Seconds(5);
  Take(session().OnDeadline(now_));
  ClosedBy(DisconnectCode::kConnectionExpired);
  EXPECT_EQ(left_.size(), 2u);
}

TEST_F(SessionTest, AnswersAfterTheEndAreIgnored) {
  Connect();
  Frame(R"({"id":2,"rpc":{"method":"a"}})");
  Frame(R"({"id":3,"subscribe":{"channel":"room:a"}})");
  const auto rpc = Asked<CallRpc>();
  const auto join = Asked<JoinChannel>();
  Take(session().Close(DisconnectCode::kShutdown));
  ClosedBy(DisconnectCode::kShutdown);
  EXPECT_EQ(left_, (std::vector<std::string>{"product", "room:a", "user:u1"}));
  Take(session().OnAnswer(rpc.ticket, Reply()));
  Take(session().OnJoined(join.ticket, JoinedChannel{}, now_));
  Take(session().Close(DisconnectCode::kSlow));
  Take(session().OnConnectionLost());
  Take(session().OnDeadline(now_ + absl::Hours(1)));
  EXPECT_FALSE(Live("room:a", "e", Pub(1)));
  EXPECT_EQ(left_.size(), 3u);
}

TEST_F(SessionTest, ALostConnectionLeavesItsChannelsSilently) {
  Connect();
  Subscribe("room:a");
  Take(session().OnConnectionLost());
  EXPECT_EQ(left_.size(), 3u);
  Quiet();
}

}  // namespace
}  // namespace trivium::protocol
