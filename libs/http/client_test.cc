#include "libs/http/client.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "libs/http/server.h"
#include "libs/telemetry/metrics.h"
#include "libs/telemetry/trace.h"

namespace trivium::http {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// A server that does with each connection what a test says, and counts the requests that it read.
class CrookedServer {
 public:
  explicit CrookedServer(std::function<void(int fd, int nth)> serve) : fd_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(listen(fd_, 10), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this, serve] {
      for (int n = 0;; ++n) {
        const int client = accept(fd_, nullptr, nullptr);
        if (client < 0) return;
        serve(client, n);
        close(client);
      }
    });
  }
  ~CrookedServer() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }
  std::string url() const { return absl::StrCat("http://127.0.0.1:", port_, "/"); }

 private:
  const int fd_;
  int port_ = 0;
  std::thread thread_;
};

// Whether anything came.
bool ReadSome(int fd) {
  char bytes[4096];
  return read(fd, bytes, sizeof(bytes)) > 0;
}
void Say(int fd, std::string_view text) { (void)!send(fd, text.data(), text.size(), MSG_NOSIGNAL); }

class ClientTest : public testing::Test {
 protected:
  ClientTest() : server_({.name = "test"}, metrics_) {
    server_.Handle("GET POST PUT DELETE", "/echo", [](const Request& request) {
      std::string lines = absl::StrCat(request.method, "\n");
      for (const auto& [name, value] : request.headers) absl::StrAppend(&lines, name, "=", value, "\n");
      return Response{201, "text/plain", {{"X-Answer", "yes"}}, absl::StrCat(lines, "\n", request.body)};
    });
    server_.Handle("GET", "/redirect", [](const Request&) {
      return Response{302, "text/plain", {{"Location", "/echo"}}, ""};
    });
    server_.Handle("GET", "/large", [](const Request&) {
      return Response{200, "text/plain", {}, std::string(2000, 'x')};
    });
    EXPECT_TRUE(server_.Start().ok());
  }
  std::string Url(std::string_view path) {
    return absl::StrCat("http://127.0.0.1:", server_.port()) + std::string(path);
  }

  Metrics metrics_;
  Server server_;
  Client client_{4};
};

TEST_F(ClientTest, SendsMethodHeadersAndBody) {
  const auto response = client_.Send({.method = "POST",
                                      .url = Url("/echo"),
                                      .headers = {{"X-One", "1"}, {"X-Empty", ""}},
                                      .body = std::string("a\0b", 3)});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->content_type, "text/plain");
  EXPECT_THAT(response->headers, testing::Contains(testing::Pair("x-answer", "yes")));
  EXPECT_THAT(response->body, StartsWith("POST\n"));
  EXPECT_THAT(response->body, HasSubstr("x-one=1\n"));
  EXPECT_THAT(response->body, HasSubstr("x-empty=\n"));
  EXPECT_THAT(response->body, testing::Not(HasSubstr("traceparent")));
  EXPECT_THAT(response->body, testing::Not(HasSubstr("expect")));
  EXPECT_THAT(response->body, testing::EndsWith(std::string("\n\na\0b", 5)));
}

TEST_F(ClientTest, UsesEveryMethod) {
  for (const char* method : {"GET", "PUT", "DELETE"}) {
    EXPECT_THAT(client_.Send({.method = method, .url = Url("/echo")})->body, StartsWith(method));
  }
  const auto head = client_.Send({.method = "HEAD", .url = Url("/echo")});
  EXPECT_EQ(head->status, 201);
  EXPECT_EQ(head->body, "");
}

TEST_F(ClientTest, SendsTheTraceOn) {
  const ScopedTrace trace(TraceContext::NewRoot(), "acme");
  EXPECT_THAT(client_.Send({.url = Url("/echo")})->body,
              HasSubstr(absl::StrCat("traceparent=00-", ScopedTrace::Current()->trace_id, "-")));
}

