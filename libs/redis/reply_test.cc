// Replies: what is parsed, what is refused, and what their accessors answer.
#include "libs/redis/reply.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "libs/redis/reply_reader.h"
#include "libs/status/error.h"

namespace trivium::redis {
namespace {

// A reply in a form that can be compared.
std::string Show(const Reply& reply) {
  if (const auto number = reply.Integer(); number.ok()) return absl::StrCat(*number);
  if (const auto text = reply.Text(); text.ok()) return "'" + *text + "'";
  if (!reply.error().empty()) return "error '" + std::string(reply.error()) + "'";
  const auto elements = reply.Array();
  if (!elements.ok()) return "nil";
  std::string shown;
  for (const Reply& element : *elements) absl::StrAppend(&shown, shown.empty() ? "" : ", ", Show(element));
  return "[" + shown + "]";
}

const struct {
  const char* wire;
  const char* shown;
} kReplies[] = {
    {"+OK\r\n", "'OK'"},
    {"+\r\n", "''"},
    {"-WRONGTYPE bad\r\n", "error 'WRONGTYPE bad'"},
    {":-9223372036854775808\r\n", "-9223372036854775808"},
    {"$-1\r\n", "nil"},
    {"*-1\r\n", "nil"},
    {"$0\r\n\r\n", "''"},
    {"$5\r\na\r\nbc\r\n", "'a\r\nbc'"},
    {"*0\r\n", "[]"},
    {"*3\r\n:1\r\n*2\r\n$1\r\nx\r\n$-1\r\n-ERR e\r\n", "[1, ['x', nil], error 'ERR e']"},
};

TEST(ReplyReaderTest, ReadsWholeReplies) {
  for (const auto& c : kReplies) {
    ReplyReader reader;
    reader.Feed(c.wire);
    const auto reply = reader.Next();
    ASSERT_TRUE(reply.ok() && reply->has_value()) << c.wire;
    EXPECT_EQ(Show(**reply), c.shown);
    EXPECT_TRUE(reader.empty());
  }
}

TEST(ReplyReaderTest, ReadsRepliesThatComeByteByByteAndBackToBack) {
  ReplyReader reader;
  for (const auto& c : kReplies) {
    const std::string wire = c.wire;
    for (size_t i = 0; i < wire.size(); ++i) {
      reader.Feed(wire.substr(i, 1));
      EXPECT_FALSE(reader.empty());
      const auto reply = reader.Next();
      ASSERT_TRUE(reply.ok()) << reply.status();
      ASSERT_EQ(reply->has_value(), i + 1 == wire.size()) << wire << " at " << i;
      if (reply->has_value()) {
        EXPECT_EQ(Show(**reply), c.shown);
      }
    }
  }
}

TEST(ReplyReaderTest, GarbageAndWhatIsOverTheLimitsIsAnError) {
  const ReplyLimits limits = {.bytes = 100, .elements = 10};
  const std::string deep = "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n";
  const std::string cases[] = {
      "HTTP/1.1 400 Bad Request\r\n\r\n",
      "\x16\x03\x01\x02",
      "*11\r\n",
      "*2000000000\r\n",
      "*6\r\n*6\r\n",
      "*99999999999999999999\r\n",
      "$-2\r\n",
      ":12a\r\n",
      "$101\r\n" + std::string(101, 'x') + "\r\n",
      "$1000000\r\n" + std::string(200, 'x'),
      "*2\r\n$60\r\n" + std::string(60, 'x') + "\r\n$60\r\n" + std::string(60, 'x') + "\r\n",
      "+" + std::string(200, 'x'),
      deep,
      std::string("\0\0\0\0", 4),
  };
  for (const std::string& wire : cases) {
    ReplyReader reader(limits);
    reader.Feed(wire);
    EXPECT_EQ(reader.Next().status().code(), absl::StatusCode::kDataLoss) << wire;
    reader.Feed("+OK\r\n");
    EXPECT_FALSE(reader.Next().ok()) << "goes on after: " << wire;
  }
}

TEST(ReplyReaderTest, LimitsCountForEachReplyAnew) {
  ReplyReader reader({.bytes = 100, .elements = 10});
  const std::string wire = "*8\r\n:1\r\n:2\r\n:3\r\n:4\r\n:5\r\n:6\r\n:7\r\n$80\r\n" + std::string(80, 'x') + "\r\n";
  for (int i = 0; i < 5; ++i) {
    reader.Feed(wire);
    const auto reply = reader.Next();
    ASSERT_TRUE(reply.ok() && reply->has_value()) << reply.status();
  }
}

TEST(ReplyReaderTest, HalfAReplyIsFreed) {
  ReplyReader reader;
  reader.Feed("*3\r\n$5\r\nabcde\r\n*2\r\n");
  const auto reply = reader.Next();
  ASSERT_TRUE(reply.ok());
  EXPECT_FALSE(reply->has_value());
}

TEST(ReplyTest, AccessorsAnswerAStatusForTheWrongType) {
  const Reply array = Reply::OfArray({Reply::OfInteger(1)}), text = Reply::OfString("12x"), nil;
  EXPECT_EQ(array.Integer().status().message(), "reply: an array, want an integer");
  EXPECT_EQ(text.Integer().status().message(), "reply: a string, want an integer");
  EXPECT_EQ(nil.Text().status().message(), "reply: nil, want a string");
  EXPECT_EQ(text.Number().status().message(), "reply: a string, want a decimal number");
  EXPECT_EQ(Reply(text).Text().value(), "12x");
  EXPECT_EQ(array.Tuple(2).status().message(), "reply: an array of 1, want one of 2");
  EXPECT_EQ(text.Tuple(2).status().message(), "reply: a string, want an array of 2");
  EXPECT_EQ(ReasonOf(nil.Array().status()), "REDIS_REPLY_UNEXPECTED");
  EXPECT_EQ(ReasonOf(Reply::OfError("OOM command not allowed").Integer().status()), "REDIS_OUT_OF_MEMORY");
  EXPECT_EQ(text.error(), "");
}

TEST(ReplyTest, NumbersComeAsIntegersAndAsStrings) {
  EXPECT_EQ(Reply::OfString("-42").Number().value(), -42);
  EXPECT_EQ(Reply::OfInteger(7).Number().value(), 7);
  EXPECT_FALSE(Reply::OfString("99999999999999999999").Number().ok());
}

}  // namespace
}  // namespace trivium::redis
