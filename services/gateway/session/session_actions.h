// What a Session asks of the gateway, and what the gateway answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/time/time.h"
#include "libs/client_protocol/client_protocol.pb.h"
#include "libs/client_protocol/codes.h"
#include "services/gateway/session/channel_name.h"
#include "services/gateway/session/recovery.h"

namespace trivium::protocol {

// Tells one question of a session from another; comes back with the answer.
using Ticket = uint64_t;

// To the socket: one encoded message (AppendToFrame puts several into a frame).
struct SendMessage {
  std::string bytes;
};
// To the socket: PingMessage, which is the same for all connections of a form.
struct SendPing {};
// Close the WebSocket with this code and reason (at most 123 bytes of UTF-8), after what was sent before.
struct CloseConnection {
  DisconnectCode code = DisconnectCode::kInternal;
  std::string reason;
};

// -> Session::OnTokenVerified. The rest is what the client says of itself, unset for a refresh.
struct VerifyToken {
  Ticket ticket = 0;
  std::string token;
  std::string device, name, version;  // device: {platform, app_version, device_id} as the client sent it.
};

// Join a channel of the connection's product, live publications first (they go to Session::OnPublication from then on),
// then its history -> Session::OnJoined. A server-side join needs no permission.
struct JoinChannel {
  Ticket ticket = 0;
  std::string channel;  // ParseChannelName reads it.
  bool server_side = false;
  std::optional<Position> from;  // Read at most kMaxRecovered + 1 entries after it; unset: no history is wanted.
  std::string data;              // From the client.
};
// Also for a channel whose join has not been answered.
struct LeaveChannel {
  std::string channel;
};

// -> Session::OnAnswer with Reply.rpc.
struct CallRpc {
  Ticket ticket = 0;
  std::string method, data;
};
// -> Session::OnAnswer with Reply.presence.
struct ReadPresence {
  Ticket ticket = 0;
  std::string channel;
};
// -> Session::OnAnswer with Reply.presence_stats.
struct ReadPresenceStats {
  Ticket ticket = 0;
  std::string channel;
};
// -> Session::OnAnswer with Reply.history.
struct ReadHistory {
  Ticket ticket = 0;
  std::string channel;
  size_t limit = 0;  // 0: only the position; at most SessionOptions.history_max.
  std::optional<Position> since;
  bool reverse = false;
};
// The client sent something that wants no answer.
struct TakeMessage {
  std::string data;
};

using Action = std::variant<SendMessage, SendPing, CloseConnection, VerifyToken, JoinChannel, LeaveChannel, CallRpc,
                            ReadPresence, ReadPresenceStats, ReadHistory, TakeMessage>;
using Actions = std::vector<Action>;  // To be done in order.

// What a valid token says.
struct VerifiedToken {
  std::string uid;
  std::string product;
  absl::Duration ttl = absl::InfiniteDuration();  // From now; above 0.
};

// A channel that was joined.
struct JoinedChannel {
  bool recoverable = false;    // Whether the channel has a stream; else top and history are empty.
  Position top;                // Of the stream, when history was read.
  std::vector<Entry> history;  // After JoinChannel.from, ascending.
  std::string data;            // For the client; may be "".
};

// What a live publication means for one session.
struct Delivery {
  bool send = false;  // Send the publication's shared bytes to this connection.
  Actions actions;    // Nearly always empty.
};

}  // namespace trivium::protocol
