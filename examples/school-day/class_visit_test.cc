#include "examples/school-day/class_visit.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <set>
#include <utility>

#include "absl/time/clock.h"
#include "libs/status/error.h"
#include "trivium/live/v1/live.pb.h"

namespace trivium::schoolday {
namespace {

namespace api = trivium::live::v1;
using absl::StatusCode;

// Answers what the test has prepared, or that all is well.
class FakeDoor : public LiveDoor {
 public:
  struct Asked {
    LiveCommand command;
    api::JoinRoomRequest join;
    api::HeartbeatRequest beat;
  };
  struct State {
    std::deque<absl::Status> errors;  // Of the next calls.
    std::vector<Asked> asked;
    std::vector<std::function<void()>> answers;  // Given when the test says so.
    api::Rung rung = api::RTC;
    int64_t epoch = 0;
    int connection = 0;
  };
  explicit FakeDoor(State& state) : state_(state) {}

  void Call(LiveCommand command, const google::protobuf::Message& request, Answer answer, Done done) override {
    Asked asked{command, {}, {}};
    if (command == LiveCommand::kJoin) asked.join.CopyFrom(request);
    if (command == LiveCommand::kHeartbeat) asked.beat.CopyFrom(request);
    state_.asked.push_back(asked);
    absl::Status status;
    if (!state_.errors.empty()) {
      status = state_.errors.front();
      state_.errors.pop_front();
    }
    if (status.ok() && command == LiveCommand::kJoin) ++state_.epoch;
    if (status.ok() && command != LiveCommand::kLeave) Fill(command, answer.get());
    state_.answers.push_back([answer, done = std::move(done), status] { done(status); });
  }
  int connection() const override { return state_.connection; }

 private:
  void Fill(LiveCommand command, google::protobuf::Message* answer) const {
    api::JoinRoomResponse join;
    join.mutable_participant()->set_join_id("join_1");
    join.mutable_participant()->set_epoch(state_.epoch);
    join.mutable_participant()->set_rung(state_.rung);
    join.set_resume_token("token");
    join.mutable_heartbeat_interval()->set_seconds(5);
    if (state_.rung == api::WAITING) join.mutable_estimated_wait()->set_seconds(7);
    if (command == LiveCommand::kJoin) return answer->CopyFrom(join);
    auto* beat = static_cast<api::HeartbeatResponse*>(answer);
    *beat->mutable_participant() = join.participant();
    beat->set_resume_token("token");
    *beat->mutable_heartbeat_interval() = join.heartbeat_interval();
  }
  State& state_;
};

class VisitTest : public testing::Test {
 protected:
  VisitTest() {
    campus_.product = "acme";
    campus_.run_id = "d1127-0001";
    campus_.signer = std::make_shared<const jwt::Signer>(*jwt::Signer::Generate(jwt::Algorithm::kEdDsa, "dev-1"));
    desk_.stranger = std::make_shared<const jwt::Signer>(*jwt::Signer::Generate(jwt::Algorithm::kEdDsa, "dev-1"));
    board_.room_id = "room_1";
    board_.other_room_id = "room_2";
    board_.is_live = true;
  }
  std::shared_ptr<Visit> Make(PlannedVisit plan) {
    plan.user_id = "s1";
    plan.way = Way::kHttp;  // Without a socket of its own.
    plan.order_ref = "o1";
    auto visit = std::make_shared<Visit>(
        plan, 3, Visit::Parts{desk_, board_, std::make_unique<FakeDoor>(door_), nullptr, latencies_});
    visit->Come();
    return visit;
  }
  // Looks at the visit after a while, and lets its call be answered.
  void Step(Visit& visit, absl::Duration later = absl::ZeroDuration()) {
    passed_ += later;
    visit.Tick(absl::Now() + passed_);
    for (const auto& answer : std::exchange(door_.answers, {})) answer();
  }
  static absl::Status No(StatusCode code, const std::string& reason) { return Error(code, reason, "no"); }

