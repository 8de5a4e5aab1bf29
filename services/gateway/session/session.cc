#include "services/gateway/session/session.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/status/error.h"
#include "libs/text/view.h"
#include "services/gateway/session/client_error.h"
#include "services/gateway/session/session_parts.h"

namespace trivium::protocol {

namespace {

constexpr std::string_view kTokenExpired = "TOKEN_EXPIRED";

// Whole seconds from 1 on: 0 would mean "at once" to some clients and "never" to others.
uint32_t TtlSeconds(absl::Duration ttl) {
  return static_cast<uint32_t>(std::clamp<int64_t>(ttl / absl::Seconds(1), 1, std::numeric_limits<int32_t>::max()));
}

}  // namespace

struct Session::Rules {
  // The commands, by field number: of several requests in a command the first row counts.
  struct CommandRow {
    bool (Command::*has)() const;
    void (Session::*perform)(const Command&);
    bool needs_id;  // Whether the client waits for a reply.
    bool waits;     // Whether the reply waits for a collaborator.
  };
  static constexpr CommandRow kCommands[] = {
      {&Command::has_connect, &Session::Connect, true, true},
      {&Command::has_subscribe, &Session::Subscribe, true, true},
      {&Command::has_unsubscribe, &Session::Unsubscribe, true, false},
      {&Command::has_publish, &Session::NotAvailable, true, false},
      {&Command::has_presence, &Session::Presence, true, true},
      {&Command::has_presence_stats, &Session::PresenceStats, true, true},
      {&Command::has_history, &Session::History, true, true},
      {&Command::has_ping, &Session::Ping, true, false},
      {&Command::has_send, &Session::TakeSend, false, false},
      {&Command::has_rpc, &Session::Rpc, true, true},
      {&Command::has_refresh, &Session::Refresh, true, true},
      {&Command::has_sub_refresh, &Session::NotAvailable, true, false},
  };

  // What may come when.
  enum class Input { kConnect, kRequest, kPong };
  enum class Verdict {
    kPerform,
    kQueue,   // Until connect is done.
    kIgnore,  // It needs no answer.
    kClose,   // 3501.
  };
  struct StateRow {
    State state;
    Verdict connect, request, pong;
  };
  static constexpr StateRow kStates[] = {
      {State::kNew, Verdict::kPerform, Verdict::kClose, Verdict::kClose},
      {State::kVerifying, Verdict::kClose, Verdict::kQueue, Verdict::kIgnore},
      {State::kJoining, Verdict::kClose, Verdict::kQueue, Verdict::kIgnore},
      {State::kConnected, Verdict::kClose, Verdict::kPerform, Verdict::kIgnore},
      {State::kClosed, Verdict::kIgnore, Verdict::kIgnore, Verdict::kIgnore},
  };

