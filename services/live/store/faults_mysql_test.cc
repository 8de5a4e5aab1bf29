// What is true after answers to COMMIT, or COMMITs, were lost.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/clock/clock.h"
#include "libs/id/id.h"
#include "libs/mysql/lossy_pool.h"
#include "libs/status/error.h"
#include "libs/telemetry/metrics.h"
#include "services/live/store/mysql_store.h"
#include "services/live/store/mysql_under_test.h"

namespace trivium::live {
namespace {

using mysql::Lost;

const absl::Time kNow = absl::FromUnixSeconds(1'795'000'000);
constexpr char kDay[] = "2026-11-18";

// Each test for a lost answer and for a lost commit.
class FaultsTest : public ::testing::TestWithParam<Lost> {
 protected:
  absl::Time Deadline() const { return absl::Now() + absl::Seconds(20); }
  static DayOf OneDay() {
    return [](const std::string&, absl::Time) { return std::string(kDay); };
  }
  void Lose(int times = 1) { lossy_.Lose(GetParam(), times); }

  absl::StatusOr<Room> Create(const std::string& request_id) {
    NewRoom item{.request_id = request_id, .fingerprint = "same-one", .day = kDay};
    Room& room = item.draft;
    room.id = ids_->Next();
    room.product = product_;
    room.room_ref = "math-7";
    room.start_time = room.create_time = room.update_time = kNow;
    room.end_time = kNow + absl::Hours(1);
    return store_.CreateRooms({&item, 1}, Deadline())[0];
  }
  // request_id "": live's own doing.
  absl::StatusOr<Room> Move(const Room& room, RoomEvent event, const std::string& request_id) {
    const RoomChange change{.product = product_,
                            .room_id = room.id,
                            .step = {.event = event, .cell = cell_, .node = "node-a"},
                            .method = Method::kStartRoom,
                            .request_id = request_id,
                            .fingerprint = "same-one",
                            .day = kDay,
                            .now = kNow};
    return store_.ChangeRooms({&change, 1}, Deadline())[0];
  }
  Change Joined(const Room& room, int64_t sequence) {
    Change change{
        .sequence = sequence, .time = kNow, .room = {product_, room.id}, .user_id = absl::StrCat("u-", sequence)};
    change.place.join_id = ids_->Next();
    change.place.rung = Rung::kFast;
    change.place.why = Why::kFreePlace;
    change.place.joined = change.place.placed_at = kNow;
    return change;
  }
  std::vector<std::string> Events() {
    settled_->Settle(product_);
    std::vector<std::string> texts;
    const auto found = store_.ListEvents(product_, 0, 1000, Deadline());
    for (const StoredEvent& event : found.value()) texts.push_back(event.payload);
    return texts;
  }
  DayCounts Day() { return store_.SummarizeDay(product_, kDay, Deadline()).value(); }

  const std::unique_ptr<IdGenerator> ids_ = NewIdGenerator(Clock::Real());
  const std::string product_ = FormatId("acme", ids_->Next()), cell_ = FormatId("cell", ids_->Next());
  const std::unique_ptr<StoreUnderTest> settled_ = NewMysqlUnderTest(TestDatabaseOptions());  // Numbers the events.
  Metrics metrics_;
  const std::unique_ptr<mysql::Pool> pool_ = mysql::NewPool(TestDatabaseOptions(), Clock::Real(), metrics_);
  mysql::LossyPool lossy_{*pool_};
  MysqlStore store_{lossy_, *ids_, metrics_, EncoderForTest()};
};

TEST_P(FaultsTest, RoomsMoveOnce) {
  Lose();
  const absl::StatusOr<Room> room = Create("request-1");
  ASSERT_TRUE(room.ok()) << room.status();
  EXPECT_EQ(Create("request-1")->id, room->id);
  Lose();
  EXPECT_EQ(Move(*room, RoomEvent::kStarted, "request-2")->version, 2);
  EXPECT_EQ(Move(*room, RoomEvent::kStarted, "request-2")->version, 2);
  Lose();
  EXPECT_EQ(Move(*room, RoomEvent::kEnded, "")->version, 3);
  EXPECT_EQ(Events(), (std::vector<std::string>{"room 1 SCHEDULED 1", "room 3 LIVE 2", "room 4 ENDED 3"}));
  EXPECT_EQ(Day(), (DayCounts{{{"rooms", "CREATED"}, 1}, {{"rooms", "LIVE"}, 1}, {{"rooms", "ENDED"}, 1}}));
}

TEST_P(FaultsTest, ChangesAreStoredOnceAndTheMarkTellsHowFar) {
  const Room room = Create("request-1").value();
  const std::vector<Change> changes = {Joined(room, 10), Joined(room, 11)};
  Lose();
  const absl::Status status = store_.ApplyChanges(cell_, 0, changes, OneDay(), Deadline());
  // One that was stored finds its own mark: the drainer asks for it and goes on from there.
  EXPECT_EQ(ReasonOf(status), GetParam() == Lost::kAnswer ? "DRAIN_MARK_MOVED" : "") << status;
  EXPECT_EQ(store_.GetDrainMark(cell_, Deadline())->sequence, 11);
  EXPECT_EQ(Events().size(), 3u);
  EXPECT_EQ((Day()[{"joins", "2/1"}]), 2);
}

TEST_P(FaultsTest, LostStaysEndOnce) {
  const Room room = Create("request-1").value();
  const std::vector<Change> changes = {Joined(room, 10), Joined(room, 11), Joined(room, 30)};
  ASSERT_TRUE(store_.ApplyChanges(cell_, 0, changes, OneDay(), Deadline()).ok());
  Lose();
  ASSERT_TRUE(store_.EndLostStays(cell_, 20, kNow, OneDay(), 10, Deadline()).ok());
  Lose();
  ASSERT_TRUE(store_.EndStaysOfRoom(cell_, {product_, room.id}, kNow, OneDay(), 10, Deadline()).ok());
  const auto stays = store_.ListStays(product_, room.id, Id(), 10, Deadline());
  for (const Stay& stay : stays.value()) EXPECT_EQ(stay.reason, LeaveReason::kRedisLost) << stay.user_id;
  EXPECT_EQ(Events().size(), 7u);
  EXPECT_EQ((Day()[{"leaves", "REDIS_LOST"}]), 3);
}

TEST_P(FaultsTest, CountsNeverComeTwice) {
  const DayAddition item{product_, kDay, {{{"refusals", "GRANT_MISSING"}, 1}}};
  Lose();
  EXPECT_EQ(store_.AddCounts({&item, 1}, Deadline()).code(), absl::StatusCode::kUnknown);
  EXPECT_EQ((Day()[{"refusals", "GRANT_MISSING"}]), GetParam() == Lost::kAnswer ? 1 : 0);
}

TEST_P(FaultsTest, AnOutcomeThatCannotBeFoundOutIsSaid) {
  Lose(100);
  EXPECT_EQ(ReasonOf(Create("request-1").status()), "REQUEST_IN_PROGRESS");
  Lose(0);
  const absl::StatusOr<Room> room = Create("request-1");
  ASSERT_TRUE(room.ok()) << room.status();
  EXPECT_EQ(Events().size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Outcomes, FaultsTest, ::testing::Values(Lost::kAnswer, Lost::kCommit));

}  // namespace
}  // namespace trivium::live
