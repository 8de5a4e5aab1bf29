// What the codec refuses and holds beyond Autobahn's cases, and what it writes.
#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

#include "services/gateway/connection/close_code.h"
#include "services/gateway/connection/frame.h"
#include "services/gateway/connection/frame_cases.h"
#include "services/gateway/connection/shared_frame.h"

namespace trivium::gateway {
namespace {

TEST(FrameParser, RefusesTooLongMessagesBeforeTheirPayload) {
  const std::string most(kMaxMessage, 'x');
  const auto header_only = [](uint64_t length) {
    return ClientFrame(kBinary, "", {.length_bytes = 8, .claimed_length = length});
  };
  CheckAll({
      {"just fits", ClientFrame(kBinary, most), "binary:" + Short(most) + "\n"},
      {"one over", header_only(kMaxMessage + 1), "", 1009},
      {"2^63 - 1", header_only(~uint64_t{0} >> 1), "", 1009},
      {"2^63", header_only(uint64_t{1} << 63), "", 1002},
      {"fragments together", Fragment(kBinary, most, false) + Fragment(kMore, "y", true), "", 1009},
      {"empty fragment still fits", Fragment(kBinary, most, false) + Fragment(kMore, "", true),
       "binary:" + Short(most) + "\n"},
  });
}

TEST(FrameParser, RefusesLengthsThatAreNotMinimal) {
  CheckAll({
      {"0 in 2 bytes", ClientFrame(kText, "", {.length_bytes = 2}), "", 1002},
      {"125 in 2 bytes", ClientFrame(kText, std::string(125, 'x'), {.length_bytes = 2}), "", 1002},
      {"126 in 8 bytes", ClientFrame(kText, std::string(126, 'x'), {.length_bytes = 8}), "", 1002},
      {"65535 in 8 bytes", ClientFrame(kText, std::string(65535, 'x'), {.length_bytes = 8}), "", 1002},
      {"ping of 2 bytes length", ClientFrame(kPing, "", {.length_bytes = 2}), "", 1002},
  });
}

TEST(FrameParser, RefusesUnmaskedFramesOfEveryKind) {
  for (const Opcode opcode : {kText, kBinary, kPing, kPong, kCloseFrame}) {
    CheckAll({{"unmasked", ClientFrame(opcode, "", {.masked = false}) + ClientFrame(kText, "x"), "", 1002}});
  }
}

TEST(FrameParser, StopsWhereTheSinkSays) {
  struct Stopper : Record {
    bool OnFrame() override { return ++frames <= 2; }
    int frames = 0;
  } sink;
  BufferPool pool;
  FrameParser parser(100, pool);
  std::string bytes = ClientFrame(kText, "a") + ClientFrame(kText, "b") + ClientFrame(kText, "c");
  EXPECT_FALSE(parser.Parse(bytes, sink));
  EXPECT_FALSE(parser.Parse(bytes, sink));
  EXPECT_EQ(sink.events, "text:a\ntext:b\n");
  EXPECT_EQ(sink.frames, 3);
}

TEST(FrameParser, TruncatedFramesSayNothingAndArePending) {
  const std::string frame = Fragment(kText, "abc", false) + Fragment(kMore, std::string(200, 'x'), true);
  for (size_t cut = 1; cut < frame.size(); ++cut) {
    BufferPool pool;
    Record record;
    FrameParser parser(1000, pool);
    std::string bytes = frame.substr(0, cut);
    EXPECT_FALSE(parser.Parse(bytes, record));
    EXPECT_EQ(record.events, "");
    EXPECT_TRUE(parser.pending());
    EXPECT_LE(parser.buffered_bytes(), cut);
  }
}

TEST(FrameParser, HoldsOnlyWhatHasComeOfAMessage) {
  BufferPool pool;
  Record record;
  FrameParser parser(kMaxMessage, pool);
  std::string bytes = ClientFrame(kBinary, "12345", {.length_bytes = 8, .claimed_length = kMaxMessage});
  EXPECT_FALSE(parser.Parse(bytes, record));
  EXPECT_EQ(parser.buffered_bytes(), 5u);
  EXPECT_EQ(pool.lent(), 1u);
}

TEST(Unmask, AgreesWithTheDefinitionForAllLengthsAndCuts) {
  std::mt19937 random(3);
  for (size_t size = 0; size < 70; ++size) {
    std::string plain(size, '\0'), masked;
    for (char& c : plain) c = static_cast<char>(random());
    const std::string key = {'\x12', '\x34', '\x56', '\x78'};
    for (size_t i = 0; i < size; ++i) masked += static_cast<char>(plain[i] ^ key[i % 4]);
    uint32_t mask;
    std::memcpy(&mask, key.data(), 4);
    const size_t cut = size == 0 ? 0 : random() % size;
    std::string data = masked;
    mask = Unmask(std::span(data).first(cut), mask);
    Unmask(std::span(data).subspan(cut), mask);
    EXPECT_EQ(data, plain) << size << " cut at " << cut;
  }
}

TEST(EncodeHeader, IsReadBackByAClient) {
  for (const size_t size : {0u, 1u, 125u, 126u, 65535u, 65536u, 200000u}) {
    const std::string payload(size, 'p');
    const SharedFrame frame = SharedFrame::Make(kBinary, payload, 42);
    EXPECT_EQ(frame.tag(), 42u);
    EXPECT_EQ(frame.size() - size, size < 126 ? 2u : size < 65536 ? 4u : 10u);
    std::string bytes(frame.bytes());
    EXPECT_EQ(TakeServerFrame(&bytes), (ServerFrame{kBinary, payload}));
    EXPECT_EQ(bytes, "");
  }
}

TEST(ClosePayload, FitsAControlFrame) {
  EXPECT_EQ(ClosePayload(1000, "bye"), std::string("\x03\xE8"
                                                   "bye"));
  EXPECT_EQ(ClosePayload(kCloseNoStatus, "bye"), "");
  EXPECT_EQ(ClosePayload(3000, std::string(500, 'x')).size(), 125u);
  // 41 characters of 3 bytes fit into 123 bytes; one byte before them, and the last is left out whole.
  std::string chinese = "x";
  for (int i = 0; i < 60; ++i) chinese += "\xE4\xB8\xAD";
  EXPECT_EQ(ClosePayload(3000, chinese).size(), 2u + 1 + 40 * 3);
}

}  // namespace
}  // namespace trivium::gateway
