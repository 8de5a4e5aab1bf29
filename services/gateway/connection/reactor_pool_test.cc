// Reactors in their threads, over TCP.
#include "services/gateway/connection/reactor_pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "libs/clock/clock.h"
#include "libs/telemetry/metrics.h"
#include "services/gateway/connection/metrics.h"
#include "services/gateway/connection/test_client.h"

namespace trivium::gateway {
namespace {

SharedFrame Text(std::string_view payload, uint64_t tag = 0) { return SharedFrame::Make(Opcode::kText, payload, tag); }

class ReactorPoolTest : public testing::Test {
 protected:
  struct Peer {
    std::unique_ptr<TestClient> client;
    std::shared_ptr<Story> story;
    std::vector<std::string> frames = {};  // Read and not yet asked for.
  };

  void Start(int reactors = 2) {
    pool_ = ReactorPool::Start(reactors, options_, Clock::Real(), metrics_).value();
    listener_ = Listener();
  }
  Peer Connect(bool echo, std::vector<std::string> joins) {
    auto [server, client] = TcpPair(listener_);
    Peer peer{std::make_unique<TestClient>(std::move(client)), std::make_shared<Story>()};
    EXPECT_TRUE(pool_
                    ->Adopt({.fd = std::move(server),
                             .handler = std::make_unique<StoryHandler>(peer.story, echo, std::move(joins))})
                    .ok());
    return peer;
  }
  // Once its answer is here, the connection is open and has joined its channels.
  void AwaitOpen(Peer& peer) {
    peer.client->Send(ClientFrame(Opcode::kPing, "open?"));
    ASSERT_EQ(Next(peer), "pong:open?");
  }
  std::string Next(Peer& peer) {
    while (peer.frames.empty()) {
      if (!peer.client->AwaitReadable()) return "(nothing)";
      for (const ServerFrame& frame : peer.client->Frames()) peer.frames.push_back(TestClient::Describe(frame));
      if (peer.frames.empty() && peer.client->ended()) return "(end)";
    }
    std::string next = peer.frames.front();
    peer.frames.erase(peer.frames.begin());
    return next;
  }

