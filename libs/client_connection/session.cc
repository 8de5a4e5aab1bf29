#include "libs/client_connection/session.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/client_protocol/protocol.h"

namespace trivium::client {

namespace wire = trivium::protocol;

namespace {

wire::Form FormOf(Form form) { return form == Form::kJson ? wire::Form::kJson : wire::Form::kProtobuf; }

// What a client takes in one frame: a recovered room is 300 messages of 64 KiB at most.
constexpr wire::FrameLimits kLimits{.commands_max = 100'000, .command_bytes_max = 32 << 20, .depth_max = 64};

std::string TagOf(const wire::Publication& publication, const char* name) {
  const auto found = publication.tags().find(name);
  return found == publication.tags().end() ? "" : found->second;
}

bool Resubscribes(uint32_t code) { return code >= 2500; }

}  // namespace

// The session's parts that know the protocol's classes.
struct Session::Wire {
  Session& s;

  void Send(const wire::Command& command) {
    const auto encoded = wire::EncodeCommand(command, FormOf(s.options_.form));
    // Data of a caller's that is not JSON; the call is answered as any that is not sent.
    if (encoded.ok()) return wire::AppendToFrame(FormOf(s.options_.form), *encoded, &s.output_);
    const auto found = s.waits_.find(command.id());
    if (found == s.waits_.end()) return;
    Wait wait = std::move(found->second);
    s.waits_.erase(found);
    if (wait.done) wait.done(encoded.status());
  }

  void FillIn(const Channel& channel, wire::SubscribeRequest& request) {
    request.set_recoverable(true);
    request.set_positioned(true);
    if (channel.epoch.empty()) return;
    request.set_recover(true);
    request.set_epoch(channel.epoch);
    request.set_offset(channel.offset);
  }

  void Connect(const std::string& token) {
    wire::Command command;
    s.connect_id_ = s.NewId();
    command.set_id(s.connect_id_);
    wire::ConnectRequest& request = *command.mutable_connect();
    request.set_token(token);
    request.set_data(s.options_.data);
    request.set_name("trivium-cc");
    for (const auto& [name, channel] : s.channels_) {
      if (channel.server_side && !channel.epoch.empty()) FillIn(channel, (*request.mutable_subs())[name]);
    }
    Send(command);
  }

  void Subscribe(const std::string& name) {
    wire::Command command;
    command.set_id(s.NewId());
    command.mutable_subscribe()->set_channel(name);
    FillIn(s.channels_[name], *command.mutable_subscribe());
    s.waits_[command.id()].channel = name;
    Send(command);
  }

  void Rpc(const std::string& method, const std::string& data, Wait wait) {
    wire::Command command;
    command.set_id(s.NewId());
    command.mutable_rpc()->set_method(method);
    command.mutable_rpc()->set_data(data);
    s.waits_[command.id()] = std::move(wait);
    Send(command);
  }

  void OnReply(const wire::Reply& reply) {
    if (reply.id() == 0) return reply.has_push() ? OnPush(reply.push()) : OnPing();
    if (reply.id() == s.connect_id_) return OnConnect(reply);
    const auto found = s.waits_.find(reply.id());
    if (found == s.waits_.end()) return;
    Wait wait = std::move(found->second);
    s.waits_.erase(found);
    if (!wait.channel.empty()) return OnSubscribe(wait.channel, reply);
    absl::StatusOr<std::string> answer = reply.rpc().data();
    if (reply.has_error()) {
      answer = absl::InternalError(absl::StrCat(reply.error().code(), ": ", reply.error().message()));
    }
    if (!wait.acks.empty()) return s.Acked(std::move(wait.acks), answer);
    if (wait.done) wait.done(std::move(answer));
  }

  void OnPing() {
    if (s.pong_) wire::AppendToFrame(FormOf(s.options_.form), wire::PingMessage(FormOf(s.options_.form)), &s.output_);
  }

