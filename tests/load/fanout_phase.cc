// One room, many readers.
#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "libs/status/status.h"
#include "tests/load/admin_metrics.h"
#include "tests/load/bare_fanout.h"
#include "tests/load/cpu_meter.h"
#include "tests/load/fleet.h"
#include "tests/load/gateway_phases.h"
#include "tests/load/process_memory.h"
#include "tests/load/room_publisher.h"

namespace trivium::load {
namespace {

using nlohmann::json;

constexpr size_t kDataBytes = 150;
// What a message of kDataBytes is on the wire: with its channel, tags, time and frame. The baseline sends as much.
constexpr size_t kWireBytes = kDataBytes + 110;
constexpr absl::Duration kDrain = absl::Seconds(5);

struct Step {
  int per_second = 0;
  PublishResult published;
  int64_t deliveries = 0, expected = 0;
  double seconds = 0;  // Until the last delivery.
  double p50_ms = 0, p99_ms = 0;
  double gateway_cpu_seconds = -1, own_cpu_seconds = 0;
  int64_t resident = -1;

  double PerSecond() const { return seconds > 0 ? static_cast<double>(deliveries) / seconds : 0; }
};

struct StepPlan {
  int per_second = 0, seconds = 0;
  LoadClass message_class = LoadClass::kLossy;
  size_t data_bytes = kDataBytes;
  size_t from = 0;  // Readers below it are left out.
};

Step RunStep(const GatewayFlags& flags, Fleet& fleet, RoomPublisher& publisher, const std::string& room,
             const StepPlan& plan) {
  Step step;
  step.per_second = plan.per_second;
  fleet.Reset();
  const double cpu = ServerCpuSeconds(flags.pid, "").value_or(-1), own_cpu = OwnCpuSeconds();
  const absl::Time begin = absl::Now();
  const absl::Duration length = absl::Seconds(plan.seconds);
  step.published = publisher.Publish(room, plan.message_class, plan.per_second, length, plan.data_bytes);
  step.expected = step.published.messages * static_cast<int64_t>(fleet.size() - plan.from);
  // Until nothing has come for half a second, or all has.
  absl::Time last = absl::Now();
  int64_t got = fleet.CountMessages(plan.from);
  for (absl::Time now = last;
       got < step.expected && now - last < absl::Milliseconds(500) && now - begin < length + kDrain;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    now = absl::Now();
    if (const int64_t more = fleet.CountMessages(plan.from); more != got) {
      got = more;
      last = now;
    }
  }
  step.seconds = absl::ToDoubleSeconds(last - begin);
  step.deliveries = got;
  const std::vector<float> ages = fleet.AgesOf(plan.from, fleet.size());
  step.p50_ms = QuantileOf(ages, 0.5);
  step.p99_ms = QuantileOf(ages, 0.99);
  step.own_cpu_seconds = OwnCpuSeconds() - own_cpu;
  if (cpu >= 0) step.gateway_cpu_seconds = ServerCpuSeconds(flags.pid, "").value_or(cpu) - cpu;
  step.resident = ReadMemoryUse(flags.pid).resident;
  return step;
}

void Print(const Step& s, const char* what) {
  const double seconds = std::max(s.seconds, 1e-3);
  std::printf("%-10s %10d %12d %14.0f %9.1f %9.1f %9.2f %9.2f %12.1f  %s\n", what, s.per_second,
              static_cast<int>(s.published.messages), s.PerSecond(), s.p50_ms, s.p99_ms,
              s.gateway_cpu_seconds / seconds, s.own_cpu_seconds / seconds, static_cast<double>(s.resident) / (1 << 20),
              s.published.error.empty()
                  ? (s.deliveries >= s.expected ? "all came"
                                                : absl::StrFormat("%d of %d came", s.deliveries, s.expected).c_str())
                  : s.published.error.c_str());
}

json ToJson(const Step& s) {
  return {{"messages_per_second", s.per_second},
          {"messages", s.published.messages},
          {"publish_failed", s.published.failed},
          {"publish_error", s.published.error},
          {"deliveries", s.deliveries},
          {"expected", s.expected},
          {"seconds", s.seconds},
          {"deliveries_per_second", s.PerSecond()},
          {"p50_ms", s.p50_ms},
          {"p99_ms", s.p99_ms},
          {"gateway_cpu_seconds", s.gateway_cpu_seconds < 0 ? json() : json(s.gateway_cpu_seconds)},
          {"load_cpu_seconds", s.own_cpu_seconds},
          {"gateway_resident_bytes", s.resident}};
}

json ToJson(const BareResult& r) {
  return {{"deliveries", r.deliveries},   {"seconds", r.seconds}, {"deliveries_per_second", r.PerSecond()},
          {"cpu_seconds", r.cpu_seconds}, {"p50_ms", r.p50_ms},   {"p99_ms", r.p99_ms}};
}

// What the users of the stalled connections get besides, ORDERED: within `seconds`, and before a pong is due, more than
// a connection's queue, the kernel's part and a reader's own buffer take.
constexpr size_t kOwnBytes = 16 << 10;
constexpr int kOwnMessages = 120;
constexpr absl::Duration kToldPatience = absl::Seconds(5);

// The highest resident memory of a process while this lives.
class PeakMemory {
 public:
  explicit PeakMemory(int pid) : thread_([this, pid] { Watch(pid); }) {}
  ~PeakMemory() {
    stop_ = true;
    thread_.join();
  }
  int64_t bytes() const { return peak_; }

