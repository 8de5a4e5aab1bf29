#include "services/control/live_state.h"

#include <algorithm>
#include <iterator>

#include "libs/log/log.h"
#include "libs/status/status.h"
#include "services/control/metrics.h"

namespace trivium::control {
namespace {

constexpr absl::Duration kTick = absl::Milliseconds(100), kStoreTimeout = absl::Seconds(2);

}  // namespace

LiveState::LiveState(LiveStateOptions options, Store& store, Clock& clock, Metrics& metrics)
    : options_(std::move(options)), store_(store), clock_(clock), metrics_(metrics), registry_(options_.registry) {}

LiveState::~LiveState() { Stop(); }

void LiveState::OnChange(std::function<void()> changed) { changed_.push_back(std::move(changed)); }
void LiveState::OnTick(std::function<void()> tick) { tick_.push_back(std::move(tick)); }

absl::Status LiveState::Start() {
  TRIVIUM_RETURN_IF_ERROR(ReadInstances(/*restore=*/true));
  TRIVIUM_RETURN_IF_ERROR(Refresh());
  Notify();
  rules_thread_ = std::thread([this] { RunRules(); });
  store_thread_ = std::thread([this] { RunStore(); });
  return absl::OkStatus();
}

void LiveState::Stop() {
  {
    MutexLock lock(mu_);
    stopping_ = true;
    wake_.NotifyAll();
  }
  if (rules_thread_.joinable()) rules_thread_.join();
  if (store_thread_.joinable()) store_thread_.join();
}

void LiveState::Notify() {
  for (const auto& changed : changed_) changed();
}

absl::Status LiveState::Refresh() {
  MutexLock refresh(refresh_mu_);
  const absl::Time deadline = clock_.Now() + kStoreTimeout;
  const auto read = [&]() -> absl::StatusOr<bool> {
    TRIVIUM_ASSIGN_OR_RETURN(const Progress progress, store_.GetProgress(deadline));
    const bool new_plan = progress.plan_epoch != plan()->epoch,
               new_configs = progress.config_revision != configs()->revision;
    if (new_plan) {
      TRIVIUM_ASSIGN_OR_RETURN(domain::Plan plan, store_.GetPlan(deadline));
      MutexLock lock(mu_);
      plan_ = std::make_shared<const domain::Plan>(std::move(plan));
    }
    if (new_configs) {
      Configs next = *configs();
      // A store that is behind us was restored from an older state: read it all.
      if (progress.config_revision < next.revision) next = Configs();
      TRIVIUM_ASSIGN_OR_RETURN(const auto items, store_.ConfigsSince(next.revision, deadline));
      next.revision = progress.config_revision;
      for (const domain::ConfigItem& item : items) {
        next.revision = std::max(next.revision, item.revision);
        next.items[{item.kind, item.name}] = item;
      }
      MutexLock lock(mu_);
      configs_ = std::make_shared<const Configs>(std::move(next));
    }
    return new_plan || new_configs;
  };
  const absl::StatusOr<bool> changed = read();
  {
    MutexLock lock(mu_);
    store_status_ = changed.status();
  }
  if (!changed.ok()) return changed.status();
  ++refreshes_;
  if (*changed) Notify();
  return absl::OkStatus();
}

absl::Status LiveState::Ready() const {
  MutexLock lock(mu_);
  return store_status_;
}

std::shared_ptr<const domain::Plan> LiveState::plan() const {
  MutexLock lock(mu_);
  return plan_;
}

std::shared_ptr<const Configs> LiveState::configs() const {
  MutexLock lock(mu_);
  return configs_;
}

std::vector<domain::InstanceState> LiveState::instances() const {
  MutexLock lock(mu_);
  return registry_.List();
}

void LiveState::Heartbeat(const domain::Instance& instance, uint64_t stream) {
  bool changed = false;
  {
    MutexLock lock(mu_);
    changed = registry_.Heartbeat(instance, Now());
    Persisted& persisted = persisted_[instance.id];
    if (persisted.stream != stream) persisted.take_over = true;
    persisted.stream = stream;
    persisted.ours = true;
    persisted.dirty |= changed;
    CountKept();
    if (persisted.dirty) wake_.NotifyAll();
  }
  if (changed) Notify();
}

void LiveState::Leave(const std::string& id, uint64_t stream) {
  bool changed = false;
  {
    MutexLock lock(mu_);
    const auto found = persisted_.find(id);
    if (found == persisted_.end() || found->second.stream != stream) return;
    Persisted& persisted = found->second;
    changed = registry_.Leave(id, Now());
    persisted.dirty |= changed;
    if (changed) metrics_.GetCounter(kInstancesLost, {"stream_ended"}).Add();
    CountKept();
    wake_.NotifyAll();
  }
  if (changed) Notify();
}

void LiveState::CountKept() { metrics_.GetGauge(kRegistryAllExpired).Set(registry_.kept_groups()); }

bool LiveState::Pause(absl::Duration pause) {
  MutexLock lock(mu_);
  if (!stopping_) wake_.WaitFor(mu_, pause);
  return !stopping_;
}

void LiveState::RunRules() {
  while (Pause(kTick)) {
    if (ApplySilence()) Notify();
    for (const auto& tick : tick_) tick();
  }
}

bool LiveState::ApplySilence() {
  MutexLock lock(mu_);
  const domain::Moment now = Now();
  if (!registry_.Expire(now)) return false;
  CountKept();
  for (const domain::InstanceState& state : registry_.List()) {
    if (state.alive || state.lost_time != now.wall) continue;
    metrics_.GetCounter(kInstancesLost, {"silence"}).Add();
    // Only what this replica holds is this replica's to declare lost in the store.
    Persisted& persisted = persisted_[state.instance.id];
    persisted.dirty |= persisted.ours;
  }
  return true;
}

void LiveState::RunStore() {
  absl::Duration polled_at = -absl::InfiniteDuration();
  while (Pause(kTick)) {
    WriteInstances();
    if (clock_.Monotonic() - polled_at < options_.poll) continue;
    polled_at = clock_.Monotonic();
    absl::Status status = Refresh();
    status.Update(ReadInstances(/*restore=*/false));
    if (!status.ok())
      TRIVIUM_LOG(kWarning, "store does not answer; going on with what is in memory", {"error", status});
  }
  WriteInstances();
}

absl::Status LiveState::ReadInstances(bool restore) {
  TRIVIUM_ASSIGN_OR_RETURN(const auto rows, store_.LoadInstances(clock_.Now() + kStoreTimeout));
  bool changed = false;
  {
    MutexLock lock(mu_);
    for (const InstanceRow& row : rows) TakeRow(row, restore, &changed);
  }
  if (changed && !restore) Notify();
  return absl::OkStatus();
}

void LiveState::TakeRow(const InstanceRow& row, bool restore, bool* changed) {
  Persisted& persisted = persisted_[row.state.instance.id];
  const bool ours = row.owner == options_.replica;
  if (!restore && (ours || persisted.take_over || persisted.dirty)) return;
  const bool moved = row.state.last_heartbeat != persisted.row_heartbeat;
  persisted.row_heartbeat = row.state.last_heartbeat;
  if (restore) {
    persisted.ours = ours;
    *changed |= registry_.Restore(row.state, Now());
    return;
  }
  // Another replica took the instance over: its stream here, if any, is the older one.
  persisted.stream = 0;
  persisted.ours = false;
  if (!row.state.alive) {
    *changed |= registry_.Leave(row.state.instance.id, Now());
  } else if (moved) {
    *changed |= registry_.Heartbeat(row.state.instance, Now(), options_.persist_heartbeat + 2 * options_.poll);
  }
}

std::vector<std::pair<InstanceRow, bool>> LiveState::DueRows() {
  MutexLock lock(mu_);
  for (auto it = persisted_.begin(); it != persisted_.end();) {
    it = registry_.Knows(it->first) ? std::next(it) : persisted_.erase(it);
  }
  std::vector<std::pair<InstanceRow, bool>> due;
  for (const domain::InstanceState& state : registry_.List()) {
    Persisted& persisted = persisted_[state.instance.id];
    if (!persisted.ours) continue;
    const bool old = state.alive && !state.kept && persisted.stream != 0 &&
                     clock_.Monotonic() - persisted.written_at >= options_.persist_heartbeat;
    if (persisted.dirty || persisted.take_over || old) due.push_back({{state, options_.replica}, persisted.take_over});
    if (persisted.dirty || old) persisted.dirty = false;
  }
  return due;
}

void LiveState::WriteInstances() {
  for (const auto& [row, take_over] : DueRows()) {
    const absl::Status status = store_.SaveInstance(row, take_over, clock_.Now() + kStoreTimeout);
    Written(row.state.instance.id, status.ok());
    if (!status.ok()) {
      TRIVIUM_LOG(kWarning, "cannot keep an instance", {"instance", row.state.instance.id}, {"error", status});
      return;
    }
  }
}

void LiveState::Written(const std::string& id, bool ok) {
  MutexLock lock(mu_);
  const auto found = persisted_.find(id);
  if (found == persisted_.end()) return;
  Persisted& persisted = found->second;
  if (ok) {
    persisted.take_over = false;
    persisted.written_at = clock_.Monotonic();
  } else {
    persisted.dirty = true;
  }
}

}  // namespace trivium::control
