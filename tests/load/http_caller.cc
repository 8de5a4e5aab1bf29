#include "tests/load/http_caller.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <utility>

namespace trivium::load {

size_t AnswerLength(std::string_view bytes, int* status) {
  const size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos || bytes.size() < 12) return 0;
  std::from_chars(bytes.data() + 9, bytes.data() + 12, *status);
  size_t length = 0;
  for (const std::string_view name : {"Content-Length: ", "content-length: "}) {
    const size_t at = bytes.substr(0, end).find(name);
    if (at != std::string_view::npos) std::from_chars(bytes.data() + at + name.size(), bytes.data() + end, length);
  }
  return bytes.size() >= end + 4 + length ? end + 4 + length : 0;
}

HttpCaller::HttpCaller(std::string address, std::string request, client::Loop& loop, std::function<bool(int)> done)
    : address_(std::move(address)), request_(std::move(request)), loop_(loop), done_(std::move(done)) {}

HttpCaller::~HttpCaller() {
  loop_.Run([this] { Drop(); });
}

void HttpCaller::Start() {
  loop_.Post([this] {
    if (Dial()) Send();
  });
}

bool HttpCaller::Dial() {
  const size_t colon = address_.find(':');
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(std::stoi(address_.substr(colon + 1))));
  inet_pton(AF_INET, address_.substr(0, colon).c_str(), &address.sin_addr);
  fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int one = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
  if (fd_ >= 0 && connect(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 &&
      loop_.Add(fd_, EPOLLIN, this)) {
    return true;
  }
  Drop();
  done_(0);
  return false;
}

// A request is small: the socket's buffer always takes it.
void HttpCaller::Send() {
  if (send(fd_, request_.data(), request_.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request_.size())) return;
  Drop();
  done_(0);
}

void HttpCaller::OnReady(uint32_t) {
  char bytes[16 << 10];
  const ssize_t n = recv(fd_, bytes, sizeof(bytes), MSG_DONTWAIT);
  if (n <= 0) {
    Drop();
    // The server may close a connection between two calls.
    if (done_(0) && Dial()) Send();
    return;
  }
  in_.append(bytes, static_cast<size_t>(n));
  int status = 0;
  const size_t length = AnswerLength(in_, &status);
  if (length == 0) return;
  in_.erase(0, length);
  if (done_(status)) Send();
}

void HttpCaller::Drop() {
  if (fd_ < 0) return;
  loop_.Remove(fd_);
  close(fd_);
  fd_ = -1;
  in_.clear();
}

}  // namespace trivium::load
