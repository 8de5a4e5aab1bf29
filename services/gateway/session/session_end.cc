// A Session's patience, and its end.
#include <algorithm>

#include "absl/strings/str_cat.h"
#include "libs/text/utf8.h"
#include "libs/text/view.h"
#include "services/gateway/session/session_parts.h"

namespace trivium::protocol {
namespace {

constexpr size_t kMaxCloseReason = 123;  // What a close frame holds.

}  // namespace

Actions Session::Close(DisconnectCode code, std::string_view detail) {
  DoClose(code, detail);
  return TakeActions();
}

void Session::DoClose(DisconnectCode code, std::string_view detail) {
  if (closed()) return;
  state_ = State::kClosed;
  std::string reason(TextOf(code).text);
  if (!detail.empty()) absl::StrAppend(&reason, ": ", ToAbsl(detail));
  actions_.push_back(CloseConnection{code, std::string(Utf8Prefix(ToValidUtf8(reason), kMaxCloseReason))});
  LeaveAll();
}

Actions Session::OnConnectionLost() {
  state_ = State::kClosed;
  LeaveAll();
  return TakeActions();
}

void Session::LeaveAll() {
  for (const auto& [channel, subscription] : subscriptions_) actions_.push_back(LeaveChannel{channel});
  subscriptions_.clear();
  pending_.clear();
}

absl::Duration Session::deadline() const {
  if (closed()) return absl::InfiniteDuration();
  if (!connected()) return connect_until_;
  const absl::Duration pong = awaits_pong_ ? pong_until_ : absl::InfiniteDuration();
  return std::min({next_ping_, pong, expires_ + options_.expiry_grace});
}

Actions Session::CloseUnconnected() {
  if (state_ == State::kNew) return Close(DisconnectCode::kStale);
  return Close(DisconnectCode::kInternal, "connect: not answered in time");
}

Actions Session::OnDeadline(absl::Duration now) {
  if (now < deadline()) return {};
  if (!connected()) return CloseUnconnected();
  if (now >= expires_ + options_.expiry_grace) return Close(DisconnectCode::kConnectionExpired);
  if (awaits_pong_ && now >= pong_until_) return Close(DisconnectCode::kNoPong);
  awaits_pong_ = true;
  next_ping_ = now + options_.ping_interval;
  pong_until_ = now + options_.pong_timeout;
  actions_.push_back(SendPing{});
  return TakeActions();
}

}  // namespace trivium::protocol
