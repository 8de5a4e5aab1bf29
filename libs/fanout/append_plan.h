// Which messages of a batch go into which call of the append script. Pure.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "libs/fanout/publisher.h"

namespace trivium::fanout {

inline constexpr size_t kMaxCallMessages = 128;   // Of one call of the script: what Redis does without a pause.
inline constexpr size_t kMaxCallBytes = 1 << 20;  // Of their payloads; a single message may be alone above it.

// Indexes into the batch: messages of one channel with the same history options, in their order.
using AppendCall = std::vector<size_t>;
// Calls that may be sent together: each is of another channel.
using AppendRound = std::vector<AppendCall>;

// All messages of `wanted` (indexes into messages, ascending), in as few rounds as the limits allow; one round for a
// usual batch. Two calls of one channel stand in different rounds, because a pipeline may execute a call later than the
// ones behind it, when it had to send it again.
std::vector<AppendRound> PlanAppend(std::span<const Message> messages, std::span<const size_t> wanted);

}  // namespace trivium::fanout
