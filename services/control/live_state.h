// What control knows now, in memory: the plan, the newest config items, the instances. It follows the store, so that
// several control replicas converge, and tells its subscribers of every change within milliseconds of the change that
// this replica made, within a second of another's.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "libs/clock/clock.h"
#include "libs/sync/mutex.h"
#include "libs/telemetry/metrics.h"
#include "services/control/domain/registry.h"
#include "services/control/store/store.h"

namespace trivium::control {

// Newest versions of all items.
struct Configs {
  int64_t revision = 0;
  std::map<std::pair<std::string, std::string>, domain::ConfigItem> items;  // By (kind, name).
};

struct LiveStateOptions {
  std::string replica;  // Instance id of this control.
  domain::RegistryOptions registry;
  absl::Duration poll = absl::Seconds(1);               // Between looks at the store.
  absl::Duration persist_heartbeat = absl::Seconds(2);  // Between writes of an instance of which nothing changed.
};

// Thread-safe; two threads of its own.
class LiveState {
 public:
  LiveState(LiveStateOptions options, Store& store, Clock& clock, Metrics& metrics);
  ~LiveState();

  // Called after each change, on the thread that brought it; must not block. Before Start.
  void OnChange(std::function<void()> changed);
  // Called about every 100 ms, for heartbeats of streams. Before Start.
  void OnTick(std::function<void()> tick);
  // Reads everything; instances that were alive get the start-up grace.
  absl::Status Start();
  void Stop();

  // Reads what is new in the store, after a change of this replica and every `poll`.
  absl::Status Refresh();
  // How often Refresh has succeeded.
  int64_t refreshes() const { return refreshes_; }
  // OK while the store answers.
  absl::Status Ready() const;

  std::shared_ptr<const domain::Plan> plan() const;
  std::shared_ptr<const Configs> configs() const;
  std::vector<domain::InstanceState> instances() const;

  // A stream of an instance speaks. stream: tells streams of the same instance apart. Does not block.
  void Heartbeat(const domain::Instance& instance, uint64_t stream);
  // A stream ended: its instance is gone, unless a newer stream speaks for it.
  void Leave(const std::string& id, uint64_t stream);

 private:
  struct Persisted {
    uint64_t stream = 0;     // That speaks for it here; 0: none.
    bool ours = false;       // The row belongs to this replica.
    bool take_over = false;  // The next write claims the row.
    bool dirty = false;
    absl::Duration written_at = -absl::InfiniteDuration();
    absl::Time row_heartbeat = absl::InfinitePast();  // last_heartbeat of the row when seen last.
  };

  domain::Moment Now() const { return {clock_.Monotonic(), clock_.Now()}; }
  void Notify();
  void RunRules();  // Thread: silence, ticks.
  bool ApplySilence();
  void RunStore();  // Thread: writes instances, reads news.
  bool Pause(absl::Duration pause);
  absl::Status ReadInstances(bool restore);
  void TakeRow(const InstanceRow& row, bool restore, bool* changed) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  std::vector<std::pair<InstanceRow, bool>> DueRows();
  void WriteInstances();
  void Written(const std::string& id, bool ok);
  void CountKept() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const LiveStateOptions options_;
  Store& store_;
  Clock& clock_;
  Metrics& metrics_;
  std::vector<std::function<void()>> changed_, tick_;  // Fixed after Start.
  std::atomic<int64_t> refreshes_{0};
  Mutex refresh_mu_;  // One Refresh at a time; taken before mu_.
  mutable Mutex mu_;
  CondVar wake_;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status store_status_ ABSL_GUARDED_BY(mu_) = absl::UnavailableError("store: not read yet");
  std::shared_ptr<const domain::Plan> plan_ ABSL_GUARDED_BY(mu_) = std::make_shared<domain::Plan>();
  std::shared_ptr<const Configs> configs_ ABSL_GUARDED_BY(mu_) = std::make_shared<Configs>();
  domain::Registry registry_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, Persisted> persisted_ ABSL_GUARDED_BY(mu_);
  std::thread rules_thread_, store_thread_;
};

}  // namespace trivium::control
