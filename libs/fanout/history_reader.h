// Reads channels' histories. What a client has missed is for the caller to decide, from what this answers.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/fanout/channel.h"

namespace trivium::redis {
class Client;
}

namespace trivium::fanout {

inline constexpr int kMaxRead = 1000;             // Entries of one answer.
inline constexpr size_t kMaxReadBytes = 4 << 20;  // Of their payloads: an answer ends with the entry that reaches it.
inline constexpr size_t kMaxQueries = 1000;       // Of one batch.
// Of a batch: each answer then ends at its share, when that is less than kMaxReadBytes.
inline constexpr size_t kMaxReadBatchBytes = 16 << 20;

struct Query {
  Channel channel;
  // Only what came after it. Of another epoch than the channel's: no entries, since positions of two epochs cannot be
  // compared. Its epoch "": the offset is taken in the channel's epoch. Nothing: from the oldest entry.
  std::optional<Position> since;
  int limit = 300;       // Entries, 0 to kMaxRead.
  bool reverse = false;  // Newest first.
};

struct Entry {
  int64_t offset = 0;    // 1 to kMaxOffset.
  int64_t sequence = 0;  // 0: none.
  std::string payload;
};

struct History {
  // The channel's newest message, also when the history has forgotten it. Epoch "": no message yet, or the state was
  // lost: the next message begins a new epoch.
  Position top;
  int64_t last_sequence = 0;
  // Without gaps between them, in the order asked for. The oldest ones may be missing (size, ttl), and the last ones of
  // the order when limit or bytes cut the answer.
  std::vector<Entry> entries;
};

// Thread-safe; blocks the caller. top and entries are read in one atomic step.
class HistoryReader {
 public:
  virtual ~HistoryReader() = default;
  // An answer for each query, in their order, all in one pipeline. INVALID_ARGUMENT FIELD_INVALID for the wrong ones;
  // for all when there are more than kMaxQueries. Other errors as libs/redis.
  virtual std::vector<absl::StatusOr<History>> Read(std::span<const Query> queries, absl::Time deadline) = 0;

  // One query.
  absl::StatusOr<History> Read(const Query& query, absl::Time deadline);
  // The newest message's position.
  absl::StatusOr<Position> ReadPosition(const Channel& channel, absl::Time deadline);
};
// The client outlives it.
std::unique_ptr<HistoryReader> NewHistoryReader(redis::Client& client);

}  // namespace trivium::fanout
