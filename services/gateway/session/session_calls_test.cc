#include <gtest/gtest.h>

#include "libs/status/error.h"
#include "services/gateway/session/session_fixture.h"

namespace trivium::protocol {
namespace {

TEST_F(SessionTest, RpcAnswersByIdInAnyOrder) {
  Connect();
  Frame(R"({"id":2,"rpc":{"method":"a","data":[1]}})"
        "\n"
        R"({"id":3,"rpc":{"method":"b"}})");
  const auto a = Asked<CallRpc>(), b = Asked<CallRpc>();
  EXPECT_EQ(a.data, "[1]");
  EXPECT_EQ(b.data, "");
  Reply result;
  result.mutable_rpc()->set_data("{\"ok\":1}");
  Take(session().OnAnswer(b.ticket, result));
  Take(session().OnAnswer(b.ticket, result));  // Twice: ignored.
  const Reply reply = Answered();
  EXPECT_EQ(reply.id(), 3u);
  EXPECT_EQ(reply.rpc().data(), "{\"ok\":1}");
  Take(session().OnAnswer(a.ticket,
                          trivium::Error(absl::StatusCode::kFailedPrecondition, "QUIZ_CLOSED", "quiz: closed")));
  const Reply error = Answered();
  EXPECT_EQ(error.id(), 2u);
  EXPECT_EQ(error.error().code(), 409u);
  EXPECT_EQ(error.error().message(), "QUIZ_CLOSED: quiz: closed");
  Quiet();
}

TEST_F(SessionTest, RpcErrorsByATable) {
  const std::tuple<absl::StatusCode, uint32_t, bool> rows[] = {
      {absl::StatusCode::kInvalidArgument, 403, false},  {absl::StatusCode::kNotFound, 405, false},
      {absl::StatusCode::kAlreadyExists, 406, false},    {absl::StatusCode::kFailedPrecondition, 409, false},
      {absl::StatusCode::kAborted, 410, true},           {absl::StatusCode::kOutOfRange, 411, false},
      {absl::StatusCode::kPermissionDenied, 103, false}, {absl::StatusCode::kUnauthenticated, 101, false},
      {absl::StatusCode::kResourceExhausted, 111, true}, {absl::StatusCode::kUnimplemented, 104, false},
      {absl::StatusCode::kUnavailable, 100, true},       {absl::StatusCode::kDeadlineExceeded, 100, true},
      {absl::StatusCode::kInternal, 100, true},          {absl::StatusCode::kUnknown, 100, true},
      {absl::StatusCode::kDataLoss, 100, true},          {absl::StatusCode::kCancelled, 100, true},
  };
  Connect();
  for (const auto& [status, code, temporary] : rows) {
    Frame(R"({"id":2,"rpc":{"method":"a"}})");
    Take(session().OnAnswer(Asked<CallRpc>().ticket, absl::Status(status, "10.0.0.1 said no")));
    const Reply reply = Answered();
    EXPECT_EQ(reply.error().code(), code);
    EXPECT_EQ(reply.error().temporary(), temporary) << code;
    EXPECT_EQ(reply.error().message().find("10.0.0.1") == std::string::npos, code == 100) << code;
  }
}

// What has a reason is for clients, whatever its code: over the socket it says as much as over HTTP.
TEST_F(SessionTest, RpcErrorsTellReasonAndWait) {
  const struct {
    absl::StatusCode status;
    absl::Duration wait;
    uint32_t code;
    const char* message;
  } kRows[] = {
      {absl::StatusCode::kUnavailable, absl::Milliseconds(1500), 414, "REBUILDING: room: later (retry after 1500 ms)"},
      {absl::StatusCode::kUnavailable, absl::ZeroDuration(), 414, "REBUILDING: room: later"},
      {absl::StatusCode::kDeadlineExceeded, absl::ZeroDuration(), 404, "REBUILDING: room: later"},
      {absl::StatusCode::kInternal, absl::ZeroDuration(), 413, "REBUILDING: room: later"},
      {absl::StatusCode::kAborted, absl::Microseconds(20'001), 410, "REBUILDING: room: later (retry after 21 ms)"},
      {absl::StatusCode::kResourceExhausted, absl::Hours(1), 111, "REBUILDING: room: later (retry after 3600000 ms)"},
  };
  Connect();
  for (const auto& row : kRows) {
    Frame(R"({"id":2,"rpc":{"method":"a"}})");
    Take(session().OnAnswer(Asked<CallRpc>().ticket,
                            trivium::Error(row.status, "REBUILDING", "room: later").RetryAfter(row.wait).ToStatus()));
    const Reply reply = Answered();
    EXPECT_EQ(reply.error().code(), row.code);
    EXPECT_EQ(reply.error().message(), row.message);
    EXPECT_TRUE(reply.error().temporary()) << row.code;
  }
}

TEST_F(SessionTest, AResultThatIsNotJsonIsNotAvailableToAJsonClient) {
  Connect();
  Frame(R"({"id":2,"rpc":{"method":"a"}})");
  Reply result;
  result.mutable_rpc()->set_data("\x08\x01");
  Take(session().OnAnswer(Asked<CallRpc>().ticket, result));
  Refused(2, ErrorCode::kNotAvailable);
}

TEST_F(SessionTest, CommandsInFlightHaveAMaximum) {
  Connect();
  for (int id = 2; id <= 5; ++id) Frame(R"({"id":)" + std::to_string(id) + R"(,"rpc":{"method":"m"}})");
  EXPECT_EQ(asked_.size(), 4u);
  for (const char* frame : {R"({"id":6,"rpc":{"method":"m"}})", R"({"id":6,"subscribe":{"channel":"room:a"}})",
                            R"({"id":6,"refresh":{"token":"t"}})"}) {
    Frame(frame);
    Refused(6, ErrorCode::kTooManyRequests);
  }
  Frame(R"({"id":7,"ping":{}})");
  EXPECT_TRUE(Answered().has_ping()) << "what waits for nobody is answered all the same";
}

TEST_F(SessionTest, AnIdInUseOrMissingClosesTheConnection) {
  for (const char* frame : {R"({"id":2,"rpc":{"method":"a"}})", R"({"id":2,"ping":{}})", R"({"rpc":{"method":"a"}})",
                            R"({"subscribe":{"channel":"room:a"}})", R"({"ping":{}})"}) {
    session_.reset();
    closed_.reset();
    asked_.clear();
    Connect();
    Frame(R"({"id":2,"rpc":{"method":"a"}})");
    Frame(frame);
    ClosedBy(DisconnectCode::kBadRequest);
  }
}

TEST_F(SessionTest, OfSeveralRequestsTheLowestFieldCounts) {
  Connect();
  Frame(R"({"id":2,"rpc":{"method":"a"},"ping":{},"presence":{"channel":"user:u1"}})");
  EXPECT_EQ(Asked<ReadPresence>().channel, "user:u1");
  Quiet();
}

TEST_F(SessionTest, WhatIsNotOfferedSaysSo) {
  Connect();
  const std::pair<const char*, ErrorCode> rows[] = {
      {R"({"id":2,"publish":{"channel":"room:a","data":1}})", ErrorCode::kNotAvailable},
      {R"({"id":2,"sub_refresh":{"channel":"room:a"}})", ErrorCode::kNotAvailable},
      {R"({"id":2,"new_command":{}})", ErrorCode::kMethodNotFound},
      {R"({"id":2})", ErrorCode::kMethodNotFound},
      {R"({"id":2,"rpc":{}})", ErrorCode::kBadRequest},
      {R"({"id":2,"presence":{"channel":"room:a"}})", ErrorCode::kPermissionDenied},
      {R"({"id":2,"presence_stats":{"channel":"user:u2"}})", ErrorCode::kPermissionDenied},
      {R"({"id":2,"history":{"channel":"room:a"}})", ErrorCode::kPermissionDenied},
      {R"({"id":2,"history":{"channel":"nonsense"}})", ErrorCode::kUnknownChannel},
      {R"({"id":2,"presence":{}})", ErrorCode::kUnknownChannel},
  };
  for (const auto& [frame, error] : rows) {
    Frame(frame);
    Refused(2, error);
  }
  Frame(R"({"id":2,"rpc":{"method":")" + std::string(129, 'm') + "\"}}");
  Refused(2, ErrorCode::kBadRequest);
  Quiet();
}

TEST_F(SessionTest, ReadsOfAChannelAreForThoseInIt) {
  Connect();
  Subscribe("room:a");
  Frame(R"({"id":2,"presence":{"channel":"room:a"}})");
  Frame(R"({"id":3,"presence_stats":{"channel":"room:a"}})");
  Frame(R"({"id":4,"history":{"channel":"room:a","limit":5,"since":{"offset":3,"epoch":"e"},"reverse":true}})");
  const auto presence = Asked<ReadPresence>();
  const auto stats = Asked<ReadPresenceStats>();
  const auto history = Asked<ReadHistory>();
  EXPECT_EQ(history.limit, 5u);
  EXPECT_EQ(history.since->offset, 3u);
  EXPECT_TRUE(history.reverse);
  Reply result;
  (*result.mutable_presence()->mutable_presence())["c1"].set_user("u1");
  Take(session().OnAnswer(presence.ticket, result));
  EXPECT_EQ(Answered().presence().presence().at("c1").user(), "u1");
  Take(session().OnAnswer(stats.ticket, absl::UnavailableError("redis")));
  Refused(3, ErrorCode::kInternal);
  Take(session().OnAnswer(history.ticket, absl::OutOfRangeError("epoch: another")));
  Refused(4, ErrorCode::kUnrecoverablePosition);
}

TEST_F(SessionTest, HistoryHasAMaximum) {
  Connect();
  for (const auto& [limit, want] : {std::pair("-1", 300u), {"0", 0u}, {"299", 299u}, {"2147483647", 300u}}) {
    Frame(R"({"id":2,"history":{"channel":"user:u1","limit":)" + std::string(limit) + "}}");
    const auto history = Asked<ReadHistory>();
    EXPECT_EQ(history.limit, want);
    EXPECT_FALSE(history.since.has_value());
    Take(session().OnAnswer(history.ticket, Reply()));
  }
}

TEST_F(SessionTest, SendWantsNoAnswer) {
  Connect();
  Frame(R"({"send":{"data":{"x":1}}})");
  EXPECT_EQ(Asked<TakeMessage>().data, "{\"x\":1}");
  Quiet();
}

TEST_F(SessionTest, SpeaksProtobufAsWell) {
  form_ = Form::kProtobuf;
  Command connect;
  connect.set_id(1);
  connect.mutable_connect()->set_token("t");
  Frame(EncodeCommand(connect, form_).value());
  Verify(VerifiedToken{"u1", "acme"});
  Join(JoinedChannel{});
  Join(JoinedChannel{});
  EXPECT_EQ(Answered().connect().client(), "c1");
  Command rpc;
  rpc.set_id(2);
  rpc.mutable_rpc()->set_method("a");
  rpc.mutable_rpc()->set_data("\xFF");
  Frame(EncodeCommand(rpc, form_).value());
  const auto call = Asked<CallRpc>();
  EXPECT_EQ(call.data, "\xFF");
  Reply result;
  result.mutable_rpc()->set_data("\x08\x01");
  Take(session().OnAnswer(call.ticket, result));
  EXPECT_EQ(Answered().rpc().data(), "\x08\x01");
  Frame(std::string(PingMessage(form_)));
  Quiet();
  Frame("{}");
  ClosedBy(DisconnectCode::kBadRequest);
}

}  // namespace
}  // namespace trivium::protocol
