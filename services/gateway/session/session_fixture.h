// A session with a gateway at its side whose answers the test chooses.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "services/gateway/session/session.h"

namespace trivium::protocol {

inline constexpr absl::Duration kStart = absl::Hours(5);

class SessionTest : public testing::Test {
 protected:
  SessionTest() {
    options_.version = "1.0";
    options_.node = "n1";
    options_.channels_max = 3;
    options_.refusals_max = 2;
    options_.pending_max = 4;
    options_.server_channels_max = 3;
  }

  Session& session() {
    if (!session_) session_ = std::make_unique<Session>(options_, form_, "c1", now_);
    return *session_;
  }
  // Takes actions apart: replies (decoded), the close, and the questions.
  void Take(Actions actions) {
    for (Action& action : actions) {
      if (auto* send = std::get_if<SendMessage>(&action)) {
        EXPECT_FALSE(closed_) << "sent after the close";
        replies_.push_back(DecodeReplies(form_, send->bytes).value()[0]);
      } else if (auto* close = std::get_if<CloseConnection>(&action)) {
        EXPECT_FALSE(closed_) << "closed twice";
        closed_ = *close;
      } else if (auto* leave = std::get_if<LeaveChannel>(&action)) {
        left_.push_back(leave->channel);
      } else {
        EXPECT_FALSE(closed_) << "asked after the close";
        asked_.push_back(std::move(action));
      }
    }
  }
  void Frame(std::string_view json) { Take(session().OnFrame(json, now_)); }

  template <typename T>
  T Asked() {
    if (asked_.empty() || !std::holds_alternative<T>(asked_.front())) {
      ADD_FAILURE() << "not asked";
      return T();
    }
    T question = std::get<T>(asked_.front());
    asked_.erase(asked_.begin());
    return question;
  }
  Reply Answered() {
    if (replies_.empty()) {
      ADD_FAILURE() << "no reply";
      return Reply();
    }
    Reply reply = replies_.front();
    replies_.erase(replies_.begin());
    return reply;
  }
  void Quiet() {
    EXPECT_TRUE(replies_.empty()) << replies_.size() << replies_.front().DebugString();
    EXPECT_TRUE(asked_.empty());
    EXPECT_FALSE(closed_) << closed_->reason;
  }
  void ClosedBy(DisconnectCode code) {
    ASSERT_TRUE(closed_.has_value());
    EXPECT_EQ(closed_->code, code) << closed_->reason;
    EXPECT_TRUE(session().closed());
    EXPECT_EQ(session().deadline(), absl::InfiniteDuration());
    EXPECT_LE(closed_->reason.size(), 123u);
  }
  void Refused(uint32_t id, ErrorCode code) {
    const Reply reply = Answered();
    EXPECT_EQ(reply.id(), id);
    EXPECT_EQ(reply.error().code(), static_cast<uint32_t>(code)) << reply.DebugString();
  }

  void Verify(absl::StatusOr<VerifiedToken> token) {
    Take(session().OnTokenVerified(Asked<VerifyToken>().ticket, std::move(token), now_));
  }
  void Join(absl::StatusOr<JoinedChannel> joined) {
    Take(session().OnJoined(Asked<JoinChannel>().ticket, std::move(joined), now_));
  }
  // user:u1 stands at 5 of epoch "u", the product at 0.
  void Connect(absl::Duration ttl = absl::InfiniteDuration()) {
    Frame(R"({"id":1,"connect":{"token":"t"}})");
    Verify(VerifiedToken{"u1", "acme", ttl});
    while (!asked_.empty()) Join(JoinedChannel{true, {5, "u"}, {}, ""});
    ASSERT_TRUE(session().connected());
    connect_ = Answered();
  }
  void Subscribe(const std::string& channel, JoinedChannel joined = {true, {7, "e"}, {}, ""}) {
    Frame(R"({"id":2,"subscribe":{"channel":")" + channel + "\"}}");
    Join(std::move(joined));
    EXPECT_TRUE(Answered().has_subscribe());
  }
  static Entry Pub(uint64_t offset, const std::string& data = "1") {
    auto publication = std::make_shared<Publication>();
    publication->set_offset(offset);
    publication->set_data(data);
    return {offset, std::move(publication)};
  }
  bool Live(const std::string& channel, const std::string& epoch, const Entry& entry) {
    Delivery delivery = session().OnPublication(channel, epoch, entry);
    Take(std::move(delivery.actions));
    return delivery.send;
  }

  SessionOptions options_;
  Form form_ = Form::kJson;
  absl::Duration now_ = kStart;
  std::unique_ptr<Session> session_;
  std::vector<Reply> replies_;
  std::optional<CloseConnection> closed_;
  std::vector<std::string> left_;
  std::vector<Action> asked_;
  Reply connect_;
};

}  // namespace trivium::protocol
