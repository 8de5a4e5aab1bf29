#include "libs/sync/mutex.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace trivium {
namespace {

TEST(Mutex, Excludes) {
  Mutex mu;
  int count = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 10'000; ++j) {
        MutexLock lock(mu);
        ++count;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(count, 40'000);
}

TEST(Mutex, TryLockFailsWhileItIsHeld) {
  Mutex mu;
  mu.Lock();
  bool locked = true;
  std::thread([&] {
    if (mu.TryLock()) {
      mu.Unlock();
    } else {
      locked = false;
    }
  }).join();
  EXPECT_FALSE(locked);
  mu.Unlock();
}

TEST(CondVar, WakesTheWaiter) {
  Mutex mu;
  CondVar ready;
  int turn = 0;
  std::thread other([&] {
    MutexLock lock(mu);
    while (turn != 1) ready.Wait(mu);
    turn = 2;
    ready.NotifyAll();
  });
  {
    MutexLock lock(mu);
    turn = 1;
    ready.NotifyAll();
    while (turn != 2) ready.Wait(mu);
  }
  other.join();
  EXPECT_EQ(turn, 2);
}

TEST(CondVar, WaitForEndsByItself) {
  Mutex mu;
  CondVar never;
  MutexLock lock(mu);
  // It may wake for nothing, which is not the end of the time.
  while (never.WaitFor(mu, absl::Milliseconds(5))) {
  }
  EXPECT_FALSE(never.WaitFor(mu, -absl::Seconds(1)));
}

}  // namespace
}  // namespace trivium
