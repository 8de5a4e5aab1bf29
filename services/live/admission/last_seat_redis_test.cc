// 64 threads at every level's last seat on a real Redis: joins, reconnects, leaves, moves, removals, answers that are
// lost, leases that expire, and Redis itself wiped in the middle. Every step has a number; in the order of the numbers
// the model must give the same answers, and an auditor who knows neither reads the stream of changes.
#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "libs/redis/test_redis_cluster.h"
#include "libs/status/error.h"
#include "libs/sync/mutex.h"
#include "services/live/admission/change_audit.h"
#include "services/live/admission/memory_admission.h"
#include "services/live/admission/random_steps.h"
#include "services/live/admission/recording_client.h"
#include "services/live/admission/redis_admission.h"
#include "services/live/admission/redis_under_test.h"
#include "services/live/admission/scripts.h"
#include "services/live/admission/seed.h"

namespace trivium::live {
namespace {

constexpr char kCell[] = "last-seat";
constexpr int kThreads = 64;
constexpr int kStepsOfAThread = 120;
constexpr absl::Duration kRebuild = absl::Seconds(15);

// A step that Redis did, with what its caller was told; nothing when that was lost.
struct Done {
  RandomStep step;
  absl::Time now;
  std::optional<std::string> answer;
};

// Asks again while the slot moves: then nothing was executed, as the model will show.
class PatientClient : public redis::Client {
 public:
  redis::Outcome Call(const redis::Command& command, absl::Time deadline) override {
    return Pipeline({&command, 1}, deadline)[0];
  }
  std::vector<redis::Outcome> Pipeline(std::span<const redis::Command> commands, absl::Time deadline) override {
    std::vector<redis::Outcome> outcomes = SharedClient().Pipeline(commands, deadline);
    for (size_t i = 0; i < commands.size(); ++i) {
      while (ReasonOf(outcomes[i].status()) == "REDIS_SLOT_MOVING") {
        outcomes[i] = SharedClient().Call(commands[i], deadline);
      }
    }
    return outcomes;
  }
  absl::Status Ready() override { return SharedClient().Ready(); }
};

class LastSeatTest : public ::testing::Test {
 protected:
  LastSeatTest()
      : client_(patient_),
        admission_(NewRedisAdmission({.cell = kCell}, client_).value()),
        model_(NewMemoryAdmission()) {
    SharedRedis().Flush().IgnoreError();
  }

  Call call() const { return {absl::FromUnixMillis(now_ms_), absl::Now() + absl::Seconds(60)}; }

  // Runs it, and writes it down with its number. False: there is no generation.
  bool Do(const RandomStep& step, bool lose, Memory* heard) {
    const Call at = call();
    RecordingClient::LoseAnswers() = lose;
    const std::string answer = step.run(*admission_, at, lose ? nullptr : heard);
    RecordingClient::LoseAnswers() = false;
    const int64_t sequence = RecordingClient::LastSequence();
    if (sequence == 0) {
      EXPECT_TRUE(lose || absl::StrContains(answer, "ADMISSION_STATE_LOST")) << step.name << ": " << answer;
      return false;
    }
    EXPECT_FALSE(absl::StrContains(answer, "STAFF_SLICE_FULL") && absl::StrContains(step.name, "/t0"))
        << "a teacher was refused: " << step.name << ": " << answer;
    Done done{step, at.now, std::nullopt};
    if (!lose) done.answer = answer;
    MutexLock lock(mu_);
    EXPECT_TRUE(done_.emplace(sequence, std::move(done)).second) << "two steps with number " << sequence;
    return true;
  }

  // What a service does that finds no generation. Only one thread begins it.
  void Recover(absl::Duration rebuild, bool restored) {
    while (wiping_) absl::SleepFor(absl::Milliseconds(1));
    const Call at = call();
    const auto begun = admission_->BeginGeneration(rebuild, at);
    ASSERT_TRUE(begun.ok()) << begun.status();
    if (begun->begun) {
      const auto begin = [rebuild](Admission& admission, const Call& when, Memory*) {
        static_cast<MemoryAdmission&>(admission).Lose();
        return absl::StrCat("begun ", admission.BeginGeneration(rebuild, when)->begun);
      };
      MutexLock lock(mu_);
      done_.emplace(begun->generation, Done{{"begin", begin}, at.now, "begun 1"});
      generations_.push_back(begun->generation);
    }
    for (const RandomStep& step : RandomSteps::Opening(restored)) Do(step, false, nullptr);
  }

