#include "libs/sync/periodic.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace trivium {
namespace {

// Counts steps. Thread-safe.
class Steps {
 public:
  bool Step() {
    MutexLock lock(mu_);
    ++count_;
    changed_.NotifyAll();
    return count_ < more_until_;
  }
  void Await(int count) {
    MutexLock lock(mu_);
    while (count_ < count) changed_.Wait(mu_);
  }
  int count() {
    MutexLock lock(mu_);
    return count_;
  }
  void MoreUntil(int count) {
    MutexLock lock(mu_);
    more_until_ = count;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  int count_ ABSL_GUARDED_BY(mu_) = 0, more_until_ ABSL_GUARDED_BY(mu_) = 0;
};

// Never over within a test: only a wake-up ends it.
constexpr absl::Duration kPause = absl::Hours(24);

TEST(PeriodicTest, AWakeUpEndsThePause) {
  Steps steps;
  Periodic periodic("test", kPause, [&] { return steps.Step(); });
  periodic.Start();
  steps.Await(1);
  for (int i = 2; i < 50; ++i) {
    periodic.Wake();
    steps.Await(i);
  }
}

TEST(PeriodicTest, GoesOnAtOnceWhileThereIsMore) {
  Steps steps;
  steps.MoreUntil(20);
  Periodic periodic("test", kPause, [&] { return steps.Step(); });
  periodic.Start();
  steps.Await(20);
  periodic.Stop();
  EXPECT_EQ(steps.count(), 20);
}

// Wake-ups that come during a step are not lost, and not more than one step each.
TEST(PeriodicTest, AWakeUpDuringAStepBringsAnother) {
  Steps steps;
  Periodic* self = nullptr;
  Periodic periodic("test", kPause, [&] {
    const bool more = steps.Step();
    if (steps.count() <= 5) self->Wake();
    return more;
  });
  self = &periodic;
  periodic.Start();
  steps.Await(6);
  periodic.Stop();
  EXPECT_EQ(steps.count(), 6);
}

TEST(PeriodicTest, MayBeWokenBeforeItStartsAndAfterItStopped) {
  Steps steps;
  Periodic periodic("test", kPause, [&] { return steps.Step(); });
  periodic.Wake();
  periodic.Start();
  steps.Await(2);
  std::vector<std::thread> wakers;
  for (int i = 0; i < 4; ++i) wakers.emplace_back([&] { periodic.Wake(); });
  periodic.Stop();
  for (std::thread& waker : wakers) waker.join();
  const int after = steps.count();
  periodic.Wake();
  periodic.Stop();
  EXPECT_EQ(steps.count(), after);
}

}  // namespace
}  // namespace trivium
