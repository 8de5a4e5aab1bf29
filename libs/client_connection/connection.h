// A client's connection to a gateway: a session over WebSocket that comes back by itself, and that can be made to
// suffer.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "libs/client_connection/back_off.h"
#include "libs/client_connection/loop.h"
#include "libs/client_connection/session.h"
#include "libs/client_connection/websocket.h"

namespace trivium::client {

struct ConnectionOptions {
  std::string address;  // "127.0.0.1:21092": numbers, plain TCP.
  std::string path = "/connection/websocket";
  std::string origin;
  SessionOptions session;
  std::function<std::string()> token;  // Asked at each connect, in the loop's thread.
  absl::Duration reconnect_min = absl::Milliseconds(500), reconnect_max = absl::Seconds(20);
  absl::Duration connect_timeout = absl::Seconds(10);  // Until the session stands.
  absl::Duration ping_slack =
      absl::Seconds(10);  // A server that is silent for longer than its interval and this is gone.
  absl::Duration ack_delay = absl::Milliseconds(50);  // In which acknowledgements gather.
  int receive_buffer = 0;                             // SO_RCVBUF; 0: the system's.
  uint64_t seed = 1;                                  // Of jitter and masks.
};

// Thread-safe. The listener is called in the loop's thread and must not block.
class Connection : private LoopMember {
 public:
  // loop and listener outlive this.
  Connection(ConnectionOptions options, Loop& loop, SessionListener& listener);
  // Ends the connection without a word.
  ~Connection() override;

  // Connects, and connects again for ever, until a close code forbids it or Close.
  void Open();
  // A close frame, and no reconnect.
  void Close();
  // Ends the TCP connection at once with a reset, as a phone in a tunnel, and comes back after `away`.
  void Cut(absl::Duration away);
  // As Cut, of an app that is started anew: it does not know what it has read.
  void StartAnew(absl::Duration away);
  // Stops reading (the system's buffers fill up), or goes on.
  void Stall(bool stalled);

  void Subscribe(const std::string& channel);
  void Unsubscribe(const std::string& channel);
  void Call(const std::string& method, const std::string& data, CallDone done);
  void SetAcknowledges(bool acknowledges);
  // While it is set, whole messages of the server go there instead of the session, but for pings; in the loop's thread.
  // For load, where decoding would cost more than what is measured.
  void SetTap(std::function<void(std::string_view)> tap);

  // The session stands.
  bool connected() const { return connected_; }
  // A close code forbids to come back.
  bool ended() const { return ended_; }
  int connects() const { return connects_; }  // Sessions that have stood.
  int64_t acked() const { return acked_; }

 private:
  enum class State { kIdle, kConnecting, kHandshake, kOpen };

  void OnReady(uint32_t epoll_events) override;
  void OnTime(SteadyTime now) override;
  void Dial();
  void Dialed();
  // all: until there is nothing more; else a read that did not fill its buffer was the last.
  void Read(bool all);
  bool ReadHandshake();
  void ReadMessages();
  void Write();
  void Queue(Opcode opcode, std::string_view payload);
  void SendOutput();
  void Watch();
  void Lose(uint32_t code, const std::string& reason, bool reset = false);
  void PlanReconnect(absl::Duration wait);
  void PlanTime();

  const ConnectionOptions options_;
  Loop& loop_;  // Not owned; outlives this.
  // The loop's thread alone, from here to the atomics.
  Session session_;
  BackOff back_off_;
  std::mt19937_64 random_;
  State state_ = State::kIdle;
  int fd_ = -1;
  bool wanted_ = false, stalled_ = false, stays_away_ = false;
  Handshake handshake_;
  std::string head_;  // Of the handshake's answer.
  MessageReader reader_;
  std::string unsent_;
  std::function<void(std::string_view)> tap_;
  SteadyTime heard_, flush_at_ = SteadyTime::max(), reconnect_at_ = SteadyTime::max(), retry_at_;
  SteadyTime time_ = SteadyTime::max();  // As the loop has it.
  uint32_t watched_ = 0;                 // Events that the loop watches for.
  std::atomic<bool> connected_ = false, ended_ = false;
  std::atomic<int> connects_ = 0;
  std::atomic<int64_t> acked_ = 0;
};

}  // namespace trivium::client
