// Floods, deadlines, fan-out and limits.
#include "services/gateway/connection/reactor.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "libs/status/error.h"
#include "services/gateway/connection/reactor_fixture.h"

namespace trivium::gateway {
namespace {

TEST_F(ReactorTest, FloodsAreCutOffAtTheRate) {
  options_.frames_per_second = 50;
  options_.frame_burst = 200;
  const std::pair<const char*, std::string> floods[] = {
      {"pings", ClientFrame(Opcode::kPing, "x")},
      {"pongs", ClientFrame(Opcode::kPong, "")},
      {"tiny frames", ClientFrame(Opcode::kText, "")},
      {"empty fragments", Fragment(Opcode::kContinuation, "", false)},
  };
  for (const auto& [name, frame] : floods) {
    SCOPED_TRACE(name);
    Peer peer = Connect();
    std::string flood = name == std::string("empty fragments") ? Fragment(Opcode::kText, "", false) : "";
    for (int i = 0; i < 2000; ++i) flood += frame;
    peer.client->Send(flood);
    Settle();
    const auto answers = peer.client->Frames();
    ASSERT_FALSE(answers.empty());
    EXPECT_LE(answers.size(), 201u);
    EXPECT_EQ(TestClient::Describe(answers.back()), "close:3013:too many requests");
    peer.client->Disconnect();
    Settle();
    EXPECT_EQ(peer.story->counters().received_frames, 201u);
  }
}

TEST_F(ReactorTest, ASteadyClientBelowTheRateIsLeftAlone) {
  options_.frames_per_second = 50;
  options_.frame_burst = 2;
  Peer peer = Connect();
  for (int i = 0; i < 200; ++i) {
    peer.client->Send(ClientFrame(Opcode::kPing, ""));
    Pass(absl::Milliseconds(20));
  }
  EXPECT_EQ(peer.client->Frames().size(), 200u);
}

TEST_F(ReactorTest, AClientThatDoesNotConnectInTimeIsStale) {
  options_.connect_timeout = absl::Seconds(10);
  Peer silent = Connect(), connected = Connect();
  connected.client->Send(ClientFrame(Opcode::kText, "connect"));
  Pass(absl::Seconds(10));
  EXPECT_EQ(silent.client->Read(), "close:3502:no connect in time");
  EXPECT_EQ(connected.client->Read(), "");
}

TEST_F(ReactorTest, PingsAndClosesWhoeverDoesNotAnswer) {
  Peer dead = Connect({.ping = Text("{}")}), alive = Connect();
  for (Peer* peer : {&dead, &alive}) peer->client->Send(ClientFrame(Opcode::kText, "connect"));
  Settle();
  int pings = 0;
  for (int second = 0; second < 120; ++second) {
    Pass(absl::Seconds(1));
    for (const ServerFrame& frame : alive.client->Frames()) {
      ASSERT_EQ(TestClient::Describe(frame), "ping:");
      ++pings;
      alive.client->Send(ClientFrame(Opcode::kPong, frame.payload));
    }
  }
  EXPECT_GE(pings, 4);
  EXPECT_LE(pings, 5);
  EXPECT_EQ(dead.client->Read(), "text:{} close:3012:no pong");
  EXPECT_EQ(dead.story->Take(), "text:connect closed:3012:no pong");
  EXPECT_EQ(alive.story->Take(), "text:connect");
}

TEST_F(ReactorTest, AMessageThatNeverEndsIsCutOff) {
  Peer slow = Connect(), busy = Connect();
  // Byte by byte, for ever.
  const std::string frame = ClientFrame(Opcode::kText, std::string(1000, 'x'));
  // Always in the middle of some message, but each of them ends.
  const std::string small = ClientFrame(Opcode::kText, "ok");
  busy.client->Send(small.substr(0, 3));
  for (int second = 0; second < 40; ++second) {
    slow.client->Send(frame.substr(static_cast<size_t>(second), 1));
    busy.client->Send(small.substr(3) + small.substr(0, 3));
    Pass(absl::Seconds(1));
  }
  EXPECT_EQ(slow.client->Read(), "close:1008:message: not complete in time");
  EXPECT_EQ(busy.client->Read(), "");
}

TEST_F(ReactorTest, PublishReachesMembersInTheirForm) {
  Peer json = Connect({.form = 0, .joins = {"room:1"}}), protobuf = Connect({.form = 1, .joins = {"room:1"}});
  Peer other = Connect({.joins = {"room:2"}});
  reactor().Publish("room:1", {Text("json"), SharedFrame::Make(Opcode::kBinary, "pb")}, FrameClass::kOrdered);
  reactor().Publish("room:1", {Text("json only"), {}}, FrameClass::kOrdered);
  Settle();
  EXPECT_EQ(json.client->Read(), "text:json text:json only");
  EXPECT_EQ(protobuf.client->Read(), "binary:pb");
  EXPECT_EQ(other.client->Read(), "");
  reactor().Run(json.story->id(), [](Connection& connection) { connection.Leave("room:1"); });
  reactor().Publish("room:1", {Text("gone"), {}}, FrameClass::kOrdered);
  Pass(absl::Seconds(1));
  EXPECT_EQ(json.client->Read(), "");
}

// More have something to write than one turn flushes, and all clients go meanwhile. A connection that was destroyed
// twice gave its place away twice, and the timers of the one that was thrown out of it stayed in the wheel.
TEST_F(ReactorTest, ConnectionsThatEndWhileTheyWaitToBeFlushedAreBuriedOnce) {
  std::vector<Peer> peers;
  for (int i = 0; i < 600; ++i) peers.push_back(Connect({.joins = {"room:1"}}));
  reactor().Publish("room:1", {Text("x"), {}}, FrameClass::kOrdered);
  reactor().Turn(absl::ZeroDuration());
  for (Peer& peer : peers) peer.client->Disconnect();
  Settle();
  EXPECT_EQ(reactor().connections(), 0);
  peers.clear();
  std::set<uint32_t> places;
  for (int i = 0; i < 700; ++i) {
    peers.push_back(Connect({.echo = true}));
    places.insert(peers.back().story->id().slot);
  }
  EXPECT_EQ(places.size(), 700u);
  EXPECT_EQ(reactor().connections(), 700);
  // All timers come up: told to go, then cut off.
  Pass(absl::Hours(2));
  Pass(absl::Hours(1));
  EXPECT_EQ(reactor().connections(), 0);
}

TEST_F(ReactorTest, BroadcastReachesTheOpenOnesOfTheList) {
  Peer a = Connect(), b = Connect({.form = 1}), c = Connect(), gone = Connect();
  std::vector<ConnectionId> ids = {a.story->id(), b.story->id(), gone.story->id(), {99, 0, 0}, {0, 0, 7}};
  gone.client->Disconnect();
  Settle();
  // Takes the slot of the one that has gone, under another id.
  Peer later = Connect();
  reactor().Broadcast(ids, {Text("j"), SharedFrame::Make(Opcode::kBinary, "p")}, FrameClass::kLossy);
  Settle();
  EXPECT_EQ(a.client->Read(), "text:j");
  EXPECT_EQ(b.client->Read(), "binary:p");
  EXPECT_EQ(c.client->Read(), "");
  EXPECT_EQ(later.client->Read(), "");
}

TEST_F(ReactorTest, OneConnectionTooManyIsToldAndRefused) {
  options_.max_connections = 2;
  Peer a = Connect(), b = Connect();
  auto [server, client] = SocketPair();
  auto story = std::make_shared<Story>();
  EXPECT_EQ(ReasonOf(Adopt(std::move(server), story, {})), "CONNECTION_LIMIT");
  TestClient refused(std::move(client));
  EXPECT_EQ(refused.Read(), "close:3504:connection limit");
  EXPECT_TRUE(refused.ended());
  EXPECT_EQ(story->Take(), "");
  a.client->Disconnect();
  Settle();
  Peer next = Connect({.echo = true});
  next.client->Send(ClientFrame(Opcode::kText, "in"));
  Settle();
  EXPECT_EQ(next.client->Read(), "text:in");
}

TEST_F(ReactorTest, AFullQueueRefusesSubmissions) {
  options_.max_submissions = 16;
  Peer peer = Connect();
  int taken = 0;
  for (int i = 0; i < 20; ++i) taken += reactor().Send(peer.story->id(), Text("x"), FrameClass::kOrdered) ? 1 : 0;
  EXPECT_EQ(taken, 16);
  auto [server, client] = SocketPair();
  EXPECT_EQ(ReasonOf(Adopt(std::move(server), std::make_shared<Story>(), {})), "SUBMISSION_QUEUE_FULL");
  EXPECT_EQ(metrics_.GetCounter(kSubmissionsRefused).Value(), 5);
  Settle();
  EXPECT_EQ(peer.client->Frames().size(), 16u);
  EXPECT_EQ(reactor().connections(), 1);
}

TEST_F(ReactorTest, RefusesWhatCannotBeAConnection) {
  EXPECT_EQ(reactor().Adopt({}).code(), absl::StatusCode::kInvalidArgument);
  auto [server, client] = SocketPair();
  EXPECT_EQ(Adopt(std::move(server), std::make_shared<Story>(), {.form = kForms}).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST_F(ReactorTest, AConnectionJoinsSoManyChannelsAndNoMore) {
  options_.max_channels = 3;
  Peer peer = Connect();
  int joined = 0;
  reactor().Run(peer.story->id(), [&](Connection& connection) {
    for (int i = 0; i < 10000; ++i) joined += connection.Join("c" + std::to_string(i)) ? 1 : 0;
  });
  Settle();
  EXPECT_EQ(joined, 3);
}

TEST_F(ReactorTest, DestroyingTheReactorTellsEveryConnection) {
  Peer a = Connect(), b = Connect();
  Send(a, Text("never sent", 5), FrameClass::kReliable);
  Settle(1);
  reactor_.reset();
  EXPECT_EQ(a.story->Take(), "closed:1006:");
  EXPECT_EQ(b.story->Take(), "closed:1006:");
}

// Asks for a timer and for word of writes.
class TimedHandler : public ConnectionHandler {
 public:
  explicit TimedHandler(std::shared_ptr<std::vector<std::string>> told) : told_(std::move(told)) {}
  void OnOpen(Connection& connection) override { connection.SetTimer(absl::Hours(1) + absl::Seconds(2)); }
  void OnMessage(Connection& connection, MessageType, std::string_view payload) override {
    if (payload == "sooner") connection.SetTimer(absl::Hours(1) + absl::Seconds(1));
    if (payload == "never") connection.SetTimer(absl::InfiniteDuration());
    connection.WatchWrites(payload == "watch");
    connection.Send(Text("ok"), FrameClass::kControl);
    told_->push_back("queued " + std::to_string(connection.queued_frames()));
  }
  void OnTimer(Connection&) override { told_->push_back("timer"); }
  void OnWritten(Connection& connection) override {
    told_->push_back("written " + std::to_string(connection.counters().sent_frames));
  }
  void OnClosed(Connection&, const CloseInfo&) override { told_->push_back("closed"); }

 private:
  const std::shared_ptr<std::vector<std::string>> told_;
};

TEST_F(ReactorTest, HandlersTimerFiresOnceAtItsTime) {
  const auto told = std::make_shared<std::vector<std::string>>();
  auto [server, client] = SocketPair();
  TestClient peer(std::move(client));
  ASSERT_TRUE(reactor().Adopt({.fd = std::move(server), .handler = std::make_unique<TimedHandler>(told)}).ok());
  Pass(absl::Milliseconds(1999));
  EXPECT_EQ(*told, std::vector<std::string>{});
  Pass(absl::Milliseconds(1));
  EXPECT_EQ(*told, std::vector<std::string>{"timer"});
  Pass(absl::Minutes(1));
  EXPECT_EQ(told->size(), 1u);
  peer.Send(ClientFrame(Opcode::kText, "sooner"));
  Settle();
  peer.Send(ClientFrame(Opcode::kText, "never"));
  Pass(absl::Seconds(5));
  EXPECT_EQ(*told, (std::vector<std::string>{"timer", "queued 1", "timer", "queued 1"}))
      << "a time that has passed is due at once";
}

TEST_F(ReactorTest, WordOfWritesComesOnlyWhereItIsWanted) {
  const auto told = std::make_shared<std::vector<std::string>>();
  auto [server, client] = SocketPair();
  TestClient peer(std::move(client));
  ASSERT_TRUE(reactor().Adopt({.fd = std::move(server), .handler = std::make_unique<TimedHandler>(told)}).ok());
  Settle();
  for (const char* message : {"watch", "enough"}) {
    peer.Send(ClientFrame(Opcode::kText, message));
    Settle();
  }
  EXPECT_EQ(*told, (std::vector<std::string>{"queued 1", "written 1", "queued 1"}));
}

}  // namespace
}  // namespace trivium::gateway
