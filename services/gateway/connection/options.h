// Limits and times of the gateway's connections.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "services/gateway/connection/close_code.h"

namespace trivium::gateway {

struct ReactorOptions {
  int max_connections = 20000;               // Of a reactor; more are closed with 3504.
  size_t max_message_bytes = 64 << 10;       // From the client; 1009 above.
  double frames_per_second = 50;             // From a client, of any kind, fragments too; 3013 above. 0: no limit.
  int frame_burst = 200;                     // Frames that may come at once.
  size_t max_queue_bytes = 1 << 20;          // Of a connection, not yet taken by the kernel.
  int max_queue_frames = 4096;               // The same in frames.
  size_t max_process_queue_bytes = 1 << 30;  // Of all reactors together: above it the longest queues are closed first.
  int max_channels = 128;                    // That a connection may join.
  int max_submissions = 65536;               // From other threads, waiting for a reactor.
  uint16_t slow_code = kCloseSlow;           // Of a connection that would exceed its queue.

  // A frame waits at most so long for others to leave with, 0-50 ms, and only when the connection wrote within that
  // time. 0: none waits.
  absl::Duration coalescing = absl::Milliseconds(5);
  // The same while the reactor does not keep up; nothing when it is shorter, or when none waits.
  absl::Duration max_coalescing = absl::Milliseconds(20);
  absl::Duration connect_timeout = absl::Seconds(10);  // From the handshake to Established(); 3502 after it.
  absl::Duration ping_interval = absl::Seconds(25);
  absl::Duration pong_timeout = absl::Seconds(10);       // After a ping something must come; 3012 after it.
  absl::Duration message_timeout = absl::Seconds(30);    // From a message's first byte to its last; 1008 after it.
  absl::Duration close_timeout = absl::Seconds(5);       // For the closing handshake; then the socket is closed.
  absl::Duration dead_peer_timeout = absl::Seconds(20);  // TCP_USER_TIMEOUT: written bytes that nobody acknowledges.
  int unsent_limit_bytes = 128 << 10;  // TCP_NOTSENT_LOWAT: what the kernel takes beyond what it can send. 0: its own.
};

// INVALID_ARGUMENT FIELD_INVALID that names every wrong field.
absl::Status Validate(const ReactorOptions& options);

}  // namespace trivium::gateway
