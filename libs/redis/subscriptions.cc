#include "libs/redis/subscriptions.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/redis/command.h"
#include "libs/status/error.h"

namespace trivium::redis {
namespace {

constexpr size_t kChannelsPerCommand = 500;
constexpr size_t kWireBytes = 64 << 10;

}  // namespace

absl::Status Subscriptions::Want(const std::vector<std::string>& channels) {
  MutexLock lock(mu_);
  const auto added = static_cast<size_t>(std::count_if(
      channels.begin(), channels.end(), [this](const std::string& channel) ABSL_NO_THREAD_SAFETY_ANALYSIS {
        return channels_.find(channel) == channels_.end();
      }));
  if (channels_.size() + added > max_channels_) {
    return Error(absl::StatusCode::kResourceExhausted, "REDIS_CHANNELS_FULL",
                 absl::StrCat("channels: ", channels_.size() + added, ", want <= ", max_channels_));
  }
  for (const std::string& channel : channels) {
    Entry& entry = *channels_.try_emplace(channel).first;
    entry.second.wanted = entry.second.ask = true;
    if (connected_) Enqueue(entry);
  }
  return absl::OkStatus();
}

void Subscriptions::Drop(const std::vector<std::string>& channels) {
  MutexLock lock(mu_);
  for (const std::string& channel : channels) {
    const auto it = channels_.find(channel);
    if (it == channels_.end()) continue;
    it->second.wanted = it->second.ask = false;
    if (connected_) Enqueue(*it);
    if (!connected_) channels_.erase(it);
  }
}

bool Subscriptions::IsWanted(std::string_view channel) const {
  MutexLock lock(mu_);
  const auto it = channels_.find(std::string(channel));
  return it != channels_.end() && it->second.wanted;
}

size_t Subscriptions::size() const {
  MutexLock lock(mu_);
  return channels_.size();
}

void Subscriptions::Connected() {
  MutexLock lock(mu_);
  connected_ = true;
  for (Entry& entry : channels_) {
    entry.second.ask = true;
    Enqueue(entry);
  }
}

void Subscriptions::Disconnected() {
  MutexLock lock(mu_);
  connected_ = false;
  queue_.clear();
  std::erase_if(channels_, [](const Entry& entry) { return !entry.second.wanted; });
  for (Entry& entry : channels_) entry.second = {.wanted = true};
}

void Subscriptions::Enqueue(Entry& entry) {
  if (!std::exchange(entry.second.queued, true)) queue_.push_back(&entry);
}

Subscriptions::Change Subscriptions::ChangeOf(const State& state) {
  if (state.wanted && state.ask) return Change::kSubscribe;
  return !state.wanted && state.told ? Change::kUnsubscribe : Change::kNone;
}

void Subscriptions::Told(Entry& entry, Change change) {
  State& state = entry.second;
  state.queued = state.ask = false;
  if (change == Change::kSubscribe) state.told = true;
  if (!state.wanted) channels_.erase(channels_.find(entry.first));
}

std::string Subscriptions::Take() {
  MutexLock lock(mu_);
  std::string wire;
  while (!queue_.empty() && wire.size() < kWireBytes) {
    // A run of equal changes is one command.
    const Change change = ChangeOf(queue_.front()->second);
    Command command = {{change == Change::kSubscribe ? "SUBSCRIBE" : "UNSUBSCRIBE"}};
    while (!queue_.empty() && command.arguments.size() <= kChannelsPerCommand &&
           ChangeOf(queue_.front()->second) == change) {
      Entry& entry = *queue_.front();
      queue_.pop_front();
      command.arguments.push_back(entry.first);
      Told(entry, change);
    }
    if (change != Change::kNone) AppendCommand(command, false, &wire);
  }
  return wire;
}

}  // namespace trivium::redis
