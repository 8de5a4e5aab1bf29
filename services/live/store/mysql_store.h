// Store in MySQL (8.0+ or MariaDB 10.11). A commit whose answer was lost is run again: every write finds its own row,
// so it happens once; when even that cannot be found out, the caller hears ABORTED REQUEST_IN_PROGRESS, never a guess.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "libs/id/id.h"
#include "libs/mysql/mysql.h"
#include "services/live/store/store.h"

namespace trivium {
class Metrics;
}

namespace trivium::live {

// Thread-safe.
class MysqlStore : public Store {
 public:
  // pool, ids and metrics outlive it. on_commit: called after each transaction that may have written events, to wake
  // the outbox.
  MysqlStore(mysql::Pool& pool, IdGenerator& ids, Metrics& metrics, EventEncoder encode,
             std::function<void()> on_commit = nullptr)
      : pool_(pool), ids_(ids), metrics_(metrics), encode_(std::move(encode)), on_commit_(std::move(on_commit)) {}

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
  // Runs a write until its outcome is known.
  absl::Status Write(const char* name, absl::Time deadline,
                     const std::function<absl::Status(mysql::Connection&)>& body);
  absl::StatusOr<mysql::Rows> Read(const char* name, absl::Time deadline, const std::string& statement,
                                   const mysql::Values& parameters);
  // The bodies of transactions. An error that is not recorded rolls back.
  absl::StatusOr<Room> CreateOne(mysql::Connection& db, const NewRoom& item);
  absl::StatusOr<Room> ChangeOne(mysql::Connection& db, const RoomChange& item);
  absl::StatusOr<int64_t> EndLost(mysql::Connection& db, const std::string& cell, int64_t before, absl::Time now,
                                  const DayOf& day_of, int limit);
  // Stays that Redis has lost (before: see EndAsLost). Their rows, and the cell's mark, are locked.
  absl::Status WriteLost(mysql::Connection& db, std::vector<Stay> lost, int64_t before, absl::Time now,
                         const DayOf& day_of);
  absl::StatusOr<int64_t> PurgeSome(const char* name, const char* statement, absl::Time before, int limit,
                                    absl::Time deadline);

  mysql::Pool& pool_;
  IdGenerator& ids_;
  Metrics& metrics_;
  const EventEncoder encode_;
  const std::function<void()> on_commit_;
};

}  // namespace trivium::live
