// Parses RESP2 as it arrives (hiredis's reader underneath), within bounds.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "libs/redis/reply.h"

struct redisReader;

namespace trivium::redis {

struct ReplyLimits {
  size_t bytes = 64 << 20;    // Of one reply.
  size_t elements = 1 << 20;  // Of one reply, all its arrays together.
};

// Not thread-safe. After an error nothing more can be read.
class ReplyReader {
 public:
  explicit ReplyReader(ReplyLimits limits = {});
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  // Takes bytes from the network.
  void Feed(std::string_view bytes);
  // The next whole reply; nothing when bytes are missing. DATA_LOSS: no RESP2, or over the limits.
  absl::StatusOr<std::optional<Reply>> Next();
  // Whether no byte waits: true between an answer and the next command.
  bool empty() const;

 private:
  struct Building;  // What hiredis's callbacks work on.
  void Refuse(std::string_view why);

  const ReplyLimits limits_;
  std::unique_ptr<Building> building_;
  redisReader* const reader_;  // Owned.
  absl::Status status_;
};

}  // namespace trivium::redis
