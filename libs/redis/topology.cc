#include "libs/redis/topology.h"

#include <algorithm>
#include <utility>

#include "libs/log/log.h"
#include "libs/redis/errors.h"
#include "libs/status/status.h"

namespace trivium::redis {
namespace {

// A map that stays stale, as while a dead master has no successor yet, is not read more often than that.
constexpr absl::Duration kMinInterval = absl::Milliseconds(50);

}  // namespace

Topology::Topology(TopologyOptions options, Clock& clock, ClientMetrics& metrics,
                   std::function<void(const SlotMap&)> on_change)
    : options_(std::move(options)), clock_(clock), metrics_(metrics), on_change_(std::move(on_change)) {
  if (options_.cluster) return;
  map_ = SlotMap::OfOne(options_.seeds.front());
  stale_ = false;
}

bool Topology::Due() const { return stale_ && clock_.Monotonic() - last_ >= kMinInterval; }

absl::StatusOr<std::shared_ptr<const SlotMap>> Topology::Current(absl::Duration until) {
  std::vector<Address> candidates;
  {
    MutexLock lock(mu_);
    while (learning_) {
      const absl::Duration left = until - clock_.Monotonic();
      if (left <= absl::ZeroDuration()) return Known();
      learnt_.WaitFor(mu_, left);
    }
    if (!Due()) return Known();
    learning_ = true;
    stale_ = false;  // What is marked from now on is about the new map.
    candidates = Candidates();
    ask_first_ = suspect_ = std::nullopt;
  }
  absl::StatusOr<std::shared_ptr<const SlotMap>> learnt = Learn(candidates, until);
  metrics_.Refreshed(learnt.status());
  if (learnt.ok()) on_change_(**learnt);
  MutexLock lock(mu_);
  learning_ = false;
  last_ = clock_.Monotonic();
  if (learnt.ok()) map_ = *learnt;
  if (!learnt.ok()) stale_ = true;
  problem_ = learnt.status();
  learnt_.NotifyAll();
  return Known();
}

absl::StatusOr<std::shared_ptr<const SlotMap>> Topology::Known() const {
  if (map_ != nullptr) return map_;
  return problem_.ok() ? TooLate() : problem_;
}

// Each node once: the one that knows better, the masters, the seeds, the suspect.
std::vector<Address> Topology::Candidates() const {
  std::vector<Address> all;
  const auto add = [&all, suspect = suspect_](const Address& node) {
    if (node != suspect && std::find(all.begin(), all.end(), node) == all.end()) all.push_back(node);
  };
  if (ask_first_.has_value()) add(*ask_first_);
  if (map_ != nullptr) std::for_each(map_->masters().begin(), map_->masters().end(), add);
  std::for_each(options_.seeds.begin(), options_.seeds.end(), add);
  if (suspect_.has_value()) all.push_back(*suspect_);
  return all;
}

absl::StatusOr<std::shared_ptr<const SlotMap>> Topology::Learn(const std::vector<Address>& candidates,
                                                               absl::Duration until) {
  absl::Status last = TooLate();
  for (const Address& node : candidates) {
    const absl::Duration now = clock_.Monotonic();
    if (now >= until) break;
    absl::StatusOr<std::shared_ptr<const SlotMap>> map = AskNode(node, std::min(until, now + options_.node_timeout));
    if (map.ok()) return map;
    last = map.status();
    TRIVIUM_LOG(kWarning, "redis: a node does not tell the slot map", {"node", node.ToString()}, {"error", last});
  }
  return IsOutcomeUnknown(last) ? NotExecuted("cluster", "no node tells the slot map") : last;
}

absl::StatusOr<std::shared_ptr<const SlotMap>> Topology::AskNode(const Address& node, absl::Duration until) {
  TRIVIUM_ASSIGN_OR_RETURN(auto connection, Connection::Open(node, options_.login, until, clock_));
  TRIVIUM_ASSIGN_OR_RETURN(const Reply reply, connection->Ask({{"CLUSTER", "SLOTS"}}, until));
  return SlotMap::Parse(reply, node);
}

void Topology::MarkStale(std::optional<Address> ask_first) {
  if (!options_.cluster) return;
  MutexLock lock(mu_);
  stale_ = true;
  if (ask_first.has_value()) ask_first_ = std::move(ask_first);
}

void Topology::Suspect(const Address& node) {
  if (!options_.cluster) return;
  MutexLock lock(mu_);
  stale_ = true;
  suspect_ = node;
}

}  // namespace trivium::redis
