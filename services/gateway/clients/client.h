// One connected client: carries out what its Session decides.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/gateway/clients/ack_command.h"
#include "services/gateway/clients/admission.h"
#include "services/gateway/clients/feed_book.h"
#include "services/gateway/clients/floor.h"
#include "services/gateway/connection/connection.h"
#include "services/gateway/connection/frame_rate.h"
#include "services/gateway/connection/hub.h"
#include "services/gateway/session/session.h"

namespace trivium::gateway {

// Belongs to its connection's reactor, as all of this layer: nothing here blocks, no lock is held. What takes time is
// asked of the floor's parts, and comes back through Reactor::Run while the connection is open.
class Client final : public ConnectionHandler, public Subscriber {
 public:
  // floor: not owned; outlives this.
  Client(Floor& floor, protocol::Form form, std::string origin);
  ~Client() override;

  // ConnectionHandler.
  void OnOpen(Connection& connection) override;
  void OnMessage(Connection& connection, MessageType type, std::string_view payload) override;
  void OnDropped(Connection& connection, const SharedFrame& frame, FrameClass frame_class, DropReason why) override;
  void OnTimer(Connection& connection) override;
  void OnWritten(Connection& connection) override;
  void OnClosed(Connection& connection, const CloseInfo& info) override;

  // True: the publication's frame was given to the connection. sample: measure how long it takes until it is written.
  bool Deliver(const LivePublication& live, bool sample);
  void LoseState(const std::string& channel);
  void Obey(const DisconnectOrder& order);
  void Obey(const LeaveRoomOrder& order);
  void OnJoined(protocol::Ticket ticket, const SlotPtr& slot, const std::optional<protocol::Position>& from,
                absl::StatusOr<protocol::JoinedChannel> joined);
  void Close(protocol::DisconnectCode code) { Do(session_.Close(code)); }
  bool closed() const { return session_.closed(); }

  size_t shard_index = 0;  // Among Shard::clients.

 private:
  // A channel that it is in, or about to be.
  struct Membership {
    SlotPtr slot;
    protocol::Ticket ticket = 0;  // Of its join.
    uint64_t from = 0;            // Offset after which the client gets everything live.
    uint64_t acked = 0;           // Through which it has acknowledged; from at first.
    uint32_t repeats_out = 0;     // Sent, and not yet acknowledged.
    bool more = false;            // Push has more repeats.
  };
  // A room whose permission is asked for.
  struct Asking {
    protocol::Ticket ticket = 0;
    std::string channel;
  };
  // A frame whose writing is awaited.
  struct Sample {
    uint64_t frame = 0;  // Counted as ConnectionCounters::sent_frames.
    int64_t create_time_ms = 0;
    Histogram* seconds = nullptr;
  };

  void Do(protocol::Actions actions);
  // What a Session asks for.
  void Act(protocol::SendMessage& action);
  void Act(protocol::SendPing& action);
  void Act(protocol::CloseConnection& action);
  void Act(protocol::VerifyToken& action);
  void Act(protocol::JoinChannel& action);
  void Act(protocol::LeaveChannel& action);
  void Act(protocol::CallRpc& action);
  void Act(protocol::ReadPresence& action);
  void Act(protocol::ReadPresenceStats& action);
  void Act(protocol::ReadHistory& action);
  void Act(protocol::TakeMessage& action);

  void Flush();
  void SendFrame(const SharedFrame& frame, FrameClass frame_class);
  void AfterActions();
  void OnTokenChecked(protocol::Ticket ticket, absl::StatusOr<TokenIdentity> identity,
                      std::unique_ptr<Admission::Seat> seat);
  void EnterChannel(protocol::Ticket ticket, const std::string& channel, std::optional<protocol::Position> from);
  void OnRoomChecked(protocol::Ticket ticket, std::optional<protocol::Position> from, absl::StatusOr<bool> allowed);
  void FailJoin(protocol::Ticket ticket, absl::Status status);
  void LeaveSlot(const Membership& membership);
  void AskPending(const SlotPtr& slot);
  void OnPending(const SlotPtr& slot, absl::StatusOr<PendingMessages> pending);
  void CallAck(protocol::CallRpc& action);
  void OnAcked(const SlotPtr& slot, uint64_t offset, size_t exact_ids);
  void OnAnswer(protocol::Ticket ticket, absl::StatusOr<protocol::Reply> answer) {
    Do(session_.OnAnswer(ticket, std::move(answer)));
  }
  void RefreshPresence();
  void RefreshPresence(const ChannelSlot& slot);
  bool HasPresence(const ChannelSlot& slot) const { return slot.kind != protocol::ChannelKind::kProduct; }
  Membership* Find(std::string_view channel);
  bool MayAsk();
  CommandCall NewCall() const;
  std::string RoomSpokenOf() const;
  absl::Duration Now() const { return floor_.clock.Monotonic(); }
  protocol::Form form() const { return static_cast<protocol::Form>(Subscriber::form()); }

  Floor& floor_;
  protocol::Session session_;
  Connection* connection_ = nullptr;  // Not owned; from OnOpen on.
  ConnectionId id_;
  std::unique_ptr<Admission::Seat> seat_;
  ProductMeters* meters_ = nullptr;  // Once connected.
  std::string out_;                  // Messages that leave together; empty between events.
  int depth_ = 0;                    // Of Do.
  FrameRate questions_;              // Joins, presence and histories: what costs others a question.
  absl::Duration timer_at_ = absl::InfiniteDuration();
  std::vector<Membership> memberships_;
  std::vector<Asking> asking_;
  std::vector<Sample> samples_;
  std::string origin_, device_id_, platform_;
  absl::Time connect_time_;
};

}  // namespace trivium::gateway
