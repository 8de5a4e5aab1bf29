// Who is in which live room, on which rung and seat: strict on five levels. Two engines, Redis and in-memory, under one
// conformance suite. It knows no proto, no tokens, no MySQL: the service checks rights before it asks, and tells rooms
// and capacities again after a loss.
//
// Promises, at every moment and under any concurrency:
// 1. On no level and rung are more places in use than its capacity allowed when they were taken; no seat is held twice.
// 2. Every place in use is held by one participant with a lease, or by a room's staff slice. Nothing is lost: when the
//    last participant of a level and the last slice have gone, its use is 0.
// 3. A room's staff slice is taken on all levels by StartRoom. Of its `staff_slots` one is kept for a teacher as long
// as
//    none is in: so the first teacher, and staff within the slice, are never refused and never wait.
// 4. A room's queue is first come, first served. Nobody who comes new passes those who wait, except staff. Students who
//    need a seat and viewers who need none wait in two lines of one room, each in order.
// 5. Freed places go to those who wait in the same step: the room's own line first, then a few rooms in turn;
//    AdmitWaiting does the rest. Nothing is admitted from queues while the state is being rebuilt.
// 6. Each step is atomic and has a number, `sequence`: the order in which the steps happened, growing for ever, also
//    over a loss of Redis (it follows the wall clock: microseconds since 1970). Each change of membership is one entry
//    of the stream of changes under its own number. Every stay (join_id) has one kJoined, kQueued or kResumed and, when
//    it ends, exactly one kLeft.
//
// Loss of Redis. Without a generation every operation answers UNAVAILABLE ADMISSION_STATE_LOST. The service then calls
// BeginGeneration (first one wins; others get the same), SetCapacities, and StartRoom with `restored` for each room
// that MySQL says is live. Until `rebuild_until`: a Join or Renew with a resume claim re-takes exactly the place that
// it proves when it is free; everybody else gets UNAVAILABLE REBUILDING with RetryInfo. Two claims to one seat: the one
// with the newer `placed` has it; the other waits. A claim whose place is not free waits, in the order of its claim. A
// Redis that comes back with somewhat older data needs nothing of this: sequences are newer all the same.
//
// Repeats. Every operation may be repeated when its outcome is unknown (UNKNOWN REDIS_OUTCOME_UNKNOWN): a repeated Join
// with the same request_id has the first one's answer, as long as the stay lasts (later it begins a new one, with a new
// epoch); all others set what is asked for.
//
// Errors of every operation: UNAVAILABLE ADMISSION_STATE_LOST; INVALID_ARGUMENT FIELD_INVALID; those of libs/redis.
// A room that is not here, or is another product's: NOT_FOUND ROOM_NOT_LIVE. A participant that is not here: NOT_FOUND
// PARTICIPANT_NOT_IN_ROOM. A command for a connection that is not the newest: FAILED_PRECONDITION
// CONNECTION_SUPERSEDED. Batches: an outcome for each item, in order; one bad item harms no other. More than kMaxBatch:
// FIELD_INVALID for all.
//
// Time is the caller's: the clocks of a cell's machines agree within a second or so, and leases are longer than that.
// Thread-safe; blocks the caller until the deadline of its Call at most.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "services/live/admission/place.h"

namespace trivium::live {

inline constexpr size_t kMaxBatch = 1000;             // Items of one call.
inline constexpr size_t kMaxPage = 500;               // Participants of a page.
inline constexpr size_t kMaxChangesRead = 1000;       // Of one ReadChanges.
inline constexpr size_t kMaxNameBytes = 64;           // product, institution, node, user_id, request_id: 1 to it.
inline constexpr int64_t kMaxCapacity = 100'000'000;  // Of a level and rung.
inline constexpr int kMaxSeats = 100;                 // Of a room: seats, or stage_size.
inline constexpr int kMaxStaffSlots = 100;            // Of a room.
inline constexpr int64_t kMaxQueue = 100'000;         // Of a room.
inline constexpr absl::Duration kMinLease = absl::Seconds(1);   // Of a participant, and of a ban.
inline constexpr absl::Duration kMaxLease = absl::Minutes(10);  // Of a participant, and of a rebuild.
inline constexpr absl::Duration kMaxBan = absl::Hours(24);
inline constexpr size_t kMaxBansRestored = 100;  // Of one StartRoom.

// Of each operation. now: what the caller's clock says, in whole ms. deadline: of the answer, as libs/redis has it.
struct Call {
  absl::Time now;
  absl::Time deadline;
};

struct RoomId {
  std::string product;
  Id room_id;

