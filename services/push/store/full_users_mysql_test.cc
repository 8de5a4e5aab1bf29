// Users with too many pending: counted within bounds, marked, and free as soon as something of theirs is pending no
// more.
#include "services/push/store/mysql_full_users.h"

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "absl/strings/str_cat.h"
#include "libs/status/status.h"
#include "libs/telemetry/metrics.h"
#include "services/push/store/mysql_under_test.h"
#include "services/push/store/rows.h"
#include "services/push/store/store_calls.h"

namespace trivium::push {
namespace {

using Users = std::set<std::string>;

class FullUsersTest : public ::testing::Test, protected StoreCalls {
 protected:
  FullUsersTest() : FullUsersTest(NewMysqlUnderTest(TestDatabaseOptions())) {}

  void Use(const std::function<absl::Status(mysql::Connection&)>& body) {
    const absl::Status status = pool_->Use("test", Deadline(), body);
    EXPECT_TRUE(status.ok()) << status;
  }
  // A mark, whatever is pending.
  void Mark(const std::string& user, int64_t pending) {
    Use([&](mysql::Connection& db) {
      return db
          .Execute("INSERT INTO full_user (product, user_id, pending, count_time) VALUES (?, ?, ?, ?)",
                   {product_, user, pending, ToValue(kNow)})
          .status();
    });
  }
  std::map<std::string, int64_t> Marks() {
    std::map<std::string, int64_t> marks;
    Use([&](mysql::Connection& db) -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows,
                               db.Query("SELECT user_id, pending FROM full_user WHERE product = ?", {product_}));
      for (const mysql::Row& row : rows) marks[row.Text(0)] = row.Int(1);
      return absl::OkStatus();
    });
    return marks;
  }
  int64_t PendingOf(const std::string& user) {
    int64_t pending = 0;
    Use([&](mysql::Connection& db) -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows,
                               db.Query("SELECT COUNT(*) FROM delivery WHERE product = ? AND user_id = ? AND state = ?",
                                        {product_, user, ToValue(DeliveryState::kPending)}));
      pending = rows.at(0).Int(0);
      return absl::OkStatus();
    });
    return pending;
  }
  Users Among(const std::vector<std::string>& users, int64_t max_pending, size_t first, int64_t rows_max) {
    Users full;
    Use([&](mysql::Connection& db) -> absl::Status {
      Backlogs backlogs;
      TRIVIUM_ASSIGN_OR_RETURN(full,
                               MysqlFullUsers(db, rows_max).Among(product_, users, max_pending, first, &backlogs));
      return absl::OkStatus();
    });
    return full;
  }
  Message AcceptFor(const std::string& user, int64_t max_pending) {
    NewMessage item = Draft(absl::StrCat("request-", ++requests_), {TargetKind::kUser, user});
    item.max_pending_of_user = max_pending;
    return MustAccept(item);
  }

 private:
  explicit FullUsersTest(std::unique_ptr<StoreUnderTest> under_test)
      : StoreCalls(*under_test), under_test_owned_(std::move(under_test)) {}

  const std::unique_ptr<StoreUnderTest> under_test_owned_;
  Metrics metrics_;
  const std::unique_ptr<mysql::Pool> pool_ = mysql::NewPool(TestDatabaseOptions(), Clock::Real(), metrics_);
  std::atomic<int> requests_ = 0;
};

