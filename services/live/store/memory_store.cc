#include "services/live/store/memory_store.h"

#include <algorithm>
#include <functional>
#include <iterator>

#include "services/live/store/errors.h"

namespace trivium::live {
namespace {

bool IsOver(const Room& room) { return !HoldsRef(room.state); }

}  // namespace

void MemoryStore::Told() {
  if (on_events_) on_events_();
}

void MemoryStore::Tell(const std::string& product, const Id& room_id, std::string payload) {
  std::vector<StoredEvent>& events = events_[product];
  events.push_back({static_cast<int64_t>(events.size()) + 1, std::move(payload)});
  events_of_rooms_[{product, room_id}].push_back(events.back().seq);
}

void MemoryStore::Add(const std::string& product, const std::string& day, const DayCounts& counts) {
  for (const auto& [key, value] : counts) days_[{product, day}][key] += value;
}

std::optional<absl::StatusOr<Room>> MemoryStore::Known(const AnswerKey& key, const std::string& fingerprint) {
  if (std::get<2>(key).empty()) return std::nullopt;
  const auto it = answers_.find(key);
  if (it == answers_.end()) return std::nullopt;
  if (absl::Status same = CheckFingerprint(std::get<1>(key), it->second.fingerprint, fingerprint); !same.ok())
    return same;
  if (!it->second.status.ok()) return it->second.status;
  const auto room = rooms_.find({std::get<0>(key), it->second.room_id});
  return room == rooms_.end() ? absl::StatusOr<Room>(RoomNotFound()) : room->second;
}

void MemoryStore::Record(const AnswerKey& key, const std::string& fingerprint, const absl::Status& status,
                         const Id& room_id, absl::Time now) {
  if (std::get<2>(key).empty() || (!status.ok() && !IsRecorded(status))) return;
  answers_[key] = {fingerprint, status, room_id, now};
}

absl::StatusOr<Room> MemoryStore::CreateOne(const NewRoom& item) {
  const Room& draft = item.draft;
  const AnswerKey key{draft.product, Method::kCreateRoom, item.request_id};
  if (auto known = Known(key, item.fingerprint)) return *std::move(known);
  for (const auto& [id, room] : rooms_) {
    if (id.first != draft.product || room.room_ref != draft.room_ref || IsOver(room)) continue;
    const absl::Status taken = RoomRefTaken(draft.room_ref, room.id);
    Record(key, item.fingerprint, taken, draft.id, draft.create_time);
    return taken;
  }
  rooms_[{draft.product, draft.id}] = draft;
  Record(key, item.fingerprint, absl::OkStatus(), draft.id, draft.create_time);
  Tell(draft.product, draft.id, encode_.room(ids_.Next(), EventType::kRoomCreated, draft));
  Add(draft.product, item.day, {{{"rooms", "CREATED"}, 1}});
  return draft;
}

absl::StatusOr<Room> MemoryStore::ChangeOne(const RoomChange& item) {
  const AnswerKey key{item.product, item.method, item.request_id};
  if (auto known = Known(key, item.fingerprint)) return *std::move(known);
  const auto it = rooms_.find({item.product, item.room_id});
  if (it == rooms_.end()) {
    Record(key, item.fingerprint, RoomNotFound(), item.room_id, item.now);
    return RoomNotFound();
  }
  Room& room = it->second;
  const StepResult result = Apply(item.step, item.now, &room);
  if (result.kind == StepResult::Kind::kRefused) {
    const absl::Status refused = StepRefused(item.step, result, room);
    Record(key, item.fingerprint, refused, item.room_id, item.now);
    return refused;
  }
  Record(key, item.fingerprint, absl::OkStatus(), item.room_id, item.now);
  if (result.kind == StepResult::Kind::kChanged) {
    const EventType type = item.step.event ? TypeOf(result.event) : EventType::kRoomUpdated;
    Tell(item.product, room.id, encode_.room(ids_.Next(), type, room));
    if (item.step.event) Add(item.product, item.day, {{{"rooms", std::string(StateName(room.state))}, 1}});
  }
  return room;
}

std::vector<absl::StatusOr<Room>> MemoryStore::CreateRooms(std::span<const NewRoom> items, absl::Time) {
  std::vector<absl::StatusOr<Room>> outcomes;
  {
    MutexLock lock(mu_);
    for (const NewRoom& item : items) outcomes.push_back(CreateOne(item));
  }
  Told();
  return outcomes;
}

std::vector<absl::StatusOr<Room>> MemoryStore::ChangeRooms(std::span<const RoomChange> items, absl::Time) {
  std::vector<absl::StatusOr<Room>> outcomes;
  {
    MutexLock lock(mu_);
    for (const RoomChange& item : items) outcomes.push_back(ChangeOne(item));
  }
  Told();
  return outcomes;
}

absl::StatusOr<Room> MemoryStore::GetRoom(const std::string& product, const Id& room_id, absl::Time) {
  MutexLock lock(mu_);
  const auto it = rooms_.find({product, room_id});
  if (it == rooms_.end()) return RoomNotFound();
  return it->second;
}

absl::StatusOr<Room> MemoryStore::GetRoomByRef(const std::string& product, const std::string& room_ref, absl::Time) {
  MutexLock lock(mu_);
  for (auto it = rooms_.rbegin(); it != rooms_.rend(); ++it) {
    if (it->first.first == product && it->second.room_ref == room_ref) return it->second;
  }
  return RoomNotFound();
}

absl::StatusOr<std::vector<Room>> MemoryStore::ListRooms(const std::string& product, const RoomFilter& filter,
                                                         absl::Time) {
  MutexLock lock(mu_);
  std::vector<Room> found;
  for (auto it = rooms_.rbegin(); it != rooms_.rend() && found.size() < static_cast<size_t>(filter.limit); ++it) {
    const Room& room = it->second;
    if (room.product != product || (filter.state && room.state != *filter.state)) continue;
    if (!filter.institution_id.empty() && room.institution_id != filter.institution_id) continue;
    if (!filter.before.IsZero() && room.id >= filter.before) continue;
    found.push_back(room);
  }
  return found;
}

absl::StatusOr<std::vector<Room>> MemoryStore::ListDueRooms(absl::Time now, int skip, int limit, absl::Time) {
  MutexLock lock(mu_);
  std::vector<Room> found;
  for (const auto& [key, room] : rooms_) {
    if (NextDue(room) <= now) found.push_back(room);
  }
  std::ranges::stable_sort(found, {}, [](const Room& room) { return NextDue(room); });
  found.erase(found.begin(), found.begin() + std::min<ptrdiff_t>(skip, std::ssize(found)));
  if (found.size() > static_cast<size_t>(limit)) found.resize(static_cast<size_t>(limit));
  return found;
}

absl::StatusOr<std::vector<Room>> MemoryStore::ListRoomsOver(absl::Time from, absl::Time to, int limit, absl::Time) {
  MutexLock lock(mu_);
  std::vector<Room> found;
  for (const auto& [key, room] : rooms_) {
    if (!HoldsRef(room.state) && room.update_time >= from && room.update_time < to) found.push_back(room);
  }
  std::ranges::stable_sort(found, {}, &Room::update_time);
  if (found.size() > static_cast<size_t>(limit)) found.resize(static_cast<size_t>(limit));
  return found;
}

absl::StatusOr<std::vector<Room>> MemoryStore::ListOpenRooms(const std::string& cell, const Id& after, int limit,
                                                             absl::Time) {
  MutexLock lock(mu_);
  std::vector<Room> found;
  for (const auto& [key, room] : rooms_) {
    if (room.cell == cell && IsOpen(room.state) && room.id > after) found.push_back(room);
  }
  std::ranges::sort(found, {}, &Room::id);
  if (found.size() > static_cast<size_t>(limit)) found.resize(static_cast<size_t>(limit));
  return found;
}

absl::Status MemoryStore::MoveRoom(const std::string& product, const Id& room_id, const std::string& cell,
                                   const std::string& node, absl::Time) {
  MutexLock lock(mu_);
  const auto it = rooms_.find({product, room_id});
  if (it == rooms_.end()) return RoomNotFound();
  Room& room = it->second;
  left_[cell].erase(it->first);
  if (!room.cell.empty() && room.cell != cell) left_[room.cell].insert(it->first);
  room.cell = cell;
  room.node = node;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<RoomId>> MemoryStore::ListRoomsThatLeft(const std::string& cell, const RoomId& after,
                                                                   int limit, absl::Time) {
  MutexLock lock(mu_);
  const std::set<RoomKey>& left = left_[cell];
  std::vector<RoomId> rooms;
  for (auto it = left.upper_bound({after.product, after.room_id}); it != left.end(); ++it) {
    if (rooms.size() == static_cast<size_t>(limit)) break;
    rooms.push_back({it->first, it->second});
  }
  return rooms;
}

absl::Status MemoryStore::ForgetRoomThatLeft(const std::string& cell, const RoomId& room, absl::Time) {
  MutexLock lock(mu_);
  left_[cell].erase({room.product, room.room_id});
  return absl::OkStatus();
}

absl::Status MemoryStore::AddBan(const RoomId& room, const Ban& ban, absl::Time) {
  MutexLock lock(mu_);
  bans_[{room.product, room.room_id}][ban.user_id] = ban.until;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Ban>> MemoryStore::ListBans(const RoomId& room, absl::Time now, int limit, absl::Time) {
  MutexLock lock(mu_);
  std::vector<Ban> bans;
  for (const auto& [user, until] : bans_[{room.product, room.room_id}]) {
    if (until > now) bans.push_back({user, until});
  }
  std::ranges::stable_sort(bans, std::greater<>(), &Ban::until);
  if (bans.size() > static_cast<size_t>(limit)) bans.resize(static_cast<size_t>(limit));
  return bans;
}

absl::StatusOr<DrainMark> MemoryStore::GetDrainMark(const std::string& cell, absl::Time) {
  MutexLock lock(mu_);
  return marks_[cell];
}

absl::Status MemoryStore::ApplyChanges(const std::string& cell, int64_t after, std::span<const Change> changes,
                                       const DayOf& day_of, absl::Time) {
  {
    MutexLock lock(mu_);
    DrainMark& mark = marks_[cell];
    if (mark.sequence != after) return DrainMarkMoved(mark.sequence, after);
    for (const Change& change : changes) {
      Stay& stay = stays_[{change.room.product, change.room.room_id}][change.place.join_id];
      Apply(change, cell, &stay);
      Tell(stay.product, stay.room_id, encode_.stay(ids_.Next(), TypeOf(change), stay, change.time));
      DayCounts counts;
      Count(change, &counts);
      Add(stay.product, day_of(stay.product, change.time), counts);
      mark.sequence = change.sequence;
    }
  }
  Told();
  return absl::OkStatus();
}

absl::Status MemoryStore::SetAside(const std::string& cell, int64_t after, const Change& change, const absl::Status&,
                                   absl::Time) {
  MutexLock lock(mu_);
  DrainMark& mark = marks_[cell];
  if (mark.sequence != after) return DrainMarkMoved(mark.sequence, after);
  mark.sequence = change.sequence;
  return absl::OkStatus();
}

void MemoryStore::EndLost(Stay* stay, int64_t before, absl::Time now, const DayOf& day_of) {
  EndAsLost(before, now, stay);
  Tell(stay->product, stay->room_id, encode_.stay(ids_.Next(), EventType::kLeft, *stay, now));
  Add(stay->product, day_of(stay->product, now), {{{"leaves", "REDIS_LOST"}, 1}});
}

absl::StatusOr<int64_t> MemoryStore::EndLostStays(const std::string& cell, int64_t before, absl::Time now,
                                                  const DayOf& day_of, int limit, absl::Time) {
  int64_t ended = 0;
  {
    MutexLock lock(mu_);
    for (auto& [key, stays] : stays_) {
      for (auto& [join, stay] : stays) {
        if (ended == limit) return ended;
        if (stay.cell != cell || stay.state == StayState::kLeft || stay.sequence >= before) continue;
        EndLost(&stay, before, now, day_of);
        ++ended;
      }
    }
    if (ended == 0) marks_[cell].lost_before = std::max(marks_[cell].lost_before, before);
  }
  Told();
  return ended;
}

absl::StatusOr<int64_t> MemoryStore::EndStaysOfRoom(const std::string& cell, const RoomId& room, absl::Time now,
                                                    const DayOf& day_of, int limit, absl::Time) {
  int64_t ended = 0;
  {
    MutexLock lock(mu_);
    for (auto& [join, stay] : stays_[{room.product, room.room_id}]) {
      if (ended == limit || stay.cell != cell || stay.state == StayState::kLeft) continue;
      EndLost(&stay, 0, now, day_of);
      ++ended;
    }
  }
  Told();
  return ended;
}

absl::StatusOr<std::vector<Stay>> MemoryStore::ListStays(const std::string& product, const Id& room_id, const Id& after,
                                                         int limit, absl::Time) {
  MutexLock lock(mu_);
  std::vector<Stay> found;
  for (const auto& [join, stay] : stays_[{product, room_id}]) {
    if (join > after && found.size() < static_cast<size_t>(limit)) found.push_back(stay);
  }
  return found;
}

absl::StatusOr<std::vector<Stay>> MemoryStore::ListStaysOfRoom(const std::string& product, const Id& room_id,
                                                               const Id& before, int limit, absl::Time) {
  MutexLock lock(mu_);
  const std::map<Id, Stay>& stays = stays_[{product, room_id}];
  std::vector<Stay> found;
  for (auto it = stays.rbegin(); it != stays.rend() && found.size() < static_cast<size_t>(limit); ++it) {
    if (before.IsZero() || it->first < before) found.push_back(it->second);
  }
  return found;
}

absl::StatusOr<std::vector<Stay>> MemoryStore::ListStaysOfUser(const std::string& product, const std::string& user_id,
                                                               const Id& before, int limit, absl::Time) {
  MutexLock lock(mu_);
  std::map<Id, Stay, std::greater<>> found;
  for (const auto& [room, stays] : stays_) {
    if (room.first != product) continue;
    for (const auto& [join, stay] : stays) {
      if (stay.user_id == user_id && (before.IsZero() || join < before)) found.emplace(join, stay);
    }
  }
  std::vector<Stay> newest;
  for (const auto& [join, stay] : found) {
    if (newest.size() < static_cast<size_t>(limit)) newest.push_back(stay);
  }
  return newest;
}

absl::StatusOr<std::vector<StoredEvent>> MemoryStore::ListRoomEvents(const std::string& product, const Id& room_id,
                                                                     int64_t before, int limit, absl::Time) {
  MutexLock lock(mu_);
  const std::vector<int64_t>& numbers = events_of_rooms_[{product, room_id}];
  std::vector<StoredEvent> found;
  for (auto it = numbers.rbegin(); it != numbers.rend() && found.size() < static_cast<size_t>(limit); ++it) {
    if (before == 0 || *it < before) found.push_back(events_[product][static_cast<size_t>(*it - 1)]);
  }
  return found;
}

absl::Status MemoryStore::AddCounts(std::span<const DayAddition> items, absl::Time) {
  MutexLock lock(mu_);
  for (const DayAddition& item : items) Add(item.product, item.day, item.counts);
  return absl::OkStatus();
}

absl::StatusOr<DayCounts> MemoryStore::SummarizeDay(const std::string& product, const std::string& day, absl::Time) {
  MutexLock lock(mu_);
  return days_[{product, day}];
}

absl::StatusOr<std::vector<std::string>> MemoryStore::ListUnannounced(absl::Time) {
  MutexLock lock(mu_);
  std::vector<std::string> products;
  for (const auto& [product, events] : events_) {
    if (static_cast<int64_t>(events.size()) > announced_[product]) products.push_back(product);
  }
  return products;
}

absl::StatusOr<std::optional<int64_t>> MemoryStore::GetAnnounceMark(const std::string& product, absl::Time) {
  MutexLock lock(mu_);
  const auto it = announced_.find(product);
  return it == announced_.end() ? std::nullopt : std::optional<int64_t>(it->second);
}

absl::Status MemoryStore::SetAnnounceMark(const std::string& product, int64_t seq, absl::Time) {
  MutexLock lock(mu_);
  announced_[product] = std::max(announced_[product], seq);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> MemoryStore::PurgeRooms(absl::Time before, int limit, absl::Time) {
  MutexLock lock(mu_);
  int64_t gone = 0;
  for (auto it = rooms_.begin(); it != rooms_.end() && gone < limit;) {
    const bool old = IsOver(it->second) && it->second.update_time < before;
    it = old ? rooms_.erase(it) : std::next(it);
    gone += old;
  }
  return gone;
}

absl::StatusOr<int64_t> MemoryStore::PurgeStays(absl::Time before, int limit, absl::Time) {
  MutexLock lock(mu_);
  int64_t gone = 0;
  for (auto& [key, stays] : stays_) {
    for (auto it = stays.begin(); it != stays.end() && gone < limit;) {
      const bool old = it->second.state == StayState::kLeft && it->second.leave_time < before;
      it = old ? stays.erase(it) : std::next(it);
      gone += old;
    }
  }
  return gone;
}

absl::StatusOr<int64_t> MemoryStore::PurgeRecords(absl::Time now, int limit, absl::Time) {
  MutexLock lock(mu_);
  int64_t answers = 0, bans = 0;
  for (auto it = answers_.begin(); it != answers_.end() && answers < limit;) {
    const bool old = it->second.create_time < now - kRequestRetention;
    it = old ? answers_.erase(it) : std::next(it);
    answers += old;
  }
  for (auto& [key, of_room] : bans_) {
    for (auto it = of_room.begin(); it != of_room.end() && bans < limit;) {
      const bool old = it->second < now;
      it = old ? of_room.erase(it) : std::next(it);
      bans += old;
    }
  }
  return answers + bans;
}

absl::StatusOr<std::vector<StoredEvent>> MemoryStore::ListEvents(const std::string& product, int64_t after, int limit,
                                                                 absl::Time) {
  MutexLock lock(mu_);
  const std::vector<StoredEvent>& all = events_[product];
  std::vector<StoredEvent> found;
  for (size_t i = static_cast<size_t>(std::max<int64_t>(after, 0)); i < all.size(); ++i) {
    if (found.size() == static_cast<size_t>(limit)) break;
    found.push_back(all[i]);
  }
  return found;
}

absl::StatusOr<EventRange> MemoryStore::RangeOfEvents(const std::string& product, absl::Time) {
  MutexLock lock(mu_);
  return EventRange{1, static_cast<int64_t>(events_[product].size())};
}

}  // namespace trivium::live