  void OnConnect(const wire::Reply& reply) {
    s.connect_id_ = 0;
    // After a refusal for good the server closes; after another one it is for the client to come again.
    const bool again = reply.error().temporary() || reply.error().code() == 109;
    if (reply.has_error() && again) {
      s.refusal_ = absl::UnavailableError(
          absl::StrCat("connect was refused: ", reply.error().code(), ": ", reply.error().message()));
    }
    if (!reply.has_connect()) return;
    const wire::ConnectResult& result = reply.connect();
    s.connected_ = true;
    s.pong_ = result.pong();
    s.ping_interval_ = result.ping() == 0 ? absl::InfiniteDuration() : absl::Seconds(result.ping());
    s.listener_.OnConnected(result.client());
    for (auto& [name, channel] : s.channels_) {
      if (channel.server_side && result.subs().count(name) == 0) Leave(name, 0, /*again=*/false);
    }
    for (const auto& [name, sub] : result.subs()) {
      s.channels_[name].server_side = true;
      Join(name, sub);
    }
    for (const auto& [name, channel] : s.channels_) {
      if (channel.wanted && !channel.server_side) Subscribe(name);
    }
    s.Flush();
  }

  void OnSubscribe(const std::string& name, const wire::Reply& reply) {
    Channel& channel = s.channels_[name];
    if (reply.has_subscribe()) return Join(name, reply.subscribe());
    const uint32_t code = reply.error().code();
    // A position that cannot be recovered from: the next try asks for none.
    if (code == static_cast<uint32_t>(wire::ErrorCode::kUnrecoverablePosition)) {
      channel.epoch.clear();
      channel.offset = 0;
    }
    const bool again = channel.wanted && (reply.error().temporary() || code == 112);
    if (!again) channel.wanted = false;
    s.listener_.OnLeft(name, code, again);
    if (again) s.retry_.insert(name);
  }

  void Join(const std::string& name, const wire::SubscribeResult& result) {
    Channel& channel = s.channels_[name];
    channel.joined = true;
    channel.recoverable = result.recoverable();
    if (result.recovered()) {
      for (const wire::Publication& publication : result.publications()) OnPublication(name, publication);
    }
    channel.epoch = result.epoch();
    channel.offset = result.offset();
    s.listener_.OnJoined(
        {name, channel.server_side, result.was_recovering(), result.recovered(), result.epoch(), result.offset()});
  }

  void Leave(const std::string& name, uint32_t code, bool again) {
    Channel& channel = s.channels_[name];
    if (!channel.joined) return;
    channel.joined = false;
    if (!again) {
      channel.wanted = false;
      channel.epoch.clear();
      channel.offset = 0;
    }
    s.listener_.OnLeft(name, code, again);
  }

  void OnPush(const wire::Push& push) {
    if (push.has_pub()) return OnPublication(push.channel(), push.pub());
    if (push.has_subscribe()) {
      Channel& channel = s.channels_[push.channel()];
      channel.server_side = channel.joined = true;
      channel.recoverable = push.subscribe().recoverable();
      channel.epoch = push.subscribe().epoch();
      channel.offset = push.subscribe().offset();
      s.listener_.OnJoined({push.channel(), true, false, false, channel.epoch, channel.offset});
    } else if (push.has_unsubscribe()) {
      const bool again = Resubscribes(push.unsubscribe().code()) && s.channels_[push.channel()].wanted;
      Leave(push.channel(), push.unsubscribe().code(), again);
      if (again) Subscribe(push.channel());
    }
  }

