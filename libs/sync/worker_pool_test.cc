#include "libs/sync/worker_pool.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <atomic>

namespace trivium {
namespace {

// Holds tasks back until it is opened.
class Gate {
 public:
  void Pass() {
    MutexLock lock(mu_);
    ++waiting_;
    changed_.NotifyAll();
    while (!open_) changed_.Wait(mu_);
  }
  void WaitForOne() {
    MutexLock lock(mu_);
    while (waiting_ == 0) changed_.Wait(mu_);
  }
  void Open() {
    MutexLock lock(mu_);
    open_ = true;
    changed_.NotifyAll();
  }

 private:
  Mutex mu_;
  CondVar changed_;
  int waiting_ ABSL_GUARDED_BY(mu_) = 0;
  bool open_ ABSL_GUARDED_BY(mu_) = false;
};

TEST(WorkerPool, RunsEveryTask) {
  std::atomic<int> ran = 0;
  {
    WorkerPool pool("test", 4, 10'000);
    for (int i = 0; i < 10'000; ++i) ASSERT_TRUE(pool.Submit([&] { ++ran; }));
  }
  EXPECT_EQ(ran, 10'000);
}

TEST(WorkerPool, RefusesWhatDoesNotFit) {
  Gate gate;
  WorkerPool pool("test", 1, 2);
  ASSERT_TRUE(pool.Submit([&] { gate.Pass(); }));
  gate.WaitForOne();
  EXPECT_TRUE(pool.Submit([] {}));
  EXPECT_TRUE(pool.Submit([] {}));
  EXPECT_EQ(pool.queued(), 2u);
  EXPECT_FALSE(pool.Submit([] {}));
  gate.Open();
  pool.Stop();
  EXPECT_EQ(pool.queued(), 0u);
}

TEST(WorkerPool, StopRunsWhatIsQueuedAndRefusesTheRest) {
  Gate gate;
  std::atomic<int> ran = 0;
  WorkerPool pool("test", 2, 100);
  ASSERT_TRUE(pool.Submit([&] { gate.Pass(); }));
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(pool.Submit([&] { ++ran; }));
  gate.Open();
  pool.Stop();
  EXPECT_EQ(ran, 50);
  EXPECT_FALSE(pool.Submit([&] { ++ran; }));
  pool.Stop();
}

TEST(WorkerPool, TasksMaySubmitTasks) {
  std::atomic<int> ran = 0;
  WorkerPool pool("test", 2, 100);
  ASSERT_TRUE(pool.Submit([&] {
    ++ran;
    // Refused when Stop came first.
    (void)pool.Submit([&] { ++ran; });
  }));
  pool.Stop();
  EXPECT_GE(ran, 1);
}

TEST(WorkerPool, NamesItsThreads) {
  char name[32] = "";
  WorkerPool pool("a-name-of-more-than-15-characters", 1, 1);
  ASSERT_TRUE(pool.Submit([&] { pthread_getname_np(pthread_self(), name, sizeof(name)); }));
  pool.Stop();
  EXPECT_STREQ(name, "a-name-of-more-");
}

TEST(WorkerPool, ManySubmittersMeetAStop) {
  std::atomic<int> accepted = 0, ran = 0;
  WorkerPool pool("test", 3, 16);
  std::vector<std::thread> submitters;
  for (int i = 0; i < 4; ++i) {
    submitters.emplace_back([&] {
      for (int j = 0; j < 2000; ++j) accepted += pool.Submit([&] { ++ran; }) ? 1 : 0;
    });
  }
  pool.Stop();
  for (auto& thread : submitters) thread.join();
  EXPECT_EQ(ran, accepted);
}

}  // namespace
}  // namespace trivium
