#include "libs/client_connection/websocket.h"

#include <gtest/gtest.h>

#include "libs/client_connection/back_off.h"

namespace trivium::client {
namespace {

// RFC 6455, 1.3.
const Handshake kHandshake{"127.0.0.1:1", "/connection/websocket", "centrifuge-json", "dGhlIHNhbXBsZSBub25jZQ==", ""};
constexpr char kAnswer[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: centrifuge-json\r\n\r\n";

TEST(Handshake, AsksAndChecks) {
  EXPECT_EQ(HandshakeRequest(kHandshake),
            "GET /connection/websocket HTTP/1.1\r\nHost: 127.0.0.1:1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Protocol: centrifuge-json\r\n\r\n");
  const std::string answer = std::string(kAnswer) + "rest";
  EXPECT_EQ(*CheckHandshakeAnswer(kHandshake, answer), sizeof(kAnswer) - 1);
  for (size_t n = 0; n < sizeof(kAnswer) - 1; ++n) {
    EXPECT_EQ(*CheckHandshakeAnswer(kHandshake, answer.substr(0, n)), 0u) << n;
  }
}

TEST(Handshake, RefusesOtherAnswers) {
  const auto message = [](std::string answer, const std::string& from, const std::string& to) {
    answer.replace(answer.find(from), from.size(), to);
    return std::string(CheckHandshakeAnswer(kHandshake, answer).status().message());
  };
  EXPECT_EQ(message(kAnswer, "101 Switching Protocols", "403 Forbidden"),
            "handshake: 'HTTP/1.1 403 Forbidden', want 101");
  EXPECT_NE(message(kAnswer, "s3pP", "xxxx").find("Sec-WebSocket-Accept"), std::string::npos);
  EXPECT_NE(message(kAnswer, "centrifuge-json", "graphql").find("'graphql'"), std::string::npos);
  EXPECT_FALSE(CheckHandshakeAnswer(kHandshake, std::string(20'000, 'x')).ok());
}

TEST(AppendClientFrame, MasksInEveryLengthForm) {
  for (const size_t size : {size_t{0}, size_t{125}, size_t{126}, size_t{65535}, size_t{65536}}) {
    std::string frame;
    const std::string payload(size, 'a');
    AppendClientFrame(Opcode::kText, payload, 0x04030201, &frame);
    const size_t head = size < 126 ? 2 : size <= 65535 ? 4 : 10;
    ASSERT_EQ(frame.size(), head + 4 + size);
    EXPECT_EQ(static_cast<uint8_t>(frame[0]), 0x81);
    EXPECT_NE(frame[1] & 0x80, 0);
    std::string unmasked = frame.substr(head + 4);
    for (size_t i = 0; i < unmasked.size(); ++i) unmasked[i] = static_cast<char>(unmasked[i] ^ frame[head + i % 4]);
    EXPECT_EQ(unmasked, payload);
  }
}

std::string ServerFrame(int b0, const std::string& payload) {
  std::string frame{static_cast<char>(b0)};
  if (payload.size() < 126) {
    frame += static_cast<char>(payload.size());
  } else {
    frame += {126, static_cast<char>(payload.size() >> 8), static_cast<char>(payload.size() & 0xff)};
  }
  return frame + payload;
}

TEST(MessageReader, ReadsPiecesOfAnySize) {
  const std::string big(1000, 'b');
  const std::string bytes = ServerFrame(0x81, "one") + ServerFrame(0x02, "tw") + ServerFrame(0x89, "ping") +
                            ServerFrame(0x80, "o") + ServerFrame(0x82, big) +
                            ServerFrame(0x88, std::string("\x0b\xb9"
                                                          "bye",
                                                          5));
  for (const size_t piece : {size_t{1}, size_t{7}, bytes.size()}) {
    MessageReader reader;
    std::string said;
    for (size_t at = 0; at < bytes.size(); at += piece) {
      reader.Append(std::string_view(bytes).substr(at, piece));
      while (true) {
        const auto next = reader.Next();
        ASSERT_TRUE(next.ok()) << next.status();
        if (!next->has_value()) break;
        said +=
            std::to_string(static_cast<int>((*next)->opcode)) + ":" +
            ((*next)->opcode == Opcode::kClose ? ParseClose((*next)->payload).reason : std::string((*next)->payload)) +
            " ";
      }
    }
    EXPECT_EQ(said, "1:one 9:ping 2:two 2:" + big + " 8:bye ");
  }
  EXPECT_EQ(ParseClose(std::string("\x0b\xb9", 2)).code, 3001u);
  EXPECT_EQ(ParseClose("").code, 1005u);
}

TEST(MessageReader, RefusesWhatAServerMustNotSend) {
  for (const std::string& bytes :
       {ServerFrame(0xc1, "x"), std::string("\x81\x81xxxxy", 7), ServerFrame(0x80, "x"),
        ServerFrame(0x01, "x") + ServerFrame(0x81, "y"), ServerFrame(0x81, std::string(101, 'x'))}) {
    MessageReader reader(100);
    reader.Append(bytes);
    EXPECT_FALSE(reader.Next().ok());
  }
}

TEST(BackOff, GrowsWithJitterToAMaximumAndStartsAnew) {
  BackOff back_off(absl::Milliseconds(100), absl::Seconds(2), 7);
  absl::Duration most = absl::ZeroDuration();
  for (int i = 0; i < 200; ++i) {
    const absl::Duration next = back_off.Next();
    EXPECT_GE(next, absl::ZeroDuration());
    EXPECT_LE(next, std::min(absl::Seconds(2), absl::Milliseconds(100) * (int64_t{1} << std::min(i, 16))));
    most = std::max(most, next);
  }
  EXPECT_GT(most, absl::Seconds(1));
  back_off.Succeeded();
  EXPECT_LE(back_off.Next(), absl::Milliseconds(100));
}

TEST(MayReconnect, ByTheCodeAlone) {
  for (const uint32_t code : {0u, 1006u, 3001u, 3499u, 4000u, 4499u}) EXPECT_TRUE(MayReconnect(code)) << code;
  for (const uint32_t code : {3500u, 3999u, 4500u, 4999u}) EXPECT_FALSE(MayReconnect(code)) << code;
}

}  // namespace
}  // namespace trivium::client
