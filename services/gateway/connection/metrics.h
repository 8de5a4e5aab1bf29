// Metrics of the gateway's connections, each declared once, and a reactor's own account of them.
#pragma once

#include <array>
#include <cstdint>

#include "libs/telemetry/metrics.h"
#include "services/gateway/connection/send_queue.h"

namespace trivium::gateway {

inline constexpr Metric kConnections{"trivium_gateway_connections", "WebSocket connections that are open now."};
inline constexpr Metric kConnectionsRefused{"trivium_gateway_connections_refused_total",
                                            "Connections refused, by why: limit (max_connections), busy (submissions).",
                                            {"why"}};
inline constexpr Metric kReceivedBytes{"trivium_gateway_received_bytes_total", "Bytes read from clients."};
inline constexpr Metric kReceivedFrames{"trivium_gateway_received_frames_total", "Frames read from clients."};
inline constexpr Metric kSentBytes{"trivium_gateway_sent_bytes_total", "Bytes that the kernel took for clients."};
inline constexpr Metric kSentFrames{"trivium_gateway_sent_frames_total", "Frames that the kernel took whole."};
inline constexpr Metric kWrites{"trivium_gateway_writes_total",
                                "System calls that wrote; frames by writes is what coalescing gains."};
inline constexpr Metric kDroppedFrames{
    "trivium_gateway_dropped_frames_total",
    "Frames that were never sent, by class and why: slow (the queue was full), closed (the connection ended).",
    {"class", "why"}};
inline constexpr Metric kCloses{"trivium_gateway_closes_total",
                                "Connections closed, by code (other: one that we never use) and by whom.",
                                {"code", "by"}};
inline constexpr Metric kQueuedBytes{"trivium_gateway_queued_bytes",
                                     "Bytes queued for clients, shared frames counted each time."};
inline constexpr Metric kSubmissionsRefused{"trivium_gateway_submissions_refused_total",
                                            "Submissions that found a reactor's queue full or the reactor stopped."};
inline constexpr Metric kTurnSeconds{"trivium_gateway_loop_turn_seconds",
                                     "Time that a reactor worked before it looked at its sockets again."};

enum class DropReason : uint8_t { kSlow, kClosed };
inline constexpr int kDropReasons = 2;

// Refused and SubmissionRefused are thread-safe. The rest is counted without atomics by the reactor's thread, and
// Publish() adds what is new to the process's metrics.
class Tally {
 public:
  explicit Tally(Metrics& metrics);  // Not owned; outlives this.
  ~Tally() { Publish(); }
  Tally(const Tally&) = delete;
  Tally& operator=(const Tally&) = delete;

  void Publish();
  void Dropped(FrameClass frame_class, DropReason why) {
    ++dropped_[static_cast<int>(frame_class)][static_cast<int>(why)];
  }
  void Closed(uint16_t code, bool by_peer);
  void Refused(const char* why) { metrics_.GetCounter(kConnectionsRefused, {why}).Add(); }
  void SubmissionRefused() { submissions_refused_.Add(); }
  void Turn(double seconds) { turn_seconds_.Observe(seconds); }

  // Sums since the start.
  uint64_t received_bytes = 0, received_frames = 0, sent_bytes = 0, sent_frames = 0, writes = 0;
  int64_t connections = 0, queued_bytes = 0;  // Now.

 private:
  Metrics& metrics_;
  Counter& submissions_refused_;
  Histogram& turn_seconds_;
  struct Sum {
    const uint64_t* value;
    Counter* counter;
    uint64_t published = 0;
  };
  struct Level {
    const int64_t* value;
    Gauge* gauge;
    int64_t published = 0;
  };
  std::array<std::array<uint64_t, kDropReasons>, kFrameClasses> dropped_{};
  std::array<Sum, 5 + kFrameClasses * kDropReasons> sums_;
  std::array<Level, 2> levels_;
};

}  // namespace trivium::gateway
