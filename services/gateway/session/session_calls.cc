// The commands that a Session passes on or answers at once.
#include <algorithm>
#include <utility>

#include "services/gateway/session/session_parts.h"

namespace trivium::protocol {

void Session::Rpc(const Command& command) {
  const RPCRequest& rpc = command.rpc();
  if (rpc.method().empty() || rpc.method().size() > options_.method_bytes_max) {
    return Refuse(command.id(), ErrorCode::kBadRequest, "method: want the name of a command");
  }
  actions_.push_back(CallRpc{Ask(Question::kRpc, command.id()), rpc.method(), rpc.data()});
}

// Who may read a channel is in it.
bool Session::CheckReadable(uint32_t id, const std::string& channel) {
  const auto found = subscriptions_.find(channel);
  const bool live = found != subscriptions_.end() && found->second.joining == nullptr;
  if (!live) Refuse(id, ParseChannelName(channel) ? ErrorCode::kPermissionDenied : ErrorCode::kUnknownChannel);
  return live;
}

void Session::Presence(const Command& command) {
  const std::string& channel = command.presence().channel();
  if (!CheckReadable(command.id(), channel)) return;
  actions_.push_back(ReadPresence{Ask(Question::kChannel, command.id()), channel});
}

void Session::PresenceStats(const Command& command) {
  const std::string& channel = command.presence_stats().channel();
  if (!CheckReadable(command.id(), channel)) return;
  actions_.push_back(ReadPresenceStats{Ask(Question::kChannel, command.id()), channel});
}

void Session::History(const Command& command) {
  const HistoryRequest& request = command.history();
  if (!CheckReadable(command.id(), request.channel())) return;
  const size_t limit = request.limit() < 0 ? options_.history_max : static_cast<size_t>(request.limit());
  std::optional<Position> since;
  if (request.has_since()) since = Position{request.since().offset(), request.since().epoch()};
  actions_.push_back(ReadHistory{Ask(Question::kChannel, command.id()), request.channel(),
                                 std::min(limit, options_.history_max), std::move(since), request.reverse()});
}

void Session::Ping(const Command& command) {
  Reply reply;
  reply.set_id(command.id());
  reply.mutable_ping();
  Send(reply);
}

void Session::TakeSend(const Command& command) { actions_.push_back(TakeMessage{command.send().data()}); }

void Session::NotAvailable(const Command& command) { Refuse(command.id(), ErrorCode::kNotAvailable); }

}  // namespace trivium::protocol