  Metrics metrics_;
  ReactorOptions options_;
  UniqueFd listener_;
  std::unique_ptr<ReactorPool> pool_;
};

TEST_F(ReactorPoolTest, RefusesWrongOptions) {
  EXPECT_EQ(ReactorPool::Start(-1, options_, Clock::Real(), metrics_).status().code(),
            absl::StatusCode::kInvalidArgument);
  options_.max_queue_bytes = 1;
  EXPECT_EQ(ReactorPool::Start(1, options_, Clock::Real(), metrics_).status().code(),
            absl::StatusCode::kInvalidArgument);
}

struct SocketCase {
  const char* name;
  std::string bytes;
  std::vector<std::string> answers;  // "(end)": the server closes.
};

// Those of Autobahn's cases where the answer is what counts, byte by byte and at once.
TEST_F(ReactorPoolTest, AnswersAutobahnsCasesOverTcp) {
  options_.frames_per_second = 0;
  options_.close_timeout = absl::Milliseconds(100);
  Start();
  const std::string text_a = Fragment(Opcode::kText, "a", false), last_b = Fragment(Opcode::kContinuation, "b", true);
  const std::string ping = ClientFrame(Opcode::kPing, "p"), close = ClientFrame(Opcode::kClose, "\x03\xE8");
  const SocketCase cases[] = {
      {"1.1.1", ClientFrame(Opcode::kText, "") + close, {"text:", "close:1000:", "(end)"}},
      {"2.5",
       ClientFrame(Opcode::kPing, std::string(126, 'x')),
       {"close:1002:control frame: too long, want <= 125", "(end)"}},
      {"2.9", ClientFrame(Opcode::kPong, "x") + ping + close, {"pong:p", "close:1000:", "(end)"}},
      {"3.4",
       ClientFrame(Opcode::kText, "a") + ClientFrame(Opcode::kText, "b", {.reserved_bits = 4}),
       {"text:a", "close:1002:reserved bits: set, want 0", "(end)"}},
      {"4.1.1", ClientFrame(3, ""), {"close:1002:opcode: reserved", "(end)"}},
      {"5.7", text_a + ping + last_b + close, {"pong:p", "text:ab", "close:1000:", "(end)"}},
      {"5.9", last_b, {"close:1002:opcode: continuation, want a message's beginning", "(end)"}},
      {"6.3.1", ClientFrame(Opcode::kText, "\xED\xA0\x80"), {"close:1007:text: not UTF-8", "(end)"}},
      {"7.1.5", text_a + close, {"close:1000:", "(end)"}},
      {"7.9.1",
       ClientFrame(Opcode::kClose, std::string(2, '\0')),
       {"close:1002:close frame: code not allowed", "(end)"}},
      {"7.3.1", ClientFrame(Opcode::kClose, ""), {"close:", "(end)"}},
  };
  for (const SocketCase& c : cases) {
    for (const size_t piece : {size_t{1}, c.bytes.size()}) {
      SCOPED_TRACE(c.name);
      Peer peer = Connect(true, {});
      for (size_t at = 0; at < c.bytes.size(); at += piece) {
        // An error may have been found before the last byte.
        if (!peer.client->Send(std::string_view(c.bytes).substr(at, piece))) break;
      }
      for (const std::string& answer : c.answers) EXPECT_EQ(Next(peer), answer);
      peer.client->Disconnect();
      EXPECT_TRUE(peer.story->AwaitClosed());
    }
  }
}

// Several publishers, members on both reactors: each member gets every message once, each publisher's in its order.
TEST_F(ReactorPoolTest, EveryMemberGetsEveryMessageInEachPublishersOrder) {
  constexpr int kMembers = 20, kPublishers = 3, kMessages = 300;
  options_.coalescing = absl::Milliseconds(1);
  Start();
  std::vector<Peer> members;
  for (int i = 0; i < kMembers; ++i) {
    members.push_back(Connect(false, {"room"}));
    AwaitOpen(members.back());
  }
  std::vector<std::thread> publishers;
  for (int p = 0; p < kPublishers; ++p) {
    publishers.emplace_back([&, p] {
      for (int i = 0; i < kMessages; ++i) {
        const SharedFrame frame = Text(std::to_string(p) + "-" + std::to_string(i));
        EXPECT_TRUE(pool_->Publish("room", {frame, {}}, FrameClass::kOrdered));
      }
    });
  }
  for (Peer& member : members) {
    std::map<std::string, int> next;
    for (int i = 0; i < kPublishers * kMessages; ++i) {
      const std::string got = Next(member);
      const std::string publisher = got.substr(0, 7);
      ASSERT_EQ(got, publisher + std::to_string(next[publisher]++));
    }
    EXPECT_EQ(next.size(), static_cast<size_t>(kPublishers));
  }
  for (std::thread& publisher : publishers) publisher.join();
}

// One of a hundred readers stalls: it alone is closed, the others miss nothing, and no more than its queue is held.
TEST_F(ReactorPoolTest, StalledReadersHarmNobodyElse) {
  constexpr int kMembers = 100;
  const std::string payload(4000, 'p');
  options_.max_queue_bytes = 100000;
  options_.unsent_limit_bytes = 16 << 10;
  options_.close_timeout = absl::Milliseconds(100);
  Start();
  std::vector<Peer> members;
  for (int i = 0; i < kMembers; ++i) {
    members.push_back(Connect(false, {"room"}));
    AwaitOpen(members.back());
  }
  Peer& stalled = members[kMembers / 2];
  // Until the stalled one is given up: the others read along.
  int published = 0;
  while (stalled.story->closes() == 0) {
    ASSERT_LT(published, 20000);
    ASSERT_TRUE(pool_->Publish("room", {Text(payload + std::to_string(published)), {}}, FrameClass::kOrdered));
    for (Peer& member : members) {
      if (&member == &stalled) continue;
      ASSERT_EQ(Next(member), "text:" + payload + std::to_string(published));
    }
    // The stalled one's queue, and the message that the others may be waiting to leave with.
    EXPECT_LE(metrics_.GetGauge(kQueuedBytes).Value(), options_.max_queue_bytes + kMembers * (payload.size() + 20));
    ++published;
  }
  EXPECT_EQ(stalled.story->Take(), "closed:3008:slow");
  // It wakes up when its socket is closed already, and is told why all the same.
  std::string last;
  for (std::string next = Next(stalled); next != "(end)"; next = Next(stalled)) last = next;
  EXPECT_EQ(last, "close:3008:slow");
  EXPECT_EQ(pool_->connections(), kMembers - 1);
}

TEST_F(ReactorPoolTest, ClientsComeAndGoWhileMessagesFlow) {
  Start();
  std::atomic<bool> done{false};
  std::thread publisher([&] {
    const SharedFrame frame = Text("x");
    while (!done) {
      pool_->Publish("room", {frame, {}}, FrameClass::kLossy);
      std::this_thread::yield();
    }
  });
  std::vector<std::shared_ptr<Story>> stories;
  for (int i = 0; i < 200; ++i) {
    Peer peer = Connect(true, {"room"});
    peer.client->Send(ClientFrame(Opcode::kText, i % 2 == 0 ? "close" : "hello"));
    if (i % 3 == 0) pool_->Send(peer.story->id(), Text("direct"), FrameClass::kReliable);
    if (i % 5 == 0) pool_->Broadcast({{peer.story->id()}}, {Text("listed"), {}}, FrameClass::kOrdered);
    stories.push_back(peer.story);
  }
  for (const auto& story : stories) EXPECT_TRUE(story->AwaitClosed());
  done = true;
  publisher.join();
  for (const auto& story : stories) EXPECT_EQ(story->closes(), 1);
}

TEST_F(ReactorPoolTest, StopTellsEveryClientAndEndsWhenTheyHaveAnswered) {
  Start();
  std::vector<Peer> peers;
  for (int i = 0; i < 10; ++i) {
    peers.push_back(Connect(false, {}));
    AwaitOpen(peers.back());
  }
  std::thread stop([&] { pool_->Stop(kCloseShutdown, "shutdown", absl::Seconds(60)); });
  for (Peer& peer : peers) {
    EXPECT_EQ(Next(peer), "close:3001:shutdown");
    peer.client->Send(ClientFrame(Opcode::kClose, "\x0B\xB9"));
  }
  stop.join();
  for (Peer& peer : peers) EXPECT_EQ(peer.story->Take(), "closed:3001:shutdown");
  EXPECT_FALSE(pool_->Publish("room", {Text("late"), {}}, FrameClass::kOrdered));
  auto [server, client] = TcpPair(listener_);
  EXPECT_EQ(pool_
                ->Adopt({.fd = std::move(server),
                         .handler = std::make_unique<StoryHandler>(std::make_shared<Story>(), false,
                                                                   std::vector<std::string>{})})
                .code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(ReactorPoolTest, StopDoesNotWaitForClientsThatNeverAnswer) {
  Start();
  Peer peer = Connect(false, {});
  AwaitOpen(peer);
  pool_->Stop(kCloseShutdown, "shutdown", absl::Milliseconds(50));
  pool_ = nullptr;
  EXPECT_EQ(peer.story->Take(), "closed:3001:shutdown");
}

}  // namespace
}  // namespace trivium::gateway
