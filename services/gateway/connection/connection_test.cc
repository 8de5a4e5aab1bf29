// Messages, closing and coalescing of a connection.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "services/gateway/connection/reactor_fixture.h"

namespace trivium::gateway {
namespace {

TEST_F(ReactorTest, DeliversMessagesAndAnswers) {
  Peer peer = Connect({.echo = true});
  peer.client->Send(ClientFrame(Opcode::kText, "Schön") + ClientFrame(Opcode::kBinary, "\x01\x02"));
  Settle();
  EXPECT_EQ(peer.story->Take(), "text:Schön binary:\x01\x02");
  EXPECT_EQ(peer.client->Read(), "text:Schön binary:\x01\x02");
}

TEST_F(ReactorTest, BytesReadBehindTheHandshakeComeFirst) {
  const std::string frames = ClientFrame(Opcode::kText, "first") + ClientFrame(Opcode::kText, "second");
  Peer peer = Connect({.early_bytes = frames.substr(0, 13)});
  peer.client->Send(frames.substr(13));
  Settle();
  EXPECT_EQ(peer.story->Take(), "text:first text:second");
}

TEST_F(ReactorTest, MessagesInPiecesOfAnySizeArriveWhole) {
  Peer peer = Connect({.echo = true});
  const std::string message(60000, 'm');
  std::string bytes;
  for (size_t at = 0; at < message.size(); at += 1300) {
    bytes += Fragment(at == 0 ? Opcode::kText : Opcode::kContinuation, message.substr(at, 1300),
                      at + 1300 >= message.size());
    bytes += ClientFrame(Opcode::kPing, "between");
  }
  for (size_t at = 0; at < bytes.size(); at += 777) {
    ASSERT_TRUE(peer.client->Send(std::string_view(bytes).substr(at, 777)));
    reactor().Turn(absl::ZeroDuration());
  }
  Settle();
  EXPECT_EQ(peer.story->Take(), "text:60000");
  const auto frames = peer.client->Frames();
  ASSERT_EQ(frames.size(), 48u);
  const ServerFrame pong{Opcode::kPong, "between"}, echo{Opcode::kText, message};
  for (size_t i = 0; i < frames.size(); ++i) EXPECT_EQ(frames[i], i == 46 ? echo : pong) << i;
}

TEST_F(ReactorTest, PongsComeInOrderWithTheirPayloads) {
  Peer peer = Connect();
  std::string pings, pongs;
  for (int i = 0; i < 10; ++i) {
    pings += ClientFrame(Opcode::kPing, std::to_string(i));
    pongs += (i == 0 ? "pong:" : " pong:") + std::to_string(i);
  }
  peer.client->Send(pings);
  Settle();
  EXPECT_EQ(peer.client->Read(), pongs);
}

struct Failure {
  const char* name;
  std::string bytes;
  std::string close;
};

TEST_F(ReactorTest, MalformedFramesAreRefusedWithTheirCode) {
  options_.max_message_bytes = 1000;
  const Failure failures[] = {
      {"reserved bit", ClientFrame(Opcode::kText, "x", {.reserved_bits = 4}), "close:1002:reserved bits: set, want 0"},
      {"unmasked", ClientFrame(Opcode::kText, "x", {.masked = false}),
       "close:1002:mask: none, want client frames masked"},
      {"UTF-8", ClientFrame(Opcode::kText, "\xFF"), "close:1007:text: not UTF-8"},
      {"too long", ClientFrame(Opcode::kText, std::string(1001, 'x')), "close:1009:message: too long"},
      {"close of 1 byte", ClientFrame(Opcode::kClose, "x"), "close:1002:close frame: 1 byte, want a code of 2"},
  };
  for (const Failure& failure : failures) {
    SCOPED_TRACE(failure.name);
    Peer peer = Connect();
    // What follows is dropped, and does not turn the answer into a reset.
    peer.client->Send(ClientFrame(Opcode::kText, "good") + failure.bytes + std::string(100000, 'z'));
    Settle();
    EXPECT_EQ(peer.client->Read(), failure.close);
    EXPECT_TRUE(peer.client->ended());
    EXPECT_EQ(peer.story->Take(), "text:good");
    peer.client->Disconnect();
    Settle();
    EXPECT_EQ(peer.story->Take().substr(0, 11), "closed:" + failure.close.substr(6, 4));
  }
}

TEST_F(ReactorTest, AFailedClientThatGoesOnSendingIsCutOff) {
  Peer peer = Connect();
  peer.client->Send(ClientFrame(Opcode::kText, "\xFF"));
  for (int i = 0; i < 100 && peer.story->closes() == 0; ++i) {
    peer.client->Send(std::string(100000, 'z'));
    Settle();
  }
  EXPECT_EQ(peer.story->Take(), "closed:1007:text: not UTF-8");
}

TEST_F(ReactorTest, AnswersTheClientsCloseWithItsCode) {
  const std::pair<std::string, std::string> cases[] = {{std::string("\x0F\xA0"
                                                                    "bye"),
                                                        "closed:4000:bye:peer"},
                                                       {"", "closed:1005::peer"}};
  for (const auto& [payload, story] : cases) {
    Peer peer = Connect();
    peer.client->Send(ClientFrame(Opcode::kClose, payload) + ClientFrame(Opcode::kText, "late"));
    peer.client->HalfClose();
    Settle();
    EXPECT_EQ(peer.client->Frames(), (std::vector<ServerFrame>{{Opcode::kClose, payload}}));
    EXPECT_TRUE(peer.client->ended());
    EXPECT_EQ(peer.story->Take(), story);
  }
}

TEST_F(ReactorTest, ClosesAfterWhatIsQueuedAndWaitsForTheAnswer) {
  Peer peer = Connect();
  Send(peer, Text("last"), FrameClass::kOrdered);
  reactor().Close(peer.story->id(), 3001, "shutdown");
  Send(peer, Text("too late"), FrameClass::kOrdered);
  Settle();
  EXPECT_EQ(peer.client->Read(), "text:last close:3001:shutdown");
  peer.client->Send(ClientFrame(Opcode::kText, "ignored"));
  Settle();
  EXPECT_EQ(peer.story->Take(), "");
  peer.client->Send(ClientFrame(Opcode::kClose, "\x0B\xB9"));
  Settle();
  EXPECT_EQ(peer.story->Take(), "closed:3001:shutdown");
}

TEST_F(ReactorTest, AClientThatNeverAnswersACloseIsCutOff) {
  Peer peer = Connect();
  reactor().Close(peer.story->id(), 3001, "shutdown");
  Settle();
  Pass(options_.close_timeout - absl::Milliseconds(1));
  EXPECT_EQ(peer.story->Take(), "");
  Pass(absl::Milliseconds(1));
  EXPECT_EQ(peer.story->Take(), "closed:3001:shutdown");
  peer.client->Read();
  EXPECT_TRUE(peer.client->ended());
}

TEST_F(ReactorTest, AnEndWithoutACloseFrameIsAbnormal) {
  Peer half = Connect(), gone = Connect();
  half.client->HalfClose();
  gone.client->Disconnect();
  Settle();
  EXPECT_EQ(half.story->Take(), "closed:1006:");
  EXPECT_EQ(gone.story->Take(), "closed:1006:");
  EXPECT_EQ(reactor().connections(), 0);
}

TEST_F(ReactorTest, AHandlerMayCloseInsideOnMessage) {
  Peer peer = Connect({.echo = true});
  peer.client->Send(ClientFrame(Opcode::kText, "close") + ClientFrame(Opcode::kText, "more"));
  Settle();
  EXPECT_EQ(peer.client->Read(), "close:4001:as you wish");
  EXPECT_EQ(peer.story->Take(), "text:close");
}

TEST_F(ReactorTest, FramesThatArriveTogetherLeaveInOneWrite) {
  Peer peer = Connect();
  double writes = Writes();
  for (int i = 0; i < 5; ++i) Send(peer, Text(std::to_string(i)), FrameClass::kOrdered);
  Settle();
  EXPECT_EQ(peer.client->Read(), "text:0 text:1 text:2 text:3 text:4");
  EXPECT_EQ(Writes() - writes, 1);

  // It has just written: the next wait for the window's end, together.
  writes = Writes();
  for (int i = 5; i < 8; ++i) {
    Send(peer, Text(std::to_string(i)), FrameClass::kOrdered);
    Pass(absl::Milliseconds(1));
    EXPECT_EQ(peer.client->Read(), "");
  }
  Pass(options_.coalescing - absl::Milliseconds(3));
  EXPECT_EQ(peer.client->Read(), "text:5 text:6 text:7");
  EXPECT_EQ(Writes() - writes, 1);

  // After a pause nothing waits.
  Pass(options_.coalescing);
  Send(peer, Text("8"), FrameClass::kOrdered);
  Settle();
  EXPECT_EQ(peer.client->Read(), "text:8");
}

TEST_F(ReactorTest, TheWindowGrowsWhileTheReactorDoesNotKeepUp) {
  Peer peer = Connect();
  for (int i = 0; i < 50; ++i) {
    // Work that takes ten milliseconds, again and again.
    reactor().Post([this] { clock_.Advance(absl::Milliseconds(10)); });
    reactor().Turn(absl::ZeroDuration());
  }
  Send(peer, Text("a"), FrameClass::kOrdered);
  Settle();
  EXPECT_EQ(peer.client->Read(), "text:a");
  Send(peer, Text("b"), FrameClass::kOrdered);
  Pass(options_.coalescing + absl::Milliseconds(1));
  EXPECT_EQ(peer.client->Read(), "");
  Pass(options_.max_coalescing);
  EXPECT_EQ(peer.client->Read(), "text:b");
}

TEST_F(ReactorTest, AnswersDoNotWaitForTheWindowAndTakeTheRestAlong) {
  Peer peer = Connect();
  Send(peer, Text("a"), FrameClass::kOrdered);
  Settle();
  Send(peer, Text("b"), FrameClass::kOrdered);
  Settle();
  EXPECT_EQ(peer.client->Read(), "text:a");
  Send(peer, Text("answer"), FrameClass::kControl);
  Settle();
  EXPECT_EQ(peer.client->Read(), "text:b text:answer");
}

TEST_F(ReactorTest, MoreFramesThanOneWriteCarriesAllArriveInOrder) {
  Peer peer = Connect();
  std::string want;
  reactor().Run(peer.story->id(), [&](Connection& connection) {
    for (int i = 0; i < 3000; ++i) {
      connection.Send(Text(std::to_string(i)), FrameClass::kOrdered);
      want += (i == 0 ? "text:" : " text:") + std::to_string(i);
    }
  });
  std::string got;
  for (int i = 0; i < 20; ++i) {
    Settle();
    if (const std::string some = peer.client->Read(); !some.empty()) got += (got.empty() ? "" : " ") + some;
  }
  EXPECT_EQ(got, want);
}

}  // namespace
}  // namespace trivium::gateway
