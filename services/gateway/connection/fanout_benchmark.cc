// One room, many connections: deliveries a second through a reactor, against a bare loop of writes to the same kind of
// sockets in the same run. Prints JSON lines, one a measurement.
//   bazel run -c opt //services/gateway/connection:fanout_benchmark -- [connections] [payload bytes] [seconds]
#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "libs/clock/clock.h"
#include "libs/telemetry/metrics.h"
#include "services/gateway/connection/benchmark_room.h"
#include "services/gateway/connection/reactor_pool.h"

namespace trivium::gateway {
namespace {

struct Plan {
  int connections = 5000;
  size_t payload = 100;
  double seconds = 5;
};

// Processor time of the calling thread.
double ThreadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

void Print(const char* what, const Plan& plan, const CountingReader& reader, double seconds, double cpu_seconds,
           double writes) {
  const auto delivered = static_cast<double>(reader.delivered());
  std::printf(
      "{\"what\": \"%s\", \"connections\": %d, \"payload_bytes\": %zu, \"deliveries_per_s\": %.0f, "
      "\"deliveries_per_write\": %.1f, \"writer_cpu\": %.2f, \"p50_ms\": %.1f, \"p99_ms\": %.1f}\n",
      what, plan.connections, plan.payload, delivered / seconds, writes == 0 ? 0 : delivered / writes,
      cpu_seconds / seconds, reader.LatencyMs(0.5), reader.LatencyMs(0.99));
  std::fflush(stdout);
}

void AwaitDelivered(const CountingReader& reader, uint64_t wanted) {
  for (double until = Seconds() + 10; reader.delivered() < wanted && Seconds() < until;) {
    std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
}

// The lower bound: nothing but writes, each of `together` messages.
void BareLoop(const Plan& plan, int together) {
  Sockets sockets = ConnectRoom(plan.connections);
  const SharedFrame frame = SharedFrame::Make(Opcode::kBinary, std::string(plan.payload, 'x'));
  CountingReader reader(sockets.clients, frame.size());
  std::vector<iovec> iov(static_cast<size_t>(together),
                         {const_cast<char*>(frame.bytes().data()), frame.bytes().size()});
  msghdr message{};
  message.msg_iov = iov.data();
  message.msg_iovlen = iov.size();
  double writes = 0;
  const double start = Seconds(), cpu = ThreadSeconds();
  while (Seconds() < start + plan.seconds) {
    for (int i = 0; i < together; ++i) reader.Publishing();
    for (const UniqueFd& server : sockets.servers) {
      while (sendmsg(server.get(), &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        std::this_thread::yield();
      }
      ++writes;
    }
  }
  AwaitDelivered(reader, static_cast<uint64_t>(writes) * static_cast<uint64_t>(together));
  Print(together == 1 ? "bare writes, plain" : "bare writes, 20 together", plan, reader, Seconds() - start,
        ThreadSeconds() - cpu, writes);
}

// The reactor's thread's processor time, asked on it.
double ReactorSeconds(Reactor& reactor) {
  std::atomic<double> answer{-1};
  reactor.Post([&] { answer = ThreadSeconds(); });
  while (answer < 0) std::this_thread::sleep_for(std::chrono::microseconds(100));
  return answer;
}

struct Pace {
  const char* name;
  absl::Duration coalescing;
  double messages_per_second;  // 0: as fast as they are delivered.
  uint64_t max_ahead;          // Messages published and not yet delivered to all, when there is no pace.
  double stalled = 0;          // Share of the clients that never read; their messages don't count.
};

void ThroughReactor(const Plan& plan, const Pace& pace) {
  Sockets sockets = ConnectRoom(plan.connections);
  Metrics metrics;
  QueueBudget budget;
  ReactorOptions options;
  options.coalescing = pace.coalescing;
  options.connect_timeout = absl::Hours(1);
  options.max_queue_bytes = 64 << 10;
  auto reactor = Reactor::New(0, options, budget, Clock::Real(), metrics).value();
  reactor->Start();
  for (UniqueFd& server : sockets.servers) {
    (void)reactor->Adopt({.fd = std::move(server), .handler = std::make_unique<RoomHandler>()});
  }
  const SharedFrame frame = SharedFrame::Make(Opcode::kBinary, std::string(plan.payload, 'x'));
  const auto stalled = static_cast<uint64_t>(plan.connections * pace.stalled);
  CountingReader reader(sockets.clients, frame.size(), stalled);
  const uint64_t members = static_cast<uint64_t>(plan.connections) - stalled;
  const double cpu = ReactorSeconds(*reactor), start = Seconds();
  uint64_t published = 0;
  while (Seconds() < start + plan.seconds) {
    const bool wait = pace.messages_per_second == 0
                          ? published >= reader.delivered() / members + pace.max_ahead
                          : static_cast<double>(published) >= (Seconds() - start) * pace.messages_per_second;
    if (wait) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      continue;
    }
    reader.Publishing();
    ++published;
    if (!reactor->Publish("room", {frame, {}}, FrameClass::kOrdered)) std::abort();
  }
  AwaitDelivered(reader, published * members);
  const double seconds = Seconds() - start;
  const double reactor_cpu = ReactorSeconds(*reactor) - cpu;
  Print(pace.name, plan, reader, seconds, reactor_cpu, metrics.GetCounter(kWrites).Value());
}

}  // namespace
}  // namespace trivium::gateway

int main(int argc, char** argv) {
  using namespace trivium::gateway;
  Plan plan;
  if (argc > 1) plan.connections = std::atoi(argv[1]);
  if (argc > 2) plan.payload = static_cast<size_t>(std::atoi(argv[2]));
  if (argc > 3) plan.seconds = std::atof(argv[3]);
  BareLoop(plan, 1);
  BareLoop(plan, 20);
  for (const Pace& pace : {Pace{"reactor, plain, saturated", absl::ZeroDuration(), 0, 2},
                           Pace{"reactor, plain, 40 messages/s", absl::ZeroDuration(), 40, 0},
                           Pace{"reactor, 20 ms together, saturated", absl::Milliseconds(20), 0, 60},
                           Pace{"reactor, 20 ms together, 300 messages/s", absl::Milliseconds(20), 300, 0},
                           Pace{"the same, 1 % stalled", absl::Milliseconds(20), 300, 0, 0.01}}) {
    ThroughReactor(plan, pace);
  }
}
