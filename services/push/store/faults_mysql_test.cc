// What is true after answers to COMMIT were lost, and after the server was killed.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "absl/strings/str_cat.h"
#include "libs/mysql/lossy_pool.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/telemetry/metrics.h"
#include "services/push/store/mysql_store.h"
#include "services/push/store/mysql_under_test.h"
#include "services/push/store/store_calls.h"

namespace trivium::push {
namespace {

using mysql::LossyPool;
using mysql::Lost;

struct LossyStore : StoreUnderTest {
  LossyStore() : settled(NewMysqlUnderTest(TestDatabaseOptions())) {}
  Store& store() override { return lossy_store; }
  void Settle(const std::string& product) override { settled->Settle(product); }

  std::unique_ptr<StoreUnderTest> settled;  // Its relay numbers the events.
  Metrics metrics;
  std::unique_ptr<IdGenerator> ids = NewIdGenerator(Clock::Real());
  std::unique_ptr<mysql::Pool> pool = mysql::NewPool(TestDatabaseOptions(), Clock::Real(), metrics);
  LossyPool lossy{*pool};
  MysqlStore lossy_store{lossy, *ids, metrics, EncodeForTest};
};

class FaultsTest : public ::testing::Test, protected LossyStore, protected StoreCalls {
 protected:
  FaultsTest() : StoreCalls(static_cast<LossyStore&>(*this)) {}
  void TearDown() override {
    ExpectLedgerIsTrue();
    ExpectEventsEqualStates();
  }
};

TEST_F(FaultsTest, ALostCommitOfAPublishIsResolvedByItsRequestId) {
  MustJoin({"u1", "u2"});
  for (const Lost what : {Lost::kAnswer, Lost::kCommit}) {
    lossy.Lose(what);
    const std::string request = absl::StrCat("request-", static_cast<int>(what));
    const Message m = MustAccept(Draft(request));
    EXPECT_EQ(m.counts, (Counts{.accepted = 2, .pending = 2}));
    EXPECT_EQ(MustAccept(Draft(request)), m);
  }
  EXPECT_EQ(store_.ListMessages(product_, {}, Deadline())->size(), 2u);
}

TEST_F(FaultsTest, EveryWriteHappensOnceWhenItsAnswerIsLost) {
  MustJoin({"u1", "u2", "u3"});
  const Message m = MustAccept(Draft("request-1"));
  const Message chat = Draft("", {TargetKind::kRoom, "math"}, MessageClass::kOrdered).draft;
  const CountReport report{product_, "gateway", 1, {{chat.id, 3, 1}}, kNow};
  for (const Lost what : {Lost::kAnswer, Lost::kCommit}) {
    lossy.Lose(what);
    EXPECT_TRUE(store_.MarkSent(product_, {{m.id}}, kNow, Deadline())[0].ok());
    lossy.Lose(what);
    Move(m, {what == Lost::kAnswer ? "u1" : "u2"});
    lossy.Lose(what);
    EXPECT_TRUE(store_.RecordMessages({&chat, 1}, Deadline())[0].ok());
    lossy.Lose(what);
    EXPECT_TRUE(store_.AddCounts({&report, 1}, Deadline())[0].ok());
    lossy.Lose(what);
    EXPECT_TRUE(Tag("u1", {{"a", "1"}}, {}, "tags-1").ok());
  }
  lossy.Lose(Lost::kAnswer);
  EXPECT_EQ(Cancel("cancel-1", m)->state, MessageState::kCanceled);
  const Message after = Get(m);
  EXPECT_EQ(after.counts.acked, 2);
  EXPECT_EQ(after.counts.Dropped(DropReason::kCanceled), 1);
  EXPECT_EQ(Get(chat).counts.acked, 3);
}

TEST_F(FaultsTest, WhatCannotBeFoundOutIsSaidAndCanBeRepeated) {
  MustJoin({"u1"});
  lossy.Lose(Lost::kCommit, 5);
  const absl::Status status = Accept(Draft("request-1")).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kAborted);
  EXPECT_EQ(ReasonOf(status), "REQUEST_IN_PROGRESS");
  EXPECT_EQ(MustAccept(Draft("request-1")).sequence, 1);
}

TEST_F(FaultsTest, AServerThatIsKilledInTheMiddleLeavesTheLedgerTrue) {
  std::vector<std::string> users;
  for (int i = 0; i < 30; ++i) users.push_back(absl::StrCat("u", i));
  MustJoin(users);
  std::vector<NewMessage> drafts;
  for (int i = 0; i < 40; ++i) drafts.push_back(Draft(absl::StrCat("request-", i)));
  std::vector<std::vector<Message>> accepted(2);
  std::atomic<int> done = 0;
  std::vector<std::thread> threads;
  for (size_t t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = t * 20; i < t * 20 + 20; ++i) {
        // As a caller does: again with the same key until it is answered.
        for (int run = 0; run < 2'000; ++run) {
          const absl::StatusOr<Message> m = store_.Accept({&drafts[i], 1}, Deadline())[0];
          if (!m.ok()) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            continue;
          }
          accepted[t].push_back(*m);
          Move(*m, {users[i % 30], users[(i + 1) % 30]});
          break;
        }
        ++done;
      }
    });
  }
  while (done < 12) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  TestDatabase().Kill9();
  ASSERT_TRUE(TestDatabase().Restart().ok());
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(accepted[0].size() + accepted[1].size(), 40u);
  EXPECT_EQ(store_.ListMessages(product_, {.limit = 1000}, Deadline())->size(), 40u);
  for (const Message& m : accepted[0]) EXPECT_EQ(Get(m).counts.accepted, 30);
}

}  // namespace
}  // namespace trivium::push
