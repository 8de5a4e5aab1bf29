// Publishes messages to a room at a steady rate, as a product's backend does: stock gRPC to push.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tests/load/gateway_flags.h"

namespace trivium::load {

enum class LoadClass { kLossy, kOrdered, kReliable };

struct PublishResult {
  int64_t messages = 0, failed = 0;
  double seconds = 0;
  std::string error;  // The first one.
};

// How many messages of so many bytes go in one PublishBatch at most.
int MessagesOfABatch(size_t bytes);

// Not thread-safe.
class RoomPublisher {
 public:
  static absl::StatusOr<std::unique_ptr<RoomPublisher>> Create(const GatewayFlags& flags, const std::string& run_id);
  ~RoomPublisher();

  // Blocks for `length`. Messages of `bytes` and the time of their publishing; those of a 10th of a second, at most, go
  // in one PublishBatch.
  PublishResult Publish(const std::string& room, LoadClass message_class, int per_second, absl::Duration length,
                        size_t bytes);
  // The same to each of the users, each at that rate.
  PublishResult PublishToUsers(const std::vector<std::string>& users, LoadClass message_class, int per_second,
                               absl::Duration length, size_t bytes);

 private:
  struct Impl;
  explicit RoomPublisher(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace trivium::load
