#include "libs/redis/socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/status/status.h"

namespace trivium::redis {
namespace {

absl::Status SystemError(const char* what, int error) {
  char buffer[128];
  return absl::UnavailableError(absl::StrCat(what, ": ", strerror_r(error, buffer, sizeof(buffer))));
}

struct FreesAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, FreesAddresses>;

absl::StatusOr<Addresses> Resolve(const Address& address) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_NUMERICSERV;
  addrinfo* list = nullptr;
  const int error = getaddrinfo(address.host.c_str(), absl::StrCat(address.port).c_str(), &hints, &list);
  if (error != 0) return absl::UnavailableError(absl::StrCat("no such host: ", gai_strerror(error)));
  return Addresses(list);
}

void SetOptions(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
}

}  // namespace

int PollMillis(absl::Duration left) {
  const absl::Duration bounded = std::clamp(left, absl::ZeroDuration(), absl::Minutes(1));
  return static_cast<int>(absl::ToInt64Milliseconds(absl::Ceil(bounded, absl::Milliseconds(1))));
}

absl::StatusOr<Socket> Socket::Connect(const Address& address, absl::Duration until, Clock& clock) {
  TRIVIUM_ASSIGN_OR_RETURN(const Addresses list, Resolve(address));
  absl::Status last;
  for (const addrinfo* info = list.get(); info != nullptr; info = info->ai_next) {
    Socket socket(::socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (socket.fd_ < 0) return SystemError("socket", errno);
    SetOptions(socket.fd_);
    int error = connect(socket.fd_, info->ai_addr, info->ai_addrlen) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
      last = socket.Await(POLLOUT, until, clock);
      if (!last.ok()) continue;
      socklen_t size = sizeof(error);
      getsockopt(socket.fd_, SOL_SOCKET, SO_ERROR, &error, &size);
    }
    if (error == 0) return socket;
    last = SystemError("connect", error);
  }
  return last;
}

Socket::Socket(Socket&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

absl::StatusOr<size_t> Socket::WriteSome(std::string_view bytes) {
  const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (n >= 0) return static_cast<size_t>(n);
  if (errno == EAGAIN || errno == EINTR) return size_t{0};
  return SystemError("write", errno);
}

absl::StatusOr<size_t> Socket::ReadSome(char* to, size_t size) {
  const ssize_t n = recv(fd_, to, size, 0);
  if (n > 0) return static_cast<size_t>(n);
  if (n == 0) return absl::UnavailableError("connection closed by the server");
  if (errno == EAGAIN || errno == EINTR) return size_t{0};
  return SystemError("read", errno);
}

absl::Status Socket::Await(short events, absl::Duration until, Clock& clock) const {
  while (true) {
    const absl::Duration left = until - clock.Monotonic();
    if (left <= absl::ZeroDuration()) return absl::DeadlineExceededError("time-out");
    pollfd watched{fd_, events, 0};
    const int ready = poll(&watched, 1, PollMillis(left));
    if (ready > 0) return absl::OkStatus();  // An error or a hang-up shows at the next read or write.
    if (ready < 0 && errno != EINTR) return SystemError("poll", errno);
  }
}

bool Socket::Quiet() const {
  char byte;
  return recv(fd_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

}  // namespace trivium::redis
