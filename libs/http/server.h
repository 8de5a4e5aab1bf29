// HTTP/1.1 server on Boost.Beast with callbacks: admin pages, PSP callbacks, the console, Connect unary calls. Boost
// stays out of this header.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/http/address_set.h"
#include "libs/http/message.h"

namespace trivium {
class WorkerPool;
class Metrics;
}  // namespace trivium

namespace trivium::http {

struct ServerOptions {
  std::string address = "127.0.0.1:0";                // IP and port ("[::1]:80"); port 0: any.
  int threads = 1;                                    // I/O threads.
  size_t max_body_bytes = 1 << 20;                    // 413 above.
  size_t max_header_bytes = 16 << 10;                 // 431 above.
  absl::Duration header_timeout = absl::Seconds(10);  // To read a request's head: slow-loris are cut off.
  absl::Duration body_timeout = absl::Seconds(30);    // To read a body, and to write an answer.
  absl::Duration idle_timeout = absl::Seconds(60);    // Between requests of a connection.
  int max_connections = 1000;                         // More are answered 503 and closed.
  std::string name = "http";                          // In metrics.
  // Each connection begins with a PROXY header (proxy_protocol.h), which says who Request.peer is. Connections that do
  // not come from one of `proxies`, or begin otherwise, are closed.
  bool proxy_protocol = false;
  AddressSet proxies;
  // Asked for each new connection once its peer's address is known (without port): false closes it. Must not block;
  // called on I/O threads. Empty: all are admitted.
  std::function<bool(std::string_view ip)> admit;
};

// Answers a request once (later calls do nothing); may be called from any thread, also after Stop. Dropping it
// unanswered answers 500.
using Responder = std::function<void(Response)>;
using AsyncHandler = std::function<void(Request, Responder)>;
using Handler = std::function<Response(const Request&)>;

// Thread-safe after Start. Answers 404 for unknown paths, 405 with Allow for a wrong method, 400 for malformed HTTP,
// and refuses what two readers could read in two ways: both Transfer-Encoding and Content-Length, chunk extensions, two
// Host headers. Sets X-Content-Type-Options: nosniff, and Content-Length always. GET implies HEAD. A handler that
// throws answers 500. Around a handler the request's trace is this thread's (ScopedTrace).
class Server {
 public:
  Server(ServerOptions options, Metrics& metrics);  // metrics: not owned; outlives this.
  ~Server();                                        // Stops, without grace.

  // Before Start. pattern: "/path" exactly, or "/path/" with everything under it; the longest wins. methods: "GET HEAD
  // POST".
  void Handle(std::string_view methods, std::string_view pattern,
              Handler handler);  // On an I/O thread: must not block.
  // On the pool; 503 when it is full. pool: not owned; stopped before what handlers use is gone.
  void HandleBlocking(std::string_view methods, std::string_view pattern, WorkerPool& pool, Handler handler);
  void HandleAsync(std::string_view methods, std::string_view pattern, AsyncHandler handler);

  // Binds and serves. UNAVAILABLE with the address when it is taken; INVALID_ARGUMENT for one that is no IP and port.
  absl::Status Start();
  // Closes the listening socket: who comes from now on is refused by the kernel and goes elsewhere. Open connections
  // stay, and are served. Returns when it is closed. Idempotent. Not from a handler.
  void StopAccepting();
  // Stops accepting, lets running requests finish for at most `grace`, closes. Idempotent. Not from a handler.
  void Stop(absl::Duration grace = absl::Seconds(5));
  int port() const;  // After Start.

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::http
