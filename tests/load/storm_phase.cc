// All connections are cut at once, as when a gateway or a network dies.
#include <cstdio>
#include <nlohmann/json.hpp>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "libs/status/status.h"
#include "tests/load/admin_metrics.h"
#include "tests/load/cpu_meter.h"
#include "tests/load/fleet.h"
#include "tests/load/gateway_phases.h"
#include "tests/load/room_publisher.h"

namespace trivium::load {
namespace {

using nlohmann::json;

constexpr int kMissed = 5;  // ORDERED messages that are published while all are away.

}  // namespace

absl::StatusOr<json> MeasureStorm(const GatewayFlags& flags, const std::string& run_id) {
  const std::string room = "load." + run_id, reads = "trivium_mysql_transactions_total";
  TRIVIUM_ASSIGN_OR_RETURN(const std::unique_ptr<Fleet> fleet,
                           Fleet::Create(flags, {.connections = flags.connections, .room = room}));
  TRIVIUM_ASSIGN_OR_RETURN(const std::unique_ptr<RoomPublisher> publisher, RoomPublisher::Create(flags, run_id));
  std::fprintf(stderr, "connecting %d clients\n", flags.connections);
  const absl::Time first = absl::Now();
  TRIVIUM_RETURN_IF_ERROR(fleet->Open(absl::Seconds(180)));
  const double calm_seconds = absl::ToDoubleSeconds(absl::Now() - first);
  // Everybody has a place in the room from which to recover.
  const PublishResult before = publisher->Publish(room, LoadClass::kOrdered, 5, absl::Seconds(1), 100);
  if (before.messages == 0) return absl::UnavailableError("publish: " + before.error);
  std::this_thread::sleep_for(std::chrono::seconds(1));

  fleet->Reset();
  const double transactions = ReadMetric(flags.push_admin, reads);
  const double cpu = ServerCpuSeconds(flags.pid, "").value_or(-1);
  const absl::Time cut = absl::Now();
  for (size_t i = 0; i < fleet->size(); ++i) {
    // As our SDK after a loss: a part of a second of jitter.
    fleet->connection(i).Cut(absl::Milliseconds(static_cast<double>(i % 500)));
  }
  const PublishResult missed = publisher->Publish(room, LoadClass::kOrdered, 50, absl::Milliseconds(20 * kMissed), 100);
  const auto back = [&] {
    size_t whole = 0;
    for (size_t i = 0; i < fleet->size(); ++i) {
      const bool here = fleet->connection(i).connected() && fleet->client(i).joined;
      whole += here && fleet->client(i).recovered + fleet->client(i).unrecovered > 0 ? 1 : 0;
    }
    return whole;
  };
  const size_t want = (fleet->size() * 99 + 99) / 100;
  double seconds_to_99 = -1, seconds_to_all = -1;
  while (absl::Now() - cut < absl::Seconds(120) && seconds_to_all < 0) {
    const size_t whole = back();
    const double now = absl::ToDoubleSeconds(absl::Now() - cut);
    if (whole >= want && seconds_to_99 < 0) seconds_to_99 = now;
    if (whole == fleet->size()) seconds_to_all = now;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(500));
  int64_t recovered = 0, complete = 0;
  for (size_t i = 0; i < fleet->size(); ++i) {
    recovered += fleet->client(i).recovered > 0 ? 1 : 0;
    complete += fleet->client(i).messages >= missed.messages ? 1 : 0;
  }
  const double asked = ReadMetric(flags.push_admin, reads) - transactions;
  const double used = cpu < 0 ? -1 : ServerCpuSeconds(flags.pid, "").value_or(cpu) - cpu;
  std::printf(
      "%d connections came in calmly in %.1f s; cut at once, 99 %% were back in %.2f s, all in %.2f s; %d recovered, "
      "%d have all %d "
      "messages of meanwhile; push asked its database for %.0f transactions; the gateway used %.1f s of CPU\n",
      flags.connections, calm_seconds, seconds_to_99, seconds_to_all, static_cast<int>(recovered),
      static_cast<int>(complete), static_cast<int>(missed.messages), asked, used);
  return json{{"connections", flags.connections},
              {"calm_seconds", calm_seconds},
              {"seconds_to_99_percent", seconds_to_99},
              {"seconds_to_all", seconds_to_all},
              {"recovered", recovered},
              {"have_all_messages", complete},
              {"missed_messages", missed.messages},
              {"push_database_transactions", asked},
              {"gateway_cpu_seconds", used}};
}

}  // namespace trivium::load
