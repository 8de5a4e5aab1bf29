// Store in memory: for tests, and as the model that the MySQL engine must equal. Forgets everything with the process.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "libs/id/id.h"
#include "libs/sync/mutex.h"
#include "services/live/store/store.h"

namespace trivium::live {

class MemoryStore : public Store {
 public:
  // ids outlives it. on_events: called after each write that may have made events.
  MemoryStore(IdGenerator& ids, EventEncoder encode, std::function<void()> on_events = nullptr)
      : ids_(ids), encode_(std::move(encode)), on_events_(std::move(on_events)) {}

  std::vector<absl::StatusOr<Room>> CreateRooms(std::span<const NewRoom> items, absl::Time deadline) override;
  std::vector<absl::StatusOr<Room>> ChangeRooms(std::span<const RoomChange> items, absl::Time deadline) override;
  absl::StatusOr<Room> GetRoom(const std::string& product, const Id& room_id, absl::Time deadline) override;
  absl::StatusOr<Room> GetRoomByRef(const std::string& product, const std::string& room_ref,
                                    absl::Time deadline) override;
  absl::StatusOr<std::vector<Room>> ListRooms(const std::string& product, const RoomFilter& filter,
                                              absl::Time deadline) override;
  absl::StatusOr<std::vector<Room>> ListDueRooms(absl::Time now, int skip, int limit, absl::Time deadline) override;
  absl::StatusOr<std::vector<Room>> ListRoomsOver(absl::Time from, absl::Time to, int limit,
                                                  absl::Time deadline) override;
  absl::StatusOr<std::vector<Room>> ListOpenRooms(const std::string& cell, const Id& after, int limit,
                                                  absl::Time deadline) override;
  absl::Status MoveRoom(const std::string& product, const Id& room_id, const std::string& cell, const std::string& node,
                        absl::Time deadline) override;
  absl::StatusOr<std::vector<RoomId>> ListRoomsThatLeft(const std::string& cell, const RoomId& after, int limit,
                                                        absl::Time deadline) override;
  absl::Status ForgetRoomThatLeft(const std::string& cell, const RoomId& room, absl::Time deadline) override;
  absl::Status AddBan(const RoomId& room, const Ban& ban, absl::Time deadline) override;
  absl::StatusOr<std::vector<Ban>> ListBans(const RoomId& room, absl::Time now, int limit,
                                            absl::Time deadline) override;
  absl::StatusOr<DrainMark> GetDrainMark(const std::string& cell, absl::Time deadline) override;
  absl::Status ApplyChanges(const std::string& cell, int64_t after, std::span<const Change> changes,
                            const DayOf& day_of, absl::Time deadline) override;
  absl::Status SetAside(const std::string& cell, int64_t after, const Change& change, const absl::Status& why,
                        absl::Time deadline) override;
  absl::StatusOr<int64_t> EndLostStays(const std::string& cell, int64_t before, absl::Time now, const DayOf& day_of,
                                       int limit, absl::Time deadline) override;
  absl::StatusOr<int64_t> EndStaysOfRoom(const std::string& cell, const RoomId& room, absl::Time now,
                                         const DayOf& day_of, int limit, absl::Time deadline) override;
  absl::StatusOr<std::vector<Stay>> ListStays(const std::string& product, const Id& room_id, const Id& after, int limit,
                                              absl::Time deadline) override;
  absl::StatusOr<std::vector<Stay>> ListStaysOfRoom(const std::string& product, const Id& room_id, const Id& before,
                                                    int limit, absl::Time deadline) override;
  absl::StatusOr<std::vector<Stay>> ListStaysOfUser(const std::string& product, const std::string& user_id,
                                                    const Id& before, int limit, absl::Time deadline) override;
  absl::StatusOr<std::vector<StoredEvent>> ListRoomEvents(const std::string& product, const Id& room_id, int64_t before,
                                                          int limit, absl::Time deadline) override;
  absl::Status AddCounts(std::span<const DayAddition> items, absl::Time deadline) override;
  absl::StatusOr<DayCounts> SummarizeDay(const std::string& product, const std::string& day,
                                         absl::Time deadline) override;
  absl::StatusOr<std::vector<std::string>> ListUnannounced(absl::Time deadline) override;
  absl::StatusOr<std::optional<int64_t>> GetAnnounceMark(const std::string& product, absl::Time deadline) override;
  absl::Status SetAnnounceMark(const std::string& product, int64_t seq, absl::Time deadline) override;
  absl::StatusOr<int64_t> PurgeRooms(absl::Time before, int limit, absl::Time deadline) override;
  absl::StatusOr<int64_t> PurgeStays(absl::Time before, int limit, absl::Time deadline) override;
  absl::StatusOr<int64_t> PurgeRecords(absl::Time now, int limit, absl::Time deadline) override;
  absl::StatusOr<std::vector<StoredEvent>> ListEvents(const std::string& product, int64_t after, int limit,
                                                      absl::Time deadline) override;
  absl::StatusOr<EventRange> RangeOfEvents(const std::string& product, absl::Time deadline) override;

 private:
  using RoomKey = std::pair<std::string, Id>;
  struct Answer {
    std::string fingerprint;
    absl::Status status;
    Id room_id;
    absl::Time create_time;
  };
  using AnswerKey = std::tuple<std::string, Method, std::string>;

  // The answer of a request_id that was used before; nullopt: it is new.
  std::optional<absl::StatusOr<Room>> Known(const AnswerKey& key, const std::string& fingerprint)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Record(const AnswerKey& key, const std::string& fingerprint, const absl::Status& status, const Id& room_id,
              absl::Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<Room> CreateOne(const NewRoom& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<Room> ChangeOne(const RoomChange& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Tell(const std::string& product, const Id& room_id, std::string payload) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Add(const std::string& product, const std::string& day, const DayCounts& counts)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void EndLost(Stay* stay, int64_t before, absl::Time now, const DayOf& day_of) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Told();

  IdGenerator& ids_;  // Not owned.
  const EventEncoder encode_;
  const std::function<void()> on_events_;
  Mutex mu_;
  std::map<RoomKey, Room> rooms_ ABSL_GUARDED_BY(mu_);
  std::map<AnswerKey, Answer> answers_ ABSL_GUARDED_BY(mu_);
  std::map<RoomKey, std::map<Id, Stay>> stays_ ABSL_GUARDED_BY(mu_);  // By join_id.
  std::map<RoomKey, std::map<std::string, absl::Time>> bans_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, DrainMark> marks_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::set<RoomKey>> left_ ABSL_GUARDED_BY(mu_);  // By cell.
  std::map<std::string, int64_t> announced_ ABSL_GUARDED_BY(mu_);
  std::map<std::pair<std::string, std::string>, DayCounts> days_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::vector<StoredEvent>> events_ ABSL_GUARDED_BY(mu_);
  std::map<RoomKey, std::vector<int64_t>> events_of_rooms_ ABSL_GUARDED_BY(mu_);  // Their numbers.
};

}  // namespace trivium::live
