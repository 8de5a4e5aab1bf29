// A Session's subscriptions: who may join what, what was missed, and when the state is lost.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/gateway/session/client_error.h"
#include "services/gateway/session/session_parts.h"

namespace trivium::protocol {

// Nothing when the client may ask for the channel; whether it may be in the room is the collaborator's decision.
std::optional<ErrorCode> Session::CheckSubscribe(const std::string& channel) {
  if (channel.empty()) return ErrorCode::kBadRequest;
  const std::optional<ChannelName> name = ParseChannelName(channel);
  if (!name) return ErrorCode::kUnknownChannel;
  if (subscriptions_.contains(channel)) return ErrorCode::kAlreadySubscribed;
  if (name->kind != ChannelKind::kRoom) return ErrorCode::kPermissionDenied;
  if (CountChannels(false) >= options_.channels_max) return ErrorCode::kLimitExceeded;
  return std::nullopt;
}

void Session::Subscribe(const Command& command) {
  const SubscribeRequest& request = command.subscribe();
  if (const auto error = CheckSubscribe(request.channel())) {
    if (*error == ErrorCode::kLimitExceeded && ++refusals_ > options_.refusals_max) {
      return DoClose(DisconnectCode::kChannelLimit);
    }
    return Refuse(command.id(), *error);
  }
  std::optional<Position> from;
  if (request.recover()) from = Position{request.offset(), request.epoch()};
  StartJoin(request.channel(), false, command.id(), std::move(from), request.data());
}

void Session::Unsubscribe(const Command& command) {
  const std::string& channel = command.unsubscribe().channel();
  if (channel.empty()) return Refuse(command.id(), ErrorCode::kBadRequest);
  const auto found = subscriptions_.find(channel);
  if (found != subscriptions_.end() && found->second.server_side) {
    return Refuse(command.id(), ErrorCode::kPermissionDenied);
  }
  if (found != subscriptions_.end()) Leave(channel);
  Reply reply;  // Also for a channel that was not joined: the client has what it wants.
  reply.set_id(command.id());
  reply.mutable_unsubscribe();
  Send(reply);
}

void Session::StartJoin(const std::string& channel, bool server_side, uint32_t command_id, std::optional<Position> from,
                        std::string data) {
  const Ticket ticket = Ask(Question::kJoin, command_id, channel);
  Subscription& subscription = subscriptions_[channel];
  subscription.server_side = server_side;
  subscription.joining =
      std::make_unique<Joining>(Joining{ticket, from, SubscribeBuffer(options_.buffer_max), std::nullopt});
  actions_.push_back(JoinChannel{ticket, channel, server_side, std::move(from), std::move(data)});
}

Actions Session::OnJoined(Ticket ticket, absl::StatusOr<JoinedChannel> joined, absl::Duration now) {
  const auto pending = TakePending(ticket, {Question::kJoin});
  if (!pending) return {};
  const auto found = subscriptions_.find(pending->channel);
  const bool current =
      found != subscriptions_.end() && found->second.joining != nullptr && found->second.joining->ticket == ticket;
  if (!current) {
    Refuse(pending->command_id, ErrorCode::kNotAvailable, "unsubscribed before it was joined");
  } else if (state_ == State::kJoining) {
    joined.ok() ? Joined(found->second, *std::move(joined), now) : FailConnect(joined.status());
  } else if (joined.ok()) {
    found->second.joining->joined = *std::move(joined);
    FinishJoin(pending->channel, pending->command_id);
  } else {
    Leave(pending->channel);
    RefuseWith(pending->command_id, ChannelError(joined.status()));
  }
  return TakeActions();
}

// One of the joins that belong to connect. What is published until the last one is done stays in the buffers: the
// client knows of no channel before the reply to connect.
void Session::Joined(Subscription& subscription, JoinedChannel joined, absl::Duration now) {
  subscription.joining->joined = std::move(joined);
  if (--connecting_->joins == 0) FinishConnect(now);
}

// Tells the client of a join after connect: by a reply, or by a push when it was the server's (command_id 0).
void Session::FinishJoin(const std::string& channel, uint32_t command_id) {
  std::vector<Entry> entries;
  auto result = MakeResult(subscriptions_[channel], &entries);
  if (!result) return DoClose(DisconnectCode::kInsufficientState, channel);
  Reply reply;
  reply.set_id(command_id);
  if (command_id != 0) {
    *reply.mutable_subscribe() = *std::move(result);
  } else {
    reply.mutable_push()->set_channel(channel);
    protocol::Subscribe& push = *reply.mutable_push()->mutable_subscribe();
    push.set_recoverable(result->recoverable());
    push.set_positioned(result->positioned());
    push.set_epoch(result->epoch());
    push.set_offset(result->offset());
    push.set_data(result->data());
  }
  if (!Send(reply)) return Leave(channel);
  SendPublications(channel, entries);
}

// Ends the joining of a subscription. Nothing when something is missing. pushes: what goes after the result. The stock
// client looks at a result's publications only when it says "recovered"; what came meanwhile to one that did not
// recover is pushed.
std::optional<SubscribeResult> Session::MakeResult(Subscription& subscription, std::vector<Entry>* pushes) {
  const std::unique_ptr<Joining> joining = std::move(subscription.joining);
  JoinedChannel& joined = *joining->joined;
  Recovery recovery;
  if (joined.recoverable && joining->from) recovery = Recover(*joining->from, joined.top, std::move(joined.history));
  auto merged = joining->buffer.Merge(std::move(recovery.entries), joined.top);
  if (!merged) return std::nullopt;
  subscription.tracker = PositionTracker(merged->position);

  SubscribeResult result;
  result.set_recoverable(joined.recoverable);
  result.set_positioned(joined.recoverable);
  result.set_epoch(merged->position.epoch);
  result.set_offset(recovery.recovered ? merged->position.offset : joined.top.offset);
  result.set_recovered(recovery.recovered);
  result.set_was_recovering(joining->from.has_value());
  result.set_data(joined.data);
  if (recovery.recovered) {
    for (const Entry& entry : merged->placed) {
      if (Fits(entry)) *result.add_publications() = *entry.publication;
    }
  } else {
    *pushes = std::move(merged->placed);
  }
  pushes->insert(pushes->end(), merged->unplaced.begin(), merged->unplaced.end());
  return result;
}

// A payload that is not JSON is no gap to a JSON client: it does not get the live ones either.
bool Session::Fits(const Entry& entry) const {
  return entry.publication != nullptr && FitsForm(entry.publication->data(), form_);
}

void Session::SendPublications(const std::string& channel, const std::vector<Entry>& entries) {
  for (const Entry& entry : entries) {
    if (!Fits(entry)) continue;
    Reply reply;
    reply.mutable_push()->set_channel(channel);
    *reply.mutable_push()->mutable_pub() = *entry.publication;
    Send(reply);
  }
}

Delivery Session::OnPublication(const std::string& channel, const std::string& epoch, const Entry& entry) {
  const auto found = subscriptions_.find(channel);
  if (found == subscriptions_.end()) return {};
  Subscription& subscription = found->second;
  if (subscription.joining != nullptr) {
    subscription.joining->buffer.Add(epoch, entry);
    return {};
  }
  const PositionTracker::Verdict verdict = subscription.tracker.Next(entry.offset, epoch);
  if (verdict == PositionTracker::Verdict::kInsufficient) {
    LoseState(channel, subscription.server_side);
    return {false, TakeActions()};
  }
  return {verdict == PositionTracker::Verdict::kDeliver && entry.publication != nullptr, {}};
}

Actions Session::OnStateLost(const std::string& channel) {
  const auto found = subscriptions_.find(channel);
  if (found == subscriptions_.end() || found->second.joining != nullptr) return {};
  LoseState(channel, found->second.server_side);
  return TakeActions();
}

// A client can join its own subscription again; the server's come back with a new connection.
void Session::LoseState(const std::string& channel, bool server_side) {
  if (server_side) return DoClose(DisconnectCode::kInsufficientState, channel);
  EndSubscription(channel, UnsubscribeCode::kInsufficientState);
}

void Session::EndSubscription(const std::string& channel, UnsubscribeCode code) {
  Reply reply;
  reply.mutable_push()->set_channel(channel);
  reply.mutable_push()->mutable_unsubscribe()->set_code(static_cast<uint32_t>(code));
  reply.mutable_push()->mutable_unsubscribe()->set_reason(std::string(TextOf(code).text));
  Send(reply);
  Leave(channel);
}

void Session::Leave(const std::string& channel) {
  actions_.push_back(LeaveChannel{channel});
  subscriptions_.erase(channel);
}

absl::StatusOr<Actions> Session::ServerSubscribe(const std::string& channel) {
  if (!connected()) return absl::FailedPreconditionError("connection: not open, want one that is connected");
  if (!ParseChannelName(channel))
    return absl::InvalidArgumentError(absl::StrCat("channel: ", channel, ", want room:<id>"));
  if (subscriptions_.contains(channel)) return Actions{};
  if (CountChannels(true) >= options_.server_channels_max) {
    return absl::ResourceExhaustedError(
        absl::StrCat("channels: want at most ", options_.server_channels_max, " by the server"));
  }
  StartJoin(channel, true, 0, std::nullopt, "");
  return TakeActions();
}

Actions Session::ServerUnsubscribe(const std::string& channel, UnsubscribeCode code) {
  if (connected() && subscriptions_.contains(channel)) EndSubscription(channel, code);
  return TakeActions();
}

size_t Session::CountChannels(bool server_side) const {
  return std::count_if(subscriptions_.begin(), subscriptions_.end(),
                       [&](const auto& entry) { return entry.second.server_side == server_side; });
}

}  // namespace trivium::protocol
