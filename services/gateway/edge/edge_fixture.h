// A gateway's client port on a real socket, with an executor and a service behind it.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "libs/http/raw_connection.h"
#include "libs/sync/mutex.h"
#include "services/gateway/edge/edge.h"
#include "services/gateway/execution/testing.h"

namespace trivium::gateway {

// An answer of HTTP, taken apart.
struct Answer {
  int status = 0;                              // 0: the connection was closed.
  std::map<std::string, std::string> headers;  // Lower-case names; several of a name joined by ", ".
  std::string body;
};

inline Answer ParseAnswer(const std::string& bytes) {
  Answer answer;
  const size_t end = bytes.find("\r\n\r\n");
  if (end == std::string::npos) return answer;
  const std::vector<std::string> lines = absl::StrSplit(bytes.substr(0, end), "\r\n");
  answer.status = std::atoi(lines[0].substr(9, 3).c_str());
  for (size_t i = 1; i < lines.size(); ++i) {
    const size_t colon = lines[i].find(": ");
    std::string& value = answer.headers[absl::AsciiStrToLower(lines[i].substr(0, colon))];
    value += (value.empty() ? "" : ", ") + lines[i].substr(colon + 2);
  }
  answer.body = bytes.substr(end + 4);
  return answer;
}

using Headers = std::vector<std::pair<std::string, std::string>>;

class EdgeTest : public ::testing::Test {
 protected:
  // Before the first request: other options, another service.
  EdgeOptions options_;
  GenericBackend::Answer backend_ = [](const SeenCall& call) {
    gateway::testing::EverythingResponse response;
    response.mutable_everything()->ParseFromString(call.request);
    return BackendAnswer{grpc::Status::OK, response.SerializeAsString()};
  };

  void SetUp() override {}
  ~EdgeTest() override {
    if (edge_ != nullptr) edge_->Stop(absl::ZeroDuration());
    world_.reset();  // Answers that are late find no server.
    for (const UpgradedConnection& one : adopted_) close(one.socket.fd);
  }

  ExecutorWorld& world() {
    if (world_ == nullptr) world_ = std::make_unique<ExecutorWorld>([this](const SeenCall& c) { return backend_(c); });
    return *world_;
  }
  Edge& edge() {
    if (edge_ != nullptr) return *edge_;
    access_log_ = std::make_unique<AccessLog>(AccessLogOptions{.lines_per_second = 0}, world().tokens().clock(),
                                              world().metrics());
    edge_ = std::make_unique<Edge>(
        options_, Edge::Parts{.connect = {world().tokens().checker(), world().tokens().profiles(), world().executor(),
                                          *access_log_, world().tokens().clock()},
                              .adopt =
                                  [this](UpgradedConnection one) {
                                    MutexLock lock(mu_);
                                    adopted_.push_back(std::move(one));
                                  },
                              .ready =
                                  [this] {
                                    MutexLock lock(mu_);
                                    return ready_;
                                  },
                              .leaving = [this] { return leaving_.load(); },
                              .metrics = world().metrics()});
    EXPECT_TRUE(edge_->Start().ok());
    return *edge_;
  }

  Answer Send(const std::string& method, const std::string& path, Headers headers, const std::string& body = "") {
    http::RawConnection connection(edge().port());
    return SendOn(connection, method, path, std::move(headers), body);
  }
  static Answer SendOn(http::RawConnection& connection, const std::string& method, const std::string& path,
                       const Headers& headers, const std::string& body = "") {
    std::string head = absl::StrCat(method, " ", path, " HTTP/1.1\r\nHost: gateway\r\n");
    for (const auto& [name, value] : headers) absl::StrAppend(&head, name, ": ", value, "\r\n");
    if (!body.empty() || method == "POST") absl::StrAppend(&head, "Content-Length: ", body.size(), "\r\n");
    connection.Send(head + "\r\n" + body);
    return ParseAnswer(connection.ReadAnswer());
  }
  // A JSON call of acme's user u-7.
  Answer Call(const std::string& path, const std::string& body, Headers headers = {}) {
    const Headers user = AsUser();
    headers.insert(headers.begin(), user.begin(), user.end());
    return Send("POST", path, headers, body);
  }
  Headers AsUser() { return {{"Content-Type", "application/json"}, {"Authorization", "Bearer " + UserToken()}}; }
  std::string UserToken() { return world().tokens().Token(world().acme(), "acme", "u-7"); }
  std::string BackendToken() { return world().tokens().Token(world().acme(), "acme", "shop", {"trivium-backend"}); }
  std::vector<UpgradedConnection> WaitForAdopted(size_t count) {
    for (int i = 0; i < 2000; ++i) {
      {
        MutexLock lock(mu_);
        if (adopted_.size() >= count) return adopted_;
      }
      usleep(10'000);
    }
    return {};
  }
  void SetLeaving() { leaving_ = true; }
  void SetReady(absl::Status status) {
    MutexLock lock(mu_);
    ready_ = std::move(status);
  }

 private:
  std::unique_ptr<ExecutorWorld> world_;
  std::unique_ptr<AccessLog> access_log_;
  std::unique_ptr<Edge> edge_;
  std::atomic<bool> leaving_{false};
  Mutex mu_;
  absl::Status ready_ ABSL_GUARDED_BY(mu_);
  std::vector<UpgradedConnection> adopted_ ABSL_GUARDED_BY(mu_);
};

// "code REASON" of a Connect error.
inline std::string ErrorOf(const Answer& answer) {
  const auto between = [&](const std::string& before) -> std::string {
    const size_t begin = answer.body.find(before);
    if (begin == std::string::npos) return "";
    const size_t from = begin + before.size();
    return answer.body.substr(from, answer.body.find('"', from) - from);
  };
  return between("\"code\":\"") + " " + between("\"reason\":\"");
}

}  // namespace trivium::gateway
