// Bytes that no honest client sends.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "libs/http/raw_connection.h"
#include "libs/http/server.h"
#include "libs/telemetry/metrics.h"

namespace trivium::http {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class ServerHostileTest : public testing::Test {
 protected:
  void SetUp() override {
    ServerOptions options;
    options.max_body_bytes = 1000;
    options.max_header_bytes = 2000;
    options.header_timeout = options.body_timeout = options.idle_timeout = absl::Milliseconds(300);
    server_ = std::make_unique<Server>(options, metrics_);
    server_->Handle("GET POST", "/", [](const Request& request) {
      return Response{200, "text/plain", {}, request.body};
    });
    ASSERT_TRUE(server_->Start().ok());
  }
  // All that the server says until it closes.
  std::string Ask(std::string_view bytes) {
    RawConnection connection(server_->port());
    connection.Send(bytes);
    return connection.ReadAll();
  }

  Metrics metrics_;
  std::unique_ptr<Server> server_;
};

TEST_F(ServerHostileTest, MalformedRequestsAreRefusedAndTheConnectionEnds) {
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n", smuggled = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
  const struct {
    std::string bytes;
    const char* want;
  } cases[] = {
      {"\x16\x03\x01\x02\x01\x01\xfc\x03\x03 a TLS hello\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/9.9\r\nHost: a\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
      {"GET /../../etc/passwd HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n", "HTTP/1.1 400 "},
      {"GET / HTTP/1.1\r\nHost: a\r\nName : value\r\n\r\n", "HTTP/1.1 400 "},
      {post + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled, "HTTP/1.1 400 "},
      {post + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" + smuggled, "HTTP/1.1 400 "},
      {post + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde" + smuggled, "HTTP/1.1 400 "},
      {post + "Content-Length: -1\r\n\r\n" + smuggled, "HTTP/1.1 400 "},
      {post + "Content-Length: 18446744073709551617\r\n\r\na" + smuggled, "HTTP/1.1 400 "},
      {post + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + smuggled, "HTTP/1.1 501 "},
      {post + "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" + smuggled, "HTTP/1.1 501 "},
      {post + "Transfer-Encoding: chunked\r\n\r\n5;a=b\r\nabcde\r\n0\r\n\r\n" + smuggled, "HTTP/1.1 400 "},
      {post + "Transfer-Encoding: chunked\r\n\r\n5;\nabcde\r\n0\r\n\r\n" + smuggled, "HTTP/1.1 400 "},
      {post + "Transfer-Encoding: chunked\r\n\r\n5 \r\nabcde\r\n0\r\n\r\n" + smuggled, "HTTP/1.1 400 "},
      {post + "Transfer-Encoding: chunked\r\n\r\n-5\r\nabcde\r\n0\r\n\r\n" + smuggled, "HTTP/1.1 400 "},
      {post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcde\r\n0\r\n\r\n" + smuggled, "HTTP/1.1 400 "},
      {post + "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n" + smuggled, "HTTP/1.1 400 "},
      {post + "Expect: magic\r\nContent-Length: 1\r\n\r\n", "HTTP/1.1 417 "},
  };
  for (const auto& c : cases) {
    const std::string answer = Ask(c.bytes);
    EXPECT_THAT(answer, StartsWith(c.want)) << c.bytes;
    EXPECT_THAT(answer, Not(HasSubstr(" 404 "))) << "smuggled: " << c.bytes;
    EXPECT_THAT(answer, Not(HasSubstr("(timeout)"))) << c.bytes;
  }
}

TEST_F(ServerHostileTest, TooLargeHeadsAndBodies) {
  const std::string post = "POST / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_THAT(Ask(absl::StrCat("GET / HTTP/1.1\r\nHost: a\r\nX: ", std::string(100000, 'x'), "\r\n\r\n")),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(Ask(absl::StrCat("GET /", std::string(5000, 'x'), " HTTP/1.1\r\nHost: a\r\n\r\n")),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(Ask(absl::StrCat(post, "Content-Length: 1000\r\n\r\n", std::string(1000, 'x'))),
              StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(Ask(absl::StrCat(post, "Content-Length: 1001\r\n\r\n", std::string(1001, 'x'))),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(Ask(absl::StrCat(post, "Content-Length: 500000\r\n\r\n", std::string(500000, 'x'))),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(Ask(absl::StrCat(post, "Transfer-Encoding: chunked\r\n\r\n258\r\n", std::string(600, 'x'), "\r\n258\r\n",
                               std::string(600, 'x'))),
              StartsWith("HTTP/1.1 413 "));
}

TEST_F(ServerHostileTest, ATrailerIsNoHeaderAndNoSecondBody) {
  const std::string answer =
      Ask("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nContent-Length: 50\r\nX: "
          "y\r\n\r\n"
          "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, Not(HasSubstr(" 500 ")));
  EXPECT_THAT(answer, Not(HasSubstr("(timeout)")));
}

TEST_F(ServerHostileTest, SlowClientsAreCutOff) {
  RawConnection silent(server_->port()), head(server_->port()), body(server_->port());
  const absl::Time start = absl::Now();
  body.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
  bool open = true;
  // A byte now and then does not extend the time.
  for (int i = 0; i < 1000 && open; ++i) {
    open = head.Send("G");
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_FALSE(open);
  EXPECT_EQ(silent.ReadAll(), "");
  EXPECT_EQ(body.ReadAll(), "");
  EXPECT_LT(absl::Now() - start, absl::Seconds(15));
}

TEST_F(ServerHostileTest, ManyChunksOfOneByteAreWithinTheLimits) {
  std::string bytes = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 999; ++i) bytes += "1\r\nx\r\n";
  EXPECT_THAT(Ask(bytes + "0\r\n\r\n"), HasSubstr(std::string(999, 'x')));
}

TEST_F(ServerHostileTest, AbandonedRequestsLeaveTheServerServing) {
  for (int i = 0; i < 200; ++i) {
    RawConnection connection(server_->port());
    connection.Send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nabc");
  }
  EXPECT_THAT(Ask("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), StartsWith("HTTP/1.1 200 "));
}

}  // namespace
}  // namespace trivium::http
