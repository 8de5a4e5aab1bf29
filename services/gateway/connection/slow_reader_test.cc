// Clients that do not read.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "services/gateway/connection/reactor_fixture.h"

namespace trivium::gateway {
namespace {

// A reader that does not read: the kernel's buffers and then the queue fill.
class SlowReaderTest : public ReactorTest {
 protected:
  SlowReaderTest() {
    options_.max_queue_bytes = 10000;
    options_.coalescing = absl::ZeroDuration();
  }
  // Until the kernel takes no more.
  Peer StalledPeer() {
    Peer peer = Connect({.small_buffers = true});
    for (int i = 0; i < 1000; ++i) {
      size_t queued = 0;
      reactor().Run(peer.story->id(), [&](Connection& connection) {
        queued = connection.queued_bytes();
        if (queued == 0) connection.Send(Text(std::string(500, '.')), FrameClass::kControl);
      });
      Settle(2);
      if (queued > 0) return peer;
    }
    ADD_FAILURE() << "the kernel took everything";
    return peer;
  }
};

TEST_F(SlowReaderTest, LosesTheOldestLossyFramesAndNoOthers) {
  Peer peer = StalledPeer();
  Send(peer, Text(std::string(1000, 'o'), 777), FrameClass::kOrdered);
  for (uint64_t i = 0; i < 50; ++i) Send(peer, Text(std::string(1000, 'l'), i), FrameClass::kLossy);
  Settle();
  std::vector<uint64_t> dropped = peer.story->dropped();
  ASSERT_GT(dropped.size(), 40u);
  for (size_t i = 0; i < dropped.size(); ++i) EXPECT_EQ(dropped[i], i);
  EXPECT_EQ(metrics_.GetCounter(kDroppedFrames, {"LOSSY", "slow"}).Value(), static_cast<double>(dropped.size()));
  // It reads again: the ordered frame and the newest lossy ones are there.
  size_t ordered = 0, lossy = 0;
  for (int i = 0; i < 100; ++i) {
    for (const ServerFrame& frame : peer.client->Frames()) {
      ordered += frame.payload[0] == 'o';
      lossy += frame.payload[0] == 'l';
    }
    Settle();
  }
  EXPECT_EQ(ordered, 1u);
  EXPECT_EQ(lossy, 50 - dropped.size());
  EXPECT_EQ(metrics_.GetGauge(kQueuedBytes).Value(), 0);
}

TEST_F(SlowReaderTest, IsClosedWhenAnOrderedFrameFindsNoRoomAndToldWhy) {
  for (const FrameClass frame_class : {FrameClass::kOrdered, FrameClass::kReliable, FrameClass::kControl}) {
    Peer peer = StalledPeer();
    for (uint64_t i = 0; i < 50; ++i) Send(peer, Text(std::string(1000, 'o'), i), frame_class);
    Settle();
    EXPECT_FALSE(peer.story->dropped().empty());
    std::string last;
    for (int i = 0; i < 100; ++i) {
      const auto frames = peer.client->Frames();
      if (!frames.empty()) last = TestClient::Describe(frames.back());
      Settle();
    }
    EXPECT_EQ(last, "close:3008:slow");
    Pass(options_.close_timeout);
    EXPECT_EQ(peer.story->Take(), "closed:3008:slow");
  }
}

TEST_F(SlowReaderTest, MayHaveSoManyFramesAndNoMore) {
  options_.max_queue_frames = 10;
  Peer peer = StalledPeer();
  for (uint64_t i = 0; i < 30; ++i) Send(peer, Text("t", i), FrameClass::kLossy);
  Settle();
  EXPECT_GE(peer.story->dropped().size(), 20u);
}

TEST_F(SlowReaderTest, EveryFrameIsSentOrTold) {
  std::mt19937 random(9);
  for (int round = 0; round < 30; ++round) {
    Peer peer = Connect({.small_buffers = true});
    uint64_t given = 0;
    for (int step = 0; step < 200; ++step) {
      reactor().Run(peer.story->id(), [&](Connection& connection) {
        const auto frame_class = random() % 20 == 0 ? FrameClass::kOrdered : FrameClass::kLossy;
        given += connection.Send(Text(std::string(random() % 900, 'x')), frame_class) ? 1 : 0;
      });
      if (random() % 8 == 0) Settle(1);
      if (random() % 16 == 0) peer.client->Frames(random() % 2000);
    }
    const bool ours = random() % 2 == 0;
    if (ours) reactor().Close(peer.story->id(), 3001, "");
    Settle();
    peer.client->Disconnect();
    Settle();
    const ConnectionCounters counters = peer.story->counters();
    const uint64_t dropped = std::accumulate(counters.dropped.begin(), counters.dropped.end(), uint64_t{0});
    const uint64_t close_frames = counters.sent_frames + dropped - given;
    EXPECT_LE(close_frames, 1u);
    EXPECT_EQ(peer.story->dropped().size(), dropped);
    EXPECT_EQ(peer.story->closes(), 1);
  }
  Settle();
  EXPECT_EQ(metrics_.GetGauge(kQueuedBytes).Value(), 0);
  EXPECT_EQ(metrics_.GetGauge(kConnections).Value(), 0);
  EXPECT_EQ(budget_.queued_bytes.load(), 0);
}

TEST_F(SlowReaderTest, TheLongestQueueGoesFirstWhenTheProcessHasTooMuch) {
  options_.max_queue_bytes = 50000;
  options_.max_process_queue_bytes = 60000;
  Peer less = StalledPeer(), most = StalledPeer(), some = StalledPeer();
  const std::pair<Peer*, int> loads[] = {{&less, 10}, {&most, 40}, {&some, 20}};
  for (const auto& [peer, frames] : loads) {
    for (int i = 0; i < frames; ++i) Send(*peer, Text(std::string(1000, 'x')), FrameClass::kOrdered);
  }
  Settle();
  EXPECT_EQ(less.story->why(), "");
  EXPECT_EQ(some.story->why(), "");
  EXPECT_NE(most.story->why().find("ORDERED/closed"), std::string::npos);
  EXPECT_LE(budget_.queued_bytes.load(), 60000);
}

}  // namespace
}  // namespace trivium::gateway