TEST_F(ClientTest, FollowsNoRedirect) { EXPECT_EQ(client_.Send({.url = Url("/redirect")})->status, 302); }

TEST_F(ClientTest, RefusesBadRequests) {
  for (const ClientRequest& bad : std::vector<ClientRequest>{{.url = "file:///etc/passwd"},
                                                             {.url = "http://"},
                                                             {.method = "GET /x HTTP/1.1\r\nA: b", .url = Url("/echo")},
                                                             {.url = Url("/echo"), .headers = {{"A", "b\r\nC: d"}}},
                                                             {.url = Url("/echo"), .headers = {{"A: b", "c"}}}}) {
    EXPECT_EQ(client_.Send(bad).status().code(), absl::StatusCode::kInvalidArgument) << bad.url;
  }
}

TEST_F(ClientTest, NobodyThereIsSurelyNotSent) {
  const std::string url = Url("/echo");
  server_.Stop();
  EXPECT_EQ(client_.Send({.method = "POST", .url = url}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(client_.Send({.url = "http://name.invalid/"}).status().code(), absl::StatusCode::kUnavailable);
  // Speaks TLS to a port that does not.
  CrookedServer plain([](int fd, int) {
    ReadSome(fd);
    Say(fd, "HTTP/1.1 400 Bad Request\r\n\r\n");
  });
  EXPECT_EQ(client_.Send({.method = "POST", .url = "https" + plain.url().substr(4)}).status().code(),
            absl::StatusCode::kUnavailable);
}

TEST_F(ClientTest, ACutAnswerIsUnknown) {
  for (const char* answer :
       {"", "HTTP/1.1 200", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "not HTTP at all\r\n\r\n"}) {
    CrookedServer server([&](int fd, int) {
      ReadSome(fd);
      Say(fd, answer);
    });
    EXPECT_EQ(client_.Send({.method = "POST", .url = server.url(), .body = "x"}).status().code(),
              absl::StatusCode::kUnknown)
        << answer;
  }
  EXPECT_EQ(client_.Send({.url = Url("/large"), .max_body_bytes = 1999}).status().code(), absl::StatusCode::kUnknown);
  EXPECT_TRUE(client_.Send({.url = Url("/large"), .max_body_bytes = 2000}).ok());
}

TEST_F(ClientTest, NoAnswerInTimeIsDeadlineExceeded) {
  CrookedServer server([](int fd, int) {
    ReadSome(fd);
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  });
  EXPECT_EQ(client_.Send({.method = "POST", .url = server.url(), .timeout = absl::Milliseconds(100)}).status().code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_F(ClientTest, APostIsNotRepeatedOnANewConnection) {
  std::atomic<int> requests{0};
  CrookedServer server([&](int fd, int) {
    requests += ReadSome(fd);
    Say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    // The second request is read, perhaps acted on, and not answered.
    requests += ReadSome(fd);
  });
  ASSERT_TRUE(client_.Send({.method = "POST", .url = server.url(), .body = "1"}).ok());
  EXPECT_EQ(client_.Send({.method = "POST", .url = server.url(), .body = "2"}).status().code(),
            absl::StatusCode::kUnknown);
  EXPECT_EQ(requests, 2);
}

TEST_F(ClientTest, WaitsForAFreeConnectionAtMostTheTimeout) {
  Client one(1);
  std::atomic<bool> busy{false};
  CrookedServer server([&](int fd, int) {
    ReadSome(fd);
    busy = true;
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
    Say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  std::thread first([&] { EXPECT_TRUE(one.Send({.url = server.url()}).ok()); });
  while (!busy) std::this_thread::yield();
  EXPECT_EQ(one.Send({.url = server.url(), .timeout = absl::Milliseconds(20)}).status().code(),
            absl::StatusCode::kUnavailable);
  first.join();
}

TEST_F(ClientTest, ThreadsShareIt) {
  std::vector<std::thread> threads;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) good += client_.Send({.url = Url("/echo")}).ok();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 400);
}

}  // namespace
}  // namespace trivium::http
