// A private MariaDB for tests: durable settings, empty, gone when the object is.
//
//   static TestServer* server = TestServer::Start().value().release();   // Once a test program; it takes some seconds.
//   auto pool = mysql::NewPool(server->pool_options("payment"), Clock::Real(), metrics);
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/mysql/mysql.h"
#include "libs/test_process/test_process.h"

namespace trivium::mysql {

// Not thread-safe, except pool_options. Call from a thread that outlives the object: the server dies with the thread
// that started it.
class TestServer {
 public:
  // with_tcp: also listens on 127.0.0.1, on a port of its own choosing; pool_options use the unix socket all the same.
  static absl::StatusOr<std::unique_ptr<TestServer>> Start(bool with_tcp = false);
  // Stops it and removes its data.
  ~TestServer();

  // For the user root. The schema must have been made by Migrate or CreateSchema.
  PoolOptions pool_options(const std::string& schema) const;
  // An empty schema; one of that name is dropped before.
  absl::Status CreateSchema(const std::string& name);
  // Runs statements, separated by ";" at line ends, in a schema.
  absl::Status Run(const std::string& schema, const std::string& statements);

  void Kill9();            // As a crash: no answer any more, data stay.
  absl::Status Restart();  // After Kill9, or a clean stop when it runs.
  void Stop();             // SIGSTOP: hangs with its connections open.
  void Cont();             // SIGCONT.

  const std::string& socket() const { return socket_; }
  int port() const { return port_; }  // 0 without TCP.

 private:
  TestServer() = default;
  absl::Status Launch();
  absl::Status AwaitReady();

  std::string folder_, socket_;
  int port_ = 0;
  TestProcess process_;
};

}  // namespace trivium::mysql
