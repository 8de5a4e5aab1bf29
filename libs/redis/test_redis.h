// A private Redis for tests: empty, on a port of its own of 127.0.0.1, gone when the object is.
//
//   static TestRedis* redis = TestRedis::Start().value().release();   // Takes some 50 ms.
//   auto client = NewClient(redis->client_options(), Clock::Real(), metrics);
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/redis/any_test_redis.h"
#include "libs/redis/client.h"
#include "libs/test_process/test_process.h"

namespace trivium::redis {

// Not thread-safe, except address and client_options. Call from a thread that outlives the object: the server dies with
// the thread that started it.
class TestRedis : public AnyTestRedis {
 public:
  // extra: further options of the server ("--requirepass", "secret"). Every write is on disk before its answer.
  static absl::StatusOr<std::unique_ptr<TestRedis>> Start(std::vector<std::string> extra = {});
  // Stops it and removes its data.
  ~TestRedis() override;

  std::string address() const;  // "127.0.0.1:41234"; the same after Restart.
  int port() const { return port_; }
  ClientOptions client_options() const override;  // Short time-outs, no password.

  void Kill9() override;
  absl::Status Restart(Data data = Data::kKept) override;  // After Kill9, or a stop when it runs.
  void Stop() override;
  void Cont() override;
  // A read-only copy of the master, from now on; waits until it is linked.
  absl::Status ReplicateFrom(const TestRedis& master);
  // Waits until this replica is linked to its master.
  absl::Status AwaitLinked();
  absl::Status BecomeMaster();

  // One command on a connection of its own; the reply, error replies as statuses.
  absl::StatusOr<Reply> Run(std::vector<std::string> arguments) const override;
  absl::StatusOr<std::vector<Reply>> RunOnAll(std::vector<std::string> arguments) const override;

 private:
  explicit TestRedis(std::vector<std::string> extra) : extra_(std::move(extra)) {}
  absl::Status Launch();
  absl::Status AwaitReady();
  void Wipe();

  const std::vector<std::string> extra_;
  std::string folder_, password_;
  int port_ = 0;
  TestProcess process_;
};

}  // namespace trivium::redis
