// Messages and deliveries: what writes. Reads: memory_reads.cc; users, tags and rooms: memory_users.cc.
#include "services/push/store/memory_store.h"

#include <algorithm>
#include <limits>

#include "services/push/domain/message_rules.h"
#include "services/push/store/errors.h"

namespace trivium::push {

const MemoryStore::Book& MemoryStore::Find(const std::string& product) const {
  static const Book* const kNone = new Book;
  const auto it = books_.find(product);
  return it == books_.end() ? *kNone : it->second;
}

void MemoryStore::Tell(Book& book, const std::vector<Message>& told) {
  for (const Message& m : told) book.events.push_back({++book.last_seq, encode_(ids_.Next(), m)});
}

void MemoryStore::Change(Book& book, Message& m, const Counts& change, absl::Time now) {
  std::vector<Message> told;
  Apply(m, change, now, &told);
  book.days[{m.day, m.message_class}].counts += change;
  Tell(book, told);
}

int64_t MemoryStore::MovePending(Book& book, const Id& message_id, const DeliveryMove& move, int64_t limit) {
  int64_t moved = 0;
  for (auto it = book.deliveries.lower_bound({message_id, ""});
       it != book.deliveries.end() && it->first.message_id == message_id && moved < limit; ++it) {
    const bool pending = it->second.state == DeliveryState::kPending;
    if (!pending || !Move(it->second, move.to, move.now, move.reason)) continue;
    --book.pending_of_user[it->second.user_id];
    ++moved;
  }
  return moved;
}

absl::StatusOr<std::optional<Message>> MemoryStore::AnswerOf(Book& book, const Message& draft) {
  if (const auto it = book.message_of_request.find(draft.request_id); it != book.message_of_request.end()) {
    const Message& first = book.messages.at(it->second);
    const absl::Status same = CheckFingerprint(Method::kPublish, first.fingerprint, draft.fingerprint);
    if (!same.ok()) return same;
    return AsCreated(first);
  }
  if (const auto it = book.answers.find({Method::kPublish, draft.request_id}); it != book.answers.end()) {
    const absl::Status same = CheckFingerprint(Method::kPublish, it->second.fingerprint, draft.fingerprint);
    if (!same.ok()) return same;
    const auto first = book.messages.find(it->second.message_id);
    if (first != book.messages.end()) return AsCreated(first->second);
  }
  const auto live = book.dedupe.find(draft.dedupe_key);
  if (draft.dedupe_key.empty() || live == book.dedupe.end() || live->second.expire_time <= draft.create_time) {
    return std::nullopt;
  }
  const auto first = book.messages.find(live->second.message_id);
  if (first == book.messages.end()) return std::nullopt;
  book.answers[{Method::kPublish, draft.request_id}] = {
      .fingerprint = draft.fingerprint, .message_id = first->first, .create_time = draft.create_time};
  return AsCreated(first->second);
}

absl::StatusOr<Message> MemoryStore::Accept(const NewMessage& item) {
  Book& book = books_[item.draft.product];
  absl::StatusOr<std::optional<Message>> answer = AnswerOf(book, item.draft);
  if (!answer.ok()) return answer.status();
  if (answer->has_value()) return **std::move(answer);
  Message m = FirstState(item.draft);
  if (const absl::Status valid = CheckTarget(m.target); !valid.ok()) return valid;
  absl::StatusOr<std::vector<std::string>> recipients = std::vector<std::string>();
  if (m.state == MessageState::kAccepted) recipients = RecipientsOf(book, m, item.present);
  if (!recipients.ok()) return recipients.status();
  if (!m.dedupe_key.empty()) book.dedupe[m.dedupe_key] = {m.id, m.create_time + kDedupeWindow};
  book.message_of_request[m.request_id] = m.id;
  if (m.state == MessageState::kAccepted) Start(book, m, *recipients, item.max_pending_of_user, m.create_time);
  book.messages[m.id] = m;
  if (IsTold(m)) Tell(book, {m});
  return AsCreated(m);
}

bool MemoryStore::IsFull(const Book& book, const Message& m, const std::string& user, int64_t max_pending) {
  const auto pending = book.pending_of_user.find(user);
  if (pending == book.pending_of_user.end() || pending->second < max_pending) return false;
  if (m.collapse_key.empty()) return true;
  return std::ranges::none_of(book.messages, [&](const auto& entry) {
    const auto& [id, older] = entry;
    if (id == m.id || older.collapse_key != m.collapse_key || older.target != m.target) return false;
    const auto it = book.deliveries.find({id, user});
    return it != book.deliveries.end() && it->second.state == DeliveryState::kPending;
  });
}

void MemoryStore::Start(Book& book, Message& m, const std::vector<std::string>& recipients, int64_t max_pending,
                        absl::Time now) {
  if (m.message_class == MessageClass::kReliable) {
    m.counts += AcceptedChange(static_cast<int64_t>(recipients.size()));
    for (const std::string& user : recipients) {
      Delivery delivery = NewDelivery(m, user, now);
      if (IsFull(book, m, user, max_pending)) {
        Move(delivery, DeliveryState::kDropped, now, DropReason::kTooManyPending);
        m.counts += MoveChange(DeliveryState::kPending, DeliveryState::kDropped, 1, DropReason::kTooManyPending);
      } else {
        ++book.pending_of_user[user];
      }
      book.deliveries[{m.id, user}] = std::move(delivery);
    }
    if (!m.channel.empty()) m.sequence = ++book.last_sequence[m.channel];
    if (!m.collapse_key.empty()) Collapse(book, m, now);
  }
  ClassDay& day = book.days[{m.day, m.message_class}];
  ++day.messages;
  day.counts += m.counts;
}

void MemoryStore::Collapse(Book& book, const Message& newer, absl::Time now) {
  for (auto& [id, older] : book.messages) {
    if (id == newer.id || older.counts.pending == 0 || older.collapse_key != newer.collapse_key ||
        older.target != newer.target) {
      continue;
    }
    const DeliveryMove drop{DeliveryState::kDropped, DropReason::kCollapsed, now};
    const int64_t moved = MovePending(book, id, drop, std::numeric_limits<int64_t>::max());
    Change(book, older, MoveChange(DeliveryState::kPending, drop.to, moved, drop.reason), now);
  }
}

absl::StatusOr<Message> MemoryStore::ReleaseOne(const Release& item) {
  Book& book = books_[item.product];
  const auto it = book.messages.find(item.message_id);
  if (it == book.messages.end()) return MessageNotFound();
  Message& m = it->second;
  if (m.state != MessageState::kScheduled) return m;
  absl::StatusOr<std::vector<std::string>> recipients = RecipientsOf(book, m, item.present);
  if (!recipients.ok()) return recipients.status();
  m.day = item.day;
  Start(book, m, *recipients, item.max_pending_of_user, item.now);
  std::vector<Message> told;
  Move(m, MessageState::kAccepted, item.now, &told);
  Tell(book, told);
  return m;
}

absl::StatusOr<Message> MemoryStore::CancelOne(const Cancellation& item) {
  Book& book = books_[item.product];
  const std::pair key(Method::kCancelMessage, item.request_id);
  const auto it = book.messages.find(item.message_id);
  if (const auto answer = book.answers.find(key); answer != book.answers.end()) {
    const absl::Status same = CheckFingerprint(Method::kCancelMessage, answer->second.fingerprint, item.fingerprint);
    if (!same.ok()) return same;
    if (!answer->second.status.ok()) return answer->second.status;
    if (it == book.messages.end()) return MessageNotFound();
    return it->second;
  }
  Answer answer{.fingerprint = item.fingerprint, .message_id = item.message_id, .create_time = item.now};
  const CancelVerdict verdict = it == book.messages.end() ? CancelVerdict::kAlready : CheckCancel(it->second);
  if (it == book.messages.end()) {
    answer.status = MessageNotFound();
  } else if (verdict == CancelVerdict::kNotCancelable) {
    answer.status = NotCancelable(it->second);
  } else if (verdict == CancelVerdict::kCancel) {
    const DeliveryMove drop{DeliveryState::kDropped, DropReason::kCanceled, item.now};
    const int64_t moved = MovePending(book, item.message_id, drop, std::numeric_limits<int64_t>::max());
    std::vector<Message> told;
    push::Cancel(it->second, moved, item.now, &told);
    if (!it->second.day.empty()) {
      book.days[{it->second.day, it->second.message_class}].counts +=
          MoveChange(DeliveryState::kPending, drop.to, moved, drop.reason);
    }
    Tell(book, told);
  }
  book.answers[key] = answer;
  if (!answer.status.ok()) return answer.status;
  return it->second;
}

bool MemoryStore::MoveOne(Book& book, Delivery& delivery, const DeliveryMove& move) {
  const DeliveryState from = delivery.state;
  if (!Move(delivery, move.to, move.now, move.reason)) return false;
  if (from == DeliveryState::kPending) --book.pending_of_user[delivery.user_id];
  Change(book, book.messages.at(delivery.message_id), MoveChange(from, move.to, 1, move.reason), move.now);
  return true;
}

absl::StatusOr<bool> MemoryStore::Report(const CountReport& item) {
  for (const MessageCount& count : item.counts) {
    if (count.sent < 0 || count.slow_readers < 0) return NegativeCount(count);
  }
  Book& book = books_[item.product];
  if (!book.reports.insert({{item.gateway, item.number}, item.now}).second) return false;
  for (const MessageCount& count : item.counts) {
    const Counts change = ConnectionsChange(count.sent, count.slow_readers);
    const auto it = book.messages.find(count.message_id);
    if (it == book.messages.end()) {
      book.early_counts[count.message_id] += change;
    } else if (it->second.message_class != MessageClass::kReliable && !it->second.day.empty()) {
      Change(book, it->second, change, item.now);
    }
  }
  return true;
}

std::vector<absl::Status> MemoryStore::RecordMessages(std::span<const Message> items, absl::Time) {
  MutexLock lock(mu_);
  for (const Message& item : items) {
    Book& book = books_[item.product];
    if (book.messages.contains(item.id)) continue;
    Message m = AsRecorded(item);
    if (const auto early = book.early_counts.find(m.id); early != book.early_counts.end()) {
      m.counts = early->second;
      book.early_counts.erase(early);
    }
    ClassDay& day = book.days[{m.day, m.message_class}];
    ++day.messages;
    day.counts += m.counts;
    book.messages[m.id] = std::move(m);
  }
  return std::vector<absl::Status>(items.size());
}

std::vector<absl::StatusOr<Message>> MemoryStore::Accept(std::span<const NewMessage> items, absl::Time) {
  std::vector<absl::StatusOr<Message>> outcomes;
  MutexLock lock(mu_);
  for (const NewMessage& item : items) outcomes.push_back(Accept(item));
  return outcomes;
}

std::vector<absl::StatusOr<Message>> MemoryStore::ReleaseScheduled(std::span<const Release> items, absl::Time) {
  std::vector<absl::StatusOr<Message>> outcomes;
  MutexLock lock(mu_);
  for (const Release& item : items) outcomes.push_back(ReleaseOne(item));
  return outcomes;
}

std::vector<absl::StatusOr<Message>> MemoryStore::Cancel(std::span<const Cancellation> items, absl::Time) {
  std::vector<absl::StatusOr<Message>> outcomes;
  MutexLock lock(mu_);
  for (const Cancellation& item : items) outcomes.push_back(CancelOne(item));
  return outcomes;
}

std::vector<absl::StatusOr<bool>> MemoryStore::AddCounts(std::span<const CountReport> items, absl::Time) {
  std::vector<absl::StatusOr<bool>> outcomes;
  MutexLock lock(mu_);
  for (const CountReport& item : items) outcomes.push_back(Report(item));
  return outcomes;
}

std::vector<absl::StatusOr<bool>> MemoryStore::MarkSent(const std::string& product, std::span<const Id> message_ids,
                                                        absl::Time now, absl::Time) {
  std::vector<absl::StatusOr<bool>> outcomes;
  MutexLock lock(mu_);
  Book& book = books_[product];
  for (const Id& id : message_ids) {
    const auto it = book.messages.find(id);
    std::vector<Message> told;
    outcomes.push_back(it == book.messages.end() ? absl::StatusOr<bool>(MessageNotFound())
                                                 : Send(it->second, now, &told));
    Tell(book, told);
  }
  return outcomes;
}

std::vector<absl::StatusOr<bool>> MemoryStore::MoveDeliveries(const std::string& product,
                                                              std::span<const DeliveryKey> keys,
                                                              const DeliveryMove& move, absl::Time) {
  std::vector<absl::StatusOr<bool>> outcomes;
  MutexLock lock(mu_);
  Book& book = books_[product];
  for (const DeliveryKey& key : keys) {
    const auto it = book.deliveries.find(key);
    outcomes.push_back(it != book.deliveries.end() && MoveOne(book, it->second, move));
  }
  return outcomes;
}

absl::StatusOr<ProductCounts> MemoryStore::ExpireDue(absl::Time now, int limit, absl::Time) {
  ProductCounts counts;
  int64_t expired = 0;
  MutexLock lock(mu_);
  for (auto& [product, book] : books_) {
    for (auto& [id, m] : book.messages) {
      if (m.counts.pending == 0 || m.expire_time > now) continue;
      const int64_t moved = MovePending(book, id, {DeliveryState::kExpired, DropReason::kNone, now}, limit - expired);
      Change(book, m, MoveChange(DeliveryState::kPending, DeliveryState::kExpired, moved), now);
      expired += moved;
      if (moved > 0) counts[product] += moved;
    }
  }
  return counts;
}

std::vector<Delivery*> MemoryStore::Due(const Products& of, absl::Time Delivery::*time, absl::Time now, int limit,
                                        std::vector<std::string>* products) {
  std::vector<std::pair<Delivery*, std::string>> due;
  for (auto& [product, book] : books_) {
    if (!IsOf(of, product)) continue;
    for (auto& [key, delivery] : book.deliveries) {
      if (delivery.*time <= now) due.emplace_back(&delivery, product);
    }
  }
  std::ranges::stable_sort(due, {}, [time](const auto& d) { return d.first->*time; });
  if (due.size() > static_cast<size_t>(limit)) due.resize(static_cast<size_t>(limit));
  std::vector<Delivery*> deliveries;
  for (const auto& [delivery, product] : due) {
    deliveries.push_back(delivery);
    products->push_back(product);
  }
  return deliveries;
}

absl::StatusOr<std::vector<DueDelivery>> MemoryStore::ClaimRepeatDue(const Products& of, absl::Time now, int limit,
                                                                     absl::Time) {
  std::vector<DueDelivery> claimed;
  std::vector<std::string> products;
  MutexLock lock(mu_);
  const std::vector<Delivery*> due = Due(of, &Delivery::next_attempt_time, now, limit, &products);
  for (size_t i = 0; i < due.size(); ++i) {
    const Message& m = books_[products[i]].messages.at(due[i]->message_id);
    due[i]->next_attempt_time = now + RepeatDelay(m.ack_timeout, ++due[i]->attempts);
    if (m.expire_time > now) claimed.push_back({products[i], *due[i]});
  }
  return claimed;
}

absl::StatusOr<std::vector<DueDelivery>> MemoryStore::ClaimVendorDue(absl::Time now, absl::Duration claim_for,
                                                                     int limit, absl::Time) {
  std::vector<DueDelivery> claimed;
  std::vector<std::string> products;
  MutexLock lock(mu_);
  const std::vector<Delivery*> due = Due(std::nullopt, &Delivery::vendor_time, now, limit, &products);
  for (size_t i = 0; i < due.size(); ++i) {
    due[i]->vendor_time = now + claim_for;
    const Message& m = books_[products[i]].messages.at(due[i]->message_id);
    if (m.expire_time > now) claimed.push_back({products[i], *due[i]});
  }
  return claimed;
}

}  // namespace trivium::push
