#include "services/gateway/clients/delivery_counts.h"

#include <algorithm>

#include "services/gateway/clients/metrics.h"

namespace trivium::gateway {

void DeliveryCounts::Open(uint64_t tag, const std::string& product, const Id& message_id, const FrameForms& frames) {
  MutexLock lock(mu_);
  if (by_tag_.size() >= max_) {
    const auto oldest = by_tag_.begin();
    oldest->second->messages.erase(oldest->first);
    by_tag_.erase(oldest);
    metrics_.GetCounter(kWorkRefused, {"counts"}).Add();
  }
  Product& of = products_[product];
  of.messages[tag] = Message{message_id, frames};
  by_tag_[tag] = &of;
}

void DeliveryCounts::Given(uint64_t tag, int64_t connections) {
  MutexLock lock(mu_);
  const auto found = by_tag_.find(tag);
  if (found != by_tag_.end()) found->second->messages[tag].given += connections;
}

void DeliveryCounts::Dropped(uint64_t tag) {
  MutexLock lock(mu_);
  const auto found = by_tag_.find(tag);
  if (found != by_tag_.end()) ++found->second->messages[tag].dropped;
}

std::vector<DeliveryCount> DeliveryCounts::Take(const std::string& product, size_t max) {
  MutexLock lock(mu_);
  std::vector<DeliveryCount> counts;
  auto& messages = products_[product].messages;
  for (auto at = messages.begin(); at != messages.end() && counts.size() < max;) {
    Message& message = at->second;
    int64_t waiting = 0;  // References that are not ours.
    for (const SharedFrame& frame : message.frames) {
      if (frame) waiting += static_cast<int64_t>(frame.references()) - 1;
    }
    const int64_t sent = std::max(message.told_sent, message.given - message.dropped - waiting);
    const DeliveryCount count{message.id, sent - message.told_sent, message.dropped - message.told_dropped};
    if (count.sent > 0 || count.dropped_slow > 0) counts.push_back(count);
    message.told_sent = sent;
    message.told_dropped = message.dropped;
    if (waiting > 0) {
      ++at;
      continue;
    }
    by_tag_.erase(at->first);
    messages.erase(at++);
  }
  return counts;
}

std::vector<std::string> DeliveryCounts::Products() const {
  MutexLock lock(mu_);
  std::vector<std::string> products;
  for (const auto& [product, state] : products_) products.push_back(product);
  return products;
}

size_t DeliveryCounts::size() const {
  MutexLock lock(mu_);
  return by_tag_.size();
}

}  // namespace trivium::gateway
