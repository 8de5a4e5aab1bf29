#include "services/gateway/connection/socket_connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "services/gateway/connection/socket_options.h"

namespace trivium::gateway {
namespace {

// After a failure so much of what the client still sends is read and dropped: a reset would eat the close frame.
constexpr uint32_t kMaxDroppedInput = 1 << 20;

uint64_t Ms(absl::Duration d) { return static_cast<uint64_t>(absl::ToInt64Milliseconds(d)); }

// Connections that were opened together are pinged apart: a number in [0, range) from the id.
uint64_t Spread(ConnectionId id, uint64_t range) {
  constexpr uint64_t kGolden = 0x9E3779B97F4A7C15;  // Knuth's multiplicative hash.
  return ((id.slot * kGolden) >> 32) * range >> 32;
}

const SharedFrame& WebSocketPing() {
  static const SharedFrame* const frame = new SharedFrame(SharedFrame::Make(Opcode::kPing, ""));
  return *frame;
}

}  // namespace

SocketConnection::SocketConnection(ConnectionId id, AcceptedSocket socket, Loop& loop)
    : Subscriber(socket.form),
      loop_(loop),
      fd_(std::move(socket.fd)),
      id_(id),
      handler_(std::move(socket.handler)),
      parser_(loop.options.max_message_bytes, loop.buffers),
      queue_(loop.rings),
      deadline_(this, kDeadlineTimer),
      flush_timer_(this, kFlushTimer),
      handler_timer_(this, kHandlerTimer),
      ping_(socket.ping ? std::move(socket.ping) : WebSocketPing()),
      peer_(std::move(socket.peer)),
      subprotocol_(std::move(socket.subprotocol)) {}

SocketConnection::~SocketConnection() {
  loop_.wheel.Cancel(deadline_);
  loop_.wheel.Cancel(flush_timer_);
  loop_.wheel.Cancel(handler_timer_);
}

void SocketConnection::Open(std::string early_bytes) {
  epoll_event event{.events = EPOLLIN | EPOLLRDHUP, .data = {.ptr = this}};
  ++loop_.tally.connections;
  connect_by_ms_ = loop_.now_ms() + Ms(loop_.options.connect_timeout);
  last_received_ms_ = loop_.now_ms();
  ArmDeadline();
  handler_->OnOpen(*this);
  if (epoll_ctl(loop_.epoll.get(), EPOLL_CTL_ADD, fd_.get(), &event) != 0) return Finish();
  Consume(early_bytes);
}

void SocketConnection::OnReady(uint32_t epoll_events) {
  if (finished()) return;
  if ((epoll_events & EPOLLOUT) != 0) Flush();
  if (finished()) return;
  if (reading_ && (epoll_events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0) return Read();
  // Not even a write can be waited for.
  if (!reading_ && (epoll_events & (EPOLLHUP | EPOLLERR)) != 0) Finish();
}

void SocketConnection::Read() {
  const ssize_t n = recv(fd_.get(), loop_.scratch.data(), loop_.scratch.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return Finish();
  Consume(std::span(loop_.scratch).first(static_cast<size_t>(n)));
}

void SocketConnection::Consume(std::span<char> bytes) {
  if (bytes.empty()) return;
  counters_.received_bytes += bytes.size();
  loop_.tally.received_bytes += bytes.size();
  last_received_ms_ = loop_.now_ms();
  if (state_ == State::kFailing) {
    dropped_input_ += static_cast<uint32_t>(bytes.size());
    if (dropped_input_ > kMaxDroppedInput) Finish();
    return;
  }
  if (const FrameError error = parser_.Parse(bytes, *this)) {
    if (state_ != State::kOpen) return Finish();
    return BeginClose(State::kFailing, error.code, error.reason, false);
  }
  if (!parser_.pending()) {
    message_since_ms_ = 0;
  } else if (message_since_ms_ == 0) {
    message_since_ms_ = std::max<uint64_t>(loop_.now_ms(), 1);
    if (state_ == State::kOpen) ArmDeadline();
  }
}

bool SocketConnection::OnFrame() {
  ++counters_.received_frames;
  ++loop_.tally.received_frames;
  if (state_ != State::kOpen) return true;
  if (rate_.Take(loop_.now_us, loop_.options.frames_per_second, loop_.options.frame_burst)) return true;
  const RateVerdict verdict = handler_->OnTooFast(*this);
  if (verdict.close_code == 0) return true;
  BeginClose(State::kFailing, verdict.close_code, verdict.reason, true);
  return false;
}

bool SocketConnection::OnMessage(MessageType type, std::string_view payload) {
  message_since_ms_ = 0;
  if (state_ == State::kOpen) handler_->OnMessage(*this, type, payload);
  return !finished();
}

bool SocketConnection::OnPing(std::string_view payload) {
  if (!parser_.in_message()) message_since_ms_ = 0;
  Send(SharedFrame::Make(Opcode::kPong, payload), FrameClass::kControl);
  return true;
}

bool SocketConnection::OnPong(std::string_view) {
  if (!parser_.in_message()) message_since_ms_ = 0;
  return true;
}

void SocketConnection::OnClose(uint16_t code, std::string_view reason) {
  if (state_ == State::kOpen) {
    by_peer_ = true;
    // What was queued before still reaches it: it reads until our answer.
    return BeginClose(State::kAnswering, code, reason, false);
  }
  // The answer to ours, or one that crossed it.
  state_ = State::kAnswering;
  if (queue_.empty()) return Finish();
  Listen(false, blocked_);
}

bool SocketConnection::Send(const SharedFrame& frame, FrameClass frame_class) {
  if (state_ != State::kOpen) return false;
  if (!MakeRoom(frame, frame_class)) return true;
  Enqueue(frame, frame_class);
  ScheduleFlush(frame_class);
  return true;
}

// False: there is no room; the frame was dropped, and the connection perhaps closed.
bool SocketConnection::MakeRoom(const SharedFrame& frame, FrameClass frame_class) {
  while (queue_.bytes() + frame.size() > loop_.options.max_queue_bytes ||
         queue_.frames() >= static_cast<uint32_t>(loop_.options.max_queue_frames)) {
    if (const auto oldest = queue_.DropOldestLossy()) {
      loop_.tally.queued_bytes -= static_cast<int64_t>(oldest->frame.size());
      ReportDrop(*oldest, DropReason::kSlow);
      continue;
    }
    ReportDrop({frame, frame_class}, DropReason::kSlow);
    if (frame_class != FrameClass::kLossy) CloseSlow();
    return false;
  }
  return true;
}

void SocketConnection::ReportDrop(const SendQueue::Entry& entry, DropReason why) {
  ++counters_.dropped[static_cast<int>(entry.frame_class)];
  loop_.tally.Dropped(entry.frame_class, why);
  handler_->OnDropped(*this, entry.frame, entry.frame_class, why);
}

void SocketConnection::Enqueue(const SharedFrame& frame, FrameClass frame_class) {
  queue_.Push(frame, frame_class);
  loop_.tally.queued_bytes += static_cast<int64_t>(frame.size());
}

void SocketConnection::DropQueue(bool started_too) {
  const size_t before = queue_.bytes();
  queue_.DropAll(started_too, [this](const SendQueue::Entry& entry) { ReportDrop(entry, DropReason::kClosed); });
  loop_.tally.queued_bytes -= static_cast<int64_t>(before - queue_.bytes());
}

// Answers go at the end of this turn, and everything else with them; a connection that has just written waits for
// more to write.
void SocketConnection::ScheduleFlush(FrameClass frame_class) {
  if (blocked_ || flush_listed_) return;
  const uint64_t due_ms = last_flush_ms_ + loop_.coalescing.ms();
  if (frame_class == FrameClass::kControl || due_ms <= loop_.now_ms()) return FlushSoon();
  if (!flush_timer_.armed()) loop_.wheel.Set(flush_timer_, due_ms);
}

void SocketConnection::FlushSoon() {
  if (blocked_ || flush_listed_) return;
  loop_.wheel.Cancel(flush_timer_);
  flush_listed_ = true;
  loop_.to_flush.push_back(this);
}

void SocketConnection::Flush() {
  if (finished() || queue_.empty()) return;
  const int parts = queue_.Gather(loop_.iov.data(), kMaxIov);
  size_t wanted = 0;
  for (int i = 0; i < parts; ++i) wanted += loop_.iov[static_cast<size_t>(i)].iov_len;
  const ssize_t n = Write(parts);
  ++loop_.tally.writes;
  if (n < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS) return Finish();
  last_flush_ms_ = loop_.now_ms();
  OnWritten(wanted, n < 0 ? 0 : static_cast<size_t>(n));
}

// One frame, the most frequent case, costs the kernel less by send.
ssize_t SocketConnection::Write(int parts) {
  constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
  const iovec& first = loop_.iov[0];
  if (parts == 1) return send(fd_.get(), first.iov_base, first.iov_len, kFlags);
  msghdr message{};
  message.msg_iov = loop_.iov.data();
  message.msg_iovlen = static_cast<size_t>(parts);
  return sendmsg(fd_.get(), &message, kFlags);
}

void SocketConnection::OnWritten(size_t wanted, size_t written) {
  const uint32_t frames = queue_.Advance(written);
  counters_.sent_bytes += written;
  counters_.sent_frames += frames;
  loop_.tally.sent_bytes += written;
  loop_.tally.sent_frames += frames;
  loop_.tally.queued_bytes -= static_cast<int64_t>(written);
  if (watch_writes_ && frames > 0) handler_->OnWritten(*this);
  if (const bool was_short = written < wanted; was_short != blocked_) Listen(reading_, was_short);
  if (queue_.empty()) return OnQueueEmpty();
  // More frames than one write carries.
  if (!blocked_) FlushSoon();
}

void SocketConnection::OnQueueEmpty() {
  if (state_ == State::kAnswering) return Finish();
  // The client sees our end behind the close frame; it is now its turn.
  if (state_ == State::kFailing) shutdown(fd_.get(), SHUT_WR);
}

void SocketConnection::Close(uint16_t code, std::string_view reason) {
  if (state_ == State::kOpen) BeginClose(State::kClosing, code, reason, false);
}

// A client that does not read is often told only when it wakes up, after the socket was closed: the kernel takes the
// reason now, behind what it holds already.
void SocketConnection::CloseUnread(uint16_t code, std::string_view reason) {
  if (state_ != State::kOpen) return;
  BeginClose(State::kClosing, code, reason, true);
  if (!blocked_ || flush_listed_) return;
  LiftUnsentLimit(fd_.get());
  flush_listed_ = true;
  loop_.to_flush.push_back(this);
}

void SocketConnection::BeginClose(State next, uint16_t code, std::string_view reason, bool drop_queue) {
  if (state_ != State::kOpen) return;
  state_ = next;
  close_code_ = code;
  close_reason_ = reason;
  loop_.hub.LeaveAll(*this);
  loop_.wheel.Cancel(handler_timer_);
  if (drop_queue) DropQueue(false);
  Enqueue(SharedFrame::Close(code, reason), FrameClass::kControl);
  FlushSoon();
  close_by_ms_ = loop_.now_ms() + Ms(loop_.options.close_timeout);
  ArmDeadline();
  if (next == State::kAnswering) Listen(false, blocked_);
}

void SocketConnection::Cut() {
  if (!finished()) Finish();
}

void SocketConnection::Finish() {
  state_ = State::kFinished;
  loop_.wheel.Cancel(deadline_);
  loop_.wheel.Cancel(flush_timer_);
  loop_.wheel.Cancel(handler_timer_);
  loop_.hub.LeaveAll(*this);
  DropQueue(true);
  fd_.Close();
  --loop_.tally.connections;
  loop_.tally.Closed(close_code_, by_peer_);
  // One that waits to be flushed is buried when its turn comes: once.
  if (!flush_listed_) loop_.finished.push_back(this);
  handler_->OnClosed(*this, {close_code_, close_reason_, by_peer_, counters_});
}

void SocketConnection::Listen(bool to_read, bool to_write) {
  reading_ = to_read;
  blocked_ = to_write;
  epoll_event event{.events = (to_read ? EPOLLIN | EPOLLRDHUP : 0u) | (to_write ? EPOLLOUT : 0u),
                    .data = {.ptr = this}};
  // Fails only for a socket that was never registered, which then was finished.
  (void)epoll_ctl(loop_.epoll.get(), EPOLL_CTL_MOD, fd_.get(), &event);
}

bool SocketConnection::Join(std::string_view channel) {
  if (state_ != State::kOpen || channels() >= static_cast<size_t>(loop_.options.max_channels)) return false;
  loop_.hub.Join(*this, channel);
  return true;
}

void SocketConnection::Leave(std::string_view channel) { loop_.hub.Leave(*this, channel); }

void SocketConnection::SetTimer(absl::Duration at) {
  if (state_ != State::kOpen || at == absl::InfiniteDuration()) return loop_.wheel.Cancel(handler_timer_);
  // Rounded up, so that the time has come when it fires.
  loop_.wheel.Set(handler_timer_, Ms(absl::Ceil(at, absl::Milliseconds(1))));
}

void SocketConnection::Established() {
  if (established_ || state_ != State::kOpen) return;
  established_ = true;
  const uint64_t half = Ms(loop_.options.ping_interval) / 2;
  ping_ms_ = loop_.now_ms() + half + Spread(id_, half) + 1;
  ArmDeadline();
}

void SocketConnection::OnTimer(const Timer& timer) {
  if (finished()) return;
  if (timer.kind == kFlushTimer) return FlushSoon();
  if (timer.kind == kHandlerTimer) return handler_->OnTimer(*this);
  OnDeadline();
}

uint64_t SocketConnection::NextDeadline() const {
  if (state_ != State::kOpen) return close_by_ms_;
  uint64_t due = connect_by_ms_;
  if (established_) due = ping_out_ ? ping_ms_ + Ms(loop_.options.pong_timeout) : ping_ms_;
  if (message_since_ms_ != 0) due = std::min(due, message_since_ms_ + Ms(loop_.options.message_timeout));
  return due;
}

void SocketConnection::OnDeadline() {
  const uint64_t now = loop_.now_ms();
  if (state_ != State::kOpen) return Finish();
  if (message_since_ms_ != 0 && now >= message_since_ms_ + Ms(loop_.options.message_timeout)) {
    return BeginClose(State::kFailing, kClosePolicyViolation, "message: not complete in time", true);
  }
  if (!established_ && now >= connect_by_ms_) return Close(kCloseStale, "no connect in time");
  if (established_) SendPing();
  if (state_ == State::kOpen) ArmDeadline();
}

// A ping is due, or the time for the answer to one is over.
void SocketConnection::SendPing() {
  const uint64_t now = loop_.now_ms();
  if (ping_out_ && now >= ping_ms_ + Ms(loop_.options.pong_timeout)) {
    if (last_received_ms_ < ping_ms_) return CloseUnread(kCloseNoPong, "no pong");
    ping_out_ = false;
    ping_ms_ += Ms(loop_.options.ping_interval);
  }
  if (ping_out_ || now < ping_ms_) return;
  ping_out_ = true;
  ping_ms_ = now;
  Send(ping_, FrameClass::kControl);
}

}  // namespace trivium::gateway
