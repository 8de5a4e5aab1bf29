// What Redis may do to admission: lose an answer, crash, come back older, run out of memory, move its slot.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/redis/test_redis_cluster.h"
#include "libs/status/error.h"
#include "libs/telemetry/metrics.h"
#include "services/live/admission/admission_calls.h"
#include "services/live/admission/redis_admission.h"
#include "services/live/admission/scripts.h"

namespace trivium::live {
namespace {

std::unique_ptr<redis::Client> NewClient(redis::ClientOptions options, absl::Duration timeout) {
  static auto& metrics = *new Metrics();
  options.command_timeout = timeout;
  return redis::NewClient(options, Clock::Real(), metrics).value();
}

// A small class in a cell on a server of the test's own.
class CellTest : public ::testing::Test {
 protected:
  static constexpr char kCell[] = "faults";

  void OpenOn(const redis::ClientOptions& options, absl::Duration timeout, int seats) {
    client_ = NewClient(options, timeout);
    admission_ = NewRedisAdmission({.cell = kCell}, *client_).value();
    calls_ = std::make_unique<AdmissionCalls>(*admission_);
    calls_->Begin();
    ASSERT_EQ(calls_->Start(1, SmallClass(seats)), absl::OkStatus());
  }

  std::unique_ptr<redis::Client> client_;
  std::unique_ptr<Admission> admission_;
  std::unique_ptr<AdmissionCalls> calls_;
};

class FaultsTest : public CellTest {
 protected:
  void Open(std::vector<std::string> extra, absl::Duration timeout = absl::Seconds(10)) {
    redis_ = redis::TestRedis::Start(std::move(extra)).value();
    OpenOn(redis_->client_options(), timeout, /*seats=*/6);
  }

  std::unique_ptr<redis::TestRedis> redis_;
};

TEST_F(FaultsTest, AJoinWhoseAnswerWasLostIsThereOnce) {
  Open({}, absl::Milliseconds(300));
  redis_->Stop();
  const auto lost = calls_->Join(1, "li", Role::kStudent, "same");
  EXPECT_TRUE(redis::IsOutcomeUnknown(lost.status())) << lost.status();
  redis_->Cont();
  absl::StatusOr<Standing> again = lost;
  for (int i = 0; i < 50 && !again.ok(); ++i) again = calls_->Join(1, "li", Role::kStudent, "same");
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->place.seat, 1);
  EXPECT_EQ(calls_->CountRoom(1).on[0], 1);
  EXPECT_EQ(calls_->Changes().size(), 1u) << "one stay, however often it was asked for";
}

TEST_F(FaultsTest, ACrashLosesNothingThatIsOnDisk) {
  Open({});
  const auto li = calls_->Join(1, "li");
  redis_->Kill9();
  ASSERT_EQ(redis_->Restart(), absl::OkStatus());
  const auto renewed = calls_->Renew(1, "li", li->place.epoch);
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_EQ(renewed->place, li->place);
}

// As after a crash with appendfsync everysec: whole, but some steps older.
TEST_F(FaultsTest, ARedisThatComesBackOlderIsWholeAndItsNumbersAreNew) {
  Open({"--appendonly", "no"});
  ASSERT_TRUE(calls_->Join(1, "before").ok());
  ASSERT_TRUE(redis_->Run({"SAVE"}).ok());
  const auto after = calls_->Join(1, "after");
  const auto again = calls_->Join(1, "before");
  redis_->Kill9();
  ASSERT_EQ(redis_->Restart(), absl::OkStatus());
  calls_->Advance(absl::Milliseconds(50));  // It takes longer than that.

  EXPECT_EQ(Reason(calls_->Renew(1, "after", after->place.epoch)), "PARTICIPANT_NOT_IN_ROOM");
  EXPECT_EQ(Reason(calls_->Renew(1, "before", again->place.epoch)), "PARTICIPANT_NOT_IN_ROOM") << "join again";
  const auto back = calls_->Join(1, "before");
  EXPECT_EQ(back->place.seat, 1);
  EXPECT_GT(back->place.epoch, again->place.epoch);
  EXPECT_EQ(calls_->Join(1, "after")->place.seat, 2);
  EXPECT_EQ(calls_->CountRoom(1).on[0], 2);
}

TEST_F(FaultsTest, WithoutMemoryNothingIsHalfDone) {
  Open({});
  const auto li = calls_->Join(1, "li");
  ASSERT_TRUE(redis_->Run({"CONFIG", "SET", "maxmemory", "1"}).ok());
  EXPECT_EQ(Reason(calls_->Join(1, "han")), "REDIS_OUT_OF_MEMORY");
  ASSERT_TRUE(redis_->Run({"CONFIG", "SET", "maxmemory", "0"}).ok());
  EXPECT_EQ(calls_->List(1).size(), 1u);
  EXPECT_EQ(calls_->Join(1, "han")->place.seat, 2);
}

TEST_F(FaultsTest, WhatNoScriptWroteIsNamed) {
  Open({});
  ASSERT_TRUE(calls_->Join(1, "li").ok());
  const std::vector<std::string> keys = CellKeys(kCell);
  ASSERT_TRUE(redis_->Run({"XADD", keys[kChangesKey], "*", "d", "junk"}).ok());
  EXPECT_EQ(Reason(admission_->ReadChanges(0, 10, calls_->call())), "ADMISSION_ANSWER_UNKNOWN");
}

// On three masters.
class ClusterTest : public CellTest {
 protected:
  void Open(int seats, int replicas = 0) {
    cluster_ = redis::TestRedisCluster::Start(replicas).value();
    OpenOn(cluster_->client_options(), absl::Seconds(10), seats);
  }

