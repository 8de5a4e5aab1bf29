// Calls a command of the gateway over HTTP (Connect, JSON) in a closed loop: one keep-alive connection, one call at a
// time. As lean as it gets: the load must not cost more than what is measured.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "libs/client_connection/loop.h"

namespace trivium::load {

// Length of a whole HTTP/1.1 answer with Content-Length at the beginning of bytes; 0: more are needed. *status: its
// status.
size_t AnswerLength(std::string_view bytes, int* status);

class HttpCaller : private client::LoopMember {
 public:
  // done: after each answer, with its status, in the loop's thread; false ends the loop. 0: the connection broke.
  HttpCaller(std::string address, std::string request, client::Loop& loop, std::function<bool(int status)> done);
  ~HttpCaller() override;
  void Start();

 private:
  void OnReady(uint32_t epoll_events) override;
  void OnTime(client::SteadyTime) override {}
  bool Dial();
  void Send();
  void Drop();

  const std::string address_, request_;
  client::Loop& loop_;  // Not owned; outlives this.
  const std::function<bool(int)> done_;
  int fd_ = -1;
  std::string in_;
};

}  // namespace trivium::load