  void OnPublication(const std::string& name, const wire::Publication& publication) {
    Channel& channel = s.channels_[name];
    // Who joined before the channel's first message learns the epoch by it.
    if (channel.epoch.empty()) channel.epoch = publication.epoch();
    Message message{name,
                    TagOf(publication, "id"),
                    TagOf(publication, "class"),
                    TagOf(publication, "repeat") == "1",
                    false,
                    publication.offset(),
                    channel.epoch,
                    publication.data()};
    if (message.offset > 0) channel.offset = message.offset;
    if (!message.id.empty()) message.seen = !s.Remember(message.id);
    if (message.message_class == "RELIABLE" && !message.id.empty() && s.options_.acknowledges &&
        s.to_ack_.size() < s.options_.waiting_max) {
      s.to_ack_.push_back(message.id);
    }
    s.listener_.OnMessage(message);
  }
};

Session::Session(SessionOptions options, SessionListener& listener)
    : options_(std::move(options)), listener_(listener) {}

void Session::Open(const std::string& token) {
  output_.clear();
  Wire{*this}.Connect(token);
}

absl::Status Session::Receive(std::string_view message) {
  const auto replies = wire::DecodeReplies(FormOf(options_.form), message, kLimits);
  if (!replies.ok()) return replies.status();
  for (const wire::Reply& reply : *replies) Wire{*this}.OnReply(reply);
  return std::exchange(refusal_, absl::OkStatus());
}

void Session::Lost(uint32_t code, const std::string& reason) {
  const bool was_open = connected_ || connect_id_ != 0;
  connected_ = false;
  connect_id_ = 0;
  output_.clear();
  retry_.clear();
  for (auto& [name, channel] : channels_) channel.joined = false;
  std::map<uint32_t, Wait> waits = std::move(waits_);
  waits_.clear();
  for (auto& [id, wait] : waits) {
    // Acknowledged or not: nobody knows, and once more does no harm.
    for (std::string& ack : wait.acks) to_ack_.push_back(std::move(ack));
    if (wait.done) wait.done(absl::UnavailableError("the connection ended before the answer"));
  }
  if (was_open || code != 0) listener_.OnDisconnected(code, reason);
}

void Session::Subscribe(const std::string& channel) {
  Channel& c = channels_[channel];
  if (c.wanted || c.server_side) return;
  c.wanted = true;
  if (connected_) Wire{*this}.Subscribe(channel);
}

void Session::Unsubscribe(const std::string& channel) {
  channels_.erase(channel);
  retry_.erase(channel);
  if (!connected_) return;
  wire::Command command;
  command.set_id(NewId());
  command.mutable_unsubscribe()->set_channel(channel);
  Wire{*this}.Send(command);
}

void Session::ForgetPositions() {
  for (auto& [name, channel] : channels_) {
    channel.epoch.clear();
    channel.offset = 0;
  }
}

void Session::Call(const std::string& method, const std::string& data, CallDone done) {
  if (!connected_) return done(absl::UnavailableError("not connected"));
  if (waits_.size() >= options_.waiting_max) {
    return done(absl::ResourceExhaustedError(absl::StrCat("calls: ", waits_.size(), " wait for their answers")));
  }
  Wire{*this}.Rpc(method, data, {"", {}, std::move(done)});
}

void Session::Flush() {
  if (!connected_) return;
  for (const std::string& channel : std::exchange(retry_, {})) {
    if (channels_[channel].wanted) Wire{*this}.Subscribe(channel);
  }
  while (!to_ack_.empty()) {
    Wait wait;
    while (!to_ack_.empty() && wait.acks.size() < options_.acks_max) {
      wait.acks.push_back(std::move(to_ack_.front()));
      to_ack_.pop_front();
    }
    // Ids are letters, digits and "_": nothing to escape.
    const std::string data = absl::StrCat("{\"message_ids\":[\"", absl::StrJoin(wait.acks, "\",\""), "\"]}");
    Wire{*this}.Rpc("push.ack", data, std::move(wait));
  }
}

void Session::Acked(std::vector<std::string> ids, const absl::StatusOr<std::string>& answer) {
  if (answer.ok()) {
    acked_ += static_cast<int64_t>(ids.size());
    return;
  }
  ++refused_acks_;
  for (std::string& id : ids) {
    // What does not fit comes again from the server.
    if (refused_.size() < options_.waiting_max) refused_.push_back(std::move(id));
  }
}

void Session::RetryRefused() {
  to_ack_.insert(to_ack_.end(), refused_.begin(), refused_.end());
  refused_.clear();
}

bool Session::Remember(const std::string& id) {
  if (!seen_.insert(id).second) return false;
  seen_order_.push_back(id);
  if (seen_order_.size() > options_.seen_max) {
    seen_.erase(seen_order_.front());
    seen_order_.pop_front();
  }
  return true;
}

std::string Session::TakeOutput() { return std::exchange(output_, ""); }

std::pair<std::string, uint64_t> Session::PositionOf(const std::string& channel) const {
  const auto found = channels_.find(channel);
  return found == channels_.end() ? std::pair<std::string, uint64_t>()
                                  : std::pair(found->second.epoch, found->second.offset);
}

}  // namespace trivium::client
