#include "libs/client_connection/connection.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace trivium::client {
namespace {

constexpr size_t kUnsentMax = 1 << 20;

bool ParseAddress(const std::string& text, sockaddr_in* address) {
  const std::vector<std::string> parts = absl::StrSplit(text, ':');
  int port = 0;
  *address = {};
  address->sin_family = AF_INET;
  if (parts.size() != 2 || !absl::SimpleAtoi(parts[1], &port) || port < 1 || port > 65535) return false;
  address->sin_port = htons(static_cast<uint16_t>(port));
  return inet_pton(AF_INET, parts[0].c_str(), &address->sin_addr) == 1;
}

SteadyTime Later(SteadyTime time, absl::Duration d) {
  if (d == absl::InfiniteDuration()) return SteadyTime::max();
  return time + absl::ToChronoNanoseconds(d);
}

}  // namespace

Connection::Connection(ConnectionOptions options, Loop& loop, SessionListener& listener)
    : options_(std::move(options)),
      loop_(loop),
      session_(options_.session, listener),
      back_off_(options_.reconnect_min, options_.reconnect_max, options_.seed),
      random_(options_.seed ^ 0x9e3779b97f4a7c15u) {}

Connection::~Connection() {
  loop_.Run([this] {
    wanted_ = false;
    tap_ = nullptr;
    Lose(0, "closed by the client", /*reset=*/true);
    loop_.SetTime(this, time_, SteadyTime::max());
  });
}

void Connection::Open() {
  loop_.Post([this] {
    wanted_ = true;
    ended_ = false;
    if (state_ == State::kIdle && !stays_away_) Dial();
  });
}

void Connection::Close() {
  loop_.Run([this] {
    wanted_ = false;
    if (state_ == State::kOpen) {
      Queue(Opcode::kClose, std::string("\x03\xe8", 2));
      Write();
    }
    Lose(0, "closed by the client");
  });
}

void Connection::Cut(absl::Duration away) {
  loop_.Post([this, away] {
    stays_away_ = true;
    Lose(0, "cut by the client", /*reset=*/true);
    PlanReconnect(away);
  });
}

void Connection::StartAnew(absl::Duration away) {
  Cut(away);
  loop_.Post([this] { session_.ForgetPositions(); });
}

void Connection::Stall(bool stalled) {
  loop_.Post([this, stalled] {
    stalled_ = stalled;
    heard_ = std::chrono::steady_clock::now();
    Watch();
    PlanTime();
  });
}

void Connection::Subscribe(const std::string& channel) {
  loop_.Post([this, channel] {
    session_.Subscribe(channel);
    SendOutput();
  });
}

void Connection::Unsubscribe(const std::string& channel) {
  loop_.Post([this, channel] {
    session_.Unsubscribe(channel);
    SendOutput();
  });
}

void Connection::Call(const std::string& method, const std::string& data, CallDone done) {
  loop_.Post([this, method, data, done = std::move(done)]() mutable {
    session_.Call(method, data, std::move(done));
    SendOutput();
  });
}

void Connection::SetAcknowledges(bool acknowledges) {
  loop_.Post([this, acknowledges] { session_.SetAcknowledges(acknowledges); });
}

void Connection::SetTap(std::function<void(std::string_view)> tap) {
  loop_.Run([&] { tap_ = std::move(tap); });
}

void Connection::Dial() {
  reconnect_at_ = SteadyTime::max();
  stays_away_ = false;
  heard_ = std::chrono::steady_clock::now();
  sockaddr_in address;
  if (!ParseAddress(options_.address, &address)) {
    ended_ = true;
    return;
  }
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return PlanReconnect(back_off_.Next());
  const int one = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  if (options_.receive_buffer > 0) {
    setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &options_.receive_buffer, sizeof(options_.receive_buffer));
  }
  state_ = State::kConnecting;
  watched_ = EPOLLOUT;
  const int result = connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
  if ((result != 0 && errno != EINPROGRESS) || !loop_.Add(fd_, EPOLLOUT, this)) {
    return Lose(0, absl::StrCat(options_.address, ": ", std::strerror(errno)));
  }
  PlanTime();
}

void Connection::Dialed() {
  int error = 0;
  socklen_t size = sizeof(error);
  getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return Lose(0, absl::StrCat(options_.address, ": ", std::strerror(error)));
  const uint64_t key[2] = {random_(), random_()};
  const bool json = options_.session.form == Form::kJson;
  handshake_ = {options_.address, options_.path, json ? "centrifuge-json" : "centrifuge-protobuf",
                absl::Base64Escape(std::string(reinterpret_cast<const char*>(key), sizeof(key))), options_.origin};
  state_ = State::kHandshake;
  head_.clear();
  reader_ = MessageReader();
  unsent_ = HandshakeRequest(handshake_);
  Write();
}