  static const CommandRow* Find(const Command& command) {
    for (const CommandRow& row : kCommands) {
      if ((command.*row.has)()) return &row;
    }
    return nullptr;
  }
  static Verdict Judge(State state, const Command& command) {
    const StateRow& row = kStates[static_cast<size_t>(state)];
    if (command.has_connect()) return row.connect;
    const bool pong = command.id() == 0 && Find(command) == nullptr;
    return pong ? row.pong : row.request;
  }
};

Session::Session(const SessionOptions& options, Form form, std::string client_id, absl::Duration now)
    : options_(options),
      form_(form),
      client_id_(std::move(client_id)),
      connect_until_(now + options.connect_timeout),
      next_ping_(absl::InfiniteDuration()),
      pong_until_(absl::InfiniteDuration()),
      expires_(absl::InfiniteDuration()) {}

Session::~Session() = default;

Actions Session::OnFrame(std::string_view frame, absl::Duration now) {
  if (closed()) return {};
  if (now >= connect_until_ && !connected()) return CloseUnconnected();
  awaits_pong_ = false;  // Whatever came, the client is alive.
  const auto commands = DecodeCommands(form_, frame, options_.frame);
  if (!commands.ok()) return Close(DisconnectCode::kBadRequest, ToStd(commands.status().message()));
  for (const Command& command : *commands) Handle(command);
  return TakeActions();
}

void Session::Handle(const Command& command) {
  switch (Rules::Judge(state_, command)) {
    case Rules::Verdict::kPerform:
      return Perform(command);
    case Rules::Verdict::kQueue:
      return Queue(command);
    case Rules::Verdict::kIgnore:
      return;
    case Rules::Verdict::kClose:
      return DoClose(DisconnectCode::kBadRequest,
                     state_ == State::kNew ? "want connect first" : "connect: given twice");
  }
}

void Session::Queue(const Command& command) {
  connecting_->queued_bytes += command.ByteSizeLong();
  const bool full =
      connecting_->queued.size() >= options_.pending_max || connecting_->queued_bytes > options_.queued_bytes_max;
  if (full) return Refuse(command.id(), ErrorCode::kTooManyRequests);
  connecting_->queued.push_back(command);
}

void Session::Perform(const Command& command) {
  const Rules::CommandRow* row = Rules::Find(command);
  if (row == nullptr) return Refuse(command.id(), ErrorCode::kMethodNotFound);
  if (row->needs_id && command.id() == 0) return DoClose(DisconnectCode::kBadRequest, "id: 0, want 1 or above");
  if (row->needs_id && HasPending(command.id())) {
    return DoClose(DisconnectCode::kBadRequest, absl::StrCat("id: ", command.id(), " is in use, want a new one"));
  }
  if (row->waits && pending_.size() >= options_.pending_max) {
    return Refuse(command.id(), ErrorCode::kTooManyRequests);
  }
  (this->*row->perform)(command);
}

void Session::Connect(const Command& command) {
  const ConnectRequest& request = command.connect();
  state_ = State::kVerifying;
  connecting_ = std::make_unique<Connecting>();
  connecting_->command_id = command.id();
  for (const auto& [channel, sub] : request.subs()) {
    // Of server-side channels each client has two at connect; more are no business of ours.
    if (connecting_->positions.size() >= options_.server_channels_max) break;
    if (sub.recover()) connecting_->positions[channel] = {sub.offset(), sub.epoch()};
  }
  actions_.push_back(VerifyToken{Ask(Question::kConnect, command.id()), request.token(), request.data(), request.name(),
                                 request.version()});
}

void Session::Refresh(const Command& command) {
  actions_.push_back(VerifyToken{Ask(Question::kRefresh, command.id()), command.refresh().token(), "", "", ""});
}

Actions Session::OnTokenVerified(Ticket ticket, absl::StatusOr<VerifiedToken> token, absl::Duration now) {
  const auto pending = TakePending(ticket, {Question::kConnect, Question::kRefresh});
  if (!pending) return {};
  const bool refused = absl::IsUnauthenticated(token.status()) || absl::IsPermissionDenied(token.status());
  if (refused && ReasonOf(token.status()) != kTokenExpired) {
    return Close(DisconnectCode::kInvalidToken, ToStd(token.status().message()));
  }
  if (token.ok() && !IsChannelId(token->uid)) {
    return Close(DisconnectCode::kInvalidToken, "sub: want 1-64 characters of A-Z a-z 0-9 . _ - @");
  }
  if (pending->question == Question::kRefresh) {
    Refreshed(pending->command_id, token, now);
  } else if (token.ok()) {
    Verified(*std::move(token), now);
  } else {
    FailConnect(token.status());
  }
  return TakeActions();
}

void Session::Verified(VerifiedToken token, absl::Duration now) {
  state_ = State::kJoining;
  uid_ = std::move(token.uid);
  product_ = std::move(token.product);
  expires_ = now + token.ttl;
  const std::string channels[] = {FormatChannelName({ChannelKind::kUser, uid_}),
                                  FormatChannelName({ChannelKind::kProduct, ""})};
  connecting_->joins = std::size(channels);
  for (const std::string& channel : channels) {
    const auto known = connecting_->positions.find(channel);
    StartJoin(channel, true, 0, known == connecting_->positions.end() ? std::nullopt : std::optional(known->second),
              "");
  }
}

void Session::Refreshed(uint32_t command_id, const absl::StatusOr<VerifiedToken>& token, absl::Duration now) {
  if (!token.ok()) {
    const bool expired = ReasonOf(token.status()) == kTokenExpired;
    return expired ? Refuse(command_id, ErrorCode::kTokenExpired)
                   : RefuseWith(command_id, ChannelError(token.status()));
  }
  if (token->uid != uid_ || token->product != product_) {
    return DoClose(DisconnectCode::kInvalidToken, "token of another user, want one of this connection's");
  }
  expires_ = now + token->ttl;
  Reply reply;
  reply.set_id(command_id);
  RefreshResult& result = *reply.mutable_refresh();
  result.set_client(client_id_);
  result.set_version(options_.version);
  result.set_expires(expires_ != absl::InfiniteDuration());
  if (result.expires()) result.set_ttl(TtlSeconds(token->ttl));
  Send(reply);
}

// The client may try again with another token until connect_timeout.
void Session::FailConnect(const absl::Status& status) {
  const std::unique_ptr<Connecting> failed = std::move(connecting_);
  state_ = State::kNew;
  uid_.clear();
  product_.clear();
  expires_ = absl::InfiniteDuration();
  LeaveAll();
  ReasonOf(status) == kTokenExpired ? Refuse(failed->command_id, ErrorCode::kTokenExpired)
                                    : RefuseWith(failed->command_id, ChannelError(status));
  for (const Command& command : failed->queued) {
    if (command.id() != 0) Refuse(command.id(), ErrorCode::kUnauthorized);
  }
}

void Session::FinishConnect(absl::Duration now) {
  const std::unique_ptr<Connecting> done = std::move(connecting_);
  state_ = State::kConnected;
  next_ping_ = now + options_.ping_interval;
  Reply reply;
  reply.set_id(done->command_id);
  ConnectResult& result = *reply.mutable_connect();
  result.set_client(client_id_);
  result.set_version(options_.version);
  result.set_node(options_.node);
  result.set_ping(static_cast<uint32_t>(options_.ping_interval / absl::Seconds(1)));
  result.set_pong(true);
  result.set_expires(expires_ != absl::InfiniteDuration());
  if (result.expires()) result.set_ttl(TtlSeconds(expires_ - now));
  std::map<std::string, std::vector<Entry>> pushes;
  for (auto& [channel, subscription] : subscriptions_) {
    auto made = MakeResult(subscription, &pushes[channel]);
    if (!made) return DoClose(DisconnectCode::kInsufficientState, channel);
    (*result.mutable_subs())[channel] = *std::move(made);
  }
  if (!Send(reply)) return DoClose(DisconnectCode::kInternal);
  for (const auto& [channel, entries] : pushes) SendPublications(channel, entries);
  for (const Command& command : done->queued) Handle(command);
}

Actions Session::OnAnswer(Ticket ticket, absl::StatusOr<Reply> answer) {
  const auto pending = TakePending(ticket, {Question::kRpc, Question::kChannel});
  if (!pending) return {};
  if (answer.ok()) {
    answer->set_id(pending->command_id);
    Send(*answer);
  } else {
    const bool rpc = pending->question == Question::kRpc;
    RefuseWith(pending->command_id, rpc ? RpcError(answer.status()) : ChannelError(answer.status()));
  }
  return TakeActions();
}

bool Session::HasPending(uint32_t command_id) const {
  return std::any_of(pending_.begin(), pending_.end(),
                     [&](const auto& entry) { return entry.second.command_id == command_id; });
}

Ticket Session::Ask(Question question, uint32_t command_id, std::string channel) {
  pending_[++last_ticket_] = {question, command_id, std::move(channel)};
  return last_ticket_;
}

std::optional<Session::Pending> Session::TakePending(Ticket ticket, std::initializer_list<Question> questions) {
  const auto found = pending_.find(ticket);
  if (found == pending_.end()) return std::nullopt;
  if (std::find(questions.begin(), questions.end(), found->second.question) == questions.end()) return std::nullopt;
  std::optional<Pending> pending = std::move(found->second);
  pending_.erase(found);
  return pending;
}

bool Session::Send(const Reply& reply) {
  auto bytes = EncodeReply(reply, form_);
  // A payload that is not JSON, for a JSON client: the same every time, so not "internal", which clients repeat.
  if (bytes.ok()) {
    actions_.push_back(SendMessage{*std::move(bytes)});
  } else {
    Refuse(reply.id(), ErrorCode::kNotAvailable, ToStd(bytes.status().message()));
  }
  return bytes.ok();
}

void Session::Refuse(uint32_t id, ErrorCode code, std::string_view message) {
  if (id != 0) Send(ErrorReply(id, code, message));
}

void Session::RefuseWith(uint32_t id, Error error) {
  Reply reply;
  reply.set_id(id);
  *reply.mutable_error() = std::move(error);
  if (id != 0) Send(reply);
}

Actions Session::TakeActions() { return std::exchange(actions_, {}); }

}  // namespace trivium::protocol
