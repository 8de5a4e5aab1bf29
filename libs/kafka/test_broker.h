// A real Apache Kafka of one node (KRaft) for tests: its jars are the ones of deploy/kafka/pom.xml, in the folder
// $TRIVIUM_KAFKA_LIBS or .trv/cache/kafka of the workspace.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/test_process/test_process.h"

namespace trivium::kafka {

// Not thread-safe, except brokers(). Call from a thread that outlives the object.
class TestBroker {
 public:
  // Takes about 3 s. FAILED_PRECONDITION, saying what to run, when the jars are missing.
  static absl::StatusOr<std::unique_ptr<TestBroker>> Start();
  // Stops it and removes its data.
  ~TestBroker();

  // "127.0.0.1:41234"; the same after Restart.
  std::string brokers() const;
  absl::Status CreateTopic(const std::string& name, int partitions);

  void Kill9();            // As a crash: data stay.
  absl::Status Restart();  // After Kill9, or a clean stop when it runs. 4-6 s after a crash.
  void Stop();             // SIGSTOP: hangs with its connections open.
  void Cont();             // SIGCONT.

 private:
  TestBroker() = default;
  absl::Status WriteConfig();
  absl::Status Launch();
  std::vector<std::string> Java(const std::string& main_class) const;

  std::string folder_, libs_;
  int port_ = 0, controller_port_ = 0;
  TestProcess process_;
};

}  // namespace trivium::kafka
