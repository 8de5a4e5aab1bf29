#include "libs/control_client/watch_loop.h"

#include <gtest/gtest.h>

#include "absl/time/clock.h"

namespace trivium::control_client {
namespace {

TEST(WatchLoopTest, TriesAgainUntilItIsStopped) {
  Metrics metrics;
  WatchLoop loop("test", metrics);
  std::atomic<int> tries{0};
  loop.Start([&]() -> std::string {
    if (++tries == 2) loop.Connected();
    return "refused";
  });
  while (tries < 4) absl::SleepFor(absl::Milliseconds(5));
  loop.Stop();
  const int at_stop = tries;
  absl::SleepFor(absl::Milliseconds(200));
  EXPECT_EQ(tries, at_stop);
  EXPECT_EQ(metrics.GetCounter(kReconnects, {"test"}).Value(), 1);
  EXPECT_EQ(metrics.GetGauge(kConnected, {"test"}).Value(), 0);
}

TEST(WatchLoopTest, StopInterruptsAWaitHoweverTheyMeet) {
  for (int round = 0; round < 50; ++round) {
    Metrics metrics;
    WatchLoop loop("test", metrics);
    loop.Start([&]() -> std::string {
      Mutex mu;
      CondVar wake;
      bool interrupted = false;
      loop.SetInterrupt([&] {
        MutexLock lock(mu);
        interrupted = true;
        wake.NotifyAll();
      });
      {
        MutexLock lock(mu);
        while (!interrupted) wake.Wait(mu);
      }
      loop.SetInterrupt(nullptr);
      return "interrupted";
    });
    if (round % 2 == 0) absl::SleepFor(absl::Milliseconds(1));
    loop.Stop();
  }
}

TEST(WatchLoopTest, MayBeStoppedWithoutHavingStarted) {
  Metrics metrics;
  WatchLoop loop("test", metrics);
  loop.Stop();
  loop.Stop();
}

}  // namespace
}  // namespace trivium::control_client