 private:
  void Watch(int pid) {
    while (!stop_) {
      peak_ = std::max(peak_.load(), ReadMemoryUse(pid).resident);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
  std::atomic<bool> stop_ = false;
  std::atomic<int64_t> peak_ = -1;
  std::thread thread_;  // Last: it uses the rest.
};

// What the first `stalled` clients are told when they read again: how many by close code.
std::map<std::string, int> WakeUp(Fleet& fleet, size_t stalled) {
  for (size_t i = 0; i < stalled; ++i) {
    fleet.client(i).last_code = 0;
    fleet.connection(i).Stall(false);
  }
  const auto untold = [&] {
    size_t count = 0;
    for (size_t i = 0; i < stalled; ++i) count += fleet.client(i).last_code == 0 ? 1 : 0;
    return count;
  };
  for (const absl::Time until = absl::Now() + kToldPatience; untold() > 0 && absl::Now() < until;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  std::map<std::string, int> told;
  for (size_t i = 0; i < stalled; ++i) {
    const uint32_t code = fleet.client(i).last_code;
    ++told[code == 0 ? "nothing" : absl::StrCat(code)];
  }
  return told;
}

// The room and these users' own messages for a step; of the room's readers after the users' connections.
Step RunStepWithOwn(const GatewayFlags& flags, Fleet& fleet, RoomPublisher& publisher, RoomPublisher& own,
                    const std::string& room, const StepPlan& plan) {
  std::vector<std::string> users;
  for (size_t i = 0; i < plan.from; i += Fleet::kConnectionsOfAUser) users.push_back(Fleet::UserOf(i));
  const int rate = std::max(1, kOwnMessages / plan.seconds);
  PublishResult sent;
  std::thread sender(
      [&] { sent = own.PublishToUsers(users, LoadClass::kOrdered, rate, absl::Seconds(plan.seconds), kOwnBytes); });
  Step step = RunStep(flags, fleet, publisher, room, plan);
  sender.join();
  // Without these nobody is slow: that they were not taken must not look like a gateway that closes nobody.
  step.published.failed += sent.failed;
  if (step.published.error.empty()) step.published.error = sent.error;
  return step;
}

// The same ORDERED messages with and without readers that read nothing: how long the others wait, what the gateway
// holds, and what became of the stalled.
json RunStalled(const GatewayFlags& flags, Fleet& fleet, RoomPublisher& publisher, RoomPublisher& own,
                const std::string& room, size_t stalled) {
  const StepPlan plan{flags.rates.front(), flags.seconds, LoadClass::kOrdered, kDataBytes, stalled};
  const Step calm = RunStepWithOwn(flags, fleet, publisher, own, room, plan);
  Print(calm, "ordered");

  constexpr char kCloses[] = "trivium_gateway_closes_total", kSlow[] = "code=\"3008\"";
  const double closed_before = ReadMetric(flags.gateway_admin, kCloses, kSlow);
  for (size_t i = 0; i < stalled; ++i) fleet.connection(i).Stall(true);
  fleet.Barrier();
  Step step;
  int64_t peak = 0;
  {
    const PeakMemory memory(flags.pid);
    step = RunStepWithOwn(flags, fleet, publisher, own, room, plan);
    peak = memory.bytes();
  }
  Print(step, "stalled");
  fleet.Tap(false);
  const std::map<std::string, int> told = WakeUp(fleet, stalled);
  const double closed = ReadMetric(flags.gateway_admin, kCloses, kSlow) - closed_before;
  const auto slow = told.find("3008");
  const int told_slow = slow == told.end() ? 0 : slow->second;
  std::printf(
      "of %d stalled readers the gateway closed %.0f as slow (3008), and %d were told so; the others' p99 %.1f ms, "
      "%.1f "
      "without stalled ones; the gateway's memory %.1f MiB before, %.1f at most, %.1f after\n",
      static_cast<int>(stalled), closed, told_slow, step.p99_ms, calm.p99_ms,
      static_cast<double>(calm.resident) / (1 << 20), static_cast<double>(peak) / (1 << 20),
      static_cast<double>(step.resident) / (1 << 20));
  json result = ToJson(step);
  result["class"] = "ORDERED";
  result["without_stalled"] = ToJson(calm);
  result["stalled"] = stalled;
  result["closed_as_slow"] = closed;
  result["told_slow"] = told_slow;
  result["told"] = told;
  result["gateway_resident_bytes_before"] = calm.resident;
  result["gateway_resident_bytes_peak"] = peak;
  return result;
}

absl::StatusOr<json> RunBare(const GatewayFlags& flags) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::unique_ptr<BareFanout> bare, BareFanout::Create(flags.connections));
  const absl::Duration length = absl::Seconds(flags.seconds);
  const BareResult plain = bare->Run(length, kWireBytes, 1), together = bare->Run(length, kWireBytes, 20);
  std::printf("bare writev: %.0f deliveries/s, one a call; %.0f/s, 20 a call\n", plain.PerSecond(),
              together.PerSecond());
  json report{{"plain", ToJson(plain)}, {"coalesced_by_20", ToJson(together)}};
  for (const int rate : flags.rates) {
    const BareResult paced = bare->RunPaced(length, kWireBytes, rate);
    std::printf("%-10s %10d %12s %14.0f %9.1f %9.1f\n", "bare", rate, "", paced.PerSecond(), paced.p50_ms,
                paced.p99_ms);
    report["paced"].push_back(ToJson(paced));
    report["paced"].back()["messages_per_second"] = rate;
  }
  return report;
}

}  // namespace

double QuantileOf(std::vector<float> values, double q) {
  if (values.empty()) return 0;
  const auto rank = static_cast<size_t>(std::ceil(q * static_cast<double>(values.size())));
  const size_t at = std::min(values.size() - 1, rank == 0 ? 0 : rank - 1);
  std::nth_element(values.begin(), values.begin() + static_cast<ptrdiff_t>(at), values.end());
  return values[at];
}

absl::StatusOr<json> MeasureFanout(const GatewayFlags& flags, const std::string& run_id) {
  const std::string room = "load." + run_id;
  json report;
  {
    FleetOptions options{.connections = flags.connections, .room = room, .gather = kFanoutGather};
    // Whole users. A stalled reader's own buffers are small, so that the gateway notices it within the run.
    size_t stalled = static_cast<size_t>(flags.connections) * static_cast<size_t>(flags.stalled) / 100;
    stalled = (stalled + Fleet::kConnectionsOfAUser - 1) / Fleet::kConnectionsOfAUser * Fleet::kConnectionsOfAUser;
    stalled = std::min(stalled, static_cast<size_t>(flags.connections));
    options.small_buffers = stalled;
    TRIVIUM_ASSIGN_OR_RETURN(const std::unique_ptr<Fleet> fleet, Fleet::Create(flags, options));
    TRIVIUM_ASSIGN_OR_RETURN(const std::unique_ptr<RoomPublisher> publisher, RoomPublisher::Create(flags, run_id));
    std::fprintf(stderr, "connecting %d clients\n", flags.connections);
    TRIVIUM_RETURN_IF_ERROR(fleet->Open(absl::Seconds(120)));
    fleet->Tap(true);
    std::printf("%-10s %10s %12s %14s %9s %9s %9s %9s %12s\n", "", "msgs/s", "published", "deliveries/s", "p50 ms",
                "p99 ms", "cores", "own cores", "resident MiB");
    publisher->Publish(room, LoadClass::kLossy, 5, absl::Seconds(1), kDataBytes);
    for (const int rate : flags.rates) {
      const Step step = RunStep(flags, *fleet, *publisher, room, {rate, flags.seconds});
      Print(step, "fanout");
      if (step.published.messages == 0) return absl::UnavailableError("publish: " + step.published.error);
      report["steps"].push_back(ToJson(step));
    }
    if (stalled > 0) {
      TRIVIUM_ASSIGN_OR_RETURN(const std::unique_ptr<RoomPublisher> own, RoomPublisher::Create(flags, run_id + "u"));
      report["stalled"] = RunStalled(flags, *fleet, *publisher, *own, room, stalled);
    }
  }
  TRIVIUM_ASSIGN_OR_RETURN(report["bare"], RunBare(flags));
  double best = 0;
  for (const json& step : report["steps"]) best = std::max(best, step["deliveries_per_second"].get<double>());
  report["ratio_to_bare_coalesced"] =
      best / std::max(1.0, report["bare"]["coalesced_by_20"]["deliveries_per_second"].get<double>());
  return report;
}

}  // namespace trivium::load
