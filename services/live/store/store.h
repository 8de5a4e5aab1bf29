// Where rooms, stays, days and events live. Two engines, MySQL and in-memory, under one conformance suite. Writes take
// batches and return an outcome for each item, in order: one bad item harms no other. An event is written with every
// change, in its transaction.
//
// Errors of every write: ABORTED REQUEST_IN_PROGRESS (a row's lock was not to be had in time, or the commit's outcome
// is unknown and could not be resolved: repeat); UNAVAILABLE DATABASE_UNAVAILABLE; DEADLINE_EXCEEDED. Another product's
// object is not found. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/event_feed/event_source.h"
#include "services/live/domain/room.h"
#include "services/live/domain/stay.h"

namespace trivium::live {

inline constexpr absl::Duration kRequestRetention = absl::Hours(24 * 7);

enum class Method { kCreateRoom = 1, kUpdateRoom = 2, kStartRoom = 3, kEndRoom = 4 };

// Events as the products see them; serialized, without a cursor.
struct EventEncoder {
  std::function<std::string(const Id& event_id, EventType type, const Room& after)> room;
  std::function<std::string(const Id& event_id, EventType type, const Stay& after, absl::Time time)> stay;
};

// The business day of a product's time: "2026-11-22".
using DayOf = std::function<std::string(const std::string& product, absl::Time time)>;

struct NewRoom {
  Room draft;  // SCHEDULED.
  std::string request_id, fingerprint;
  std::string day;  // Of draft.create_time.
};

struct RoomChange {
  std::string product;
  Id room_id;
  RoomStep step;
  Method method = Method::kUpdateRoom;
  std::string request_id, fingerprint;  // request_id "": live's own doing.
  std::string day;                      // Of now.
  absl::Time now;
};

struct RoomFilter {
  std::optional<RoomState> state;
  std::string institution_id;  // "": any.
  Id before;                   // Zero: from the newest.
  int limit = 50;
};

struct DayAddition {
  std::string product, day;
  DayCounts counts;
};

struct DrainMark {
  int64_t sequence = 0;     // Of the last change that is stored.
  int64_t lost_before = 0;  // Stays of generations before this one have been ended.
};

class Store : public EventSource {
 public:
  // --- Rooms.
  // A repeat of a request_id answers its room as it is now, or its decline. Errors of an item: ALREADY_EXISTS
  // ROOM_REF_TAKEN; INVALID_ARGUMENT IDEMPOTENCY_KEY_REUSED.
  virtual std::vector<absl::StatusOr<Room>> CreateRooms(std::span<const NewRoom> items, absl::Time deadline) = 0;
  // Likewise. NOT_FOUND ROOM_NOT_FOUND; FAILED_PRECONDITION ROOM_NOT_CHANGEABLE, ROOM_OVER. The room after it.
  virtual std::vector<absl::StatusOr<Room>> ChangeRooms(std::span<const RoomChange> items, absl::Time deadline) = 0;
  virtual absl::StatusOr<Room> GetRoom(const std::string& product, const Id& room_id, absl::Time deadline) = 0;
  // The newest of this name.
  virtual absl::StatusOr<Room> GetRoomByRef(const std::string& product, const std::string& room_ref,
                                            absl::Time deadline) = 0;
  // Newest first.
  virtual absl::StatusOr<std::vector<Room>> ListRooms(const std::string& product, const RoomFilter& filter,
                                                      absl::Time deadline) = 0;
  // Rooms whose timetable wants something, longest due first, after the first `skip` of them.
  virtual absl::StatusOr<std::vector<Room>> ListDueRooms(absl::Time now, int skip, int limit, absl::Time deadline) = 0;
  // CLOSED and CANCELED rooms of all cells that became so from a time to before another one, oldest first.
  virtual absl::StatusOr<std::vector<Room>> ListRoomsOver(absl::Time from, absl::Time to, int limit,
                                                          absl::Time deadline) = 0;
  // LIVE and ENDED rooms of a cell, by id, after `after`.
  virtual absl::StatusOr<std::vector<Room>> ListOpenRooms(const std::string& cell, const Id& after, int limit,
                                                          absl::Time deadline) = 0;
  // The room's places are in this cell's Redis from now on; the one before has left places behind. No event. NOT_FOUND.
  virtual absl::Status MoveRoom(const std::string& product, const Id& room_id, const std::string& cell,
                                const std::string& node, absl::Time deadline) = 0;
  // Rooms that have left places behind in a cell, by id, after `after`.
  virtual absl::StatusOr<std::vector<RoomId>> ListRoomsThatLeft(const std::string& cell, const RoomId& after, int limit,
                                                                absl::Time deadline) = 0;
  // They are given back.
  virtual absl::Status ForgetRoomThatLeft(const std::string& cell, const RoomId& room, absl::Time deadline) = 0;

