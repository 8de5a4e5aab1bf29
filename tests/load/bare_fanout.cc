#include "tests/load/bare_fanout.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <functional>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/load/cpu_meter.h"
#include "tests/load/gateway_phases.h"

namespace trivium::load {

namespace {

constexpr size_t kSamplesOf = 20;  // Of so many sockets ages are taken of one.
constexpr int kMaxTogether = 64;   // Messages of a turn when it is late: so few that a socket takes all or nothing.

// When each message was due. One writes, one reads.
class Schedule {
 public:
  explicit Schedule(size_t messages) : due_(messages) {}
  void Add(absl::Time due) {
    due_[size_.load(std::memory_order_relaxed)] = due;
    size_.fetch_add(1, std::memory_order_release);
  }
  bool full() const { return size_.load(std::memory_order_relaxed) == due_.size(); }
  absl::Time operator[](size_t message) const { return due_[message]; }

 private:
  std::vector<absl::Time> due_;
  std::atomic<size_t> size_{0};
};

}  // namespace

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
    epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.u64 = readers.size() - 1}};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client, &event) == 0;
  }

  struct Reading {
    const size_t message_bytes;
    const Schedule* schedule;  // nullptr: no ages.
    std::atomic<bool> stop = false;
    std::atomic<int64_t> bytes = 0;
    std::vector<float> ages_ms = {};
  };

  // Until stop is set and nothing more comes. As the clients' loop does it: after a few events it lets more gather.
  void Read(Reading& reading) const {
    epoll_event events[256];
    std::vector<char> buffer(256 << 10);
    std::vector<size_t> had(readers.size());
    while (true) {
      const int n = epoll_wait(epoll_fd, events, std::size(events), 20);
      if (n <= 0 && reading.stop) return;
      for (int i = 0; i < n; ++i) ReadOne(events[i].data.u64, buffer, had[events[i].data.u64], reading);
      if (n < static_cast<int>(std::size(events)))
        std::this_thread::sleep_for(absl::ToChronoMicroseconds(kFanoutGather));
    }
  }

  void ReadOne(size_t reader, std::vector<char>& buffer, size_t& had, Reading& reading) const {
    ssize_t got = 0;
    size_t message = had / reading.message_bytes;
    do {
      got = recv(readers[reader], buffer.data(), buffer.size(), 0);
      if (got <= 0) return;
      had += static_cast<size_t>(got);
      reading.bytes += got;
    } while (got == static_cast<ssize_t>(buffer.size()));
    if (reading.schedule == nullptr || reader % kSamplesOf != 0) return;
    const absl::Time now = absl::Now();
    for (; message < had / reading.message_bytes; ++message) {
      reading.ages_ms.push_back(static_cast<float>(absl::ToDoubleMilliseconds(now - (*reading.schedule)[message])));
    }
  }

  // What `write` writes to the sockets, read meanwhile.
  BareResult Measure(Reading& reading, const std::function<void(absl::Time begin)>& write) {
    const double cpu = OwnCpuSeconds();
    std::thread reader([&] { Read(reading); });
    const absl::Time begin = absl::Now();
    write(begin);
    BareResult result;
    result.seconds = absl::ToDoubleSeconds(absl::Now() - begin);
    reading.stop = true;
    reader.join();
    result.deliveries = reading.bytes / static_cast<int64_t>(reading.message_bytes);
    result.cpu_seconds = OwnCpuSeconds() - cpu;
    result.p50_ms = QuantileOf(reading.ages_ms, 0.5);
    result.p99_ms = QuantileOf(std::move(reading.ages_ms), 0.99);
    return result;
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
  Impl::Reading reading{bytes, nullptr};
  std::string message(bytes, 'x');
  const std::vector<iovec> parts(static_cast<size_t>(together), iovec{message.data(), message.size()});
  return impl_->Measure(reading, [&](absl::Time begin) {
    while (absl::Now() - begin < length) {
      for (const int fd : impl_->writers) {
        // A socket that is full is skipped: the loop is bare.
        const ssize_t wrote = writev(fd, parts.data(), together);
        if (wrote < 0 && errno != EAGAIN) break;
      }
    }
  });
}

BareResult BareFanout::RunPaced(absl::Duration length, size_t bytes, int per_second) {
  const double seconds = absl::ToDoubleSeconds(length);
  Schedule schedule(static_cast<size_t>(seconds * per_second) + 1);
  Impl::Reading reading{bytes, &schedule};
  std::string message(bytes, 'x');
  const std::vector<iovec> parts(kMaxTogether, iovec{message.data(), message.size()});
  return impl_->Measure(reading, [&](absl::Time begin) {
    int64_t sent = 0;
    while (!schedule.full()) {
      const auto due = static_cast<int64_t>(absl::ToDoubleSeconds(absl::Now() - begin) * per_second) + 1 - sent;
      const int together = static_cast<int>(std::min<int64_t>(due, kMaxTogether));
      int added = 0;
      for (; added < together && !schedule.full(); ++added, ++sent)
        schedule.Add(begin + absl::Seconds(1) * sent / per_second);
      for (const int fd : impl_->writers) {
        while (added > 0 && writev(fd, parts.data(), added) < 0 && errno == EAGAIN) std::this_thread::yield();
      }
      if (added == 0) std::this_thread::sleep_for(std::chrono::microseconds(200));
    }
  });
}

}  // namespace trivium::load
