// Users, tags, rooms, audiences, and the purge.
#include <algorithm>
#include <iterator>

#include "services/push/store/errors.h"
#include "services/push/store/memory_store.h"

namespace trivium::push {

// Leaves of an audience in the users of a book.
class MemoryStore::BookReader : public AudienceReader {
 public:
  explicit BookReader(const Book& book) : book_(book) {}

  absl::StatusOr<std::vector<std::string>> ReadUsers(const AudienceLeaf& leaf, const std::string& from,
                                                     size_t limit) override {
    std::vector<std::string> page;
    for (auto it = book_.users.lower_bound(from); it != book_.users.end() && page.size() < limit; ++it) {
      const auto tag = it->second.tags.find(leaf.key);
      const bool tagged = tag != it->second.tags.end() && (!leaf.value || *leaf.value == tag->second);
      if (leaf.key.empty() || tagged) page.push_back(it->first);
    }
    return page;
  }

 private:
  const Book& book_;
};

absl::StatusOr<std::vector<std::string>> MemoryStore::RecipientsOf(const Book& book, const Message& m,
                                                                   const std::vector<std::string>& present) {
  if (m.message_class != MessageClass::kReliable) return std::vector<std::string>();
  std::set<std::string> users;
  if (m.target.kind == TargetKind::kUser) users = {m.target.value};
  if (m.target.kind == TargetKind::kRoom) {
    if (const auto room = book.rooms.find(m.target.value); room != book.rooms.end()) users = room->second;
    users.insert(present.begin(), present.end());
  }
  if (m.target.kind == TargetKind::kProduct) {
    for (const auto& [user, known] : book.users) users.insert(user);
  }
  if (m.target.kind == TargetKind::kAudience) {
    const absl::StatusOr<AudiencePlan> plan = PlanOfExpression(m.target.value);
    if (!plan.ok()) return plan.status();
    BookReader reader(book);
    absl::StatusOr<std::vector<std::string>> found = Take(*Open(*plan, reader), "", kRecipientsMax + 1);
    if (!found.ok()) return found.status();
    users.insert(found->begin(), found->end());
  }
  if (users.size() > kRecipientsMax) return AudienceTooLarge();
  return std::vector<std::string>(users.begin(), users.end());
}

void MemoryStore::See(Book& book, const std::string& user_id, absl::Time now) {
  book.users.try_emplace(user_id, User{.user_id = user_id, .create_time = now});
}

absl::Status MemoryStore::SeeUsers(const std::string& product, std::span<const std::string> user_ids, absl::Time now,
                                   absl::Time) {
  MutexLock lock(mu_);
  for (const std::string& user : user_ids) See(books_[product], user, now);
  return absl::OkStatus();
}

absl::StatusOr<User> MemoryStore::GetUser(const std::string& product, const std::string& user_id, absl::Time) {
  MutexLock lock(mu_);
  const auto& users = Find(product).users;
  const auto it = users.find(user_id);
  if (it == users.end()) return UserNotFound();
  return it->second;
}

absl::StatusOr<User> MemoryStore::UpdateTags(const TagUpdate& item) {
  Book& book = books_[item.product];
  const std::pair key(Method::kUpdateUserTags, item.request_id);
  if (const auto answer = book.answers.find(key); answer != book.answers.end()) {
    const absl::Status same = CheckFingerprint(Method::kUpdateUserTags, answer->second.fingerprint, item.fingerprint);
    if (!same.ok()) return same;
    return book.users[item.user_id];
  }
  Tags tags;
  if (const auto it = book.users.find(item.user_id); it != book.users.end()) tags = it->second.tags;
  for (const std::string& removed : item.remove) tags.erase(removed);
  for (const auto& [tag, value] : item.set) tags[tag] = value;
  if (tags.size() > kUserTagsMax) return TooManyTags(tags.size());
  See(book, item.user_id, item.now);
  User& user = book.users[item.user_id];
  user.tags = std::move(tags);
  book.answers[key] = {.fingerprint = item.fingerprint, .create_time = item.now};
  return user;
}

absl::StatusOr<int64_t> MemoryStore::UpdateRoom(const RoomUpdate& item, bool add) {
  Book& book = books_[item.product];
  const std::pair key(add ? Method::kAddRoomMembers : Method::kRemoveRoomMembers, item.request_id);
  if (const auto answer = book.answers.find(key); answer != book.answers.end()) {
    const absl::Status same = CheckFingerprint(key.first, answer->second.fingerprint, item.fingerprint);
    if (!same.ok()) return same;
    return answer->second.number;
  }
  std::set<std::string>& members = book.rooms[item.room_id];
  int64_t changed = 0;
  for (const std::string& user : item.user_ids) {
    if (add) See(book, user, item.now);
    changed += add ? members.insert(user).second : static_cast<int64_t>(members.erase(user));
  }
  book.answers[key] = {.fingerprint = item.fingerprint, .number = changed, .create_time = item.now};
  return changed;
}

std::vector<absl::StatusOr<User>> MemoryStore::UpdateTags(std::span<const TagUpdate> items, absl::Time) {
  std::vector<absl::StatusOr<User>> outcomes;
  MutexLock lock(mu_);
  for (const TagUpdate& item : items) outcomes.push_back(UpdateTags(item));
  return outcomes;
}

std::vector<absl::StatusOr<int64_t>> MemoryStore::AddRoomMembers(std::span<const RoomUpdate> items, absl::Time) {
  std::vector<absl::StatusOr<int64_t>> outcomes;
  MutexLock lock(mu_);
  for (const RoomUpdate& item : items) outcomes.push_back(UpdateRoom(item, true));
  return outcomes;
}

std::vector<absl::StatusOr<int64_t>> MemoryStore::RemoveRoomMembers(std::span<const RoomUpdate> items, absl::Time) {
  std::vector<absl::StatusOr<int64_t>> outcomes;
  MutexLock lock(mu_);
  for (const RoomUpdate& item : items) outcomes.push_back(UpdateRoom(item, false));
  return outcomes;
}

absl::StatusOr<std::vector<std::string>> MemoryStore::ListRoomMembers(const std::string& product,
                                                                      const std::string& room_id,
                                                                      const std::string& after, int limit, absl::Time) {
  std::vector<std::string> page;
  MutexLock lock(mu_);
  const auto& rooms = Find(product).rooms;
  const auto room = rooms.find(room_id);
  if (room == rooms.end()) return page;
  for (auto it = room->second.upper_bound(after); it != room->second.end() && page.size() < static_cast<size_t>(limit);
       ++it) {
    page.push_back(*it);
  }
  return page;
}

absl::StatusOr<std::vector<std::string>> MemoryStore::RoomsOfMember(const std::string& product,
                                                                    const std::string& user_id,
                                                                    std::span<const std::string> room_ids, absl::Time) {
  MutexLock lock(mu_);
  const auto& rooms = Find(product).rooms;
  std::vector<std::string> mine;
  std::ranges::copy_if(room_ids, std::back_inserter(mine), [&](const std::string& room_id) {
    const auto room = rooms.find(room_id);
    return room != rooms.end() && room->second.contains(user_id);
  });
  return mine;
}

absl::StatusOr<std::vector<std::string>> MemoryStore::ListAudience(const std::string& product,
                                                                   const std::string& expression,
                                                                   const std::string& after, int limit, absl::Time) {
  const absl::StatusOr<AudiencePlan> plan = PlanOfExpression(expression);
  if (!plan.ok()) return plan.status();
  MutexLock lock(mu_);
  BookReader reader(Find(product));
  return Take(*Open(*plan, reader), after.empty() ? "" : After(after), static_cast<size_t>(limit));
}

absl::StatusOr<int64_t> MemoryStore::PurgeDeliveries(absl::Time before, int limit, absl::Time) {
  int64_t purged = 0;
  MutexLock lock(mu_);
  for (auto& [product, book] : books_) {
    for (const auto& [id, m] : book.messages) {
      if (m.create_time >= before || m.counts.pending != 0 || m.state < MessageState::kSent) continue;
      auto it = book.deliveries.lower_bound({id, ""});
      while (it != book.deliveries.end() && it->first.message_id == id && purged < limit) {
        it = book.deliveries.erase(it);
        ++purged;
      }
    }
  }
  return purged;
}

absl::StatusOr<int64_t> MemoryStore::PurgeMessages(absl::Time before, int limit, absl::Time) {
  int64_t purged = 0;
  MutexLock lock(mu_);
  for (auto& [product, book] : books_) {
    for (auto it = book.messages.begin(); it != book.messages.end() && purged < limit;) {
      const Message& m = it->second;
      const auto delivery = book.deliveries.lower_bound({m.id, ""});
      const bool has_deliveries = delivery != book.deliveries.end() && delivery->first.message_id == m.id;
      if (m.create_time >= before || m.counts.pending != 0 || m.state < MessageState::kSent || has_deliveries) {
        ++it;
        continue;
      }
      book.message_of_request.erase(m.request_id);
      it = book.messages.erase(it);
      ++purged;
    }
  }
  return purged;
}

absl::StatusOr<int64_t> MemoryStore::PurgeRecords(absl::Time now, int, absl::Time) {
  size_t purged = 0;
  MutexLock lock(mu_);
  for (auto& [product, book] : books_) {
    purged +=
        std::erase_if(book.answers, [now](const auto& a) { return a.second.create_time < now - kRequestRetention; });
    purged += std::erase_if(book.dedupe, [now](const auto& d) { return d.second.expire_time <= now; });
    purged += std::erase_if(book.reports, [now](const auto& r) { return r.second < now - kReportRetention; });
  }
  return static_cast<int64_t>(purged);
}

}  // namespace trivium::push