  friend bool operator==(const RoomId&, const RoomId&) = default;
};

struct Capacity {
  LevelName level;   // Not kRoom.
  PerRung places{};  // Each 0 to kMaxCapacity; 0: the level has no such rung.
};

struct RoomLimits {
  PerRung places{};     // The room's own capacity. RTC holds the staff slice, too.
  int staff_slots = 1;  // RTC places reserved for teachers and assistants, 1 to kMaxStaffSlots.
  // A small class: students get one of so many numbered seats when they join, always on RTC, and wait while none is
  // free; viewers leave an RTC place of the room for each free seat. 0: not a small class.
  int seats = 0;
  // A large class: so many students at most may be moved to the stage. At most one of seats and stage_size is not 0.
  int stage_size = 0;
  int64_t queue_max = 0;  // Participants who may wait, 0 to kMaxQueue.

  friend bool operator==(const RoomLimits&, const RoomLimits&) = default;
};

struct Ban {
  std::string user_id;
  absl::Time until;
};

struct StartRoomRequest {
  RoomId room;
  std::string institution;       // "": none, the level does not count.
  PerRung institution_places{};  // The institution's capacity, from now on and for all of its rooms.
  std::string node;              // The media node. Its capacity, the product's and the platform's were set before.
  RoomLimits limits;
  bool restored = false;  // MySQL says that it was live before: allowed while the state is being rebuilt.
  std::vector<Ban> bans;  // That still hold; at most kMaxBansRestored.
};

struct JoinRequest {
  RoomId room;
  std::string user_id;
  Role role = Role::kStudent;
  std::string request_id;  // Of this attempt; its repeats carry the same.
  Id join_id;              // New, for the case that the participant is not in yet.
  absl::Duration lease;    // kMinLease to kMaxLease, from now.
  // What its resume token proves, when it has one. Counts only while the state is being rebuilt.
  std::optional<ResumeClaim> claim;
  // Nobody new: who is not in, and does not come back by its claim, gets PARTICIPANT_NOT_IN_ROOM. So is it in a room
  // whose class has ended.
  bool only_back = false;
};

struct RenewRequest {
  RoomId room;
  std::string user_id;
  int64_t epoch = 0;  // Of the connection.
  absl::Duration lease;
  std::optional<ResumeClaim> claim;  // As in JoinRequest; the participant comes back with the claim's epoch.
};

// An answer about one participant.
struct Standing {
  Place place;
  int64_t queue_position = 0;  // 1: the next one. 0: does not wait.
  // Position times the smoothed interval between the room's admissions from its queue. Nothing: does not wait, or none
  // was admitted yet.
  std::optional<absl::Duration> estimated_wait;
  absl::Time lease_ends;
  bool returned = false;  // Join: it was in already (a reconnect, or a repeat); the place is the one that it had.
  int64_t sequence = 0;

  friend bool operator==(const Standing&, const Standing&) = default;
};

struct LeaveRequest {
  RoomId room;
  std::string user_id;
  int64_t epoch = 0;  // Of the connection that leaves; 0: whichever it is.
  Id join_id = {};    // The stay that ends; zero: whichever it is.
};

enum class Where { kStage = 1, kAudience = 2 };

struct MoveRequest {
  RoomId room;
  std::string user_id;
  Where to = Where::kStage;
  int seat = 0;  // To the stage: the wanted one, 0 for the lowest free.
};

struct MuteRequest {
  RoomId room;
  std::string user_id;
  Mute mute;  // From now on.
};

struct RemoveRequest {
  RoomId room;
  std::string user_id;
  absl::Duration ban;  // From now: for so long it may not come back, kMinLease to kMaxBan.
};

// What a batch did. more: there is more to do at once.
struct Batch {
  int64_t done = 0;
  bool more = false;
  int64_t sequence = 0;
};

struct Participant {
  std::string user_id;
  Place place;
  absl::Time lease_ends;
  int64_t queue_position = 0;  // As in Standing.
};

// A room of the cell, in short.
struct RoomUse {
  RoomId room;
  std::string node;
  std::array<int64_t, 4> on{};  // As in RoomCounts.
};

struct RoomsScan {
  std::vector<RoomUse> rooms;
  std::string cursor;  // Of the next call; "": that was all.
};

struct RoomCounts {
  std::string institution, node;
  RoomLimits limits;
  bool ending = false;
  PerRung use{};                     // Of the room's level: with the whole staff slice.
  std::array<int64_t, 4> on{};       // Participants on RTC, FAST, STANDARD, WAITING.
  std::array<int64_t, 4> by_role{};  // Participants by role, in the order of the enum; those who wait, too.
  int64_t seats_taken = 0;
  int64_t slice_taken = 0;  // Staff in the slice.
  int64_t sequence = 0;
};

struct LevelCounts {
  LevelName level;
  bool known = false;  // Its capacity was set; an institution: a room of it is here.
  PerRung places{};
  PerRung use{};  // May be above places after these were lowered: then nobody is admitted.
};

// The cell's, for metrics and workers.
struct CellCounts {
  int64_t generation = 0;  // Sequence at which it began.
  absl::Time rebuild_until;
  int64_t rooms = 0, participants = 0;  // Those who wait, too.
  int64_t waiting = 0, waiting_rooms = 0;
  int64_t bans = 0;
  int64_t changes = 0;  // In the stream, not yet trimmed.
  int64_t sequence = 0;
};

struct Generation {
  int64_t generation = 0;  // Sequence at which it began.
  absl::Time rebuild_until;
  bool begun = false;  // By this call.
};

enum class ChangeKind {
  kJoined = 1,       // A new stay with a place.
  kQueued = 2,       // A new stay in the queue.
  kAdmitted = 3,     // From the queue to a place.
  kReconnected = 4,  // A new epoch, same stay and place.
  kResumed = 5,      // A stay came back after the loss of Redis: with its place, or in the queue.
  kMoved = 6,        // To the stage or to the audience.
  kMuted = 7,        // `place.mute` is new.
  kLeft = 8,         // The stay's end, by `cause`.
  kOutdone = 9,      // A resumed stay lost its place to a newer claim and waits.
};

// kOutdone: its resumed place went to a newer claim, and the queue was full.
enum class LeaveCause { kNone = 0, kLeft = 1, kExpired = 2, kRemoved = 3, kRoomEnded = 4, kOutdone = 5 };

// A change of one participant's membership. place: after it; before it for kLeft.
struct Change {
  int64_t sequence = 0;  // Its id: unique and growing for ever.
  ChangeKind kind = ChangeKind::kJoined;
  absl::Time time;
  RoomId room;
  std::string user_id;
  std::string request_id;  // Of the participant's newest Join; "" for a resumption by Renew.
  Place place;
  LeaveCause cause = LeaveCause::kNone;

