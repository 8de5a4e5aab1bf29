// One client connection as a state machine without I/O: what the client may do and when, what it is answered, and what
// the gateway has to do for it. The gateway feeds it frames, answers and the time, and carries out the Actions that
// come back.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/client_protocol/protocol.h"
#include "services/gateway/session/session_actions.h"

namespace trivium::protocol {

struct SessionOptions {
  FrameLimits frame;
  size_t channels_max = 128;        // Joined by the client; 106 above.
  size_t server_channels_max = 32;  // Joined by the server.
  size_t refusals_max = 100;        // Subscribe commands refused with 106; 3505 above.
  size_t pending_max = 64;          // Commands in flight, those that wait for the end of connect included; 111 above.
  size_t queued_bytes_max = 64 << 10;  // Of commands that wait for the end of connect; 111 above.
  size_t buffer_max = 1000;            // Publications of one channel that come while it is being joined; 3010 above.
  size_t history_max = 300;            // Publications in an answer to history; above is cut to it.
  size_t method_bytes_max = 128;       // Of an rpc's name; 107 above.
  absl::Duration connect_timeout =
      absl::Seconds(10);  // From accept to the end of connect; then 3502, or 3004 for who has asked.
  absl::Duration ping_interval = absl::Seconds(25);  // Whole seconds.
  absl::Duration pong_timeout = absl::Seconds(10);   // Below ping_interval; 3012 after.
  absl::Duration expiry_grace = absl::Seconds(25);   // For a refresh after the token's end; 3005 after.
  std::string version, node;                         // What the client is told.
};

// Not thread-safe: belongs to its connection's reactor. All times are of Clock::Monotonic. Every method returns what is
// to be done; after a CloseConnection, which is given once, nothing more comes but LeaveChannel in the same Actions.
class Session {
 public:
  // options: not owned; outlives this. client_id: unguessable, told to others in presence.
  Session(const SessionOptions& options, Form form, std::string client_id, absl::Duration now);
  ~Session();

  // A whole WebSocket message.
  Actions OnFrame(std::string_view frame, absl::Duration now);

  // Answers. A ticket that is not open (any more) is ignored.
  // UNAUTHENTICATED with the reason TOKEN_EXPIRED lets the client fetch a new token (109), other UNAUTHENTICATED and
  // PERMISSION_DENIED send it away (3500), the rest is an error of the command.
  Actions OnTokenVerified(Ticket ticket, absl::StatusOr<VerifiedToken> token, absl::Duration now);
  Actions OnJoined(Ticket ticket, absl::StatusOr<JoinedChannel> joined, absl::Duration now);
  Actions OnAnswer(Ticket ticket, absl::StatusOr<Reply> answer);

  // A live publication in a channel that JoinChannel named. Costs a look-up by name.
  Delivery OnPublication(const std::string& channel, const std::string& epoch, const Entry& entry);
  // Publications of a channel were lost, which no offset will show. Nothing while it is being joined.
  Actions OnStateLost(const std::string& channel);

  // The server joins this client to a channel. FAILED_PRECONDITION before connect is done, INVALID_ARGUMENT for a bad
  // name, RESOURCE_EXHAUSTED above server_channels_max; nothing to do when it is joined.
  absl::StatusOr<Actions> ServerSubscribe(const std::string& channel);
  // Ends a subscription of either side.
  Actions ServerUnsubscribe(const std::string& channel, UnsubscribeCode code);

  // Ends the session for a reason of the gateway. detail: "" or for the close frame's reason.
  Actions Close(DisconnectCode code, std::string_view detail = "");
  // The socket is gone.
  Actions OnConnectionLost();

  // When OnDeadline must be called: for the next ping or the end of some patience. Infinite when closed.
  absl::Duration deadline() const;
  Actions OnDeadline(absl::Duration now);

