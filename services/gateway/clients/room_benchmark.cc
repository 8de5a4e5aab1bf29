// One room through everything: a message in Redis to sessions and sockets of many clients. Beside it, what an idle
// client with its channels holds. Prints JSON lines.
//   bazel run -c opt //services/gateway/clients:room_benchmark -- [connections] [seconds]
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/redis/test_redis.h"
#include "services/gateway/clients/publication.h"
#include "services/gateway/clients/test_floor.h"
#include "services/gateway/connection/benchmark_room.h"

namespace trivium::gateway {
namespace {

double ResidentBytes() {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;) {
    double kib = 0;
    if (word == "VmRSS:" && file >> kib) return kib * 1024;
  }
  return 0;
}

// As push writes it: "payload" of 100 bytes.
std::string Payload(IdGenerator& ids, push::v1::MessageClass message_class) {
  push::v1::Fanout fanout;
  push::v1::Publication& publication = *fanout.mutable_publication();
  publication.set_message_id(ids.Next().ToBytes());
  publication.set_class_(message_class);
  publication.set_data(absl::StrCat("\"", std::string(98, 'x'), "\""));
  publication.set_create_time_ms(absl::ToUnixMillis(absl::Now()));
  return fanout.SerializeAsString();
}

struct Pace {
  const char* name;
  double messages_per_second;
};

class Room {
 public:
  Room(int connections, absl::Duration coalescing) {
    ClientsOptions options;
    options.instance = "gateway-1";
    options.reactors = 1;
    options.redis = redis_->client_options();
    options.connection.coalescing = coalescing;
    options.connection.max_queue_bytes = 1 << 20;
    gateway_ = std::make_unique<TestGateway>(options, push_);
    gateway_->profiles.profile.max_connections = 100'000;
    const double before = ResidentBytes();
    for (int i = 0; i < connections; ++i) {
      Peer peer = gateway_->Open(protocol::Form::kProtobuf);
      if (!peer.Connect(absl::StrCat("acme/u", i)).has_connect() || !peer.Subscribe("room:r1").has_subscribe()) {
        std::fprintf(stderr, "connection %d: refused, want open: ulimit -n\n", i);
        std::exit(1);
      }
      clients_.emplace_back(dup(peer.socket().fd()));
    }
    std::printf("{\"what\": \"idle, three channels each\", \"connections\": %d, \"resident_bytes_each\": %.0f}\n",
                connections, (ResidentBytes() - before) / connections);
    // From here on offsets take two bytes.
    for (int i = 0; i < 130; ++i) Publish(push::v1::ORDERED);
    absl::SleepFor(absl::Seconds(1));
    for (const UniqueFd& client : clients_) {
      while (recv(client.get(), nullptr, 1 << 20, MSG_DONTWAIT | MSG_TRUNC) > 0) {
      }
    }
  }

  void Run(const Pace& pace, double seconds) {
    const auto message = DecodeFanout(Payload(*fanout_.ids, push::v1::ORDERED), 1000, "e", false);
    const auto frames = EncodeFrames("room:r1", *std::get<PublicationPtr>(*message), {false, true}, 0);
    CountingReader reader(clients_, frames[1].size());
    const double start = Seconds(), cpu = ProcessSeconds();
    int published = 0;
    while (Seconds() < start + seconds) {
      if (published >= (Seconds() - start) * pace.messages_per_second) {
        absl::SleepFor(absl::Microseconds(200));
        continue;
      }
      reader.Publishing();
      Publish(push::v1::ORDERED);
      ++published;
    }
    const uint64_t wanted = static_cast<uint64_t>(published) * clients_.size();
    for (const double until = Seconds() + 10; reader.delivered() < wanted && Seconds() < until;) {
      absl::SleepFor(absl::Milliseconds(1));
    }
    const double took = Seconds() - start;
    std::printf(
        "{\"what\": \"%s\", \"connections\": %zu, \"deliveries_per_s\": %.0f, \"missing\": %lld, \"process_cpu\": "
        "%.2f, \"p50_ms\": %.1f, \"p99_ms\": %.1f}\n",
        pace.name, clients_.size(), static_cast<double>(reader.delivered()) / took,
        static_cast<long long>(wanted - reader.delivered()), (ProcessSeconds() - cpu) / took, reader.LatencyMs(0.5),
        reader.LatencyMs(0.99));
    std::fflush(stdout);
  }

 private:
  static double ProcessSeconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
  }
  void Publish(push::v1::MessageClass message_class) {
    if (!fanout_.Append({.channel = {"acme", "room:r1"}, .payload = Payload(*fanout_.ids, message_class)}).ok()) {
      std::abort();
    }
  }

  std::unique_ptr<redis::TestRedis> redis_ = redis::TestRedis::Start({"--appendfsync", "no"}).value();
  fanout::TestFanout fanout_{redis_->client_options()};
  FakePush push_;
  std::unique_ptr<TestGateway> gateway_;
  std::vector<UniqueFd> clients_;
};

}  // namespace
}  // namespace trivium::gateway

int main(int argc, char** argv) {
  using namespace trivium::gateway;
  const int connections = argc > 1 ? std::atoi(argv[1]) : 5000;
  const double seconds = argc > 2 ? std::atof(argv[2]) : 5;
  Room(connections, absl::ZeroDuration()).Run({"plain, 40 messages/s", 40}, seconds);
  Room(connections, absl::Milliseconds(20)).Run({"20 ms together, 300 messages/s", 300}, seconds);
}
