#include "services/gateway/connection/hub.h"

#include <algorithm>

#include "libs/text/view.h"

namespace trivium::gateway {

Channel* Hub::Find(std::string_view channel) const {
  const auto found = channels_.find(ToAbsl(channel));
  return found == channels_.end() ? nullptr : found->second.get();
}

bool Hub::Join(Subscriber& subscriber, std::string_view channel) {
  auto& slot = channels_[ToAbsl(channel)];
  if (slot == nullptr) slot = std::make_unique<Channel>(Channel{std::string(channel), {}});
  auto& memberships = subscriber.memberships_;
  const auto same = [&](const auto& membership) { return membership.channel == slot.get(); };
  if (std::any_of(memberships.begin(), memberships.end(), same)) return false;
  auto& members = slot->members[subscriber.form_];
  memberships.push_back({slot.get(), static_cast<uint32_t>(members.size())});
  members.push_back({&subscriber, static_cast<uint32_t>(memberships.size() - 1)});
  return true;
}

bool Hub::Leave(Subscriber& subscriber, std::string_view channel) {
  const Channel* found = Find(channel);
  for (size_t i = 0; found != nullptr && i < subscriber.memberships_.size(); ++i) {
    if (subscriber.memberships_[i].channel != found) continue;
    Leave(subscriber, i);
    return true;
  }
  return false;
}

void Hub::LeaveAll(Subscriber& subscriber) {
  while (!subscriber.memberships_.empty()) Leave(subscriber, subscriber.memberships_.size() - 1);
  subscriber.memberships_.shrink_to_fit();
}

// On both sides the last takes the place of the one that goes.
void Hub::Leave(Subscriber& subscriber, size_t membership) {
  const auto gone = subscriber.memberships_[membership];
  auto& members = gone.channel->members[subscriber.form_];
  members[gone.index] = members.back();
  members[gone.index].subscriber->memberships_[members[gone.index].membership].index = gone.index;
  members.pop_back();

  auto& memberships = subscriber.memberships_;
  if (membership + 1 != memberships.size()) {
    memberships[membership] = memberships.back();
    const auto& moved = memberships[membership];
    moved.channel->members[subscriber.form_][moved.index].membership = static_cast<uint32_t>(membership);
  }
  memberships.pop_back();
  EraseIfEmpty(*gone.channel);
}

void Hub::EraseIfEmpty(Channel& channel) {
  const auto empty = [](const auto& members) { return members.empty(); };
  if (&channel == walking_ || !std::all_of(channel.members.begin(), channel.members.end(), empty)) return;
  channels_.erase(std::string(channel.name));
}

size_t Hub::Members(std::string_view channel) const {
  const Channel* found = Find(channel);
  size_t count = 0;
  for (int form = 0; found != nullptr && form < kForms; ++form) count += found->members[form].size();
  return count;
}

}  // namespace trivium::gateway
