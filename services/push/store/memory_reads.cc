#include <algorithm>

#include "services/push/store/errors.h"
#include "services/push/store/memory_store.h"

namespace trivium::push {
namespace {

// Values of a map by id, newest first, before one of them.
template <typename Value, typename Meets>
std::vector<Value> Newest(const std::map<Id, Value>& values, const Id& before, int limit, const Meets& meets) {
  std::vector<Value> page;
  auto it = before.IsZero() ? values.end() : values.lower_bound(before);
  while (it != values.begin() && page.size() < static_cast<size_t>(limit)) {
    --it;
    if (meets(it->second)) page.push_back(it->second);
  }
  return page;
}

Message WithoutData(Message m) {
  m.data.clear();
  return m;
}

template <typename Value>
void Truncate(std::vector<Value>* values, int limit) {
  if (values->size() > static_cast<size_t>(limit)) values->resize(static_cast<size_t>(limit));
}

}  // namespace

absl::StatusOr<std::vector<Message>> MemoryStore::ListDueScheduled(const Products& of, absl::Time now, int limit,
                                                                   absl::Time) {
  std::vector<Message> due;
  MutexLock lock(mu_);
  for (const auto& [product, book] : books_) {
    if (!IsOf(of, product)) continue;
    for (const auto& [id, m] : book.messages) {
      if (m.state == MessageState::kScheduled && m.schedule_time <= now) due.push_back(m);
    }
  }
  std::ranges::stable_sort(due, {}, &Message::schedule_time);
  Truncate(&due, limit);
  return due;
}

absl::StatusOr<std::vector<ChannelName>> MemoryStore::ListUnsentChannels(const Products& of, int limit, absl::Time) {
  std::set<ChannelName> channels;
  MutexLock lock(mu_);
  for (const auto& [product, book] : books_) {
    if (!IsOf(of, product)) continue;
    for (const auto& [id, m] : book.messages) {
      if (m.state == MessageState::kAccepted) channels.insert({product, m.channel});
    }
  }
  std::vector<ChannelName> page(channels.begin(), channels.end());
  Truncate(&page, limit);
  return page;
}

absl::StatusOr<std::vector<Message>> MemoryStore::ListUnsent(const ChannelName& channel, int limit, absl::Time) {
  std::vector<Message> unsent;
  MutexLock lock(mu_);
  for (const auto& [id, m] : Find(channel.product).messages) {
    if (m.state == MessageState::kAccepted && m.channel == channel.channel) unsent.push_back(m);
  }
  std::ranges::stable_sort(unsent, {}, &Message::sequence);
  Truncate(&unsent, limit);
  return unsent;
}

absl::StatusOr<std::vector<PendingPage>> MemoryStore::ListPending(const std::string& product,
                                                                  std::span<const PendingQuery> queries, int limit_each,
                                                                  absl::Time) {
  std::vector<PendingPage> pages(queries.size());
  size_t bytes = 0;
  bool full = false;
  MutexLock lock(mu_);
  const Book& book = Find(product);
  for (size_t i = 0; i < queries.size(); ++i) {
    for (const auto& [key, d] : book.deliveries) {
      if (d.state != DeliveryState::kPending || d.user_id != queries[i].user_id || d.channel != queries[i].channel) {
        continue;
      }
      const Message& m = book.messages.at(key.message_id);
      full = full || (bytes > 0 && bytes + m.data.size() > kPendingBytesMax);
      if (full || pages[i].messages.size() == static_cast<size_t>(limit_each)) {
        pages[i].has_more = true;
        break;
      }
      bytes += m.data.size();
      pages[i].messages.push_back(m);
    }
  }
  return pages;
}

absl::StatusOr<std::vector<Message>> MemoryStore::ListChannelTail(const ChannelName& channel, absl::Time now, int limit,
                                                                  absl::Time) {
  std::vector<Message> tail;
  MutexLock lock(mu_);
  const Book& book = Find(channel.product);
  const bool of_user = channel.channel.starts_with("user:");
  const std::string user = of_user ? channel.channel.substr(5) : "";
  for (const auto& [id, m] : book.messages) {
    const bool sent = m.state == MessageState::kSent || m.state == MessageState::kCompleted;
    if (m.message_class != MessageClass::kReliable || !sent || m.expire_time <= now) continue;
    const auto delivery = book.deliveries.find({id, user});
    const bool here = of_user ? delivery != book.deliveries.end() && delivery->second.channel == channel.channel
                              : m.channel == channel.channel;
    if (here) tail.push_back(m);
  }
  if (!of_user) std::ranges::stable_sort(tail, {}, &Message::sequence);
  const size_t surplus = tail.size() - std::min(tail.size(), static_cast<size_t>(limit));
  tail.erase(tail.begin(), tail.begin() + static_cast<int64_t>(surplus));
  return tail;
}

absl::StatusOr<Message> MemoryStore::GetMessage(const std::string& product, const Id& message_id, absl::Time) {
  MutexLock lock(mu_);
  const auto& messages = Find(product).messages;
  const auto it = messages.find(message_id);
  if (it == messages.end()) return MessageNotFound();
  return it->second;
}

absl::StatusOr<std::vector<Message>> MemoryStore::GetMessages(const std::string& product,
                                                              std::span<const Id> message_ids, absl::Time) {
  std::vector<Message> found;
  MutexLock lock(mu_);
  const auto& messages = Find(product).messages;
  for (const Id& id : std::set<Id>(message_ids.begin(), message_ids.end())) {
    if (const auto it = messages.find(id); it != messages.end()) found.push_back(it->second);
  }
  return found;
}

absl::StatusOr<std::vector<Message>> MemoryStore::ListMessages(const std::string& product, const MessageFilter& filter,
                                                               absl::Time) {
  MutexLock lock(mu_);
  std::vector<Message> page = Newest(Find(product).messages, filter.before, filter.limit, [&](const Message& m) {
    return (!filter.channel || m.channel == *filter.channel) &&
           (!filter.message_class || m.message_class == *filter.message_class) &&
           (!filter.state || m.state == *filter.state);
  });
  std::ranges::transform(page, page.begin(), WithoutData);
  return page;
}

absl::StatusOr<std::vector<Delivery>> MemoryStore::ListRecipients(const std::string& product, const Id& message_id,
                                                                  const RecipientFilter& filter, absl::Time) {
  std::vector<Delivery> page;
  MutexLock lock(mu_);
  const auto& deliveries = Find(product).deliveries;
  for (auto it = deliveries.upper_bound({message_id, filter.after});
       it != deliveries.end() && it->first.message_id == message_id && page.size() < static_cast<size_t>(filter.limit);
       ++it) {
    if (!filter.state || it->second.state == *filter.state) page.push_back(it->second);
  }
  return page;
}

absl::StatusOr<std::vector<Delivery>> MemoryStore::ListUserMessages(const std::string& product,
                                                                    const std::string& user_id,
                                                                    const UserMessageFilter& filter, absl::Time) {
  std::map<Id, Delivery> mine;
  MutexLock lock(mu_);
  for (const auto& [key, delivery] : Find(product).deliveries) {
    if (key.user_id == user_id) mine[key.message_id] = delivery;
  }
  return Newest(mine, filter.before, filter.limit,
                [&](const Delivery& d) { return !filter.state || d.state == *filter.state; });
}

absl::StatusOr<DaySummary> MemoryStore::SummarizeDay(const std::string& product, const std::string& day, absl::Time) {
  DaySummary summary;
  MutexLock lock(mu_);
  for (const auto& [key, sum] : Find(product).days) {
    if (key.first == day) summary[key.second] = sum;
  }
  return summary;
}

absl::StatusOr<std::map<std::string, OpenWork>> MemoryStore::CountOpenWork(absl::Time, absl::Time) {
  std::map<std::string, OpenWork> work;
  MutexLock lock(mu_);
  for (const auto& [product, book] : books_) {
    for (const auto& [id, m] : book.messages) {
      if (m.counts.pending > 0) {
        OpenWork& open = work[product];
        open.pending += m.counts.pending;
        open.oldest_pending = std::min(open.oldest_pending, TimeOf(id));
      }
      if (m.state == MessageState::kAccepted) {
        OpenWork& open = work[product];
        ++open.unsent;
        open.oldest_unsent = std::min(open.oldest_unsent, m.update_time);
      }
    }
  }
  return work;
}

absl::StatusOr<std::vector<StoredEvent>> MemoryStore::ListEvents(const std::string& product, int64_t after, int limit,
                                                                 absl::Time) {
  std::vector<StoredEvent> page;
  MutexLock lock(mu_);
  for (const StoredEvent& event : Find(product).events) {
    if (event.seq > after && page.size() < static_cast<size_t>(limit)) page.push_back(event);
  }
  return page;
}

absl::StatusOr<EventRange> MemoryStore::RangeOfEvents(const std::string& product, absl::Time) {
  MutexLock lock(mu_);
  const Book& book = Find(product);
  return EventRange{book.events.empty() ? book.last_seq + 1 : book.events[0].seq, book.last_seq};
}

void MemoryStore::DropEvents(const std::string& product, int64_t up_to) {
  MutexLock lock(mu_);
  std::erase_if(books_[product].events, [up_to](const StoredEvent& event) { return event.seq <= up_to; });
}

}  // namespace trivium::push
