// A WebSocket connection after its handshake, as the layer above sees it: what it can do, and what it is told.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "services/gateway/connection/close_code.h"
#include "services/gateway/connection/frame.h"
#include "services/gateway/connection/metrics.h"
#include "services/gateway/connection/send_queue.h"
#include "services/gateway/connection/shared_frame.h"
#include "services/gateway/connection/unique_fd.h"

namespace trivium::gateway {

// Names a connection to any thread, also after its end: ids are not used twice.
struct ConnectionId {
  uint32_t slot = 0;
  uint32_t generation = 0;
  uint16_t reactor = 0;
  bool operator==(const ConnectionId&) const = default;
};

// All frames given to Send or to one of its channels = sent_frames + dropped of all classes, at the end.
struct ConnectionCounters {
  uint64_t received_bytes = 0, received_frames = 0, sent_bytes = 0;
  uint64_t sent_frames = 0;  // Taken whole by the kernel; pings, pongs and the close frame too.
  std::array<uint32_t, kFrameClasses> dropped{};
};

// Used on its reactor's thread alone, inside ConnectionHandler's callbacks and Reactor::Run, until OnClosed.
class Connection {
 public:
  virtual ~Connection() = default;
  virtual ConnectionId id() const = 0;
  virtual const std::string& peer() const = 0;         // The client's address.
  virtual const std::string& subprotocol() const = 0;  // Negotiated; "": none.
  virtual int form() const = 0;                        // Of the protocol, an index of FrameForms.

  // Queues a frame; it leaves at the end of the reactor's turn, or within the coalescing window. False: the connection
  // is closing and nothing happened. Else the frame is later written whole or told to OnDropped, once. In a full queue
  // the oldest LOSSY frames give way; where that is not enough, a LOSSY frame is dropped itself, and any other closes
  // the connection with options.slow_code.
  virtual bool Send(const SharedFrame& frame, FrameClass frame_class) = 0;
  // Sends what is queued, then a close frame, and waits at most options.close_timeout for the client's. The code must
  // be sendable; the reason is cut to 123 bytes. A second call does nothing.
  virtual void Close(uint16_t code, std::string_view reason) = 0;
  // The client has said who it is: no longer under options.connect_timeout; pings begin.
  virtual void Established() = 0;
  // Joins a channel: gets what Reactor::Publish sends to it from now on. False: it has options.max_channels, or is
  // closing. Joining twice is one membership.
  virtual bool Join(std::string_view channel) = 0;
  virtual void Leave(std::string_view channel) = 0;
  // Calls the handler's OnTimer once, at this time of the clock's Monotonic or a millisecond later; an earlier call is
  // replaced. Infinite: not at all. Nothing while closing.
  virtual void SetTimer(absl::Duration at) = 0;
  // From now on the handler's OnWritten is called, or not.
  virtual void WatchWrites(bool watch) = 0;
  virtual const ConnectionCounters& counters() const = 0;
  virtual size_t queued_bytes() const = 0;
  virtual uint32_t queued_frames() const = 0;  // One that is partly written counts.
};

// How a connection ended. code: the peer's, when it began the closing; kCloseAbnormal when the transport broke first.
struct CloseInfo {
  uint16_t code;
  std::string_view reason;
  bool by_peer;
  ConnectionCounters counters;
};

struct RateVerdict {
  uint16_t close_code = kCloseTooManyRequests;  // 0: let this frame pass.
  std::string_view reason = "too many requests";
};

// One for each connection; lives as long as it. All calls on the reactor's thread; none may block.
class ConnectionHandler {
 public:
  virtual ~ConnectionHandler() = default;
  // First of all.
  virtual void OnOpen(Connection& /*connection*/) {}
  // payload: valid during the call; text is UTF-8.
  virtual void OnMessage(Connection& connection, MessageType type, std::string_view payload) = 0;
  // For the ledger. May be called inside Send and Publish: must not call anything of this layer.
  virtual void OnDropped(Connection& /*connection*/, const SharedFrame& /*frame*/, FrameClass, DropReason) {}
  // The time of SetTimer has come.
  virtual void OnTimer(Connection& /*connection*/) {}
  // counters().sent_frames has grown, while WatchWrites. Must not call anything of this layer but WatchWrites.
  virtual void OnWritten(Connection& /*connection*/) {}
  // A frame came faster than options.frames_per_second allows.
  virtual RateVerdict OnTooFast(Connection& /*connection*/) { return {}; }
  // Last of all, once.
  virtual void OnClosed(Connection& connection, const CloseInfo& info) = 0;
};

// What the handshake hands over.
struct AcceptedSocket {
  UniqueFd fd;              // Connected, non-blocking.
  std::string early_bytes;  // Read behind the handshake already.
  std::string peer;
  std::string subprotocol;
  int form = 0;                                // [0, kForms).
  SharedFrame ping;                            // Null: a WebSocket ping. Else the protocol's own.
  std::unique_ptr<ConnectionHandler> handler;  // Not null.
};

}  // namespace trivium::gateway
