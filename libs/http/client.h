// HTTP client over libcurl, for PSPs and Prometheus. Blocking; connections are kept and shared.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/http/message.h"

namespace trivium::http {

struct ClientRequest {
  std::string method = "GET";
  std::string url;  // http or https.
  std::vector<std::pair<std::string, std::string>> headers;
  std::string body;
  absl::Duration timeout = absl::Seconds(5);  // Of the whole call, at least 1 ms.
  size_t max_body_bytes = 16 << 20;           // Of the answer.
};

// Thread-safe. Follows no redirects, uses no proxy, keeps no cookies. Sends this thread's traceparent.
class Client {
 public:
  // max_connections: calls at the same time; more wait.
  explicit Client(int max_connections = 32);
  ~Client();  // No call may be running.
  // Any HTTP answer is OK here. Errors tell whether the request may have taken effect:
  // INVALID_ARGUMENT: bad URL, method or header; not sent.
  // UNAVAILABLE: surely not sent (refused, no route, no name, TLS refused, no connection in time).
  // UNKNOWN: sent perhaps, no usable answer (reset, cut, above max_body_bytes).
  // DEADLINE_EXCEEDED: time-out, sent perhaps.
  // A POST or PATCH is sent at most once; other methods again on a new connection when a kept one turns out to be dead.
  absl::StatusOr<Response> Send(const ClientRequest& request);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::http