void Connection::OnReady(uint32_t events) {
  if (state_ == State::kIdle) return;
  if (state_ == State::kConnecting) return Dialed();
  if ((events & EPOLLOUT) != 0) Write();
  // The end may stand behind bytes that came before it, and is told once.
  const bool end = (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0;
  if (state_ != State::kIdle && (end || (events & EPOLLIN) != 0)) Read(end);
}

void Connection::Read(bool all) {
  thread_local char bytes[256 << 10];
  bool more = true;
  while (more && !stalled_ && state_ != State::kIdle) {
    const ssize_t n = recv(fd_, bytes, sizeof(bytes), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return Lose(0, n == 0 ? "the server ended the connection" : std::strerror(errno));
    heard_ = loop_.now();
    more = all || static_cast<size_t>(n) == sizeof(bytes);
    const std::string_view read(bytes, static_cast<size_t>(n));
    if (state_ == State::kHandshake) {
      head_.append(read);
      if (!ReadHandshake()) continue;
    } else {
      reader_.Append(read);
    }
    ReadMessages();
  }
}

// Whether the connection is open now.
bool Connection::ReadHandshake() {
  const auto length = CheckHandshakeAnswer(handshake_, head_);
  if (!length.ok()) {
    Lose(0, std::string(length.status().message()));
    return false;
  }
  if (*length == 0) return false;
  state_ = State::kOpen;
  reader_.Append(std::string_view(head_).substr(*length));
  head_.clear();
  session_.Open(options_.token());
  SendOutput();
  return state_ == State::kOpen;
}

void Connection::ReadMessages() {
  while (state_ == State::kOpen) {
    const auto received = reader_.Next();
    if (!received.ok()) return Lose(0, std::string(received.status().message()));
    if (!received->has_value()) break;
    const Received& message = **received;
    if (message.opcode == Opcode::kClose) {
      const CloseReason close = ParseClose(message.payload);
      return Lose(close.code, close.reason);
    }
    if (message.opcode == Opcode::kPing) Queue(Opcode::kPong, message.payload);
    if (message.opcode == Opcode::kPing || message.opcode == Opcode::kPong) continue;
    // A ping is at most "{}".
    if (tap_ && message.payload.size() > 2) {
      tap_(message.payload);
      continue;
    }
    if (const absl::Status status = session_.Receive(message.payload); !status.ok()) {
      const bool malformed = absl::IsInvalidArgument(status);
      return Lose(0, absl::StrCat(malformed ? "not of the protocol: " : "", status.message()));
    }
    if (session_.connected() && !connected_) {
      connected_ = true;
      ++connects_;
      back_off_.Succeeded();
    }
  }
  if (state_ == State::kOpen) SendOutput();
}

void Connection::SendOutput() {
  acked_ = session_.acked();
  if (state_ == State::kOpen) {
    const std::string output = session_.TakeOutput();
    if (!output.empty()) Queue(options_.session.form == Form::kJson ? Opcode::kText : Opcode::kBinary, output);
    if (unsent_.size() > kUnsentMax) return Lose(0, "the server does not read");
    if (session_.HasDue() && flush_at_ == SteadyTime::max()) {
      flush_at_ = Later(std::chrono::steady_clock::now(), options_.ack_delay);
    }
    if (!unsent_.empty()) return Write();
  }
  PlanTime();
}

void Connection::Queue(Opcode opcode, std::string_view payload) {
  AppendClientFrame(opcode, payload, static_cast<uint32_t>(random_()), &unsent_);
}

void Connection::Write() {
  while (!unsent_.empty()) {
    const ssize_t n = send(fd_, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n <= 0) return Lose(0, std::strerror(errno));
    unsent_.erase(0, static_cast<size_t>(n));
  }
  if (unsent_.empty()) unsent_.shrink_to_fit();
  Watch();
  PlanTime();
}

void Connection::Watch() {
  if (fd_ < 0 || state_ == State::kConnecting) return;
  const uint32_t wanted = (stalled_ ? 0u : EPOLLIN | EPOLLRDHUP) | (unsent_.empty() ? 0u : EPOLLOUT);
  if (wanted == std::exchange(watched_, wanted)) return;
  loop_.Change(fd_, wanted, this);
}

void Connection::Lose(uint32_t code, const std::string& reason, bool reset) {
  if (fd_ >= 0) {
    if (reset) {
      const linger at_once{1, 0};
      setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    }
    loop_.Remove(fd_);
    close(fd_);
  }
  fd_ = -1;
  const bool stood = state_ != State::kIdle;
  state_ = State::kIdle;
  connected_ = false;
  unsent_.clear();
  flush_at_ = SteadyTime::max();
  if (stood) session_.Lost(code, reason);
  acked_ = session_.acked();
  if (!MayReconnect(code)) {
    ended_ = true;
    wanted_ = false;
  }
  if (wanted_ && !stays_away_) return PlanReconnect(back_off_.Next());
  PlanTime();
}

void Connection::PlanReconnect(absl::Duration wait) {
  reconnect_at_ = Later(std::chrono::steady_clock::now(), wait);
  PlanTime();
}

void Connection::PlanTime() {
  SteadyTime next = SteadyTime::max();
  if (state_ == State::kIdle) {
    if (wanted_) next = reconnect_at_;
  } else if (!connected_) {
    next = Later(heard_, options_.connect_timeout);
  } else {
    next = std::min(flush_at_, Later(heard_, session_.ping_interval() + options_.ping_slack));
    if (session_.HasRefused()) next = std::min(next, std::max(retry_at_, heard_ + std::chrono::milliseconds(500)));
    // Reading moves the time of the next ping all the while: waking too early now and then costs less.
    if (time_ <= next && time_ > loop_.now()) return;
  }
  loop_.SetTime(this, time_, next);
  time_ = next;
}

void Connection::OnTime(SteadyTime now) {
  loop_.SetTime(this, time_, SteadyTime::max());
  time_ = SteadyTime::max();
  if (state_ == State::kIdle) {
    if (!wanted_) return;
    return now >= reconnect_at_ ? Dial() : PlanTime();
  }
  if (!connected_) {
    if (now >= Later(heard_, options_.connect_timeout)) return Lose(0, "no answer in time");
    return PlanTime();
  }
  const absl::Duration silence = session_.ping_interval() + options_.ping_slack;
  if (!stalled_ && now >= Later(heard_, silence)) return Lose(0, "no ping");
  if (now >= retry_at_) {
    retry_at_ = now + std::chrono::seconds(1);
    session_.RetryRefused();
  }
  if (now >= flush_at_) {
    flush_at_ = SteadyTime::max();
    session_.Flush();
  }
  SendOutput();
}

}  // namespace trivium::client