  std::unique_ptr<redis::TestRedisCluster> cluster_;
};

TEST_F(ClusterTest, ACellStaysWholeWhileItsSlotMoves) {
  ASSERT_NO_FATAL_FAILURE(Open(2));
  const auto li = calls_->Join(1, "li");
  ASSERT_TRUE(li.ok()) << li.status();

  const std::vector<std::string> keys = CellKeys(kCell);
  const int slot = redis::KeySlot(keys[0]), from = redis::TestRedisCluster::OwnerAtStart(slot), to = (from + 1) % 3;
  std::vector<std::string> present;
  for (const std::string& key : keys) {
    if (cluster_->node(from).Run({"EXISTS", key})->Integer().value() == 1) present.push_back(key);
  }
  ASSERT_EQ(cluster_->BeginMigration(slot, from, to), absl::OkStatus());
  int moved = 0;
  for (const std::string& key : present) {
    ASSERT_EQ(cluster_->MoveKey(key, from, to), absl::OkStatus());
    // Half of the state is here, half there: no step may see it.
    const auto refused = calls_->Join(1, absl::StrCat("early-", ++moved));
    EXPECT_EQ(Reason(refused), "REDIS_SLOT_MOVING") << refused.status();
  }
  EXPECT_GT(moved, 3);
  ASSERT_EQ(cluster_->EndMigration(slot, from, to), absl::OkStatus());

  const auto renewed = calls_->Renew(1, "li", li->place.epoch);
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_EQ(renewed->place, li->place);
  EXPECT_EQ(calls_->Join(1, "han")->place.seat, 2);
  EXPECT_EQ(calls_->List(1).size(), 2u);
}

// With all ten keys there Redis itself would let a step begin, and cut it off where it touches a key that it has
// emptied.
TEST_F(ClusterTest, ABusyCellDoesNothingByHalvesEither) {
  ASSERT_NO_FATAL_FAILURE(Open(1));
  ASSERT_EQ(calls_->Join(1, "li")->place.seat, 1);
  ASSERT_EQ(calls_->Join(1, "han")->place.rung, Rung::kWaiting);
  ASSERT_TRUE(calls_->Remove(1, "nobody").ok());
  const std::vector<std::string> keys = CellKeys(kCell);
  for (size_t i = 0; i <= kChangesKey; ++i)
    ASSERT_EQ(cluster_->Run({"EXISTS", keys[i]})->Integer().value(), 1) << keys[i];

  const int slot = redis::KeySlot(keys[0]), from = redis::TestRedisCluster::OwnerAtStart(slot), to = (from + 1) % 3;
  ASSERT_EQ(cluster_->BeginMigration(slot, from, to), absl::OkStatus());
  EXPECT_EQ(Reason(calls_->Leave(1, "li")), "REDIS_SLOT_MOVING") << "before the first key has gone";
  for (size_t i = 0; i <= kChangesKey; ++i) ASSERT_EQ(cluster_->MoveKey(keys[i], from, to), absl::OkStatus());
  EXPECT_EQ(Reason(calls_->Leave(1, "li")), "REDIS_SLOT_MOVING") << "when all have";
  ASSERT_EQ(cluster_->EndMigration(slot, from, to), absl::OkStatus());
  EXPECT_EQ(calls_->PlaceOf(1, "li").seat, 1);
  EXPECT_EQ(calls_->Leave(1, "li"), absl::OkStatus());
  EXPECT_EQ(calls_->PlaceOf(1, "han").seat, 1);
}

TEST_F(ClusterTest, ACellOutlivesItsMaster) {
  ASSERT_NO_FATAL_FAILURE(Open(2, /*replicas=*/3));
  const auto li = calls_->Join(1, "li");
  ASSERT_TRUE(li.ok()) << li.status();
  const int master = redis::TestRedisCluster::OwnerAtStart(redis::KeySlot(CellKeys(kCell)[0]));
  ASSERT_EQ(cluster_->AwaitCopied(master), absl::OkStatus());
  cluster_->node(master).Kill9();

  // What was on its way may have been done (cell.h makes that an error to repeat, too); all else was not.
  int refused = 0;
  absl::StatusOr<Standing> han;
  for (const absl::Time until = absl::Now() + absl::Seconds(30); absl::Now() < until; ++refused) {
    if ((han = calls_->Join(1, "han", Role::kStudent, "same")).ok()) break;
    ASSERT_TRUE(han.status().code() == absl::StatusCode::kUnavailable || redis::IsOutcomeUnknown(han.status()))
        << han.status();
    absl::SleepFor(absl::Milliseconds(20));
  }
  EXPECT_GT(refused, 0);
  ASSERT_TRUE(han.ok()) << han.status();
  EXPECT_EQ(han->place.seat, 2) << "the replica knows of the first";
  const auto renewed = calls_->Renew(1, "li", li->place.epoch);
  ASSERT_TRUE(renewed.ok()) << renewed.status();
  EXPECT_EQ(renewed->place, li->place);
  EXPECT_EQ(calls_->List(1).size(), 2u);
}

}  // namespace
}  // namespace trivium::live