TEST_F(FullUsersTest, CountsSoManyRowsAtMostAndBeginsElsewhereEachTime) {
  const std::vector<std::string> users = {"u0", "u1", "u2", "u3", "u4", "u5"};
  MustJoin(users);
  for (int i = 0; i < 4; ++i) MustAccept(Draft(absl::StrCat("room-", i)));
  EXPECT_EQ(Among(users, 4, 0, 1'000), Users(users.begin(), users.end()));
  EXPECT_EQ(Among(users, 5, 0, 1'000), Users());
  // 24 rows are pending. Nine hold two users, and a part of a third, who may have more than was counted.
  EXPECT_EQ(Among(users, 4, 0, 9), (Users{"u0", "u1"}));
  Users found;
  for (size_t first = 0; first < users.size(); ++first) found.merge(Among(users, 4, first, 4));
  EXPECT_EQ(found, Users(users.begin(), users.end())) << "one at a time";
  EXPECT_EQ(Among(users, 4, 0, 1).size(), 1u) << "one user may have so many, whatever the bound";
}

TEST_F(FullUsersTest, TheMarkedNeedNotBeCounted) {
  const std::vector<std::string> users = {"u0", "u1", "u2"};
  MustJoin(users);
  for (int i = 0; i < 2; ++i) MustAccept(Draft(absl::StrCat("room-", i)));
  Mark("u2", 2);
  EXPECT_EQ(Among(users, 2, 0, 2), (Users{"u0", "u2"}));
  EXPECT_EQ(Among(users, 3, 0, 2), Users()) << "marked with fewer than he may have now";
}

TEST_F(FullUsersTest, WhoIsFoundFullIsMarkedUntilSomethingIsPendingNoMore) {
  const auto fill = [&] {
    while (AcceptFor("u1", 2).counts.pending == 1) continue;
    EXPECT_EQ(Marks(), (std::map<std::string, int64_t>{{"u1", 2}}));
  };
  const Message first = AcceptFor("u1", 2);
  fill();
  EXPECT_EQ(Move(first, {"u1"}), 1);
  EXPECT_TRUE(Marks().empty()) << "acknowledged";
  NewMessage brief = Draft("brief", {TargetKind::kUser, "u1"});
  brief.draft.expire_time = kNow + absl::Seconds(1);
  MustAccept(brief);
  fill();
  EXPECT_EQ(store_.ExpireDue(kNow + absl::Seconds(2), 10, Deadline())->at(product_), 1);
  EXPECT_TRUE(Marks().empty()) << "expired";
  const Message second = AcceptFor("u1", 2);
  fill();
  EXPECT_EQ(Cancel("cancel", second)->state, MessageState::kCanceled);
  EXPECT_TRUE(Marks().empty()) << "canceled";
  EXPECT_EQ(AcceptFor("u1", 2).counts.pending, 1);
}

TEST_F(FullUsersTest, EveryMessageOfABatchFreesItsRecipients) {
  for (const char* user : {"u1", "u2"}) {
    for (int i = 0; i < 3; ++i) {
      NewMessage item = Draft(absl::StrCat(user, "-", i), {TargetKind::kUser, user});
      item.draft.expire_time = kNow + absl::Seconds(i < 2 ? 1 : 3600);
      MustAccept(item);
    }
    Mark(user, 3);
  }
  MustAccept(Draft("other", {TargetKind::kUser, "u3"}));
  Mark("u3", 1);
  EXPECT_EQ(store_.ExpireDue(kNow + absl::Seconds(2), 10, Deadline())->at(product_), 4);
  EXPECT_EQ(Marks(), (std::map<std::string, int64_t>{{"u3", 1}}));
}

// A process died between a commit and what follows it, or knew no marks.
TEST_F(FullUsersTest, ThePurgeFindsMarksThatOutlivedTheirReason) {
  AcceptFor("u1", 10);
  for (int i = 0; i < 3; ++i) AcceptFor("u2", 10);
  Mark("u1", 3);
  Mark("u2", 3);
  EXPECT_EQ(AcceptFor("u1", 3).counts.pending, 0) << "for nothing";
  ASSERT_TRUE(store_.PurgeRecords(kNow + absl::Seconds(1), 1'000, Deadline()).ok());
  EXPECT_EQ(Marks(), (std::map<std::string, int64_t>{{"u2", 3}}));
  EXPECT_EQ(AcceptFor("u1", 3).counts.pending, 1);
  EXPECT_EQ(AcceptFor("u2", 3).counts.pending, 0);
}

TEST_F(FullUsersTest, NoMarkOutlivesItsReasonWhenAllHappensAtOnce) {
  constexpr int kUsers = 4, kMax = 3, kRounds = 60;
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      std::vector<Message> mine;
      for (int i = 0; i < kRounds; ++i) {
        NewMessage item =
            Draft(absl::StrCat("thread-", t, "-", i), {TargetKind::kUser, absl::StrCat("u", random() % kUsers)});
        item.max_pending_of_user = kMax;
        if (const absl::StatusOr<Message> m = Accept(item); m.ok()) mine.push_back(*m);
        if (mine.empty() || random() % 3 == 0) continue;
        const Message& some = mine[random() % mine.size()];
        Move(some, {some.target.value});
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& [user, pending] : Marks()) EXPECT_GE(PendingOf(user), pending) << user;
  ExpectLedgerIsTrue();
}

}  // namespace
}  // namespace trivium::push
