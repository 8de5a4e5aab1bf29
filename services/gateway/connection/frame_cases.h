// Runs the frame parser over bytes cut in every way, and writes down what it says. For tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <ostream>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "services/gateway/connection/client_frame.h"
#include "services/gateway/connection/frame.h"

namespace trivium::gateway {

inline constexpr size_t kMaxMessage = 1 << 20;
inline constexpr auto kText = Opcode::kText, kBinary = Opcode::kBinary, kMore = Opcode::kContinuation;
inline constexpr auto kPing = Opcode::kPing, kPong = Opcode::kPong, kCloseFrame = Opcode::kClose;

inline std::string Short(std::string_view payload) {
  if (payload.size() <= 40) return std::string(payload);
  return std::to_string(payload.size()) + "#" + std::to_string(std::hash<std::string_view>()(payload));
}

// Writes down what the parser says.
class Record : public FrameSink {
 public:
  bool OnFrame() override { return true; }
  bool OnMessage(MessageType type, std::string_view payload) override {
    return Add(type == MessageType::kText ? "text:" : "binary:", payload);
  }
  bool OnPing(std::string_view payload) override { return Add("ping:", payload); }
  bool OnPong(std::string_view payload) override { return Add("pong:", payload); }
  void OnClose(uint16_t code, std::string_view reason) override { Add("close:" + std::to_string(code) + ":", reason); }
  bool Add(std::string what, std::string_view payload) {
    events += what + Short(payload) + "\n";
    return true;
  }
  std::string events;
};

struct Outcome {
  std::string events;
  int error = 0;
  size_t consumed = 0;  // Bytes given until the error was found.
  bool operator==(const Outcome& other) const { return events == other.events && error == other.error; }
};
inline std::ostream& operator<<(std::ostream& out, const Outcome& o) { return out << o.events << "error " << o.error; }

template <typename NextSize>
Outcome ParsePieces(std::string bytes, NextSize next_size) {
  BufferPool pool;
  Record record;
  Outcome outcome;
  {
    FrameParser parser(kMaxMessage, pool);
    for (size_t at = 0; at < bytes.size();) {
      const size_t n = std::min(bytes.size() - at, next_size());
      const FrameError error = parser.Parse(std::span(bytes).subspan(at, n), record);
      at += n;
      if (error && outcome.error == 0) {
        EXPECT_LE(std::string_view(error.reason).size(), 123u);
        outcome.error = error.code;
        outcome.consumed = at;
      }
    }
    EXPECT_TRUE(parser.pending() || pool.lent() == 0) << "an idle connection holds a buffer";
  }
  EXPECT_EQ(pool.lent(), 0u);
  outcome.events = record.events;
  return outcome;
}

// However the bytes are cut, the outcome is the same.
inline Outcome ParseAll(const std::string& bytes) {
  const Outcome whole = ParsePieces(bytes, [&] { return bytes.size(); });
  if (bytes.size() < 5000) {
    EXPECT_EQ(whole, ParsePieces(bytes, [] { return size_t{1}; }));
  }
  EXPECT_EQ(whole, ParsePieces(bytes, [] { return size_t{997}; }));
  std::mt19937 random(7);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(whole, ParsePieces(bytes, [&] { return 1 + random() % 300; }));
  return whole;
}

struct Case {
  const char* name;  // Autobahn's number, and what it is.
  std::string bytes;
  std::string events;
  int error = 0;
};

inline void CheckAll(const std::vector<Case>& cases) {
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(ParseAll(c.bytes), (Outcome{c.events, c.error}));
  }
}

}  // namespace trivium::gateway
