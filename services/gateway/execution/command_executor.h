// The executor: table, scope, limits, transcoding, and the service behind it. No thread waits for a call.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "libs/clock/clock.h"
#include "libs/sync/worker_pool.h"
#include "libs/telemetry/metrics.h"
#include "services/gateway/commands/limiter.h"
#include "services/gateway/commands/live_command_table.h"
#include "services/gateway/execution/access_log.h"
#include "services/gateway/execution/executor.h"
#include "services/gateway/execution/product_lanes.h"
#include "services/gateway/execution/service_caller.h"
#include "services/gateway/profiles/profiles.h"

namespace trivium::gateway {

struct ExecutorOptions {
  int max_in_flight = 20'000;              // Calls at once.
  int max_in_flight_per_product = 10'000;  // Of one product.
  size_t inline_bytes = 32 << 10;  // JSON and gzip requests above are read on the pool: a thread of many clients
                                   // must not stand still for one.
};

class CommandExecutor : public Executor {
 public:
  // All outlive it.
  struct Parts {
    const LiveCommandTable& table;
    const Profiles& profiles;
    Limiter& limiter;
    ServiceCaller& services;
    WorkerPool& pool;
    AccessLog& access_log;
    Clock& clock;
    Metrics& metrics;
  };
  CommandExecutor(ExecutorOptions options, Parts parts);
  // No call may run any more: the caller of services has stopped, and the pool is idle.
  ~CommandExecutor() override = default;

  void RegisterNative(std::string name, NativeHandler handler) override;
  void Execute(CommandCall call, CallDone done) override;

  int in_flight() const { return in_flight_.load(); }

 private:
  struct Run;
  using RunPtr = std::unique_ptr<Run>;

  absl::Status Admit(Run& run);
  absl::Status FindCommand(Run& run);
  absl::Status Enter(Run& run);
  void RunNative(RunPtr run, const NativeHandler& handler);
  void SendLater(RunPtr run);
  void Send(RunPtr run);
  absl::StatusOr<ServiceCall> Prepare(Run& run) const;
  void Finish(RunPtr run, absl::StatusOr<std::string> answer);
  absl::Duration TimeLeft(const Run& run) const;

  const ExecutorOptions options_;
  const Parts parts_;
  Counter &overloaded_, &overloaded_product_;
  Gauge& in_flight_gauge_;
  ProductLanes lanes_;
  ProductLane nobody_;                                      // Of calls whose product is not known.
  absl::flat_hash_map<std::string, NativeHandler> native_;  // Before the first call.
  std::atomic<int> in_flight_{0};
};

}  // namespace trivium::gateway
