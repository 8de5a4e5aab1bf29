#include "libs/http/server.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/http/raw_connection.h"
#include "libs/http/router.h"
#include "libs/sync/worker_pool.h"
#include "libs/telemetry/metrics.h"
#include "libs/telemetry/trace.h"

namespace trivium::http {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr char kGet[] = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

class ServerTest : public testing::Test {
 protected:
  void Start(ServerOptions options = {}) {
    options.name = "test";
    server_ = std::make_unique<Server>(options, metrics_);
    server_->Handle("GET", "/hello", [](const Request& request) {
      return Response{200, "text/plain", {}, absl::StrCat("hello ", request.Parameter("name"))};
    });
    server_->Handle("POST", "/echo", [](const Request& request) {
      return Response{200, "text/plain", {}, request.body};
    });
    server_->Handle("GET", "/trace", [](const Request&) {
      return Response{200, "text/plain", {}, ScopedTrace::Current()->trace_id};
    });
    server_->Handle("GET", "/throws", [](const Request&) -> Response { throw std::runtime_error("oops"); });
    server_->Handle("GET", "/inject", [](const Request& request) {
      return Response{302, "text/plain", {{"Location", request.Parameter("to")}}, ""};
    });
    server_->Handle("GET", "/upgrade", [this](const Request& request) {
      Response response{101, "", {{"Connection", "Upgrade"}, {"Upgrade", "echo"}}, ""};
      response.take_over = [this](TakenConnection taken) { taken_.push_back(std::move(taken)), ++waiting_; };
      if (request.Header("upgrade") != "echo") response.status = 400;
      return response;
    });
    server_->HandleAsync("GET", "/later", [this](Request, Responder respond) {
      responders_.push_back(std::move(respond));
      ++waiting_;
    });
    server_->Handle("GET", "/held", [this](const Request&) {
      ++waiting_;
      while (hold_) std::this_thread::yield();
      return Response{200, "text/plain", {}, "held"};
    });
    server_->HandleAsync("GET", "/dropped", [](Request, const Responder&) {});
    server_->HandleBlocking("GET", "/blocking", pool_, [this](const Request&) {
      ++waiting_;
      while (hold_) std::this_thread::yield();
      return Response{200, "text/plain", {}, ScopedTrace::Current()->trace_id};
    });
    ASSERT_TRUE(server_->Start().ok());
  }
  std::string Ask(std::string_view bytes) {
    RawConnection connection(server_->port());
    connection.Send(bytes);
    return connection.ReadAnswer();
  }
  void AwaitWaiting(int n) {
    while (waiting_ < n) std::this_thread::yield();
  }

  Metrics metrics_;
  WorkerPool pool_{"test", 1, 1};
  std::atomic<bool> hold_{false};
  std::atomic<int> waiting_{0};
  std::vector<Responder> responders_;
  std::vector<TakenConnection> taken_;  // By one I/O thread.
  std::unique_ptr<Server> server_;
};

TEST_F(ServerTest, AnswersWithStandardHeaders) {
  Start();
  EXPECT_THAT(Ask("GET /hello?name=%E6%9D%8E HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 200 OK\r\n"), HasSubstr("Content-Length: 9\r\n"),
                    HasSubstr("X-Content-Type-Options: nosniff\r\n"), HasSubstr("Content-Type: text/plain\r\n"),
                    HasSubstr("\r\nDate: "), EndsWith("\r\n\r\nhello 李")));
}

TEST_F(ServerTest, UnknownPathAndWrongMethod) {
  Start();
  EXPECT_THAT(Ask("GET /none HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 404 "));
  EXPECT_THAT(Ask("DELETE /hello HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 405 "), HasSubstr("Allow: GET, HEAD\r\n")));
}

TEST_F(ServerTest, HeadHasLengthAndNoBody) {
  Start();
  RawConnection connection(server_->port());
  connection.Send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\n" + std::string(kGet));
  EXPECT_THAT(connection.ReadAnswer(true), AllOf(HasSubstr("Content-Length: 6\r\n"), EndsWith("\r\n\r\n")));
  EXPECT_THAT(connection.ReadAnswer(), EndsWith("\r\n\r\nhello "));
}

