#include "libs/sync/batcher.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <vector>

#include "absl/time/clock.h"
#include "libs/clock/clock.h"
#include "libs/sync/mutex.h"

namespace trivium {
namespace {

using Doubler = Batcher<int, int>;

// Work that waits until it is let go, and remembers its batches.
class Gate {
 public:
  std::vector<int> Work(std::span<const int> numbers) {
    MutexLock lock(mu_);
    batches_.push_back(numbers.size());
    changed_.NotifyAll();
    while (!open_) changed_.Wait(mu_);
    std::vector<int> doubled;
    for (const int number : numbers) doubled.push_back(2 * number);
    return doubled;
  }
  void AwaitBatches(size_t n) {
    MutexLock lock(mu_);
    while (batches_.size() < n) changed_.Wait(mu_);
  }
  void Open() {
    MutexLock lock(mu_);
    open_ = true;
    changed_.NotifyAll();
  }
  std::vector<size_t> batches() {
    MutexLock lock(mu_);
    return batches_;
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool open_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<size_t> batches_ ABSL_GUARDED_BY(mu_);
};

TEST(BatcherTest, WhatArrivesWhileItWorksGoesTogetherAndInOrder) {
  Gate gate;
  std::vector<int> answers;
  {
    Doubler batcher({.batch_max = 3}, Clock::Real(), [&](std::span<const int> numbers) { return gate.Work(numbers); });
    ASSERT_TRUE(batcher.Submit(1, [&](int answer) { answers.push_back(answer); }));
    gate.AwaitBatches(1);
    for (int i = 2; i <= 5; ++i) ASSERT_TRUE(batcher.Submit(i, [&](int answer) { answers.push_back(answer); }));
    gate.Open();
  }
  EXPECT_EQ(answers, (std::vector<int>{2, 4, 6, 8, 10}));
  EXPECT_EQ(gate.batches(), (std::vector<size_t>{1, 3, 1}));
}

TEST(BatcherTest, AFullQueueRefuses) {
  Gate gate;
  Doubler batcher({.queue_max = 2}, Clock::Real(), [&](std::span<const int> numbers) { return gate.Work(numbers); });
  ASSERT_TRUE(batcher.Submit(1, [](int) {}));
  gate.AwaitBatches(1);
  EXPECT_TRUE(batcher.Submit(2, [](int) {}));
  EXPECT_TRUE(batcher.Submit(3, [](int) {}));
  EXPECT_FALSE(batcher.Submit(4, [](int) {}));
  gate.Open();
  batcher.Stop();
  EXPECT_FALSE(batcher.Submit(5, [](int) {})) << "stopped";
}

TEST(BatcherTest, AWindowCollects) {
  Gate gate;
  gate.Open();
  std::atomic<int> answered{0};
  Doubler batcher({.window = absl::Milliseconds(300)}, Clock::Real(),
                  [&](std::span<const int> numbers) { return gate.Work(numbers); });
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(batcher.Submit(i, [&](int) { ++answered; }));
  batcher.Stop();
  EXPECT_EQ(answered, 20);
  EXPECT_LE(gate.batches().size(), 2u);
}

}  // namespace
}  // namespace trivium
