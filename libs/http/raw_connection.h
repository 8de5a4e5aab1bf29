// A TCP client for tests that sends any bytes, also such as no HTTP client would.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <string_view>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace trivium::http {

class RawConnection {
 public:
  explicit RawConnection(int port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0;
  }
  ~RawConnection() { close(fd_); }
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  bool connected() const { return connected_; }

  // False when the peer has closed.
  bool Send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }
  void HalfClose() { shutdown(fd_, SHUT_WR); }

  // All bytes until the peer closes, at most 20 s; "(timeout)" at the end when it does not.
  std::string ReadAll() {
    std::string all = std::move(pending_);
    while (Fill(&all, 20000)) {
    }
    return timed_out_ ? all + "(timeout)" : all;
  }
  // One answer: head, and body by Content-Length (none after a HEAD); "" when the peer closes or 20 s pass.
  std::string ReadAnswer(bool head = false) {
    size_t end = 0;
    while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
      if (!Fill(&pending_, 20000)) return "";
    }
    end += 4;
    const size_t length = pending_.find("Content-Length: ");
    size_t body = 0;
    if (!head && length < end) {
      (void)absl::SimpleAtoi(pending_.substr(length + 16, pending_.find("\r\n", length) - length - 16), &body);
    }
    while (pending_.size() < end + body) {
      if (!Fill(&pending_, 20000)) return "";
    }
    std::string answer = pending_.substr(0, end + body);
    pending_.erase(0, end + body);
    return answer;
  }

 private:
  bool Fill(std::string* to, int timeout_ms) {
    pollfd poll_fd{fd_, POLLIN, 0};
    timed_out_ = poll(&poll_fd, 1, timeout_ms) == 0;
    if (timed_out_) return false;
    char bytes[4096];
    const ssize_t n = recv(fd_, bytes, sizeof(bytes), 0);
    if (n <= 0) return false;
    to->append(bytes, static_cast<size_t>(n));
    return true;
  }

  const int fd_;
  bool connected_ = false, timed_out_ = false;
  std::string pending_;
};

}  // namespace trivium::http
