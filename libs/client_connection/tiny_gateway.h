// A gateway of a few lines for tests: one thread, blocking, one connection at a time.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "libs/client_connection/websocket.h"
#include "libs/client_protocol/protocol.h"

namespace trivium::client {

// Answers connect, and what `answer` says to the rest. Speaks JSON.
class TinyGateway {
 public:
  using Reply = protocol::Reply;
  using Command = protocol::Command;
  // answer: fills in the reply; false closes the connection.
  explicit TinyGateway(std::function<bool(const Command&, Reply*)> answer)
      : answer_(std::move(answer)), listener_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
    listen(listener_, 16);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
    address_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
    thread_ = std::thread([this] { Work(); });
  }
  ~TinyGateway() {
    stop_ = true;
    shutdown(listener_, SHUT_RDWR);
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(listener_);
  }
  const std::string& address() const { return address_; }
  // Ends the connection that is open with this close code; 0: without a word.
  void End(int code) {
    const std::string frame{static_cast<char>(0x88), 2, static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
    if (code != 0) send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL);
    shutdown(fd_, SHUT_RDWR);
  }
  int connections() const { return connections_; }

 private:
  void Work() {
    while (!stop_) {
      fd_ = accept(listener_, nullptr, nullptr);
      if (fd_ < 0) return;
      ++connections_;
      Serve();
      close(fd_);
    }
  }
  bool ReadTo(std::string* text, size_t n) {
    char bytes[4096];
    while (text->size() < n) {
      const ssize_t got = recv(fd_, bytes, sizeof(bytes), 0);
      if (got <= 0) return false;
      text->append(bytes, static_cast<size_t>(got));
    }
    return true;
  }
  void Serve() {
    std::string in;
    while (in.find("\r\n\r\n") == std::string::npos) {
      if (!ReadTo(&in, in.size() + 1)) return;
    }
    const size_t key = in.find("Sec-WebSocket-Key: ") + 19;
    const std::string head = absl::StrCat(
        "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: ", AcceptOf(in.substr(key, 24)), "\r\n\r\n");
    send(fd_, head.data(), head.size(), MSG_NOSIGNAL);
    in.erase(0, in.find("\r\n\r\n") + 4);
    while (ReadTo(&in, 6)) {
      const auto length = static_cast<uint8_t>(in[1]) & 0x7fu;
      const size_t extended = length == 126 ? 2 : 0;
      if (!ReadTo(&in, 6 + extended)) return;
      const size_t size = extended == 0 ? length : static_cast<uint8_t>(in[2]) << 8 | static_cast<uint8_t>(in[3]);
      if (!ReadTo(&in, 6 + extended + size)) return;
      std::string payload = in.substr(6 + extended, size);
      for (size_t i = 0; i < size; ++i) payload[i] = static_cast<char>(payload[i] ^ in[2 + extended + i % 4]);
      const bool close = (in[0] & 0x0f) == 8;
      in.erase(0, 6 + extended + size);
      if (close || !Answer(payload)) return;
    }
  }
  bool Answer(const std::string& payload) {
    const auto commands = protocol::DecodeCommands(protocol::Form::kJson, payload);
    if (!commands.ok()) return false;
    for (const Command& command : *commands) {
      Reply reply;
      reply.set_id(command.id());
      if (command.has_connect()) reply.mutable_connect()->set_client(absl::StrCat("c", connections_.load()));
      if (!answer_(command, &reply)) return false;
      const std::string text = *protocol::EncodeReply(reply, protocol::Form::kJson);
      std::string frame{static_cast<char>(0x81), 126, static_cast<char>(text.size() >> 8),
                        static_cast<char>(text.size() & 0xff)};
      frame += text;
      send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL);
    }
    return true;
  }

  const std::function<bool(const Command&, Reply*)> answer_;
  const int listener_;
  std::string address_;
  std::atomic<int> fd_ = -1, connections_ = 0;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace trivium::client
