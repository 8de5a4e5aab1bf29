#include "services/control/config_feed.h"

#include <algorithm>
#include <vector>

#include "services/control/conversions.h"
#include "services/control/metrics.h"

namespace trivium::control {
namespace {

constexpr size_t kMaxAnswerBytes = 1 << 20;

}  // namespace

ConfigFeed::ConfigFeed(LiveState& state, Clock& clock, Metrics& metrics)
    : state_(state), clock_(clock), metrics_(metrics) {}

void ConfigFeed::Add(std::set<std::string> kinds, int64_t after_revision, Stream stream) {
  stream->OnWritable([this] { Pump(); });
  const auto configs = state_.configs();
  MutexLock lock(mu_);
  watchers_.push_back(
      {std::move(kinds), after_revision, state_.refreshes(), -absl::InfiniteDuration(), std::move(stream)});
  metrics_.GetGauge(kWatchers, {"configs"}).Set(static_cast<double>(watchers_.size()));
  PumpOne(*configs, &watchers_.back());
}

void ConfigFeed::Remove(const Stream& stream) {
  MutexLock lock(mu_);
  watchers_.remove_if([&](const Watcher& watcher) { return watcher.stream == stream; });
  metrics_.GetGauge(kWatchers, {"configs"}).Set(static_cast<double>(watchers_.size()));
}

void ConfigFeed::Pump() {
  MutexLock lock(mu_);
  const auto configs = state_.configs();
  for (Watcher& watcher : watchers_) PumpOne(*configs, &watcher);
}

void ConfigFeed::PumpOne(const Configs& configs, Watcher* watcher) {
  if (watcher->sent_revision > configs.revision) {
    // It has seen more than this replica, which may be a moment behind; if it still has after a look at the store, its
    // revision is of another life of the database.
    if (state_.refreshes() <= watcher->joined_at_refresh + 1) return;
    watcher->sent_revision = 0;
  }
  std::vector<const domain::ConfigItem*> news;
  for (const auto& [key, item] : configs.items) {
    if (item.revision > watcher->sent_revision && watcher->kinds.contains(item.kind)) news.push_back(&item);
  }
  std::sort(news.begin(), news.end(), [](const auto* a, const auto* b) { return a->revision < b->revision; });
  const bool silent = clock_.Monotonic() - watcher->sent_at >= kWatchHeartbeat;
  size_t next = 0;
  while (next < news.size() || (silent && next == 0)) {
    v1::WatchConfigsResponse response;
    for (size_t bytes = 0; next < news.size() && bytes < kMaxAnswerBytes; ++next) {
      ToProto(*news[next], response.add_items());
      bytes += news[next]->value.size() + news[next]->previous_value.size();
    }
    response.set_revision(next == news.size() ? configs.revision : news[next - 1]->revision);
    const int64_t revision = response.revision();
    if (watcher->stream->Write(std::move(response)) != rpc::WriteResult::kQueued)
      return;  // Full: from sent_revision, when there is room.
    watcher->sent_revision = revision;
    watcher->sent_at = clock_.Monotonic();
    if (news.empty()) return;
  }
}

}  // namespace trivium::control
