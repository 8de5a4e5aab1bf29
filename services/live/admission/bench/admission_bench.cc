// How many joins a second one Redis admits, strictly on five levels, through one pool of connections; and, in the same
// run, a plain INCR for each, which checks nothing. Prints JSON; the ratios compare versions, not machines.
//   bazel run //services/live/admission/bench:admission_bench -- [--seconds 2] [--threads 8] [--redis HOST:PORT]
// Without --redis it starts a private one, which writes nothing to disk. Each phase begins with an empty cell whose
// levels have fewer places than joins come, so all rungs and the queue are filled; that nothing is over capacity is
// checked after each: exit 1 when it is.
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
#include "libs/id/id.h"
#include "libs/redis/client.h"
#include "libs/redis/test_redis.h"
#include "libs/telemetry/metrics.h"
#include "nlohmann/json.hpp"
#include "services/live/admission/redis_admission.h"

namespace trivium::live {
namespace {

constexpr int kBatches[] = {1, 16, 64};
constexpr int kRooms = 64;
constexpr PerRung kPlaces = {20'000, 30'000, 50'000};  // Of each level above the rooms.
constexpr char kProduct[] = "bench", kInstitution[] = "north", kNode[] = "node-1";

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

Call Now() { return {absl::Now(), absl::Now() + absl::Seconds(10)}; }

// One call of a phase: `batch` joins; how many did not fail (a full queue is an answer).
using Joins = std::function<int64_t(int batch)>;

struct Measured {
  int64_t answered = 0, failed = 0;
  double seconds = 0;
  double PerSecond() const { return static_cast<double>(answered) / seconds; }
};

Measured Run(const Flags& flags, int batch, const Joins& joins) {
  std::atomic<int64_t> answered{0}, failed{0};
  const absl::Duration start = Clock::Real().Monotonic(), end = start + absl::Seconds(flags.seconds);
  std::vector<std::thread> threads;
  for (int t = 0; t < flags.threads; ++t) {
    threads.emplace_back([&] {
      while (Clock::Real().Monotonic() < end) {
        const int64_t good = joins(batch);
        answered += good;
        failed += batch - good;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  return {answered, failed, absl::ToDoubleSeconds(Clock::Real().Monotonic() - start)};
}

std::vector<LevelName> Levels() {
  return {{Level::kPlatform, "", ""},
          {Level::kProduct, kProduct, ""},
          {Level::kInstitution, kProduct, kInstitution},
          {Level::kNode, "", kNode}};
}

// A cell with rooms, and joins to them.
class Cell {
 public:
  Cell(redis::Client& client, IdGenerator& ids, std::string name)
      : ids_(ids),
        admission_(NewRedisAdmission({.cell = std::move(name), .max_changes = 100'000'000}, client).value()) {}

  absl::Status Open() {
    const auto begun = admission_->BeginGeneration(absl::ZeroDuration(), Now());
    if (!begun.ok()) return begun.status();
    std::vector<Capacity> capacities;
    for (const LevelName& level : Levels()) capacities.push_back({level, kPlaces});
    if (absl::Status set = admission_->SetCapacities(capacities, Now()); !set.ok()) return set;
    for (int i = 0; i < kRooms; ++i) {
      rooms_.push_back({kProduct, ids_.Next()});
      const StartRoomRequest start{.room = rooms_.back(),
                                   .institution = kInstitution,
                                   .institution_places = kPlaces,
                                   .node = kNode,
                                   .limits = {.places = {1000, 1000, 1000}, .staff_slots = 1, .queue_max = 1000},
                                   .bans = {}};
      if (absl::Status started = admission_->StartRoom(start, Now()); !started.ok()) return started;
    }
    return absl::OkStatus();
  }

  int64_t Join(int batch) {
    std::vector<JoinRequest> joins;
    for (int i = 0; i < batch; ++i) {
      const int64_t user = next_user_++;
      joins.push_back({.room = rooms_[static_cast<size_t>(user) % rooms_.size()],
                       .user_id = absl::StrCat("user-", user),
                       .role = Role::kStudent,
                       .request_id = absl::StrCat("request-", user),
                       .join_id = ids_.Next(),
                       .lease = absl::Seconds(60),
                       .claim = std::nullopt});
    }
    int64_t answered = 0;
    for (const auto& standing : admission_->Join(joins, Now())) {
      answered += standing.ok() || standing.status().code() == absl::StatusCode::kResourceExhausted ? 1 : 0;
    }
    return answered;
  }

  // 0, or by how many places a level is over its capacity.
  int64_t Over() {
    int64_t over = 0;
    const std::vector<LevelName> levels = Levels();
    const std::vector<LevelCounts> all = admission_->CountLevels(levels, Now()).value();
    for (const LevelCounts& counts : all) {
      for (size_t i = 0; i < kRungs; ++i) over = std::max(over, counts.use[i] - counts.places[i]);
    }
    return over;
  }

 private:
  IdGenerator& ids_;
  const std::unique_ptr<Admission> admission_;
  std::vector<RoomId> rooms_;
  std::atomic<int64_t> next_user_{0};
};

int64_t IncrAll(redis::Client& client, int batch) {
  const std::vector<redis::Command> commands(static_cast<size_t>(batch), redis::Command{{"INCR", "bench:{incr}"}});
  int64_t good = 0;
  for (const redis::Outcome& outcome : client.Pipeline(commands, Now().deadline)) good += outcome.ok() ? 1 : 0;
  return good;
}

nlohmann::json PhaseJson(const std::string& name, int batch, const Measured& measured) {
  return {{"name", name},
          {"batch", batch},
          {"joins", measured.answered},
          {"failed", measured.failed},
          {"seconds", measured.seconds},
          {"per_second", static_cast<int64_t>(measured.PerSecond())}};
}

absl::StatusOr<nlohmann::json> Bench(const Flags& flags, redis::Client& client) {
  nlohmann::json phases = nlohmann::json::array(), ratios = nlohmann::json::object();
  const auto ids = NewIdGenerator(Clock::Real());
  int64_t over = 0;
  for (const int batch : kBatches) {
    const Measured incr = Run(flags, batch, [&](int n) { return IncrAll(client, n); });
    phases.push_back(PhaseJson("plain_incr", batch, incr));
    Cell cell(client, *ids, absl::StrCat("bench-", absl::ToUnixMillis(absl::Now()), "-", batch));
    if (absl::Status opened = cell.Open(); !opened.ok()) return opened;
    const Measured join = Run(flags, batch, [&](int n) { return cell.Join(n); });
    phases.push_back(PhaseJson("strict_join", batch, join));
    over = std::max(over, cell.Over());
    ratios[absl::StrCat("strict_join/plain_incr@", batch)] = join.PerSecond() / incr.PerSecond();
  }
  return nlohmann::json{{"schema", "trivium.bench.admission/1"},
                        {"threads", flags.threads},
                        {"cores", std::thread::hardware_concurrency()},
                        {"over_capacity", over},
                        {"phases", phases},
                        {"ratios", ratios}};
}

absl::StatusOr<nlohmann::json> BenchAt(const Flags& flags, redis::ClientOptions options) {
  options.pool_size = flags.threads;
  Metrics metrics;
  auto client = redis::NewClient(options, Clock::Real(), metrics);
  if (!client.ok()) return client.status();
  if (absl::Status ready = (*client)->Ready(); !ready.ok()) return ready;
  return Bench(flags, **client);
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
  return result.ok() && (*result)["over_capacity"] == 0 ? 0 : 1;
}

}  // namespace
}  // namespace trivium::live

int main(int argc, char** argv) { return trivium::live::Main(argc, argv); }
