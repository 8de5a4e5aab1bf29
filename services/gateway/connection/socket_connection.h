// A connection over its socket: reads and parses, queues and writes, keeps its deadlines, closes by the book.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "services/gateway/connection/connection.h"
#include "services/gateway/connection/frame.h"
#include "services/gateway/connection/frame_rate.h"
#include "services/gateway/connection/hub.h"
#include "services/gateway/connection/loop.h"
#include "services/gateway/connection/send_queue.h"

namespace trivium::gateway {

// Made, called and destroyed on the reactor's thread. After it has finished, calls do nothing.
class SocketConnection final : public Connection, public Subscriber, private FrameSink {
 public:
  SocketConnection(ConnectionId id, AcceptedSocket socket, Loop& loop);  // loop: not owned; outlives this.
  ~SocketConnection() override;

  ConnectionId id() const override { return id_; }
  const std::string& peer() const override { return peer_; }
  const std::string& subprotocol() const override { return subprotocol_; }
  int form() const override { return Subscriber::form(); }
  bool Send(const SharedFrame& frame, FrameClass frame_class) override;
  void Close(uint16_t code, std::string_view reason) override;
  void Established() override;
  bool Join(std::string_view channel) override;
  void Leave(std::string_view channel) override;
  void SetTimer(absl::Duration at) override;
  void WatchWrites(bool watch) override { watch_writes_ = watch; }
  const ConnectionCounters& counters() const override { return counters_; }
  size_t queued_bytes() const override { return queue_.bytes(); }
  uint32_t queued_frames() const override { return queue_.frames(); }

  // For the reactor.
  void Open(std::string early_bytes);
  void OnReady(uint32_t epoll_events);
  void OnTimer(const Timer& timer);
  // One write of what is queued.
  void Flush();
  // Its queue must go for the process's sake.
  void CloseSlow() { CloseUnread(loop_.options.slow_code, "slow"); }
  // Closes the socket now.
  void Cut();
  bool open() const { return state_ == State::kOpen; }
  // The kernel takes no more for now.
  bool blocked() const { return blocked_; }
  bool finished() const { return state_ == State::kFinished; }
  void TakenFromFlushList() { flush_listed_ = false; }

 private:
  enum class State : uint8_t {
    kOpen,
    kClosing,    // Our close frame is queued or sent; the client's is awaited.
    kFailing,    // The same, but what comes is not read any more: it is dropped until the client closes.
    kAnswering,  // The client's close frame came; ours is its answer.
    kFinished,
  };
  enum TimerKind : uint8_t { kDeadlineTimer, kFlushTimer, kHandlerTimer };

  // FrameSink.
  bool OnFrame() override;
  bool OnMessage(MessageType type, std::string_view payload) override;
  bool OnPing(std::string_view payload) override;
  bool OnPong(std::string_view payload) override;
  void OnClose(uint16_t code, std::string_view reason) override;

  void Read();
  void Consume(std::span<char> bytes);
  bool MakeRoom(const SharedFrame& frame, FrameClass frame_class);
  void ReportDrop(const SendQueue::Entry& entry, DropReason why);
  void Enqueue(const SharedFrame& frame, FrameClass frame_class);
  void DropQueue(bool started_too);
  void ScheduleFlush(FrameClass frame_class);
  void FlushSoon();
  ssize_t Write(int parts);  // Of loop_.iov.
  void OnWritten(size_t wanted, size_t written);
  void OnQueueEmpty();
  // Of a client that does not read.
  void CloseUnread(uint16_t code, std::string_view reason);
  void BeginClose(State next, uint16_t code, std::string_view reason, bool drop_queue);
  void Finish();
  void Listen(bool to_read, bool to_write);
  void OnDeadline();
  void SendPing();
  uint64_t NextDeadline() const;
  void ArmDeadline() { loop_.wheel.Set(deadline_, NextDeadline()); }

  Loop& loop_;
  UniqueFd fd_;
  const ConnectionId id_;
  const std::unique_ptr<ConnectionHandler> handler_;
  FrameParser parser_;
  SendQueue queue_;
  Timer deadline_, flush_timer_, handler_timer_;
  FrameRate rate_;
  SharedFrame ping_;
  const std::string peer_, subprotocol_;
  std::string close_reason_;
  ConnectionCounters counters_;
  uint64_t last_flush_ms_ = 0, last_received_ms_ = 0;
  uint64_t ping_ms_ = 0;           // When the next ping is due, or, while one is out, when it was sent.
  uint64_t message_since_ms_ = 0;  // The unfinished message's beginning; 0: none.
  uint64_t connect_by_ms_ = 0, close_by_ms_ = 0;
  uint32_t dropped_input_ = 0;  // Bytes read while failing.
  uint16_t close_code_ = kCloseAbnormal;
  State state_ = State::kOpen;
  bool by_peer_ = false, established_ = false, ping_out_ = false;
  bool flush_listed_ = false, watch_writes_ = false;
  bool reading_ = true, blocked_ = false;  // blocked_: a write was short; the socket will say when it goes on.
};

}  // namespace trivium::gateway
