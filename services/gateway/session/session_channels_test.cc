#include <gtest/gtest.h>

#include "services/gateway/session/session_fixture.h"

namespace trivium::protocol {
namespace {

TEST_F(SessionTest, ServerSideChannelsRecoverAtConnect) {
  Frame(R"({"id":1,"connect":{"token":"t","subs":{"user:u1":{"recover":true,"offset":3,"epoch":"u"},)"
        R"("user:other":{"recover":true,"offset":1,"epoch":"u"},"product":{"recover":false,"offset":9}}}})");
  Verify(VerifiedToken{"u1", "acme"});
  const auto user = Asked<JoinChannel>(), product = Asked<JoinChannel>();
  Quiet();
  ASSERT_TRUE(user.from.has_value());
  EXPECT_EQ(user.from->offset, 3u);
  EXPECT_EQ(user.from->epoch, "u");
  EXPECT_FALSE(product.from.has_value());
  EXPECT_FALSE(Live("user:u1", "u", Pub(6)));
  Take(session().OnJoined(user.ticket, JoinedChannel{true, {5, "u"}, {Pub(4), Pub(5)}, ""}, now_));
  EXPECT_FALSE(Live("user:u1", "u", Pub(7))) << "connect is not answered yet";
  EXPECT_FALSE(Live("product", "", Pub(0, "\"news\"")));
  Take(session().OnJoined(product.ticket, JoinedChannel{}, now_));
  const Reply reply = Answered();
  const SubscribeResult& sub = reply.connect().subs().at("user:u1");
  EXPECT_TRUE(sub.recovered() && sub.was_recovering());
  ASSERT_EQ(sub.publications_size(), 4);
  EXPECT_EQ(sub.publications(3).offset(), 7u);
  EXPECT_EQ(sub.offset(), 7u);
  EXPECT_EQ(Answered().push().pub().data(), "\"news\"");
  EXPECT_TRUE(Live("user:u1", "u", Pub(8)));
  Quiet();
}

TEST_F(SessionTest, WhatCameMeanwhileToOneThatDidNotRecoverIsPushed) {
  Connect();
  Frame(R"({"id":2,"subscribe":{"channel":"room:a","recover":true,"offset":1,"epoch":"old"}})");
  const auto join = Asked<JoinChannel>();
  EXPECT_FALSE(Live("room:a", "e", Pub(8)));
  Take(session().OnJoined(join.ticket, JoinedChannel{true, {7, "e"}, {}, "{}"}, now_));
  const SubscribeResult result = Answered().subscribe();
  EXPECT_FALSE(result.recovered());
  EXPECT_TRUE(result.was_recovering());
  EXPECT_EQ(result.publications_size(), 0);
  EXPECT_EQ(result.offset(), 7u);
  EXPECT_EQ(result.epoch(), "e");
  EXPECT_EQ(result.data(), "{}");
  EXPECT_EQ(Answered().push().pub().offset(), 8u);
  EXPECT_FALSE(Live("room:a", "e", Pub(8))) << "it has that one";
  EXPECT_TRUE(Live("room:a", "e", Pub(9)));
}

TEST_F(SessionTest, SubscribeIsRefusedByATable) {
  Connect();
  Subscribe("room:a");
  Frame(R"({"id":3,"subscribe":{"channel":"room:joining"}})");
  const std::pair<std::string, ErrorCode> rows[] = {
      {"", ErrorCode::kBadRequest},
      {"room:a", ErrorCode::kAlreadySubscribed},
      {"room:joining", ErrorCode::kAlreadySubscribed},
      {"user:u1", ErrorCode::kAlreadySubscribed},
      {"user:u2", ErrorCode::kPermissionDenied},
      {"product", ErrorCode::kAlreadySubscribed},
      {"news", ErrorCode::kUnknownChannel},
      {"room:", ErrorCode::kUnknownChannel},
      {"acme:room:a", ErrorCode::kUnknownChannel},
      {std::string(5000, 'r'), ErrorCode::kUnknownChannel},
  };
  for (const auto& [channel, error] : rows) {
    Frame(R"({"id":9,"subscribe":{"channel":")" + channel + "\"}}");
    Refused(9, error);
  }
  EXPECT_EQ(asked_.size(), 1u);
}

TEST_F(SessionTest, CollaboratorsRefusalsOfASubscribe) {
  const std::pair<absl::Status, ErrorCode> rows[] = {
      {absl::NotFoundError("no room"), ErrorCode::kUnknownChannel},
      {absl::PermissionDeniedError("not yours"), ErrorCode::kPermissionDenied},
      {absl::ResourceExhaustedError("full"), ErrorCode::kTooManyRequests},
      {absl::OutOfRangeError("gone"), ErrorCode::kUnrecoverablePosition},
      {absl::InvalidArgumentError("bad"), ErrorCode::kBadRequest},
      {absl::UnimplementedError("no"), ErrorCode::kNotAvailable},
      {absl::UnavailableError("redis"), ErrorCode::kInternal},
      {absl::InternalError("bug"), ErrorCode::kInternal},
  };
  Connect();
  for (const auto& [status, error] : rows) {
    Frame(R"({"id":9,"subscribe":{"channel":"room:a"}})");
    Join(status);
    EXPECT_EQ(replies_.at(0).error().temporary(), TextOf(error).temporary);
    Refused(9, error);
    EXPECT_EQ(left_.back(), "room:a");
    EXPECT_EQ(session().channels(), 2u);
  }
}

TEST_F(SessionTest, ChannelsHaveALimitAndPatienceWithItToo) {
  Connect();
  for (const char* room : {"room:a", "room:b", "room:c"}) Subscribe(room);
  for (int i = 0; i < 2; ++i) {
    Frame(R"({"id":9,"subscribe":{"channel":"room:d"}})");
    Refused(9, ErrorCode::kLimitExceeded);
  }
  Frame(R"({"id":9,"subscribe":{"channel":"room:d"}})");
  ClosedBy(DisconnectCode::kChannelLimit);
  EXPECT_EQ(left_.size(), 5u);
}

TEST_F(SessionTest, UnsubscribeIsIdempotentAndOnlyForOnesOwn) {
  Connect();
  Subscribe("room:a");
  for (int i = 0; i < 2; ++i) {
    Frame(R"({"id":3,"unsubscribe":{"channel":"room:a"}})");
    EXPECT_TRUE(Answered().has_unsubscribe());
  }
  EXPECT_EQ(left_, std::vector<std::string>{"room:a"});
  Frame(R"({"id":3,"unsubscribe":{"channel":"user:u1"}})");
  Refused(3, ErrorCode::kPermissionDenied);
  Frame(R"({"id":3,"unsubscribe":{}})");
  Refused(3, ErrorCode::kBadRequest);
  EXPECT_FALSE(Live("room:a", "e", Pub(8)));
  Quiet();
}

TEST_F(SessionTest, UnsubscribeWhileJoiningThenSubscribeAgain) {
  Connect();
  Frame(R"({"id":2,"subscribe":{"channel":"room:a"}})");
  const auto first = Asked<JoinChannel>();
  Frame(R"({"id":3,"unsubscribe":{"channel":"room:a"}})");
  EXPECT_TRUE(Answered().has_unsubscribe());
  Frame(R"({"id":4,"subscribe":{"channel":"room:a"}})");
  const auto second = Asked<JoinChannel>();
  Take(session().OnJoined(first.ticket, JoinedChannel{true, {1, "e"}, {}, ""}, now_));
  Refused(2, ErrorCode::kNotAvailable);
  EXPECT_FALSE(Live("room:a", "e", Pub(3))) << "the second is not joined yet";
  Take(session().OnJoined(second.ticket, JoinedChannel{true, {2, "e"}, {}, ""}, now_));
  EXPECT_EQ(Answered().subscribe().offset(), 2u);
  EXPECT_EQ(Answered().push().pub().offset(), 3u);
}

TEST_F(SessionTest, AGapEndsTheSubscriptionOrTheConnection) {
  Connect();
  Subscribe("room:a");
  EXPECT_TRUE(Live("room:a", "e", Pub(8)));
  EXPECT_TRUE(Live("room:a", "e", Pub(0))) << "no place, no gap";
  EXPECT_FALSE(Live("room:a", "e", {9, nullptr})) << "a marker is not sent, but counts";
  EXPECT_TRUE(Live("room:a", "e", Pub(10)));
  EXPECT_FALSE(Live("room:a", "e", Pub(12)));
  const Reply reply = Answered();
  EXPECT_EQ(reply.push().channel(), "room:a");
  EXPECT_EQ(reply.push().unsubscribe().code(), 2500u);
  EXPECT_EQ(left_, std::vector<std::string>{"room:a"});
  Quiet();
  Subscribe("room:a");
  EXPECT_FALSE(Live("user:u1", "another", Pub(6)));
  ClosedBy(DisconnectCode::kInsufficientState);
}

TEST_F(SessionTest, AGapWhileJoiningClosesTheConnection) {
  options_.buffer_max = 2;
  for (const auto& offsets : std::vector<std::vector<uint64_t>>{{9}, {8, 10}, {8, 9, 10}}) {
    session_.reset();
    closed_.reset();
    Connect();
    Frame(R"({"id":2,"subscribe":{"channel":"room:a"}})");
    const auto join = Asked<JoinChannel>();
    for (const uint64_t offset : offsets) Live("room:a", "e", Pub(offset));
    Take(session().OnJoined(join.ticket, JoinedChannel{true, {7, "e"}, {}, ""}, now_));
    ClosedBy(DisconnectCode::kInsufficientState);
  }
}

TEST_F(SessionTest, PublicationsThatAreNotJsonAreLeftOutForAJsonClient) {
  Connect();
  Frame(R"({"id":2,"subscribe":{"channel":"room:a","recover":true,"offset":5,"epoch":"e"}})");
  Join(JoinedChannel{true, {7, "e"}, {Pub(6, "\xFF"), Pub(7)}, ""});
  const SubscribeResult result = Answered().subscribe();
  EXPECT_TRUE(result.recovered());
  ASSERT_EQ(result.publications_size(), 1);
  EXPECT_EQ(result.publications(0).offset(), 7u);
  EXPECT_EQ(result.offset(), 7u);
}

TEST_F(SessionTest, TheServerSubscribesAndUnsubscribes) {
  EXPECT_TRUE(absl::IsFailedPrecondition(session().ServerSubscribe("room:s").status()));
  Connect();
  EXPECT_TRUE(absl::IsInvalidArgument(session().ServerSubscribe("nonsense").status()));
  Take(session().ServerSubscribe("room:s").value());
  Take(session().ServerSubscribe("room:s").value());
  EXPECT_TRUE(absl::IsResourceExhausted(session().ServerSubscribe("room:t").status()));
  EXPECT_FALSE(Live("room:s", "e", Pub(4)));
  Join(JoinedChannel{true, {3, "e"}, {}, "{}"});
  const Reply reply = Answered();
  EXPECT_EQ(reply.push().channel(), "room:s");
  EXPECT_EQ(reply.push().subscribe().offset(), 3u);
  EXPECT_EQ(reply.push().subscribe().epoch(), "e");
  EXPECT_TRUE(reply.push().subscribe().recoverable());
  EXPECT_EQ(Answered().push().pub().offset(), 4u);
  Take(session().ServerUnsubscribe("room:s", UnsubscribeCode::kServer));
  EXPECT_EQ(Answered().push().unsubscribe().code(), 2000u);
  EXPECT_EQ(left_, std::vector<std::string>{"room:s"});
  Take(session().ServerUnsubscribe("room:s", UnsubscribeCode::kServer));
  Quiet();
}

TEST_F(SessionTest, AFailedServerSideJoinLaterIsTheServersOwnAffair) {
  Connect();
  Take(session().ServerSubscribe("room:s").value());
  Join(absl::UnavailableError("redis"));
  EXPECT_EQ(left_, std::vector<std::string>{"room:s"});
  Quiet();
}

}  // namespace
}  // namespace trivium::protocol
