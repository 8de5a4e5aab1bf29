// Where a service's events are read: its outbox, or memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trivium {

struct StoredEvent {
  int64_t seq = 0;
  std::string payload;  // The serialized Event of the service's API, without its cursor.
};
// Oldest kept and newest ever given out; oldest > newest: none are kept. 1, 0: there never was one.
struct EventRange {
  int64_t oldest = 1, newest = 0;
};

// Thread-safe; blocks the caller until deadline at most.
class EventSource {
 public:
  virtual ~EventSource() = default;
  // Events with seq > after, in order, at most limit. Numbers are dense from 1 for each product.
  virtual absl::StatusOr<std::vector<StoredEvent>> ListEvents(const std::string& product, int64_t after, int limit,
                                                              absl::Time deadline) = 0;
  virtual absl::StatusOr<EventRange> RangeOfEvents(const std::string& product, absl::Time deadline) = 0;
};

}  // namespace trivium
