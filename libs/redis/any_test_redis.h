// What a test asks of its Redis when it is to hold on one node and on a cluster. TRIVIUM_TEST_REDIS=cluster in the
// environment means three masters: a second target of the same sources sets it.
//
//   static AnyTestRedis* redis = AnyTestRedis::Start().value().release();
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/redis/client.h"

namespace trivium::redis {

// Not thread-safe, except client_options.
class AnyTestRedis {
 public:
  enum class Data { kKept, kWiped };

  static absl::StatusOr<std::unique_ptr<AnyTestRedis>> Start();
  virtual ~AnyTestRedis() = default;

  virtual ClientOptions client_options() const = 0;

  virtual void Kill9() = 0;                                   // All of it, as a crash.
  virtual absl::Status Restart(Data data = Data::kKept) = 0;  // All of it; waits until it answers.
  virtual void Stop() = 0;                                    // SIGSTOP: hangs with its connections open.
  virtual void Cont() = 0;                                    // SIGCONT.

  // One command, where the key lives that is its first argument; error replies as statuses.
  virtual absl::StatusOr<Reply> Run(std::vector<std::string> arguments) const = 0;
  // The same on each master, for what has no key.
  virtual absl::StatusOr<std::vector<Reply>> RunOnAll(std::vector<std::string> arguments) const = 0;

  // Everything goes, also what is still on its way to subscribers.
  virtual absl::Status Flush() const;
  absl::StatusOr<int64_t> CountKeys() const;
};

}  // namespace trivium::redis
