#include "services/control/plan_feed.h"

#include <utility>

#include "services/control/config_feed.h"
#include "services/control/conversions.h"
#include "services/control/metrics.h"

namespace trivium::control {

PlanFeed::PlanFeed(std::vector<std::string> cells, LiveState& state, Clock& clock, Metrics& metrics)
    : cells_(std::move(cells)), state_(state), clock_(clock), metrics_(metrics) {}

void PlanFeed::Add(Stream stream) {
  stream->OnWritable([this] { Pump(); });
  MutexLock lock(mu_);
  watchers_.push_back({.stream = std::move(stream)});
  metrics_.GetGauge(kWatchers, {"route_plan"}).Set(static_cast<double>(watchers_.size()));
  PumpOne(*state_.plan(), &watchers_.back());
}

void PlanFeed::Remove(const Stream& stream) {
  MutexLock lock(mu_);
  watchers_.remove_if([&](const Watcher& watcher) { return watcher.stream == stream; });
  metrics_.GetGauge(kWatchers, {"route_plan"}).Set(static_cast<double>(watchers_.size()));
}

void PlanFeed::Pump() {
  MutexLock lock(mu_);
  const auto plan = state_.plan();
  for (Watcher& watcher : watchers_) PumpOne(*plan, &watcher);
}

void PlanFeed::PumpOne(const domain::Plan& plan, Watcher* watcher) {
  if (plan.epoch == watcher->sent_epoch && clock_.Monotonic() - watcher->sent_at < kWatchHeartbeat) return;
  v1::RoutePlan message;
  ToProto(plan, cells_, &message);
  if (watcher->stream->Write(std::move(message)) != rpc::WriteResult::kQueued) return;
  watcher->sent_epoch = plan.epoch;
  watcher->sent_at = clock_.Monotonic();
}

}  // namespace trivium::control
