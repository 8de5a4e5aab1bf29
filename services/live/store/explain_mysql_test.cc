// Every statement that reads or locks uses the index that stands beside it, on tables with rows in them.
#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/clock/clock.h"
#include "libs/id/id.h"
#include "libs/telemetry/metrics.h"
#include "services/live/store/mysql_under_test.h"
#include "services/live/store/rows.h"
#include "services/live/store/statements.h"

namespace trivium::live {
namespace {

using mysql::Blob;
using mysql::Value;
using mysql::Values;

const absl::Time kNow = absl::FromUnixSeconds(1'795'000'000);
constexpr char kDay[] = "2026-11-18";

struct Case {
  std::string statement;
  Values values;
  std::string index;
  bool may_sort = false;
};

class ExplainTest : public ::testing::Test {
 protected:
  absl::Time Deadline() const { return absl::Now() + absl::Seconds(20); }

  // Rooms of all states, and stays in one of them.
  void SetUp() override {
    for (int i = 0; i < 200; ++i) {
      NewRoom item{.request_id = absl::StrCat("request-", i), .fingerprint = "same-one", .day = kDay};
      Room& room = item.draft;
      room.id = ids_->Next();
      room.product = product_;
      room.room_ref = absl::StrCat("ref-", i);
      room.institution_id = absl::StrCat("school-", i % 9);
      room.start_time = kNow + absl::Seconds(i);
      room.end_time = room.start_time + absl::Hours(1);
      room.create_time = room.update_time = kNow;
      ASSERT_TRUE(store().CreateRooms({&item, 1}, Deadline())[0].ok());
      room_ = room;
      // Most are over, as in life.
      for (const RoomEvent event : {RoomEvent::kStarted, RoomEvent::kEnded, RoomEvent::kClosed}) {
        if (i % 20 == static_cast<int>(event)) break;
        const RoomChange change{.product = product_,
                                .room_id = room.id,
                                .step = {.event = event, .cell = "cell-a", .node = "node-a"},
                                .day = kDay,
                                .now = kNow + absl::Seconds(i)};
        ASSERT_TRUE(store().ChangeRooms({&change, 1}, Deadline())[0].ok());
      }
    }
    std::vector<Change> changes;
    for (int i = 1; i <= 300; ++i) {
      changes.push_back({.sequence = i,
                         .kind = i % 5 == 0 ? ChangeKind::kJoined : ChangeKind::kLeft,
                         .time = kNow + absl::Seconds(i),
                         .room = {product_, room_.id},
                         .user_id = absl::StrCat("u-", i)});
      Place& place = changes.back().place;
      place.join_id = ids_->Next();
      place.joined = place.placed_at = kNow;
      ASSERT_TRUE(
          store().AddBan({product_, room_.id}, {absl::StrCat("u-", i), kNow + absl::Seconds(i)}, Deadline()).ok());
    }
    const DayOf day_of = [](const std::string&, absl::Time) { return std::string(kDay); };
    ASSERT_TRUE(store().ApplyChanges("cell-a", 0, changes, day_of, Deadline()).ok());
    const absl::Status analyzed = pool_->Use("analyze", Deadline(), [](mysql::Connection& db) {
      return db.Query("ANALYZE TABLE room, stay, ban, day_count, request, drain_mark, outbox").status();
    });
    ASSERT_TRUE(analyzed.ok()) << analyzed;
  }

  void Check(const Case& c) {
    const absl::Status status = pool_->Use("explain", Deadline(), [&](mysql::Connection& db) -> absl::Status {
      const auto plan = db.Query(absl::StrCat("EXPLAIN ", c.statement), c.values);
      if (!plan.ok()) return plan.status();
      // id, select_type, table, type, possible_keys, key, key_len, ref, rows, Extra.
      const mysql::Row& row = plan->at(0);
      EXPECT_EQ(row.Text(5), c.index) << c.statement << "\n" << row.Text(3) << " " << row.Text(9);
      EXPECT_NE(row.Text(3), "ALL") << c.statement;
      EXPECT_NE(row.Text(3), "index") << c.statement << ": reads the whole index";
      EXPECT_TRUE(c.may_sort || row.Text(9).find("filesort") == std::string::npos) << c.statement;
      return absl::OkStatus();
    });
    EXPECT_TRUE(status.ok()) << status << "\n" << c.statement;
  }
  Store& store() { return under_test_->store(); }

  const std::unique_ptr<IdGenerator> ids_ = NewIdGenerator(Clock::Real());
  const std::unique_ptr<StoreUnderTest> under_test_ = NewMysqlUnderTest(TestDatabaseOptions());
  Metrics metrics_;
  const std::unique_ptr<mysql::Pool> pool_ = mysql::NewPool(TestDatabaseOptions(), Clock::Real(), metrics_);
  const std::string product_ = "acme";
  Room room_;  // The last one.
};

TEST_F(ExplainTest, EachStatementUsesItsIndex) {
  const Value product = product_, id = ToValue(room_.id), end = Blob{std::string(16, '\xff')}, one = int64_t{1},
              two = int64_t{2}, five = int64_t{5}, limit = int64_t{20}, now = kNow, cell = std::string("cell-a"),
              ref = Blob{"ref-1"}, school = std::string("school-7"), none = int64_t{0};
  const std::vector<Case> cases = {
      {sql::kGetRoom, {product, id}, "PRIMARY"},
      {sql::kLockRoom, {product, id}, "PRIMARY"},
      {sql::kUpdateRoom, UpdateOf(room_), "PRIMARY"},
      {sql::kMoveRoom, {cell, cell, product, id}, "PRIMARY"},
      {sql::kComeBack, {cell, product, id}, "PRIMARY"},
      {sql::kListRoomsThatLeft, {cell, product, product, id, limit}, "PRIMARY"},
      {sql::kHolderOfRef, {product, ref}, "held_ref"},
      {sql::kGetRoomByRef, {product, ref}, "by_ref"},
      {sql::kListRooms, {product, end, limit}, "PRIMARY"},
      {sql::kListRoomsInState, {product, two, end, limit}, "by_state"},
      // One state among all of an institution's rooms: those between are read and passed over.
      {sql::kListRoomsOfInstitution, {product, school, one, five, end, limit}, "by_institution"},
      {sql::kListDueRooms, {now, limit, none}, "due"},
      // Rooms that are open at once are few: sorted.
      {sql::kListOpenRooms, {cell, ToValue(Id()), limit}, "by_cell", true},
      {sql::kListRoomsOver, {int64_t{4}, now, kNow + absl::Seconds(60), limit}, "kept"},
      {sql::kGetRequest, {product, one, std::string("request-1")}, "PRIMARY"},
      // A room's bans are few: sorted.
      {sql::kListBans, {product, id, now, limit}, "PRIMARY", true},
      {sql::kGetDrainMark, {cell}, "PRIMARY"},
      {sql::kLockDrainMark, {cell}, "PRIMARY"},
      {sql::kMoveDrainMark, {one, cell}, "PRIMARY"},
      {sql::kSetLostBefore, {one, cell}, "PRIMARY"},
      {sql::kLockLostStays, {cell, two, int64_t{50}, limit}, "open_of_cell"},
      {sql::kFindStaysOfRoom, {product, id, cell, limit}, "PRIMARY"},
      {sql::kLockStaysOfRoom, {product, id, cell, limit}, "PRIMARY"},
      {sql::kListStays, {product, id, ToValue(Id()), limit}, "PRIMARY"},
      {sql::kListStaysOfRoom, {product, id, end, limit}, "PRIMARY"},
      {sql::kListStaysOfUser, {product, std::string("u-7"), end, limit}, "by_user"},
      {sql::kListRoomEvents, {product, FormatId("room", room_.id), int64_t{1'000'000}, limit}, "by_room"},
      {sql::kGetDay, {product, std::string(kDay)}, "PRIMARY"},
      {sql::kPurgeRooms, {kNow + absl::Seconds(20), limit}, "kept"},
      {sql::kPurgeStays, {kNow + absl::Seconds(20), limit}, "kept"},
      {sql::kPurgeRequests, {kNow - absl::Seconds(1), limit}, "by_time"},
      {sql::kPurgeBans, {kNow + absl::Seconds(5), limit}, "by_time"},
  };
  for (const Case& c : cases) Check(c);
}

}  // namespace
}  // namespace trivium::live
