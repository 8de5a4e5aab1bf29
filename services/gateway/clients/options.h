// Limits and times of the clients' part. Its metrics: metrics.h.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/redis/client.h"
#include "services/gateway/connection/options.h"
#include "services/gateway/session/session.h"

namespace trivium::gateway {

struct ClientsOptions {
  std::string instance;  // Required: this process's id, which push knows it by and clients are told as the node.
  int reactors = 0;      // Threads that serve sockets; 0: one a core.
  // Pings and the patience for connect are the session's; those of the connection are set from them.
  ReactorOptions connection;
  protocol::SessionOptions session;  // node, and version unless given, are filled in.
  redis::ClientOptions redis;        // Channels, history and presence of the cell.

  int token_threads = 2;            // That check signatures.
  size_t token_queue_max = 20'000;  // Connects and refreshes that wait for it; error 100 above.
  size_t work_queue_max = 50'000;   // Of each kind of work that waits for Redis or push; error 111 or a metric above.
  absl::Duration batch_window = absl::Milliseconds(3);  // Reads and acknowledgements of many connections go together.

  // Of a channel: publications that are kept here, so that clients that come back need no Redis.
  size_t ring_max = 300;                              // At least protocol::kMaxRecovered to serve all who can recover.
  size_t ring_bytes_max = 256 << 10;                  // Their payloads.
  size_t all_rings_bytes_max = 256 << 20;             // Of all channels; above it rings keep half of their share.
  absl::Duration channel_grace = absl::Seconds(15);   // A channel without members stays subscribed so long.
  absl::Duration check_interval = absl::Seconds(40);  // A silent channel's position is compared with Redis's.
  size_t channels_max = 100'000;                      // Of all products; joins above it are refused.

  absl::Duration redis_timeout = absl::Seconds(2);
  absl::Duration push_timeout = absl::Seconds(2);     // Of one call of push.
  int room_threads = 4;                               // That ask push for rooms, for each product.
  absl::Duration room_cache_ttl = absl::Seconds(10);  // Of a room's permission.
  size_t room_cache_max = 200'000;                    // Permissions kept.
  absl::Duration ack_patience = absl::Seconds(5);     // Acknowledgements are sent again so long while push is away.
  absl::Duration report_interval = absl::Seconds(1);  // Of delivery counts.
  size_t report_messages_max = 100'000;               // Messages that are being counted; oldest are given up above.
  absl::Duration probe_interval = absl::Seconds(2);   // Of readiness.
  absl::Duration stop_grace = absl::Seconds(2);
};

// INVALID_ARGUMENT FIELD_INVALID that names every wrong field.
absl::Status Validate(const ClientsOptions& options);

}  // namespace trivium::gateway
