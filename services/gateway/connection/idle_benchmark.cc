// Memory of idle connections with one channel each, in this process (resident) and in the kernel (slab), both ends'
// sockets included in the latter. Prints JSON.
//   bazel run -c opt //services/gateway/connection:idle_benchmark -- [connections]
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "libs/clock/clock.h"
#include "libs/telemetry/metrics.h"
#include "services/gateway/connection/benchmark_room.h"
#include "services/gateway/connection/reactor_pool.h"

namespace trivium::gateway {
namespace {

// A line "Name:   123 kB" of a file under /proc, in bytes.
double ProcBytes(const char* path, const std::string& name) {
  std::ifstream file(path);
  for (std::string word; file >> word;) {
    double kib = 0;
    if (word == name + ":" && file >> kib) return kib * 1024;
  }
  return 0;
}

struct Memory {
  double resident = ProcBytes("/proc/self/status", "VmRSS");
  double slab = ProcBytes("/proc/meminfo", "Slab");
};

void Run(int connections) {
  Metrics metrics;
  ReactorOptions options;
  options.connect_timeout = absl::Hours(1);
  auto pool = ReactorPool::Start(1, options, Clock::Real(), metrics).value();
  const Memory before;
  Sockets sockets = ConnectRoom(connections);
  for (UniqueFd& server : sockets.servers) {
    (void)pool->Adopt({.fd = std::move(server), .peer = "127.0.0.1:65535", .handler = std::make_unique<RoomHandler>()});
  }
  const SharedFrame hello = SharedFrame::Make(Opcode::kText, "{}");
  // Each has been read and written once.
  for (const UniqueFd& client : sockets.clients) {
    const std::string frame = ClientFrame(Opcode::kText, std::string(300, 'x'));
    (void)send(client.get(), frame.data(), frame.size(), 0);
  }
  pool->Publish("room", {hello, {}}, FrameClass::kOrdered);
  for (const UniqueFd& client : sockets.clients) {
    char bytes[16];
    (void)recv(client.get(), bytes, sizeof(bytes), 0);
  }
  const Memory after;
  std::printf(
      "{\"what\": \"idle\", \"connections\": %d, \"resident_bytes_each\": %.0f, \"kernel_slab_bytes_each\": %.0f}\n",
      connections, (after.resident - before.resident) / connections, (after.slab - before.slab) / connections);
}

}  // namespace
}  // namespace trivium::gateway

int main(int argc, char** argv) { trivium::gateway::Run(argc > 1 ? std::atoi(argv[1]) : 5000); }