  friend bool operator==(const Change&, const Change&) = default;
};

class Admission {
 public:
  virtual ~Admission() = default;

  // --- The cell.
  // Begins a generation when there is none; else answers the one that is, also when `rebuild` differs. rebuild: for so
  // long only claims are admitted; 0 to kMaxLease; 0 for a cell that was never used.
  virtual absl::StatusOr<Generation> BeginGeneration(absl::Duration rebuild, const Call& call) = 0;
  // Sets capacities; may be repeated at any time. Below use: nobody is put out, and nobody is admitted until there is
  // room again. At most kMaxBatch. The caller lets AdmitWaiting run when something grew. An institution's level is
  // there as long as a room of it is: StartRoom brings it, the step in which its last room goes forgets it, and to set
  // the capacity of one without a room changes nothing. So the levels do not grow with who was once there.
  virtual absl::Status SetCapacities(std::span<const Capacity> capacities, const Call& call) = 0;
  // Frees the places of at most `limit` (1 to kMaxBatch) participants whose lease is over, oldest first, and forgets
  // bans that are over. From any number of instances at once.
  virtual absl::StatusOr<Batch> ExpireLeases(size_t limit, const Call& call) = 0;
  // Admits at most `limit` (1 to kMaxBatch) who wait, rooms in turn. more: places or rooms may be left to look at.
  virtual absl::StatusOr<Batch> AdmitWaiting(size_t limit, const Call& call) = 0;
  virtual absl::StatusOr<CellCounts> CountCell(const Call& call) = 0;
  // In order. A level that nobody set, or an institution without a room, is not known.
  virtual absl::StatusOr<std::vector<LevelCounts>> CountLevels(std::span<const LevelName> levels, const Call& call) = 0;
  // All rooms, about `limit` (1 to kMaxPage) a call, in no order; cursor "" begins. While rooms come and go one may
  // come twice; one that is there all the time comes.
  virtual absl::StatusOr<RoomsScan> ScanRooms(const std::string& cursor, size_t limit, const Call& call) = 0;
  // Changes after a sequence, oldest first, at most `limit` (1 to kMaxChangesRead).
  virtual absl::StatusOr<std::vector<Change>> ReadChanges(int64_t after, size_t limit, const Call& call) = 0;
  // Forgets changes up to a sequence, which the caller has stored. The stream is bounded: with options.max_changes in
  // it new joins get UNAVAILABLE CHANGES_BACKLOG (staff with twice as many); what ends or moves a stay is always taken
  // (it is bounded by the stays).
  virtual absl::Status TrimChanges(int64_t through, const Call& call) = 0;

