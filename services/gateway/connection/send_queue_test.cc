#include "services/gateway/connection/send_queue.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <string>
#include <vector>

namespace trivium::gateway {
namespace {

SharedFrame Frame(std::string_view payload, uint64_t tag = 0) {
  return SharedFrame::Make(Opcode::kBinary, payload, tag);
}

std::string Written(const SendQueue& queue, int max = 1024) {
  std::vector<iovec> iov(static_cast<size_t>(max));
  std::string bytes;
  const int n = queue.Gather(iov.data(), max);
  for (int i = 0; i < n; ++i) bytes.append(static_cast<char*>(iov[i].iov_base), iov[i].iov_len);
  return bytes;
}

TEST(SendQueue, DropsLossyFramesOldestFirstAndNoOthers) {
  RingPool pool;
  SendQueue queue(pool);
  queue.Push(Frame("a", 1), FrameClass::kOrdered);
  queue.Push(Frame("b", 2), FrameClass::kLossy);
  queue.Push(Frame("c", 3), FrameClass::kReliable);
  queue.Push(Frame("d", 4), FrameClass::kLossy);
  EXPECT_EQ(queue.DropOldestLossy()->frame.tag(), 2u);
  EXPECT_EQ(queue.DropOldestLossy()->frame.tag(), 4u);
  EXPECT_FALSE(queue.DropOldestLossy());
  queue.Push(Frame("e", 5), FrameClass::kLossy);
  EXPECT_EQ(queue.DropOldestLossy()->frame.tag(), 5u);
  EXPECT_EQ(Written(queue), std::string(Frame("a").bytes()) + std::string(Frame("c").bytes()));
}

TEST(SendQueue, NeverTakesBackAFrameThatHasBegun) {
  RingPool pool;
  SendQueue queue(pool);
  queue.Push(Frame("abcdef", 1), FrameClass::kLossy);
  queue.Push(Frame("x", 2), FrameClass::kLossy);
  EXPECT_EQ(queue.Advance(3), 0u);
  EXPECT_TRUE(queue.mid_frame());
  EXPECT_EQ(queue.DropOldestLossy()->frame.tag(), 2u);
  EXPECT_FALSE(queue.DropOldestLossy());
  EXPECT_EQ(Written(queue), "bcdef");
  queue.DropAll(false, [](const SendQueue::Entry&) { FAIL(); });
  EXPECT_EQ(queue.bytes(), 5u);
  int told = 0;
  queue.DropAll(true, [&](const SendQueue::Entry& entry) { told += static_cast<int>(entry.frame.tag()); });
  EXPECT_EQ(told, 1);
  EXPECT_EQ(queue.bytes(), 0u);
  EXPECT_FALSE(queue.mid_frame());
}

TEST(SendQueue, AFloodOfLossyFramesBehindAStartedOneTakesNoMoreSlots) {
  RingPool pool;
  SendQueue queue(pool);
  queue.Push(Frame(std::string(100, 'a')), FrameClass::kOrdered);
  queue.Advance(1);
  for (uint64_t i = 0; i < 100000; ++i) {
    queue.Push(Frame("l", i), FrameClass::kLossy);
    if (queue.frames() > 4) {
      EXPECT_EQ(queue.DropOldestLossy()->frame.tag(), i - 3);
    }
  }
  EXPECT_EQ(queue.frames(), 4u);
  // Rings that were outgrown come back to the pool: the smallest is still the one in use.
  EXPECT_EQ(Written(queue).size(), 101u + 3 * 3);
}

// Against a deque, with random pushes, drops and short writes.
TEST(SendQueue, BehavesAsItsModel) {
  struct Modeled {
    std::string bytes;
    FrameClass frame_class;
    size_t written = 0;
  };
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    std::mt19937 random(seed);
    RingPool pool;
    SendQueue queue(pool);
    std::deque<Modeled> model;
    for (int step = 0; step < 800; ++step) {
      const uint32_t what = random() % 10;
      if (what < 5) {
        const SharedFrame frame = Frame(std::string(random() % 60, static_cast<char>('a' + step % 26)));
        const auto frame_class = static_cast<FrameClass>(random() % kFrameClasses);
        queue.Push(frame, frame_class);
        model.push_back({std::string(frame.bytes()), frame_class});
      } else if (what < 7) {
        auto at = std::find_if(model.begin(), model.end(),
                               [](const Modeled& m) { return m.frame_class == FrameClass::kLossy && m.written == 0; });
        const auto dropped = queue.DropOldestLossy();
        ASSERT_EQ(dropped.has_value(), at != model.end());
        if (dropped) {
          ASSERT_EQ(dropped->frame.bytes(), at->bytes);
          model.erase(at);
        }
      } else {
        size_t left = random() % (Written(queue, 8).size() + 1);
        uint32_t finished = 0;
        const uint32_t told = queue.Advance(left);
        while (!model.empty() && model[0].bytes.size() - model[0].written <= left) {
          left -= model[0].bytes.size() - model[0].written;
          model.pop_front();
          ++finished;
        }
        if (!model.empty()) model[0].written += left;
        ASSERT_EQ(told, finished);
      }
      std::string all;
      for (const Modeled& m : model) all += m.bytes.substr(m.written);
      ASSERT_EQ(queue.bytes(), all.size());
      ASSERT_EQ(queue.frames(), model.size());
      ASSERT_EQ(Written(queue, 4096), all);
    }
  }
}

TEST(SendQueue, HoldsNoRingWhileEmpty) {
  RingPool pool;
  SendQueue queue(pool), other(pool);
  queue.Push(Frame("a"), FrameClass::kOrdered);
  queue.Advance(queue.bytes());
  EXPECT_TRUE(queue.empty());
  // The ring that the first gave back is the one that the second gets; both are then freed by their owners (ASan
  // would tell).
  other.Push(Frame("b"), FrameClass::kOrdered);
  EXPECT_EQ(other.frames(), 1u);
}

}  // namespace
}  // namespace trivium::gateway
