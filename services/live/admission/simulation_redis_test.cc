// The same steps by chance on Redis and on the model, one after the other: each answer must be the same to the last
// number, and so must all that either can tell. In between Redis is lost, and participants come back by their claims.
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "services/live/admission/change_audit.h"
#include "services/live/admission/memory_admission.h"
#include "services/live/admission/random_steps.h"
#include "services/live/admission/redis_under_test.h"
#include "services/live/admission/seed.h"

namespace trivium::live {
namespace {

constexpr int kSteps = 8'000;
constexpr absl::Duration kRebuild = absl::Seconds(20);

class Twins {
 public:
  explicit Twins(uint64_t seed) : steps_(seed, "r") {}

  void Run() {
    Open(absl::ZeroDuration(), false);
    for (int i = 0; i < kSteps && !::testing::Test::HasFailure(); ++i) {
      SCOPED_TRACE(absl::StrCat("step ", i));
      now_ += absl::Milliseconds(steps_.Below(10) == 0 ? steps_.Below(4000) : steps_.Below(3));
      if (steps_.Below(1500) == 0) {
        Lose();
      } else {
        Both(steps_.Next());
      }
      if (i % 50 == 0) CompareAll();
    }
    CompareAll();
    EXPECT_EQ(audit_.violations(), std::vector<std::string>{});
    EXPECT_GT(losses_, 0) << "a seed that loses nothing";
  }

 private:
  Call call() const { return {now_, absl::Now() + absl::Seconds(20)}; }

  void Both(const RandomStep& step) {
    SCOPED_TRACE(step.name);
    EXPECT_EQ(step.run(redis_.admission(), call(), &steps_.heard()), step.run(*model_, call(), nullptr));
  }

  void Open(absl::Duration rebuild, bool restored) {
    for (Admission* each : {&redis_.admission(), static_cast<Admission*>(model_.get())}) {
      const auto begun = each->BeginGeneration(rebuild, call());
      ASSERT_TRUE(begun.ok() && begun->begun) << begun.status();
      EXPECT_EQ(begun->rebuild_until, now_ + rebuild);
    }
    for (const RandomStep& step : RandomSteps::Opening(restored)) Both(step);
  }

  void Lose() {
    CompareAll();
    ++losses_;
    redis_.Lose();
    model_->Lose();
    audit_.Lose();
    EXPECT_EQ(DescribeAll(redis_.admission(), call()), DescribeAll(*model_, call()));
    Open(kRebuild, true);
  }

  // Looks at everything, and drains the stream.
  void CompareAll() {
    const std::string told = DescribeAll(redis_.admission(), call());
    ASSERT_EQ(told, DescribeAll(*model_, call()));
    AdmissionCalls reader(redis_.admission());
    for (const Change& change : reader.Changes()) {
      audit_.Take(change);
      drained_ = change.sequence;
    }
    for (Admission* each : {&redis_.admission(), static_cast<Admission*>(model_.get())}) {
      ASSERT_EQ(each->TrimChanges(drained_, call()), absl::OkStatus());
    }
  }

  RandomSteps steps_;
  RedisUnderTest redis_{{}};
  const std::unique_ptr<MemoryAdmission> model_ = NewMemoryAdmission();
  ChangeAudit audit_;
  absl::Time now_ = absl::FromUnixSeconds(1'795'334'400);
  int64_t drained_ = 0;
  int losses_ = 0;
};

TEST(SimulationTest, RedisAnswersAsTheModelDoes) { Twins(PrintedSeed()).Run(); }

}  // namespace
}  // namespace trivium::live
