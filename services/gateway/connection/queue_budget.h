// How much all reactors of a process have queued for their clients.
#pragma once

#include <atomic>
#include <cstdint>

namespace trivium::gateway {

// Thread-safe. Each reactor adds what changed at the end of its turn.
struct QueueBudget {
  std::atomic<int64_t> queued_bytes{0};
};

}  // namespace trivium::gateway