  Campus campus_;
  bool paid_ = true, paying_ = false;
  GrantDesk desk_{campus_, nullptr, [this](const std::string&) { return paid_; },
                  [this](const std::string&) { return paying_; }};
  RoomBoard board_;
  FakeDoor::State door_;
  Latencies latencies_;
  absl::Duration passed_;
};

TEST_F(VisitTest, WhoHasPaidComesInAndSendsHeartbeats) {
  const auto visit = Make({});
  Step(*visit);
  EXPECT_TRUE(visit->is_in());
  EXPECT_FALSE(door_.asked[0].join.grant().empty());
  EXPECT_EQ(door_.asked[0].join.request_id(), "d1127-0001.3.1");
  Step(*visit, absl::Seconds(1));
  EXPECT_EQ(door_.asked.size(), 1u) << "it is not time yet";
  Step(*visit, absl::Seconds(6));
  ASSERT_EQ(door_.asked.size(), 2u);
  EXPECT_EQ(door_.asked[1].beat.resume_token(), "token");
  EXPECT_EQ(door_.asked[1].beat.qoe().sequence(), 1);
  EXPECT_EQ(visit->Record().beats, 1);
}

TEST_F(VisitTest, WhoHasNotPaidTriesAndComesLate) {
  paid_ = false;
  PlannedVisit plan;
  plan.bad = BadGrant::kExpired;
  const auto visit = Make(plan);
  door_.errors = {No(StatusCode::kPermissionDenied, "GRANT_EXPIRED")};
  Step(*visit);
  EXPECT_TRUE(visit->is_kept_out());
  Step(*visit, absl::Seconds(1));
  EXPECT_EQ(door_.asked.size(), 1u) << "it tries once";
  paid_ = true;
  Step(*visit, absl::Seconds(1));
  EXPECT_TRUE(visit->is_in());
  const VisitRecord record = visit->Record();
  EXPECT_TRUE(record.kept_out);
  ASSERT_EQ(record.tries.size(), 1u);
  EXPECT_EQ(record.tries[0].tried, "GRANT_EXPIRED");
  EXPECT_EQ(record.tries[0].reason, "GRANT_EXPIRED");
  EXPECT_EQ(record.refusals.at("GRANT_EXPIRED"), 1);
}

TEST_F(VisitTest, WhoPaysIsOwedItsPlaceUntilItIsLetIn) {
  paid_ = false;
  const auto visit = Make({});
  EXPECT_FALSE(visit->is_owed());
  paying_ = true;
  Step(*visit);
  EXPECT_TRUE(visit->is_owed()) << "its money is on its way";
  paid_ = true, paying_ = false;
  EXPECT_TRUE(visit->is_owed()) << "the money is there, and nobody has looked";
  Step(*visit, absl::Seconds(1));
  EXPECT_FALSE(visit->is_owed());
  EXPECT_TRUE(visit->is_let_in());
  PlannedVisit refunded;
  refunded.refunded = true;
  EXPECT_FALSE(Make(refunded)->is_owed());
}

TEST_F(VisitTest, WhoNeverPaysGoesWhenTheDoorsClose) {
  paid_ = false;
  const auto visit = Make({});
  board_.is_live = false;
  Step(*visit);
  board_.lets_in = false;
  Step(*visit, absl::Seconds(1));
  EXPECT_EQ(visit->Record().end, VisitEnd::kNeverPaid);
  EXPECT_FALSE(visit->Record().granted);
}

TEST_F(VisitTest, RepeatsTheSameRequestUntilItIsAnswered) {
  const auto visit = Make({});
  door_.errors = {No(StatusCode::kUnavailable, "REBUILDING"), No(StatusCode::kFailedPrecondition, "ROOM_NOT_LIVE")};
  Step(*visit);
  Step(*visit, absl::Seconds(1));
  Step(*visit, absl::Seconds(2));
  ASSERT_EQ(door_.asked.size(), 3u);
  EXPECT_EQ(door_.asked[0].join.request_id(), door_.asked[2].join.request_id());
  EXPECT_TRUE(visit->is_in());
  EXPECT_TRUE(visit->is_troubled());
  EXPECT_EQ(visit->Record().not_live, 1);
  EXPECT_TRUE(visit->Record().refusals.empty()) << "it was told to wait";
}

TEST_F(VisitTest, ComesBackByItsTokenUnderANewRequest) {
  const auto visit = Make({});
  Step(*visit);
  visit->BreakOff(absl::ZeroDuration());
  EXPECT_FALSE(visit->is_settled());
  Step(*visit);
  EXPECT_TRUE(visit->is_settled());
  ASSERT_EQ(door_.asked.size(), 2u);
  EXPECT_EQ(door_.asked[1].join.resume_token(), "token");
  EXPECT_EQ(door_.asked[1].join.grant(), "");
  EXPECT_NE(door_.asked[1].join.request_id(), door_.asked[0].join.request_id());
  ASSERT_EQ(visit->Record().joins.size(), 2u);
  EXPECT_TRUE(visit->Record().joins[1].back);
}

TEST_F(VisitTest, IsNotSettledBeforeItHasAnotherConnection) {
  const auto visit = Make({});
  door_.connection = 1;
  Step(*visit);
  EXPECT_TRUE(visit->is_settled());
  visit->BreakOff(absl::ZeroDuration());
  EXPECT_FALSE(visit->is_settled()) << "the connection has not noticed yet";
  door_.connection = 2;
  EXPECT_FALSE(visit->is_settled());
  Step(*visit);
  EXPECT_TRUE(visit->is_settled());
  EXPECT_TRUE(visit->Record().joins.back().back);
}

TEST_F(VisitTest, WaitsInTheQueue) {
  const auto visit = Make({});
  door_.rung = api::WAITING;
  Step(*visit);
  EXPECT_TRUE(visit->waits());
  door_.rung = api::FAST;
  Step(*visit, absl::Seconds(6));
  EXPECT_FALSE(visit->waits());
  const VisitRecord record = visit->Record();
  EXPECT_EQ(record.waits, 1);
  EXPECT_EQ(record.estimate_s, 7);
}

TEST_F(VisitTest, WhoWasRemovedComesAgainAndIsRefused) {
  const auto visit = Make({});
  Step(*visit);
  door_.errors = {No(StatusCode::kPermissionDenied, "PARTICIPANT_BANNED"),
                  No(StatusCode::kPermissionDenied, "PARTICIPANT_BANNED")};
  Step(*visit, absl::Seconds(6));
  Step(*visit, absl::Seconds(1));
  EXPECT_EQ(visit->Record().end, VisitEnd::kBanned);
  EXPECT_TRUE(visit->Record().complaints.empty());
}

TEST_F(VisitTest, GoesAsItIsTold) {
  const auto leaves = Make({}), vanishes = Make({}), canceled = Make({}), put_out = Make({});
  Step(*leaves);
  leaves->Leave();
  Step(*leaves);
  EXPECT_EQ(leaves->Record().end, VisitEnd::kLeft);
  Step(*vanishes);
  vanishes->Vanish();
  EXPECT_EQ(vanishes->Record().end, VisitEnd::kVanished);
  Step(*put_out);
  door_.errors = {No(StatusCode::kFailedPrecondition, "ROOM_ENDING")};
  Step(*put_out, absl::Seconds(6));
  EXPECT_EQ(put_out->Record().end, VisitEnd::kRoomOver);
  EXPECT_EQ(put_out->Record().complaints.size(), 1u) << "the class goes on";
  board_.is_over = true;
  door_.errors = {No(StatusCode::kFailedPrecondition, "ROOM_NOT_LIVE")};
  Step(*canceled);
  EXPECT_EQ(canceled->Record().end, VisitEnd::kCanceled);
}

TEST_F(VisitTest, BadGrantsDifferFromTheGoodOne) {
  std::set<std::string> all = {desk_.Grant("s1", "room_1", ClassRole::kStudent)};
  for (const BadGrant bad : {BadGrant::kOtherRoom, BadGrant::kExpired, BadGrant::kOtherProduct,
                             BadGrant::kSomebodyElses, BadGrant::kChanged}) {
    const std::string grant = desk_.Bad(bad, "s1", "room_1", "room_2");
    EXPECT_FALSE(grant.empty());
    EXPECT_TRUE(all.insert(grant).second);
  }
  EXPECT_EQ(desk_.Bad(BadGrant::kNone, "s1", "room_1", "room_2"), "");
}

}  // namespace
}  // namespace trivium::schoolday