  void RunThread(uint64_t seed, int thread) {
    RandomSteps steps(seed + static_cast<uint64_t>(thread), absl::StrCat("t", thread), kinds_);
    for (int i = 0; i < kStepsOfAThread && !HasFailure(); ++i) {
      if (steps.Below(10) == 0) now_ms_ += steps.Below(400);
      const RandomStep step = steps.Next();
      // Some answers are lost: some callers ask again, some are dead.
      const bool lose = steps.Below(6) == 0;
      if (!Do(step, lose, &steps.heard())) Recover(kRebuild, true);
      if (lose && steps.Below(2) == 0) Do(step, false, &steps.heard());
    }
  }

  void RunAll(uint64_t seed, bool wipe) {
    Recover(absl::ZeroDuration(), false);
    std::vector<std::thread> threads;
    for (int t = 0; t < kThreads; ++t) threads.emplace_back([this, seed, t] { RunThread(seed, t); });
    std::thread watcher([this] { Watch(); });
    if (wipe) {
      while (StepsDone() < kThreads * kStepsOfAThread / 2 && !HasFailure()) absl::SleepFor(absl::Milliseconds(2));
      // Numbers follow the clock: it must be past those that so many steps in so little time have used.
      wiping_ = true;
      EXPECT_EQ(SharedRedis().Flush(), absl::OkStatus());
      now_ms_ += 2000;
      wiping_ = false;
    }
    for (std::thread& thread : threads) thread.join();
    stop_ = true;
    watcher.join();
  }

  size_t StepsDone() {
    MutexLock lock(mu_);
    return done_.size();
  }

  // Looks from outside, all the time: never one over. Only while capacities stay as they are.
  void Watch() {
    constexpr Level kLevels[] = {Level::kPlatform, Level::kProduct, Level::kInstitution, Level::kNode};
    while (!stop_) {
      for (const Level level : kLevels) {
        const LevelName name = AdmissionCalls::NameOfLevel(level);
        const auto counts = admission_->CountLevels({{name}}, call());
        if (!counts.ok() || !counts->front().known || kinds_ == RandomSteps::Kinds::kAll) continue;
        for (size_t i = 0; i < kRungs; ++i) {
          EXPECT_LE(counts->front().use[i], counts->front().places[i]) << "level " << static_cast<int>(level);
          saturated_ += counts->front().use[i] == counts->front().places[i] ? 1 : 0;
        }
      }
      absl::SleepFor(absl::Milliseconds(1));
    }
  }

  // The same steps in the order of their numbers, one after the other.
  void CompareWithTheModel() {
    MutexLock lock(mu_);
    for (const auto& [sequence, done] : done_) {
      const std::string answer = done.step.run(*model_, {done.now, absl::InfiniteFuture()}, nullptr);
      ASSERT_EQ(done.answer.value_or(answer), answer) << "step " << sequence << " " << done.step.name;
    }
    ASSERT_EQ(DescribeAll(*admission_, call()), DescribeAll(*model_, call()));
  }

  ChangeAudit Audit() {
    ChangeAudit audit;
    for (const Change& change : AdmissionCalls(*admission_).Changes()) audit.Take(change);
    return audit;
  }

