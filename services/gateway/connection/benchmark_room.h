// A room of connections over TCP on one machine, with readers that only count. For the benchmarks.
#pragma once

#include <sys/epoll.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include "services/gateway/connection/connection.h"
#include "services/gateway/connection/test_client.h"

namespace trivium::gateway {

inline double Seconds() { return absl::ToDoubleSeconds(Clock::Real().Monotonic()); }

// Joins the room; nothing else happens on these connections.
class RoomHandler : public ConnectionHandler {
 public:
  void OnOpen(Connection& connection) override { connection.Join("room"); }
  void OnMessage(Connection&, MessageType, std::string_view) override {}
  void OnClosed(Connection&, const CloseInfo&) override {}
};

struct Sockets {
  std::vector<UniqueFd> servers, clients;
};
inline Sockets ConnectRoom(int connections) {
  Sockets sockets;
  const UniqueFd listener = Listener();
  for (int i = 0; i < connections; ++i) {
    auto [server, client] = TcpPair(listener);
    if (server.get() < 0) {
      std::fprintf(stderr, "connection %d: no descriptor, want 2 for each of %d: ulimit -n\n", i, connections);
      std::exit(1);
    }
    sockets.servers.push_back(std::move(server));
    sockets.clients.push_back(std::move(client));
  }
  return sockets;
}

// Reads and drops what the clients get, in a thread of its own, and takes the latency of every message. The bytes are
// not copied to user space (MSG_TRUNC): real clients are other machines.
class CountingReader {
 public:
  static constexpr int kMaxMessages = 1 << 20;

  // The first `stalled` clients are never read.
  CountingReader(const std::vector<UniqueFd>& clients, size_t message_size, size_t stalled = 0)
      : clients_(clients), message_size_(message_size), bytes_(clients.size()), published_(kMaxMessages) {
    epoll_ = UniqueFd(epoll_create1(EPOLL_CLOEXEC));
    for (size_t i = stalled; i < clients.size(); ++i) {
      epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
      epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, clients[i].get(), &event);
    }
    thread_ = std::thread([this] { Run(); });
  }
  ~CountingReader() {
    stop_ = true;
    thread_.join();
  }

  // Before the message leaves. Returns its number.
  int Publishing() {
    published_[static_cast<size_t>(next_)].store(Seconds(), std::memory_order_relaxed);
    return next_++;
  }
  uint64_t delivered() const { return delivered_.load(std::memory_order_relaxed); }
  // Milliseconds within which this share of the deliveries came.
  double LatencyMs(double share) const {
    uint64_t left = static_cast<uint64_t>(static_cast<double>(delivered()) * share);
    for (size_t i = 0; i < kBuckets; ++i) {
      const uint64_t here = latencies_[i].load(std::memory_order_relaxed);
      if (here >= left) return static_cast<double>(i) * kBucketMs;
      left -= here;
    }
    return kBuckets * kBucketMs;
  }

 private:
  static constexpr size_t kBuckets = 20000;
  static constexpr double kBucketMs = 0.1;

  void Run() {
    std::vector<epoll_event> events(1024);
    while (!stop_) {
      const int n = epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), 10);
      const double now = Seconds();
      for (int i = 0; i < n; ++i) Read(events[static_cast<size_t>(i)].data.u64, now);
    }
  }
  void Read(size_t client, double now) {
    const ssize_t n = recv(clients_[client].get(), nullptr, 1 << 20, MSG_DONTWAIT | MSG_TRUNC);
    if (n <= 0) return;
    uint64_t message = bytes_[client] / message_size_;
    bytes_[client] += static_cast<uint64_t>(n);
    const uint64_t end = bytes_[client] / message_size_;
    delivered_.fetch_add(end - message, std::memory_order_relaxed);
    for (; message < end; ++message) {
      const double ms = (now - published_[message].load(std::memory_order_relaxed)) * 1000;
      const auto bucket = std::min(kBuckets - 1, static_cast<size_t>(std::max(0.0, ms) / kBucketMs));
      latencies_[bucket].fetch_add(1, std::memory_order_relaxed);
    }
  }

  const std::vector<UniqueFd>& clients_;
  const size_t message_size_;
  UniqueFd epoll_;
  std::vector<uint64_t> bytes_;  // By client.
  std::vector<std::atomic<double>> published_;
  int next_ = 0;
  std::vector<std::atomic<uint64_t>> latencies_ = std::vector<std::atomic<uint64_t>>(kBuckets);
  std::atomic<uint64_t> delivered_{0};
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace trivium::gateway
