// How many messages a second one Redis takes through one pool of connections: appended (offset, history, pub/sub, one
// script) and, in the same run, bare PUBLISH and bare XADD. Prints JSON; the ratios compare versions, not machines.
//   bazel run //libs/fanout/bench:fanout_bench -- [--seconds 2] [--threads 8] [--redis HOST:PORT]
// Without --redis it starts a private one, which writes nothing to disk.
#include <atomic>
#include <cstdio>
#include <functional>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/fanout/publisher.h"
#include "libs/id/id.h"
#include "libs/redis/client.h"
#include "libs/redis/test_redis.h"
#include "libs/telemetry/metrics.h"
#include "nlohmann/json.hpp"

namespace trivium::fanout {
namespace {

constexpr size_t kPayloadBytes = 200;
constexpr int kBatches[] = {1, 16, 128};
constexpr int kRooms = 128;  // Of append_many_rooms.

struct Flags {
  double seconds = 2;
  int threads = 8;
  std::string redis;  // "": a private one.
};

std::optional<Flags> ParseFlags(int argc, char** argv) {
  Flags flags;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string name = argv[i], value = argv[i + 1];
    if (name == "--seconds" && absl::SimpleAtod(value, &flags.seconds) && flags.seconds > 0) continue;
    if (name == "--threads" && absl::SimpleAtoi(value, &flags.threads) && flags.threads >= 1 && flags.threads <= 64)
      continue;
    if (name == "--redis") {
      flags.redis = value;
      continue;
    }
    std::cerr << name << ": " << value << ", want --seconds > 0, --threads 1-64 or --redis HOST:PORT\n";
    return std::nullopt;
  }
  return flags;
}

// One call of a phase: writes `batch` messages; false when one of them failed.
using Call = std::function<bool(int thread, int batch)>;

struct Measured {
  int64_t messages = 0, failed = 0;
  double seconds = 0;
  double PerSecond() const { return static_cast<double>(messages) / seconds; }
};

Measured Run(const Flags& flags, int batch, const Call& call) {
  std::atomic<int64_t> messages{0}, failed{0};
  const absl::Duration start = Clock::Real().Monotonic(), end = start + absl::Seconds(flags.seconds);
  std::vector<std::thread> threads;
  for (int t = 0; t < flags.threads; ++t) {
    threads.emplace_back([&, t] {
      while (Clock::Real().Monotonic() < end) (call(t, batch) ? messages : failed) += batch;
    });
  }
  for (std::thread& thread : threads) thread.join();
  return {messages, failed, absl::ToDoubleSeconds(Clock::Real().Monotonic() - start)};
}

absl::Time Soon() { return absl::Now() + absl::Seconds(10); }

bool PipelineAll(redis::Client& client, const std::vector<std::string>& arguments, int batch) {
  const std::vector<redis::Command> commands(static_cast<size_t>(batch), redis::Command{arguments});
  for (const redis::Outcome& outcome : client.Pipeline(commands, Soon())) {
    if (!outcome.ok()) return false;
  }
  return true;
}

bool AppendAll(Publisher& publisher, int thread, int batch, int rooms) {
  std::vector<Message> messages;
  for (int i = 0; i < batch; ++i) {
    messages.push_back({.channel = {"bench", absl::StrCat("room:", rooms == 1 ? 0 : (thread + i) % rooms)},
                        .payload = std::string(kPayloadBytes, 'p')});
  }
  for (const auto& result : publisher.Append(messages, Soon())) {
    if (!result.ok()) return false;
  }
  return true;
}

std::vector<std::pair<std::string, Call>> Phases(redis::Client& client, Publisher& publisher) {
  const std::string payload(kPayloadBytes, 'p');
  return {
      {"bare_publish",
       [&client, payload](int, int n) {
         return PipelineAll(client, {"PUBLISH", "bench", payload}, n);
       }},
      {"bare_xadd",
       [&client, payload](int, int n) {
         return PipelineAll(client, {"XADD", "bench", "MAXLEN", "~", "300", "*", "s", "0", "d", payload}, n);
       }},
      {"append_one_room", [&publisher](int t, int n) { return AppendAll(publisher, t, n, 1); }},
      {"append_many_rooms", [&publisher](int t, int n) { return AppendAll(publisher, t, n, kRooms); }},
  };
}

nlohmann::json Bench(const Flags& flags, redis::Client& client, Publisher& publisher) {
  nlohmann::json phases = nlohmann::json::array(), ratios = nlohmann::json::object();
  for (const int batch : kBatches) {
    std::map<std::string, double> per_second;
    for (const auto& [name, call] : Phases(client, publisher)) {
      const Measured measured = Run(flags, batch, call);
      per_second[name] = measured.PerSecond();
      phases.push_back({{"name", name},
                        {"batch", batch},
                        {"messages", measured.messages},
                        {"failed", measured.failed},
                        {"seconds", measured.seconds},
                        {"per_second", static_cast<int64_t>(measured.PerSecond())}});
    }
    for (const char* append : {"append_one_room", "append_many_rooms"}) {
      for (const char* bare : {"bare_publish", "bare_xadd"}) {
        ratios[absl::StrCat(append, "/", bare, "@", batch)] = per_second[append] / per_second[bare];
      }
    }
  }
  return {{"schema", "trivium.bench.fanout/1"},
          {"payload_bytes", kPayloadBytes},
          {"threads", flags.threads},
          {"cores", std::thread::hardware_concurrency()},
          {"phases", phases},
          {"ratios", ratios}};
}

absl::StatusOr<nlohmann::json> BenchAt(const Flags& flags, redis::ClientOptions options) {
  options.pool_size = flags.threads;
  Metrics metrics;
  auto client = redis::NewClient(options, Clock::Real(), metrics);
  if (!client.ok()) return client.status();
  if (absl::Status ready = (*client)->Ready(); !ready.ok()) return ready;
  const auto ids = NewIdGenerator(Clock::Real());
  auto publisher = NewPublisher({}, **client, *ids, metrics);
  if (!publisher.ok()) return publisher.status();
  return Bench(flags, **client, **publisher);
}

absl::StatusOr<nlohmann::json> BenchPrivate(const Flags& flags) {
  auto redis = redis::TestRedis::Start({"--appendonly", "no"});
  if (!redis.ok()) return redis.status();
  return BenchAt(flags, (*redis)->client_options());
}

int Main(int argc, char** argv) {
  const std::optional<Flags> flags = ParseFlags(argc, argv);
  if (!flags) return 2;
  redis::ClientOptions options;
  options.addresses = {flags->redis};
  const auto result = flags->redis.empty() ? BenchPrivate(*flags) : BenchAt(*flags, options);
  if (!result.ok()) std::cerr << result.status() << "\n";
  if (result.ok()) std::cout << result->dump(2) << "\n";
  return result.ok() ? 0 : 1;
}

}  // namespace
}  // namespace trivium::fanout

int main(int argc, char** argv) { return trivium::fanout::Main(argc, argv); }