  // Everybody goes; nothing may be left.
  void ExpectNothingLost() {
    now_ms_ += 3'600'000;
    while (admission_->ExpireLeases(kMaxBatch, call()).value().more) {
    }
    for (int room = 1; room <= kRandomRooms; ++room) {
      while (admission_->EndRoom(AdmissionCalls::Room(room), kMaxBatch, call()).value().more) {
      }
    }
    const auto cell = admission_->CountCell(call()).value();
    EXPECT_EQ(cell.rooms, 0);
    EXPECT_EQ(cell.participants, 0);
    EXPECT_EQ(cell.waiting, 0);
    for (const Level level : {Level::kPlatform, Level::kProduct, Level::kInstitution, Level::kNode}) {
      const LevelName name = AdmissionCalls::NameOfLevel(level);
      EXPECT_EQ(admission_->CountLevels({{name}}, call())->front().use, PerRung{}) << static_cast<int>(level);
    }
  }

  // Where rooms and capacities stay as they are.
  void ExpectNeverOverAndNothingLost() {
    CompareWithTheModel();
    const ChangeAudit audit = Audit();
    EXPECT_EQ(audit.violations(), std::vector<std::string>{});
    // Node: 10 RTC places, 6 of them the slices of four rooms; product: 2 FAST; platform: 2 STANDARD.
    EXPECT_LE(audit.most()[0], 4);
    EXPECT_LE(audit.most()[1], 2);
    EXPECT_LE(audit.most()[2], 2);
    ExpectNothingLost();
  }

  // The cell's slot to the next node and back, as long as steps are done. Returns how many times it went.
  int MoveToAndFro(redis::TestRedisCluster& cluster) {
    const int slot = redis::KeySlot(CellKeys(kCell)[0]);
    const int home = redis::TestRedisCluster::OwnerAtStart(slot), away = (home + 1) % redis::TestRedisCluster::kMasters;
    int moves = 0;
    while (!stop_ && !HasFailure()) {
      for (const auto& [from, to] : {std::pair(home, away), std::pair(away, home)}) {
        const absl::Status moved = cluster.Migrate(slot, from, to);
        EXPECT_EQ(moved, absl::OkStatus());
        ++moves;
        absl::SleepFor(absl::Milliseconds(60));
      }
    }
    return moves;
  }

  PatientClient patient_;
  RecordingClient client_;
  const std::unique_ptr<Admission> admission_;
  const std::unique_ptr<MemoryAdmission> model_;
  RandomSteps::Kinds kinds_ = RandomSteps::Kinds::kFixedLimits;
  std::atomic<int64_t> now_ms_{1'795'334'400'000};
  std::atomic<bool> stop_{false}, wiping_{false};
  std::atomic<int64_t> saturated_{0};
  Mutex mu_;
  std::map<int64_t, Done> done_ ABSL_GUARDED_BY(mu_);  // By number.
  std::vector<int64_t> generations_ ABSL_GUARDED_BY(mu_);
};

TEST_F(LastSeatTest, NeverOneOverNeverOneLostNeverASeatTwice) {
  RunAll(PrintedSeed(), false);
  ExpectNeverOverAndNothingLost();
  EXPECT_GT(saturated_, 0) << "no level was ever full: nothing was tried";
}

TEST_F(LastSeatTest, AlsoWhenCapacitiesAndRoomsChange) {
  kinds_ = RandomSteps::Kinds::kAll;
  RunAll(PrintedSeed(), false);
  CompareWithTheModel();
  EXPECT_EQ(Audit().violations(), std::vector<std::string>{});
  ExpectNothingLost();
}

TEST_F(LastSeatTest, AlsoWhenTheCellsSlotMovesToAndFro) {
  auto* const cluster = dynamic_cast<redis::TestRedisCluster*>(&SharedRedis());
  if (cluster == nullptr) GTEST_SKIP() << "one node: nothing moves";
  int moves = 0;
  std::thread mover([&] { moves = MoveToAndFro(*cluster); });
  RunAll(PrintedSeed(), false);
  mover.join();
  EXPECT_GE(moves, 2);
  ExpectNeverOverAndNothingLost();
}

TEST_F(LastSeatTest, AlsoWhenRedisLosesEverythingInTheMiddle) {
  RunAll(PrintedSeed(), true);
  {
    MutexLock lock(mu_);
    EXPECT_EQ(generations_.size(), 2u);
  }
  ExpectNeverOverAndNothingLost();
}

}  // namespace
}  // namespace trivium::live