  // --- Rooms.
  // Opens the room and reserves its staff slice on all levels. OK when it is open with the same institution and node
  // (its limits stay as they are). Refused, it changes nothing. Errors: FAILED_PRECONDITION CAPACITY_UNKNOWN (metadata
  // level: its capacity was never set; never the institution's); RESOURCE_EXHAUSTED LEVEL_FULL (metadata level, rung);
  // ALREADY_EXISTS ROOM_STARTED_DIFFERENTLY; FAILED_PRECONDITION ROOM_ENDING; UNAVAILABLE REBUILDING for a room that is
  // not `restored`.
  virtual absl::Status StartRoom(const StartRoomRequest& request, const Call& call) = 0;
  // Sets all limits. More staff slots are reserved at once, or LEVEL_FULL and nothing changes; fewer than staff is in:
  // FAILED_PRECONDITION STAFF_SLOTS_IN_USE. Lower places, seats or queue put nobody out. A small class stays one, a
  // large one, too: FAILED_PRECONDITION ROOM_KIND_FIXED. The caller lets AdmitWaiting run.
  virtual absl::Status UpdateRoomLimits(const RoomId& room, const RoomLimits& limits, const Call& call) = 0;
  // Closes the room to joins, and puts out at most `limit` (1 to kMaxBatch) participants; the caller repeats it while
  // `more`. With the last one the slice is given back and the room is gone; then, and for a room that is not here, done
  // is 0 and more false.
  virtual absl::StatusOr<Batch> EndRoom(const RoomId& room, size_t limit, const Call& call) = 0;
  virtual absl::StatusOr<RoomCounts> CountRoom(const RoomId& room, const Call& call) = 0;
  // By user_id, after `after_user_id` ("": from the start), at most `limit` (1 to kMaxPage).
  virtual absl::StatusOr<std::vector<Participant>> ListParticipants(const RoomId& room,
                                                                    const std::string& after_user_id, size_t limit,
                                                                    const Call& call) = 0;
  // The one of this name, by one read. Errors: ROOM_NOT_LIVE, PARTICIPANT_NOT_IN_ROOM.
  virtual absl::StatusOr<Participant> FindParticipant(const RoomId& room, const std::string& user_id,
                                                      const Call& call) = 0;

  // --- Participants.
  // A new stay, or a reconnect: the same place under a new epoch. Errors of an item: ROOM_NOT_LIVE; FAILED_PRECONDITION
  // ROOM_ENDING; PERMISSION_DENIED PARTICIPANT_BANNED (metadata until, unix ms); FAILED_PRECONDITION ROLE_DIFFERS (in
  // already, in another role: leave first); RESOURCE_EXHAUSTED ROOM_QUEUE_FULL (metadata why, and full_rtc, full_fast,
  // full_standard: the level) and STAFF_SLICE_FULL (more staff than slots, and no other RTC place); UNAVAILABLE
  // REBUILDING (RetryInfo), CHANGES_BACKLOG.
  virtual std::vector<absl::StatusOr<Standing>> Join(std::span<const JoinRequest> requests, const Call& call) = 0;
  // The heartbeat: extends the lease and says where the participant stands now; its place's `why` is kAdmitted when it
  // got it from the queue. A lease that is over but was not yet expired lives on. Errors of an item: ROOM_NOT_LIVE;
  // PARTICIPANT_NOT_IN_ROOM (gone: join again); PARTICIPANT_BANNED (was removed); CONNECTION_SUPERSEDED; ROOM_ENDING;
  // while rebuilding, without a claim: REBUILDING.
  virtual std::vector<absl::StatusOr<Standing>> Renew(std::span<const RenewRequest> requests, const Call& call) = 0;
  // Ends the stay. OK when the participant or the room is not here any more, or another stay has begun. Errors of an
  // item: CONNECTION_SUPERSEDED: a newer connection goes on.
  virtual std::vector<absl::Status> Leave(std::span<const LeaveRequest> requests, const Call& call) = 0;
  // A student to a seat on the stage (takes an RTC place when it had none) or to the audience (keeps its rung). OK when
  // it is there already. Errors: FAILED_PRECONDITION PARTICIPANT_WAITING, ROLE_HAS_NO_SEAT (not a student),
  // ROOM_HAS_NO_SEATS, SEAT_TAKEN; RESOURCE_EXHAUSTED SEATS_FULL, LEVEL_FULL (metadata level, rung); INVALID_ARGUMENT
  // FIELD_INVALID for a seat that the room has not.
  virtual absl::StatusOr<Standing> Move(const MoveRequest& request, const Call& call) = 0;
  // Also who waits may be muted.
  virtual absl::StatusOr<Standing> SetMute(const MuteRequest& request, const Call& call) = 0;
  // Ends the stay and keeps the user out. The ban holds also when the participant is not in; answers whether it was.
  virtual absl::StatusOr<bool> Remove(const RemoveRequest& request, const Call& call) = 0;
};

}  // namespace trivium::live
