// The scripts' calls and answers as values. Pure: no network, no clock.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/fanout/append_plan.h"
#include "libs/fanout/history_reader.h"
#include "libs/fanout/publisher.h"
#include "libs/redis/command.h"
#include "libs/redis/reply.h"

namespace trivium::fanout {

// A call of the append script. epoch: for the case that a new one begins.
redis::Command AppendCommand(std::span<const Message> messages, const AppendCall& call, const std::string& epoch,
                             absl::Duration meta_ttl);
// A result for each message of the call. INTERNAL REDIS_REPLY_UNEXPECTED for any other reply.
absl::StatusOr<std::vector<Result>> ParseAppend(const redis::Reply& reply, size_t messages);

// A part of a restoration: entries [first, last) that cover after < sequence <= through.
struct RestoreChunk {
  size_t first = 0, last = 0;
  int64_t after = 0, through = 0;
};
// In order; at least one. Their ranges meet, and together are the restoration's.
std::vector<RestoreChunk> PlanRestore(const Restoration& restoration);
redis::Command RestoreCommand(const Restoration& restoration, const RestoreChunk& chunk, const std::string& epoch,
                              absl::Duration meta_ttl);
absl::StatusOr<Result> ParseResult(const redis::Reply& reply);

// max_bytes: of payloads; the answer ends with the entry that reaches it.
redis::Command ReadCommand(const Query& query, size_t max_bytes);
absl::StatusOr<History> ParseHistory(const redis::Reply& reply);

}  // namespace trivium::fanout
