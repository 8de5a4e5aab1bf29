#include "services/control/domain/registry.h"

#include <algorithm>
#include <set>
#include <tuple>

namespace trivium::control::domain {

bool Registry::Restore(const InstanceState& persisted, Moment now) {
  Entry& entry = entries_[persisted.instance.id];
  entry.state = persisted;
  entry.state.was_ready = persisted.was_ready || persisted.instance.ready;
  entry.heard_at = now.monotonic;
  entry.expires_at = now.monotonic + options_.grace;
  return true;
}

void Registry::MakeRoom() {
  auto longest_ago = entries_.end();
  for (auto it = entries_.begin(); it != entries_.end(); ++it) {
    if (it->second.state.alive) continue;
    if (longest_ago == entries_.end() || it->second.state.lost_time < longest_ago->second.state.lost_time)
      longest_ago = it;
  }
  if (longest_ago != entries_.end()) entries_.erase(longest_ago);
}

bool Registry::Heartbeat(const Instance& instance, Moment now, absl::Duration slack) {
  if (entries_.size() >= options_.max_remembered && !Knows(instance.id)) MakeRoom();
  Entry& entry = entries_[instance.id];
  const bool changed = !entry.state.alive || entry.state.kept || entry.state.instance != instance;
  if (!entry.state.alive) entry.state.was_ready = false;
  entry.state.instance = instance;
  entry.state.alive = true;
  entry.state.kept = false;
  entry.state.was_ready |= instance.ready;
  entry.state.last_heartbeat = now.wall;
  entry.state.lost_time = absl::InfiniteFuture();
  entry.heard_at = now.monotonic;
  entry.expires_at = now.monotonic + options_.silence + slack;
  return changed;
}

bool Registry::Leave(std::string_view id, Moment now) {
  const auto found = entries_.find(id);
  if (found == entries_.end() || !found->second.state.alive) return false;
  found->second.state.alive = false;
  found->second.state.kept = false;
  found->second.state.lost_time = now.wall;
  return true;
}

bool Registry::Expire(Moment now) {
  std::map<std::pair<std::string, std::string>, std::vector<Entry*>> groups;
  for (auto& [id, entry] : entries_) {
    if (entry.state.alive) groups[{entry.state.instance.service, entry.state.instance.cell}].push_back(&entry);
  }
  bool changed = false;
  for (auto& [name, group] : groups) changed |= ExpireGroup(group, now);
  const auto forgotten = [&](const auto& entry) {
    return !entry.second.state.alive && now.wall - entry.second.state.lost_time > options_.keep_lost;
  };
  return std::erase_if(entries_, forgotten) > 0 || changed;
}

bool Registry::ExpireGroup(const std::vector<Entry*>& group, Moment now) {
  const auto silent = [&](const Entry* entry) { return now.monotonic >= entry->expires_at; };
  const bool any_heard = std::any_of(group.begin(), group.end(), [&](const Entry* e) { return HeardLately(*e, now); });
  const bool all_silent = std::all_of(group.begin(), group.end(), silent);
  bool changed = false;
  for (Entry* entry : group) {
    if (!silent(entry)) continue;
    if (any_heard) {
      entry->state.alive = entry->state.kept = false;
      entry->state.lost_time = now.wall;
      changed = true;
    } else if (all_silent && !entry->state.kept) {
      entry->state.kept = true;
      changed = true;
    }
    // Else others fall silent, too, but their time is not over: either one of them is heard from, or all are kept.
  }
  return changed;
}

bool Registry::HeardLately(const Entry& entry, Moment now) const {
  return now.monotonic < entry.expires_at && now.monotonic - entry.heard_at <= options_.heartbeat * 1.5;
}

std::vector<InstanceState> Registry::List() const {
  std::vector<InstanceState> list;
  for (const auto& [id, entry] : entries_) list.push_back(entry.state);
  std::sort(list.begin(), list.end(), [](const InstanceState& a, const InstanceState& b) {
    return std::tie(a.instance.service, a.instance.cell, a.instance.id) <
           std::tie(b.instance.service, b.instance.cell, b.instance.id);
  });
  return list;
}

int Registry::kept_groups() const {
  std::set<std::pair<std::string, std::string>> groups;
  for (const auto& [id, entry] : entries_) {
    if (entry.state.kept) groups.emplace(entry.state.instance.service, entry.state.instance.cell);
  }
  return static_cast<int>(groups.size());
}

}  // namespace trivium::control::domain
