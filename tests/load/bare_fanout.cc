#include "tests/load/bare_fanout.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/load/cpu_meter.h"

namespace trivium::load {

struct BareFanout::Impl {
  std::vector<int> writers, readers;
  int epoll_fd = -1;

  ~Impl() {
    for (const int fd : writers) close(fd);
    for (const int fd : readers) close(fd);
    if (epoll_fd >= 0) close(epoll_fd);
  }

  bool Connect(int listener, const sockaddr_in& address) {
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client < 0) return false;
    readers.push_back(client);
    if (connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) return false;
    const int server = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (server < 0) return false;
    writers.push_back(server);
    const int one = 1;
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    fcntl(client, F_SETFL, O_NONBLOCK);
    epoll_event event{.events = EPOLLIN, .data = {.fd = client}};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client, &event) == 0;
  }

  // Bytes read until stop is set and nothing more comes.
  void Read(const std::atomic<bool>& stop, std::atomic<int64_t>& bytes) const {
    epoll_event events[512];
    std::vector<char> buffer(64 << 10);
    while (true) {
      const int n = epoll_wait(epoll_fd, events, 512, 20);
      if (n <= 0 && stop) return;
      for (int i = 0; i < n; ++i) {
        const ssize_t got = recv(events[i].data.fd, buffer.data(), buffer.size(), 0);
        if (got > 0) bytes += got;
      }
    }
  }
};

BareFanout::BareFanout(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
BareFanout::~BareFanout() = default;

absl::StatusOr<std::unique_ptr<BareFanout>> BareFanout::Create(int sockets) {
  auto impl = std::make_unique<Impl>();
  impl->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  bool good = impl->epoll_fd >= 0 && listener >= 0 &&
              bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0 && listen(listener, 128) == 0 &&
              getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  for (int i = 0; i < sockets && good; ++i) good = impl->Connect(listener, address);
  if (listener >= 0) close(listener);
  if (!good) {
    return absl::ResourceExhaustedError(absl::StrCat("bare sockets: ", impl->writers.size(), " of ", sockets,
                                                     " could be made; each takes two file descriptors"));
  }
  return std::unique_ptr<BareFanout>(new BareFanout(std::move(impl)));
}

BareResult BareFanout::Run(absl::Duration length, size_t bytes, int together) {
  std::atomic<bool> stop = false;
  std::atomic<int64_t> read = 0;
  const double cpu = OwnCpuSeconds();
  std::thread reader([&] { impl_->Read(stop, read); });
  std::string message(bytes, 'x');
  const std::vector<iovec> parts(static_cast<size_t>(together), iovec{message.data(), message.size()});
  const absl::Time begin = absl::Now();
  while (absl::Now() - begin < length) {
    for (const int fd : impl_->writers) {
      // A socket that is full is skipped: the loop is bare.
      const ssize_t wrote = writev(fd, parts.data(), together);
      if (wrote < 0 && errno != EAGAIN) break;
    }
  }
  BareResult result;
  result.seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  stop = true;
  reader.join();
  result.deliveries = read / static_cast<int64_t>(bytes);
  result.cpu_seconds = OwnCpuSeconds() - cpu;
  return result;
}

}  // namespace trivium::load
