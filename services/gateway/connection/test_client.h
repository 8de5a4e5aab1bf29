// The client's end of a connection, and a handler that writes down what it is told. For tests.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libs/sync/mutex.h"
#include "services/gateway/connection/client_frame.h"
#include "services/gateway/connection/connection.h"

namespace trivium::gateway {

// Does not block, but for Await*.
class TestClient {
 public:
  explicit TestClient(UniqueFd fd) : fd_(std::move(fd)) {}

  // False when the other end takes no more.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  void HalfClose() { shutdown(fd_.get(), SHUT_WR); }
  void Disconnect() { fd_.Close(); }
  int fd() const { return fd_.get(); }

  // Every whole frame that is there, at most max_bytes read.
  std::vector<ServerFrame> Frames(size_t max_bytes = ~size_t{0}) {
    char bytes[65536];
    ssize_t n = 0;
    while (max_bytes > 0 && (n = recv(fd_.get(), bytes, std::min(sizeof(bytes), max_bytes), MSG_DONTWAIT)) > 0) {
      pending_.append(bytes, static_cast<size_t>(n));
      max_bytes -= static_cast<size_t>(n);
    }
    ended_ = ended_ || n == 0;
    std::vector<ServerFrame> frames;
    while (auto frame = TakeServerFrame(&pending_)) frames.push_back(*std::move(frame));
    return frames;
  }
  // "text:a close:1000:bye": the frames that are there.
  std::string Read() {
    std::string said;
    for (const ServerFrame& frame : Frames()) said += (said.empty() ? "" : " ") + Describe(frame);
    return said;
  }
  // Waits until something can be read, at most 20 s of real time. False: nothing came.
  bool AwaitReadable() {
    pollfd poll_fd{fd_.get(), POLLIN, 0};
    return poll(&poll_fd, 1, 20000) == 1;
  }
  // Whether the server has closed its side, as the last read saw.
  bool ended() const { return ended_; }

  static std::string Describe(const ServerFrame& frame) {
    static constexpr const char* kNames[16] = {"more", "text", "binary", "", "", "", "", "", "close", "ping", "pong"};
    const char* name = kNames[static_cast<int>(frame.opcode)];
    if (frame.opcode != Opcode::kClose || frame.payload.size() < 2) return std::string(name) + ":" + frame.payload;
    const int code = static_cast<uint8_t>(frame.payload[0]) << 8 | static_cast<uint8_t>(frame.payload[1]);
    return "close:" + std::to_string(code) + ":" + frame.payload.substr(2);
  }

 private:
  UniqueFd fd_;
  std::string pending_;
  bool ended_ = false;
};

// Server's end first. As small as the kernel lets the buffers be, when asked.
inline std::pair<UniqueFd, UniqueFd> SocketPair(bool small_buffers = false) {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) != 0) return {};
  const int size = 4096;
  if (small_buffers) setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
  return {UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// The same over TCP on the loopback interface.
inline std::pair<UniqueFd, UniqueFd> TcpPair(const UniqueFd& listener) {
  sockaddr_in address{};
  socklen_t length = sizeof(address);
  getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &length);
  UniqueFd client(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return {};
  return {UniqueFd(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)), std::move(client)};
}
inline UniqueFd Listener() {
  UniqueFd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(listener.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) return UniqueFd();
  listen(listener.get(), 128);
  return listener;
}

// What a handler was told; outlives it. Thread-safe.
class Story {
 public:
  void Add(const std::string& what) {
    MutexLock lock(mu_);
    said_ += (said_.empty() ? "" : " ") + what;
  }
  void Dropped(const SharedFrame& frame, FrameClass frame_class, DropReason why) {
    MutexLock lock(mu_);
    dropped_.push_back(frame.tag());
    why_ += std::string(FrameClassName(frame_class)) + (why == DropReason::kSlow ? "/slow " : "/closed ");
  }
  void Opened(ConnectionId id) {
    MutexLock lock(mu_);
    id_ = id;
  }
  void Closed(const CloseInfo& info) {
    MutexLock lock(mu_);
    counters_ = info.counters;
    closed_.NotifyAll();
    ++closes_;
  }
  // What was said since the last time.
  std::string Take() {
    MutexLock lock(mu_);
    return std::exchange(said_, "");
  }
  std::vector<uint64_t> dropped() {
    MutexLock lock(mu_);
    return dropped_;
  }
  std::string why() {
    MutexLock lock(mu_);
    return why_;
  }
  ConnectionId id() {
    MutexLock lock(mu_);
    return id_;
  }
  ConnectionCounters counters() {
    MutexLock lock(mu_);
    return counters_;
  }
  int closes() {
    MutexLock lock(mu_);
    return closes_;
  }
  bool AwaitClosed() {
    MutexLock lock(mu_);
    while (closes_ == 0) {
      if (!closed_.WaitFor(mu_, absl::Seconds(20))) return false;
    }
    return true;
  }

 private:
  Mutex mu_;
  CondVar closed_;
  std::string said_ ABSL_GUARDED_BY(mu_), why_ ABSL_GUARDED_BY(mu_);
  std::vector<uint64_t> dropped_ ABSL_GUARDED_BY(mu_);
  ConnectionId id_ ABSL_GUARDED_BY(mu_);
  ConnectionCounters counters_ ABSL_GUARDED_BY(mu_);
  int closes_ ABSL_GUARDED_BY(mu_) = 0;
};

// Joins the channels named in `joins` and echoes what `echo` says.
class StoryHandler : public ConnectionHandler {
 public:
  StoryHandler(std::shared_ptr<Story> story, bool echo, std::vector<std::string> joins)
      : story_(std::move(story)), echo_(echo), joins_(std::move(joins)) {}

  void OnOpen(Connection& connection) override {
    story_->Opened(connection.id());
    for (const std::string& channel : joins_) connection.Join(channel);
  }
  void OnMessage(Connection& connection, MessageType type, std::string_view payload) override {
    const bool text = type == MessageType::kText;
    story_->Add((text ? "text:" : "binary:") +
                (payload.size() > 100 ? std::to_string(payload.size()) : std::string(payload)));
    if (payload == "close") return connection.Close(4001, "as you wish");
    if (payload == "connect") connection.Established();
    if (echo_)
      connection.Send(SharedFrame::Make(text ? Opcode::kText : Opcode::kBinary, payload), FrameClass::kControl);
  }
  void OnDropped(Connection&, const SharedFrame& frame, FrameClass frame_class, DropReason why) override {
    story_->Dropped(frame, frame_class, why);
  }
  void OnClosed(Connection&, const CloseInfo& info) override {
    story_->Add("closed:" + std::to_string(info.code) + ":" + std::string(info.reason) + (info.by_peer ? ":peer" : ""));
    story_->Closed(info);
  }

 private:
  const std::shared_ptr<Story> story_;
  const bool echo_;
  const std::vector<std::string> joins_;
};

}  // namespace trivium::gateway
