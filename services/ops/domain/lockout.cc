#include "services/ops/domain/lockout.h"

#include <algorithm>

namespace trivium::ops {

absl::Duration Lockout::LockedFor(const std::string& key, absl::Time now) const {
  const auto found = tries_.find(key);
  if (found == tries_.end() || static_cast<int>(found->second.size()) < options_.max_tries) return absl::ZeroDuration();
  return std::max(found->second.front() + options_.window - now, absl::ZeroDuration());
}

void Lockout::Tried(const std::string& key, absl::Time now) {
  if (!tries_.contains(key) && tries_.size() >= options_.max_keys) ForgetOldest(now);
  std::deque<absl::Time>& tries = tries_[key];
  while (!tries.empty() && tries.front() + options_.window <= now) tries.pop_front();
  tries.push_back(now);
  if (static_cast<int>(tries.size()) > options_.max_tries) tries.pop_front();
}

void Lockout::WasRight(const std::string& key, absl::Time at) {
  const auto found = tries_.find(key);
  if (found == tries_.end()) return;
  const auto tried = std::find(found->second.begin(), found->second.end(), at);
  if (tried != found->second.end()) found->second.erase(tried);
  if (found->second.empty()) tries_.erase(found);
}

void Lockout::ForgetOldest(absl::Time now) {
  std::erase_if(tries_, [&](const auto& entry) { return entry.second.back() + options_.window <= now; });
  if (tries_.size() < options_.max_keys) return;
  tries_.erase(std::min_element(tries_.begin(), tries_.end(),
                                [](const auto& a, const auto& b) { return a.second.back() < b.second.back(); }));
}

}  // namespace trivium::ops