  bool connected() const { return state_ == State::kConnected; }
  bool closed() const { return state_ == State::kClosed; }
  const std::string& client_id() const { return client_id_; }
  const std::string& uid() const { return uid_; }          // "" before the token was verified.
  const std::string& product() const { return product_; }  // As above.
  size_t channels() const { return subscriptions_.size(); }

  enum class State : uint8_t { kNew, kVerifying, kJoining, kConnected, kClosed };

 private:
  struct Rules;  // The tables, in session.cc.
  struct Connecting;
  struct Joining;
  struct Subscription {
    bool server_side = false;
    std::unique_ptr<Joining> joining;  // Until the client has been told; null in a live subscription.
    PositionTracker tracker{Position{}};
  };
  enum class Question : uint8_t { kConnect, kRefresh, kJoin, kRpc, kChannel };
  struct Pending {
    Question question;
    uint32_t command_id;  // 0: nobody waits for a reply.
    std::string channel;  // Of kJoin.
  };

  // session.cc: commands, connect, refresh, time.
  void Handle(const Command& command);
  void Queue(const Command& command);
  void Perform(const Command& command);
  void Connect(const Command& command);
  void Refresh(const Command& command);
  void Verified(VerifiedToken token, absl::Duration now);
  void Refreshed(uint32_t command_id, const absl::StatusOr<VerifiedToken>& token, absl::Duration now);
  void FailConnect(const absl::Status& status);
  void FinishConnect(absl::Duration now);
  bool HasPending(uint32_t command_id) const;
  Ticket Ask(Question question, uint32_t command_id, std::string channel = "");
  std::optional<Pending> TakePending(Ticket ticket, std::initializer_list<Question> questions);
  bool Send(const Reply& reply);  // False when it became a refusal, or nothing.
  void Refuse(uint32_t id, ErrorCode code, std::string_view message = "");
  void RefuseWith(uint32_t id, Error error);
  void DoClose(DisconnectCode code, std::string_view detail = "");
  // Its time to connect is over. Who has asked waits for us, and may come again; who has not stays away.
  Actions CloseUnconnected();
  void LeaveAll();
  Actions TakeActions();

  // session_channels.cc: subscriptions.
  void Subscribe(const Command& command);
  void Unsubscribe(const Command& command);
  std::optional<ErrorCode> CheckSubscribe(const std::string& channel);
  void StartJoin(const std::string& channel, bool server_side, uint32_t command_id, std::optional<Position> from,
                 std::string data);
  void Joined(Subscription& subscription, JoinedChannel joined, absl::Duration now);
  void FinishJoin(const std::string& channel, uint32_t command_id);
  std::optional<SubscribeResult> MakeResult(Subscription& subscription, std::vector<Entry>* pushes);
  void SendPublications(const std::string& channel, const std::vector<Entry>& entries);
  bool Fits(const Entry& entry) const;
  void Leave(const std::string& channel);
  void LoseState(const std::string& channel, bool server_side);
  void EndSubscription(const std::string& channel, UnsubscribeCode code);
  size_t CountChannels(bool server_side) const;

  // session_calls.cc: commands that are passed on.
  void Rpc(const Command& command);
  void Presence(const Command& command);
  void PresenceStats(const Command& command);
  void History(const Command& command);
  void Ping(const Command& command);
  void TakeSend(const Command& command);
  void NotAvailable(const Command& command);
  bool CheckReadable(uint32_t id, const std::string& channel);

  const SessionOptions& options_;
  const Form form_;
  State state_ = State::kNew;
  bool awaits_pong_ = false;
  const std::string client_id_;
  std::string uid_, product_;
  absl::Duration connect_until_, next_ping_, pong_until_, expires_;
  Ticket last_ticket_ = 0;
  size_t refusals_ = 0;
  std::unique_ptr<Connecting> connecting_;  // Until connect is done.
  std::map<Ticket, Pending> pending_;       // At most options_.pending_max of commands, and the server's own joins.
  std::map<std::string, Subscription> subscriptions_;  // By channel.
  Actions actions_;                                    // To be returned.
};

}  // namespace trivium::protocol