  // --- Bans.
  virtual absl::Status AddBan(const RoomId& room, const Ban& ban, absl::Time deadline) = 0;
  // Those that hold at a time, longest first, at most limit.
  virtual absl::StatusOr<std::vector<Ban>> ListBans(const RoomId& room, absl::Time now, int limit,
                                                    absl::Time deadline) = 0;

  // --- Stays. A cell nobody has drained yet has the mark 0.
  virtual absl::StatusOr<DrainMark> GetDrainMark(const std::string& cell, absl::Time deadline) = 0;
  // Stores changes (sorted by sequence, all above `after`) with their events and counts, and moves the mark to the last
  // one. ABORTED DRAIN_MARK_MOVED when the mark is not `after`: somebody else has stored some of them; nothing is
  // changed.
  virtual absl::Status ApplyChanges(const std::string& cell, int64_t after, std::span<const Change> changes,
                                    const DayOf& day_of, absl::Time deadline) = 0;
  // Moves the mark over a change that cannot be stored, and keeps it for people to look at. why: what ApplyChanges
  // said.
  virtual absl::Status SetAside(const std::string& cell, int64_t after, const Change& change, const absl::Status& why,
                                absl::Time deadline) = 0;
  // Ends at most `limit` stays of a cell that go on and whose newest change is before a sequence: REDIS_LOST. When it
  // finds none, the mark's lost_before becomes `before`. How many.
  virtual absl::StatusOr<int64_t> EndLostStays(const std::string& cell, int64_t before, absl::Time now,
                                               const DayOf& day_of, int limit, absl::Time deadline) = 0;
  // Likewise those of one room: for a room that is over, all of whose changes are stored.
  virtual absl::StatusOr<int64_t> EndStaysOfRoom(const std::string& cell, const RoomId& room, absl::Time now,
                                                 const DayOf& day_of, int limit, absl::Time deadline) = 0;
  // By join_id, after `after`.
  virtual absl::StatusOr<std::vector<Stay>> ListStays(const std::string& product, const Id& room_id, const Id& after,
                                                      int limit, absl::Time deadline) = 0;

  // Newest first, before a stay (zero: from the newest). Of a room, or of a user in all rooms.
  virtual absl::StatusOr<std::vector<Stay>> ListStaysOfRoom(const std::string& product, const Id& room_id,
                                                            const Id& before, int limit, absl::Time deadline) = 0;
  virtual absl::StatusOr<std::vector<Stay>> ListStaysOfUser(const std::string& product, const std::string& user_id,
                                                            const Id& before, int limit, absl::Time deadline) = 0;

  // --- Events of a room, newest first, before a number (0: from the newest). EventSource has all of a product's.
  virtual absl::StatusOr<std::vector<StoredEvent>> ListRoomEvents(const std::string& product, const Id& room_id,
                                                                  int64_t before, int limit, absl::Time deadline) = 0;

  // --- Days.
  virtual absl::Status AddCounts(std::span<const DayAddition> items, absl::Time deadline) = 0;
  virtual absl::StatusOr<DayCounts> SummarizeDay(const std::string& product, const std::string& day,
                                                 absl::Time deadline) = 0;

  // --- Announcements.
  // Products with events above their mark.
  virtual absl::StatusOr<std::vector<std::string>> ListUnannounced(absl::Time deadline) = 0;
  // nullopt: none yet.
  virtual absl::StatusOr<std::optional<int64_t>> GetAnnounceMark(const std::string& product, absl::Time deadline) = 0;
  // Never goes back.
  virtual absl::Status SetAnnounceMark(const std::string& product, int64_t seq, absl::Time deadline) = 0;

  // --- Purge: rooms that are over and stays that have ended before a time, and answers and bans that are over. At most
  // `limit` rows of each kind; how many.
  virtual absl::StatusOr<int64_t> PurgeRooms(absl::Time before, int limit, absl::Time deadline) = 0;
  virtual absl::StatusOr<int64_t> PurgeStays(absl::Time before, int limit, absl::Time deadline) = 0;
  virtual absl::StatusOr<int64_t> PurgeRecords(absl::Time now, int limit, absl::Time deadline) = 0;
};

}  // namespace trivium::live