TEST_F(ServerTest, KeepsConnectionsAndAnswersPipelinedRequestsInOrder) {
  Start();
  RawConnection connection(server_->port());
  std::string burst;
  for (int i = 0; i < 50; ++i)
    absl::StrAppend(&burst, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n", 10 + i);
  ASSERT_TRUE(connection.Send(burst));
  for (int i = 0; i < 50; ++i) EXPECT_THAT(connection.ReadAnswer(), EndsWith(absl::StrCat("\r\n\r\n", 10 + i)));
}

TEST_F(ServerTest, ClosesWhenAskedTo) {
  Start();
  RawConnection connection(server_->port());
  connection.Send("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(connection.ReadAll(), AllOf(HasSubstr("Connection: close\r\n"), EndsWith("hello ")));
  RawConnection old(server_->port());
  old.Send("GET /hello HTTP/1.0\r\n\r\n");
  EXPECT_THAT(old.ReadAll(), EndsWith("hello "));
}

TEST_F(ServerTest, AnswersAHalfClosedConnection) {
  Start();
  RawConnection connection(server_->port());
  connection.Send(kGet);
  connection.HalfClose();
  EXPECT_THAT(connection.ReadAll(), EndsWith("hello "));
}

TEST_F(ServerTest, ReadsChunkedBodies) {
  Start();
  EXPECT_THAT(
      Ask("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
      EndsWith("\r\n\r\nabcde"));
}

TEST_F(ServerTest, SendsContinueBeforeTheBody) {
  Start();
  RawConnection connection(server_->port());
  connection.Send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(connection.ReadAnswer(), "HTTP/1.1 100 Continue\r\n\r\n");
  connection.Send("ok");
  EXPECT_THAT(connection.ReadAnswer(), EndsWith("\r\n\r\nok"));
}

TEST_F(ServerTest, HandlersRunInTheRequestsTrace) {
  Start();
  const std::string trace = "0af7651916cd43dd8448eb211c80319c";
  const std::string header = absl::StrCat("traceparent: 00-", trace, "-b7ad6b7169203331-01\r\n");
  EXPECT_THAT(Ask(absl::StrCat("GET /trace HTTP/1.1\r\nHost: a\r\n", header, "\r\n")), EndsWith(trace));
  EXPECT_THAT(Ask(absl::StrCat("GET /blocking HTTP/1.1\r\nHost: a\r\n", header, "\r\n")), EndsWith(trace));
}

TEST_F(ServerTest, AHandlerThatThrowsOrDropsAnswers500) {
  Start();
  EXPECT_THAT(Ask("GET /throws HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(Ask("GET /dropped HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
}

TEST_F(ServerTest, AHeaderCannotCarryAnother) {
  Start();
  EXPECT_THAT(Ask("GET /inject?to=%2F%0D%0ASet-Cookie:%20a=b HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 500 "), Not(HasSubstr("Set-Cookie"))));
  EXPECT_THAT(Ask("GET /inject?to=%2Fnext HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 302 "), HasSubstr("Location: /next\r\n")));
}

TEST_F(ServerTest, AFullPoolAnswers503) {
  Start();
  hold_ = true;
  RawConnection running(server_->port()), queued(server_->port());
  running.Send("GET /blocking HTTP/1.1\r\nHost: a\r\n\r\n");
  AwaitWaiting(1);
  queued.Send("GET /blocking HTTP/1.1\r\nHost: a\r\n\r\n");
  while (pool_.queued() < 1) std::this_thread::yield();
  EXPECT_THAT(Ask("GET /blocking HTTP/1.1\r\nHost: a\r\n\r\n"),
              AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Retry-After: 1\r\n")));
  hold_ = false;
  EXPECT_THAT(running.ReadAnswer(), StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(queued.ReadAnswer(), StartsWith("HTTP/1.1 200 "));
}

TEST_F(ServerTest, CountsByPatternAndCode) {
  Start();
  Ask(kGet);
  Ask("GET /none HTTP/1.1\r\nHost: a\r\n\r\n");
  Ask("BAD\r\n\r\n");
  const auto count = [this](const char* pattern, const char* code) {
    return metrics_.GetCounter(kRequests, {"test", pattern, code}).Value();
  };
  EXPECT_EQ(count("/hello", "200"), 1);
  EXPECT_EQ(count("(none)", "404"), 1);
  EXPECT_EQ(count("(refused)", "400"), 1);
}

TEST_F(ServerTest, ATakenPortIsUnavailable) {
  Start();
  ServerOptions options;
  options.address = absl::StrCat("127.0.0.1:", server_->port());
  Server second(options, metrics_);
  const absl::Status status = second.Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), HasSubstr(options.address));
  options.address = "nowhere";
  EXPECT_EQ(Server(options, metrics_).Start().code(), absl::StatusCode::kInvalidArgument);
}

TEST_F(ServerTest, StopLetsARunningRequestFinish) {
  Start();
  RawConnection busy(server_->port()), idle(server_->port());
  idle.Send(kGet);
  idle.ReadAnswer();
  busy.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  AwaitWaiting(1);
  std::thread stopper([&] { server_->Stop(absl::Seconds(20)); });
  EXPECT_EQ(idle.ReadAll(), "");
  responders_[0]({200, "text/plain", {}, "done"});
  responders_.clear();
  EXPECT_THAT(busy.ReadAll(), AllOf(HasSubstr("Connection: close\r\n"), EndsWith("done")));
  stopper.join();
  EXPECT_FALSE(RawConnection(server_->port()).connected());
}

TEST_F(ServerTest, WhoComesAfterStopAcceptingIsRefusedAndTheOthersAreServed) {
  Start();
  RawConnection open(server_->port());
  open.Send(kGet);
  open.ReadAnswer();
  server_->StopAccepting();
  EXPECT_FALSE(RawConnection(server_->port()).connected());
  open.Send(kGet);
  EXPECT_THAT(open.ReadAnswer(), StartsWith("HTTP/1.1 200"));
  server_->StopAccepting();
  server_->Stop();
}

TEST_F(ServerTest, WhoHasConnectedBeforeStopAcceptingIsServed) {
  hold_ = true;
  Start();
  RawConnection busy(server_->port());
  busy.Send("GET /held HTTP/1.1\r\nHost: a\r\n\r\n");
  AwaitWaiting(1);  // So the I/O thread accepts nobody.
  std::vector<std::unique_ptr<RawConnection>> queued;
  for (int i = 0; i < 5; ++i) queued.push_back(std::make_unique<RawConnection>(server_->port()));
  for (const auto& connection : queued) EXPECT_TRUE(connection->Send(kGet));
  std::thread stopper([this] { server_->StopAccepting(); });
  std::this_thread::sleep_for(std::chrono::milliseconds(50));
  hold_ = false;
  stopper.join();
  EXPECT_THAT(busy.ReadAnswer(), StartsWith("HTTP/1.1 200"));
  for (const auto& connection : queued) EXPECT_THAT(connection->ReadAnswer(), StartsWith("HTTP/1.1 200"));
  server_->Stop();
}

TEST_F(ServerTest, AnAnswerAfterStopDoesNothing) {
  Start();
  RawConnection busy(server_->port());
  busy.Send("GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
  AwaitWaiting(1);
  server_->Stop(absl::Milliseconds(1));
  server_.reset();
  EXPECT_EQ(busy.ReadAll(), "");
  responders_[0]({200, "text/plain", {}, "too late"});
}

constexpr char kUpgrade[] = "GET /upgrade HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n";

TEST_F(ServerTest, HandsAConnectionOverWithWhatCameBehindTheHead) {
  Start();
  RawConnection client(server_->port());
  client.Send(std::string(kGet) + kUpgrade + "early");
  EXPECT_THAT(client.ReadAnswer(), EndsWith("hello "));
  EXPECT_THAT(client.ReadAnswer(), AllOf(StartsWith("HTTP/1.1 101 Switching Protocols\r\n"),
                                         HasSubstr("Upgrade: echo\r\n"), Not(HasSubstr("Content-Length"))));
  AwaitWaiting(1);
  server_->Stop();  // It is the server's no more.
  ASSERT_EQ(taken_.size(), 1u);
  EXPECT_EQ(taken_[0].received, "early");
  EXPECT_THAT(taken_[0].peer, StartsWith("127.0.0.1:"));
  EXPECT_NE(fcntl(taken_[0].fd, F_GETFL) & O_NONBLOCK, 0);
  client.Send("ping");
  char bytes[8];
  pollfd readable{taken_[0].fd, POLLIN, 0};
  ASSERT_EQ(poll(&readable, 1, 20'000), 1);
  EXPECT_EQ(recv(taken_[0].fd, bytes, sizeof(bytes), 0), 4);
  EXPECT_EQ(send(taken_[0].fd, "pong", 4, 0), 4);
  close(taken_[0].fd);
  EXPECT_EQ(client.ReadAll(), "pong");
}

TEST_F(ServerTest, HandsNothingOverWithAnotherStatus) {
  Start();
  EXPECT_THAT(Ask("GET /upgrade HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 500 "));
  EXPECT_TRUE(taken_.empty());
}

TEST_F(ServerTest, ClosesAConnectionThatNobodyTakesAfterItsClientHasGone) {
  Start();
  for (int i = 0; i < 100; ++i) {
    RawConnection client(server_->port());
    client.Send(kUpgrade);
  }
  server_->Stop();
  for (const TakenConnection& taken : taken_) close(taken.fd);  // Those whose answer went out; the rest is closed.
}

TEST_F(ServerTest, ServesAThousandConnections) {
  Start();
  std::vector<std::unique_ptr<RawConnection>> connections;
  for (int i = 0; i < 1000; ++i) connections.push_back(std::make_unique<RawConnection>(server_->port()));
  for (auto& connection : connections) ASSERT_TRUE(connection->Send(kGet));
  for (auto& connection : connections) ASSERT_THAT(connection->ReadAnswer(), EndsWith("hello "));
  EXPECT_THAT(Ask(kGet), AllOf(StartsWith("HTTP/1.1 503 "), HasSubstr("Connection: close\r\n")));
}

TEST_F(ServerTest, ManyThreadsServeManyClients) {
  ServerOptions options;
  options.threads = 3;
  Start(options);
  std::vector<std::thread> clients;
  std::atomic<int> good{0};
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      RawConnection connection(server_->port());
      for (int n = 0; n < 100; ++n)
        good += connection.Send(kGet) && connection.ReadAnswer().find("hello ") != std::string::npos;
    });
  }
  for (auto& client : clients) client.join();
  EXPECT_EQ(good, 800);
}

}  // namespace
}  // namespace trivium::http
