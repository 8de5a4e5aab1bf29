#include "services/live/day_counter.h"

#include <gtest/gtest.h>

#include "libs/clock/clock.h"
#include "libs/id/id.h"
#include "libs/telemetry/metrics.h"
#include "services/live/store/memory_store.h"
#include "trivium/live/v1/live.pb.h"

namespace trivium::live {
namespace {

constexpr char kDay[] = "2026-11-22";

// A store that may be away.
class FlakyStore : public MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  absl::Status AddCounts(std::span<const DayAddition> items, absl::Time deadline) override {
    if (!status.ok()) return status;
    return MemoryStore::AddCounts(items, deadline);
  }
  absl::Status status;
};

class DayCounterTest : public ::testing::Test {
 protected:
  v1::QoeReport Report(int64_t sequence, int64_t watch_ms) {
    v1::QoeReport report;
    report.set_sequence(sequence);
    report.set_watch_ms(watch_ms);
    return report;
  }
  DayCounts Day() { return store_.SummarizeDay("acme", kDay, clock_.Now()).value(); }

  FakeClock clock_;
  Metrics all_metrics_;
  LiveMetrics metrics_{all_metrics_};
  const std::unique_ptr<IdGenerator> ids_ = NewIdGenerator(clock_);
  FlakyStore store_{*ids_, EventEncoder()};
  DayCounter counter_{store_, metrics_};
  const Id join_ = ids_->Next();
};

TEST_F(DayCounterTest, AddsSumsAndDropsRepeats) {
  EXPECT_TRUE(counter_.Report("acme", kDay, join_, Rung::kRtc, Report(1, 5)));
  EXPECT_FALSE(counter_.Report("acme", kDay, join_, Rung::kRtc, Report(1, 5)));
  EXPECT_TRUE(counter_.Report("acme", kDay, join_, Rung::kFast, Report(3, 7)));
  EXPECT_FALSE(counter_.Report("acme", kDay, join_, Rung::kFast, Report(2, 7)));
  EXPECT_TRUE(counter_.Report("acme", kDay, ids_->Next(), Rung::kRtc, Report(1, 1)));
  counter_.Refused("acme", kDay, "GRANT_MISSING");
  ASSERT_TRUE(counter_.Flush(clock_.Now()).ok());
  ASSERT_TRUE(counter_.Flush(clock_.Now()).ok());
  EXPECT_EQ(Day(), (DayCounts{{{"qoe/1", "reports"}, 2},
                              {{"qoe/1", "watch_ms"}, 6},
                              {{"qoe/2", "reports"}, 1},
                              {{"qoe/2", "watch_ms"}, 7},
                              {{"refusals", "GRANT_MISSING"}, 1}}));
}

TEST_F(DayCounterTest, WaitsForAStoreThatIsAwayAndCountsNothingTwice) {
  counter_.Refused("acme", kDay, "X");
  store_.status = absl::UnavailableError("away");
  EXPECT_FALSE(counter_.Flush(clock_.Now()).ok());
  counter_.Refused("acme", kDay, "X");
  store_.status = absl::OkStatus();
  EXPECT_TRUE(counter_.Flush(clock_.Now()).ok());
  EXPECT_EQ((Day()[{"refusals", "X"}]), 2);
  counter_.Refused("acme", kDay, "X");
  store_.status = absl::UnknownError("the answer to COMMIT was lost");
  EXPECT_FALSE(counter_.Flush(clock_.Now()).ok());
  store_.status = absl::OkStatus();
  EXPECT_TRUE(counter_.Flush(clock_.Now()).ok());
  EXPECT_EQ((Day()[{"refusals", "X"}]), 2) << "taken for done";
}

TEST_F(DayCounterTest, NamesFieldsThatThereAre) {
  for (const char* field : kQoeFields) EXPECT_NE(v1::QoeReport::descriptor()->FindFieldByName(field), nullptr) << field;
  EXPECT_EQ(std::size(kQoeFields) + 2, static_cast<size_t>(v1::QoeReport::descriptor()->field_count()));
}

TEST_F(DayCounterTest, ForgetsTheOldestStays) {
  for (size_t i = 0; i <= DayCounter::kMaxStays; ++i)
    counter_.Report("acme", kDay, i == 0 ? join_ : ids_->Next(), Rung::kRtc, Report(1, 1));
  EXPECT_TRUE(counter_.Report("acme", kDay, join_, Rung::kRtc, Report(1, 1))) << "forgotten";
}

}  // namespace
}  // namespace trivium::live
