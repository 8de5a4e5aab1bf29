// One client's state over all of its connections: what it has joined and how far it has read, what it has seen, what is
// to be acknowledged. No I/O, no clock.
//
// A stock client of the protocol, and the layer that our SDK puts on it: RELIABLE messages are acknowledged in batches
// by message id, and one that was seen already is not shown again.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trivium::client {

enum class Form { kJson, kProtobuf };

// A publication as it came.
struct Message {
  std::string channel;
  std::string id, message_class;  // Tags of push: "msg_...", "RELIABLE"; "" when there are none.
  bool repeat = false;            // The server says that it may have come before.
  bool seen = false;              // This session has had it: our SDK shows it no more.
  uint64_t offset = 0;            // 0: none.
  std::string epoch;              // Of the channel's position.
  std::string data;
};

struct Joined {
  std::string channel;
  bool server_side = false;
  bool was_recovering = false, recovered = false;
  std::string epoch;
  uint64_t offset = 0;  // Position from which it goes on. Recovered publications are told before this.
};

// Called by the session, in the order of what came. Must not call the session.
class SessionListener {
 public:
  virtual ~SessionListener() = default;
  virtual void OnConnected(const std::string& /*connection_id*/) {}
  virtual void OnJoined(const Joined& /*joined*/) {}
  virtual void OnMessage(const Message& /*message*/) {}
  // A subscription that the server, or a refusal, has ended. again: it will be joined again.
  virtual void OnLeft(const std::string& /*channel*/, uint32_t /*code*/, bool /*again*/) {}
  // code: of the protocol, or 0 for a connection that just broke.
  virtual void OnDisconnected(uint32_t /*code*/, const std::string& /*reason*/) {}
};

struct SessionOptions {
  Form form = Form::kJson;
  std::string data;            // ConnectRequest.data, JSON: {"platform":"pc",...}. "": none.
  bool acknowledges = true;    // As our SDK does; false: the application does, or nobody.
  size_t seen_max = 10'000;    // Message ids that are remembered, the latest.
  size_t acks_max = 100;       // Message ids of one push.ack.
  size_t waiting_max = 1'000;  // Calls without an answer yet, and messages to be acknowledged.
};

// The answer to a call, or why there is none: UNAVAILABLE when the connection ended first, INTERNAL with the protocol's
// code for a refusal.
using CallDone = std::function<void(absl::StatusOr<std::string>)>;

class Session {
 public:
  Session(SessionOptions options, SessionListener& listener);

  // The connection is open.
  void Open(const std::string& token);
  // One message of the server's. INVALID_ARGUMENT when it is not of the protocol, UNAVAILABLE when connect was
  // refused for now: the connection is to be closed, and opened again.
  absl::Status Receive(std::string_view message);
  // The connection is gone.
  void Lost(uint32_t code, const std::string& reason);

  // Joins, now or when it is connected, and again after each connect.
  void Subscribe(const std::string& channel);
  void Unsubscribe(const std::string& channel);
  // RESOURCE_EXHAUSTED beyond waiting_max; UNAVAILABLE when it is not connected.
  void Call(const std::string& method, const std::string& data, CallDone done);
  // The app is started anew: what was read is forgotten, what was seen is not.
  void ForgetPositions();
  // Whether RELIABLE messages that come from now on are acknowledged.
  void SetAcknowledges(bool acknowledges) { options_.acknowledges = acknowledges; }
  // Sends the acknowledgements and the joins that wait, if it is connected. Call it some ms after HasDue became true,
  // so that they leave in batches.
  void Flush();
  bool HasDue() const { return connected_ && !(to_ack_.empty() && retry_.empty()); }
  // Acknowledgements that were refused, because the platform has trouble, become due again. Call it every second or so.
  void RetryRefused();
  bool HasRefused() const { return !refused_.empty(); }

  // One frame's worth of what is to be sent; "": nothing.
  std::string TakeOutput();

  bool connected() const { return connected_; }
  // Longest silence of the server that is well; infinite when it sends no pings.
  absl::Duration ping_interval() const { return ping_interval_; }
  // Deepest position of a channel; "" and 0 for none.
  std::pair<std::string, uint64_t> PositionOf(const std::string& channel) const;
  int64_t acked() const { return acked_; }
  int64_t refused_acks() const { return refused_acks_; }

 private:
  struct Channel {
    bool wanted = false, server_side = false, joined = false, recoverable = false;
    std::string epoch;
    uint64_t offset = 0;
  };
  struct Wait {
    std::string channel;            // Of a subscribe.
    std::vector<std::string> acks;  // Of a push.ack.
    CallDone done;                  // Of a call.
  };
  struct Wire;  // What needs the generated classes; session.cc.

  uint32_t NewId() { return ++last_id_; }
  bool Remember(const std::string& id);
  void Acked(std::vector<std::string> ids, const absl::StatusOr<std::string>& answer);

  SessionOptions options_;
  SessionListener& listener_;  // Not owned; outlives this.
  std::string output_;
  std::map<std::string, Channel> channels_;
  std::map<uint32_t, Wait> waits_;
  std::set<std::string> retry_;  // Channels to join again with the next Flush.
  uint32_t last_id_ = 0;
  uint32_t connect_id_ = 0;  // 0: none is under way.
  absl::Status refusal_;     // Of connect, for Receive to tell.
  bool connected_ = false, pong_ = false;
  absl::Duration ping_interval_ = absl::InfiniteDuration();
  std::unordered_set<std::string> seen_;
  std::deque<std::string> seen_order_;
  std::deque<std::string> to_ack_, refused_;
  int64_t acked_ = 0, refused_acks_ = 0;
};

}  // namespace trivium::client
