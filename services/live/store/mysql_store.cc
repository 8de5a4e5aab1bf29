#include "services/live/store/mysql_store.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "libs/event_feed/outbox_source.h"
#include "libs/kafka/event.h"
#include "libs/kafka/outbox.h"
#include "libs/log/log.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/telemetry/metrics.h"
#include "libs/telemetry/trace.h"
#include "services/live/store/errors.h"
#include "services/live/store/rows.h"
#include "services/live/store/statements.h"

namespace trivium::live {
namespace {

using mysql::Blob;
using mysql::Connection;
using mysql::Row;
using mysql::Rows;
using mysql::Value;
using mysql::Values;

constexpr Metric kRerun{"trivium_live_store_reruns_total",
                        "Transactions that were run again, by why: a faster writer, or a commit whose answer was lost.",
                        {"transaction", "why"}};

constexpr int kMaxRuns = 5;
constexpr size_t kMaxAsideText = 1024;
constexpr char kTopic[] = "trivium.live.events.v1", kEventType[] = "trivium.live.v1.Event";
// Reason of a status that means: roll back, and run the transaction again.
constexpr char kRunAgain[] = "RUN_AGAIN";

absl::Status RunAgain() { return Error(absl::StatusCode::kAborted, kRunAgain, "another writer was faster"); }

absl::Status DuplicateMeansAgain(const absl::Status& status) {
  return status.code() == absl::StatusCode::kAlreadyExists ? RunAgain() : status;
}

// All ids are below it.
Value BeforeOrEnd(const Id& before) { return before.IsZero() ? Blob{std::string(16, '\xff')} : ToValue(before); }

std::string Traceparent() {
  const TraceContext* trace = ScopedTrace::Current();
  return (trace != nullptr ? trace->Child() : TraceContext::NewRoot()).ToHeader();
}

kafka::Event EventFor(const Id& id, const std::string& product, const Id& room_id, absl::Time time,
                      std::string payload) {
  const std::string room = FormatId(kRoomIdKind, room_id);
  return {.id = id,
          .topic = kTopic,
          .key = room,
          .type = kEventType,
          .product = product,
          .subject = absl::StrCat("room/", room),
          .traceparent = Traceparent(),
          .time = time,
          .payload = std::move(payload)};
}

std::string Describe(const Change& change) {
  return absl::StrCat("kind ", static_cast<int>(change.kind), ", cause ", static_cast<int>(change.cause), ", product ",
                      change.room.product, ", ", FormatId(kRoomIdKind, change.room.room_id), ", user ", change.user_id,
                      ", ", FormatId(kJoinIdKind, change.place.join_id), ", epoch ", change.place.epoch, ", role ",
                      static_cast<int>(change.place.role), ", rung ", static_cast<int>(change.place.rung), ", seat ",
                      change.place.seat);
}

// An earlier answer.
struct Answer {
  absl::Status status;
  Id room_id;
};
struct RequestKey {
  std::string product;
  Method method;
  std::string request_id;
  std::string fingerprint;
};

absl::StatusOr<std::optional<Answer>> FindAnswer(Connection& db, const RequestKey& key) {
  if (key.request_id.empty()) return std::nullopt;
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows,
                           db.Query(sql::kGetRequest, {key.product, static_cast<int64_t>(key.method), key.request_id}));
  if (rows.empty()) return std::nullopt;
  const Row& row = rows[0];
  TRIVIUM_RETURN_IF_ERROR(CheckFingerprint(key.method, row.Text(0), key.fingerprint));
  Answer answer{.room_id = IdAt(row, 4)};
  if (row.Int(1) != 0)
    answer.status = StatusFromDetails(static_cast<absl::StatusCode>(row.Int(1)), row.Text(2), row.Text(3));
  return answer;
}

// The status itself: a decline is committed with its answer, and answered.
absl::Status RecordAnswer(Connection& db, const RequestKey& key, const absl::Status& status, const Id& room_id,
                          absl::Time now) {
  if (key.request_id.empty()) return absl::OkStatus();
  const Values row = {key.product,
                      static_cast<int64_t>(key.method),
                      key.request_id,
                      Blob{key.fingerprint},
                      static_cast<int64_t>(status.code()),
                      std::string(status.message()),
                      Blob{SerializeDetails(status)},
                      ToValue(room_id),
                      now};
  return DuplicateMeansAgain(db.ExecuteMany(sql::kInsertRequest, {&row, 1}).status());
}

absl::StatusOr<Room> ReadRoom(Connection& db, const char* statement, const std::string& product, const Id& room_id) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, db.Query(statement, {product, ToValue(room_id)}));
  if (rows.empty()) return RoomNotFound();
  return RoomOf(rows[0]);
}

// Sorted by key, as everybody locks them.
absl::Status WriteCounts(Connection& db,
                         const std::map<std::pair<std::string, std::string>, DayCounts>& counts_of_days) {
  std::vector<Values> rows;
  for (const auto& [day, counts] : counts_of_days) {
    for (const auto& [key, value] : counts) {
      if (value != 0) rows.push_back({day.first, day.second, key.first, key.second, value});
    }
  }
  return db.ExecuteMany(sql::kAddCounts, rows).status();
}

absl::Status CountOne(Connection& db, const std::string& product, const std::string& day, std::string_view became) {
  DayCounts counts;
  CountRoom(became, &counts);
  return WriteCounts(db, {{{product, day}, counts}});
}

// An outcome that is committed although it is a decline.
struct Outcome {
  absl::StatusOr<Room> room = RoomNotFound();
};

}  // namespace

absl::Status MysqlStore::Write(const char* name, absl::Time deadline,
                               const std::function<absl::Status(Connection&)>& body) {
  absl::Status status;
  for (int run = 0; run < kMaxRuns; ++run) {
    status = pool_.Transact(name, deadline, body);
    const bool unknown = mysql::IsCommitUnknown(status);
    if (!unknown && ReasonOf(status) != kRunAgain) break;
    metrics_.GetCounter(kRerun, {name, unknown ? "commit_unknown" : "faster_writer"}).Add();
    if (unknown) TRIVIUM_LOG(kWarning, "a commit's answer was lost: looking for its row", {"transaction", name});
  }
  if (ReasonOf(status) == "DRAIN_MARK_MOVED") return status;
  // Not committed for sure, or not to be found out now: the same request may be repeated safely in both cases.
  if (mysql::IsCommitUnknown(status) || status.code() == absl::StatusCode::kAborted) return RequestInProgress();
  if (status.ok() && on_commit_) on_commit_();
  return status;
}

absl::StatusOr<Rows> MysqlStore::Read(const char* name, absl::Time deadline, const std::string& statement,
                                      const Values& parameters) {
  Rows rows;
  TRIVIUM_RETURN_IF_ERROR(pool_.Use(name, deadline, [&](Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(rows, db.Query(statement, parameters));
    return absl::OkStatus();
  }));
  return rows;
}

absl::StatusOr<Room> MysqlStore::CreateOne(Connection& db, const NewRoom& item) {
  const Room& draft = item.draft;
  const RequestKey key{draft.product, Method::kCreateRoom, item.request_id, item.fingerprint};
  TRIVIUM_ASSIGN_OR_RETURN(const std::optional<Answer> answer, FindAnswer(db, key));
  if (answer) {
    if (!answer->status.ok()) return answer->status;
    return ReadRoom(db, sql::kGetRoom, draft.product, answer->room_id);
  }
  TRIVIUM_ASSIGN_OR_RETURN(const Rows holder, db.Query(sql::kHolderOfRef, {draft.product, Blob{draft.room_ref}}));
  if (!holder.empty()) {
    const absl::Status taken = RoomRefTaken(draft.room_ref, IdAt(holder[0], 0));
    TRIVIUM_RETURN_IF_ERROR(RecordAnswer(db, key, taken, draft.id, draft.create_time));
    return taken;
  }
  TRIVIUM_RETURN_IF_ERROR(RecordAnswer(db, key, absl::OkStatus(), draft.id, draft.create_time));
  const Values row = RowOf(draft);
  TRIVIUM_RETURN_IF_ERROR(DuplicateMeansAgain(db.ExecuteMany(sql::kInsertRoom, {&row, 1}).status()));
  const Id event_id = ids_.Next();
  const kafka::Event event = EventFor(event_id, draft.product, draft.id, draft.create_time,
                                      encode_.room(event_id, EventType::kRoomCreated, draft));
  TRIVIUM_RETURN_IF_ERROR(kafka::WriteOutbox(db, {&event, 1}));
  TRIVIUM_RETURN_IF_ERROR(CountOne(db, draft.product, item.day, "CREATED"));
  return draft;
}

absl::StatusOr<Room> MysqlStore::ChangeOne(Connection& db, const RoomChange& item) {
  const RequestKey key{item.product, item.method, item.request_id, item.fingerprint};
  TRIVIUM_ASSIGN_OR_RETURN(const std::optional<Answer> answer, FindAnswer(db, key));
  if (answer) {
    if (!answer->status.ok()) return answer->status;
    return ReadRoom(db, sql::kGetRoom, item.product, answer->room_id);
  }
  absl::StatusOr<Room> found = ReadRoom(db, sql::kLockRoom, item.product, item.room_id);
  if (!found.ok()) {
    if (IsRecorded(found.status()))
      TRIVIUM_RETURN_IF_ERROR(RecordAnswer(db, key, found.status(), item.room_id, item.now));
    return found.status();
  }
  Room& room = *found;
  const StepResult result = Apply(item.step, item.now, &room);
  if (result.kind == StepResult::Kind::kRefused) {
    const absl::Status refused = StepRefused(item.step, result, room);
    TRIVIUM_RETURN_IF_ERROR(RecordAnswer(db, key, refused, item.room_id, item.now));
    return refused;
  }
  TRIVIUM_RETURN_IF_ERROR(RecordAnswer(db, key, absl::OkStatus(), item.room_id, item.now));
  if (result.kind == StepResult::Kind::kSame) return room;
  TRIVIUM_RETURN_IF_ERROR(db.Execute(sql::kUpdateRoom, UpdateOf(room)).status());
  const EventType type = item.step.event ? TypeOf(result.event) : EventType::kRoomUpdated;
  const Id event_id = ids_.Next();
  const kafka::Event event =
      EventFor(event_id, item.product, room.id, room.update_time, encode_.room(event_id, type, room));
  TRIVIUM_RETURN_IF_ERROR(kafka::WriteOutbox(db, {&event, 1}));
  if (item.step.event) TRIVIUM_RETURN_IF_ERROR(CountOne(db, item.product, item.day, StateName(room.state)));
  return room;
}

std::vector<absl::StatusOr<Room>> MysqlStore::CreateRooms(std::span<const NewRoom> items, absl::Time deadline) {
  std::vector<absl::StatusOr<Room>> outcomes;
  for (const NewRoom& item : items) {
    Outcome outcome;
    const absl::Status status = Write("create_room", deadline, [&](Connection& db) {
      outcome.room = CreateOne(db, item);
      return IsRecorded(outcome.room.status()) ? absl::OkStatus() : outcome.room.status();
    });
    outcomes.push_back(status.ok() ? std::move(outcome.room) : status);
  }
  return outcomes;
}

std::vector<absl::StatusOr<Room>> MysqlStore::ChangeRooms(std::span<const RoomChange> items, absl::Time deadline) {
  std::vector<absl::StatusOr<Room>> outcomes;
  for (const RoomChange& item : items) {
    Outcome outcome;
    const absl::Status status = Write("change_room", deadline, [&](Connection& db) {
      outcome.room = ChangeOne(db, item);
      return IsRecorded(outcome.room.status()) ? absl::OkStatus() : outcome.room.status();
    });
    outcomes.push_back(status.ok() ? std::move(outcome.room) : status);
  }
  return outcomes;
}

absl::StatusOr<Room> MysqlStore::GetRoom(const std::string& product, const Id& room_id, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("get_room", deadline, sql::kGetRoom, {product, ToValue(room_id)}));
  if (rows.empty()) return RoomNotFound();
  return RoomOf(rows[0]);
}

absl::StatusOr<Room> MysqlStore::GetRoomByRef(const std::string& product, const std::string& room_ref,
                                              absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows,
                           Read("get_room_by_ref", deadline, sql::kGetRoomByRef, {product, Blob{room_ref}}));
  if (rows.empty()) return RoomNotFound();
  return RoomOf(rows[0]);
}

absl::StatusOr<std::vector<Room>> MysqlStore::ListRooms(const std::string& product, const RoomFilter& filter,
                                                        absl::Time deadline) {
  const Value before = BeforeOrEnd(filter.before);
  const auto limit = static_cast<int64_t>(filter.limit);
  const auto state = [&](RoomState otherwise) { return static_cast<int64_t>(filter.state.value_or(otherwise)); };
  const char* statement = sql::kListRooms;
  Values parameters = {product};
  if (!filter.institution_id.empty()) {
    statement = sql::kListRoomsOfInstitution;
    parameters.insert(parameters.end(),
                      {filter.institution_id, state(RoomState::kScheduled), state(RoomState::kCanceled)});
  } else if (filter.state) {
    statement = sql::kListRoomsInState;
    parameters.emplace_back(state(RoomState::kLive));
  }
  parameters.insert(parameters.end(), {before, limit});
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_rooms", deadline, statement, parameters));
  return RoomsOf(rows);
}

absl::StatusOr<std::vector<Room>> MysqlStore::ListDueRooms(absl::Time now, int skip, int limit, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_due_rooms", deadline, sql::kListDueRooms,
                                                 {now, static_cast<int64_t>(limit), static_cast<int64_t>(skip)}));
  return RoomsOf(rows);
}

absl::StatusOr<std::vector<Room>> MysqlStore::ListRoomsOver(absl::Time from, absl::Time to, int limit,
                                                            absl::Time deadline) {
  std::vector<Room> rooms;
  // Each state by itself: the index is in order of time in one state only.
  for (const RoomState state : {RoomState::kClosed, RoomState::kCanceled}) {
    TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_rooms_over", deadline, sql::kListRoomsOver,
                                                   {static_cast<int64_t>(state), from, to, int64_t{limit}}));
    std::ranges::transform(rows, std::back_inserter(rooms), RoomOf);
  }
  std::ranges::stable_sort(rooms, {}, &Room::update_time);
  if (rooms.size() > static_cast<size_t>(limit)) rooms.resize(static_cast<size_t>(limit));
  return rooms;
}

absl::StatusOr<std::vector<Room>> MysqlStore::ListOpenRooms(const std::string& cell, const Id& after, int limit,
                                                            absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_open_rooms", deadline, sql::kListOpenRooms,
                                                 {cell, ToValue(after), static_cast<int64_t>(limit)}));
  return RoomsOf(rows);
}

absl::Status MysqlStore::MoveRoom(const std::string& product, const Id& room_id, const std::string& cell,
                                  const std::string& node, absl::Time deadline) {
  return Write("move_room", deadline, [&](Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(const Room room, ReadRoom(db, sql::kLockRoom, product, room_id));
    const Value id = ToValue(room_id);
    TRIVIUM_RETURN_IF_ERROR(db.Execute(sql::kComeBack, {cell, product, id}).status());
    if (!room.cell.empty() && room.cell != cell)
      TRIVIUM_RETURN_IF_ERROR(db.Execute(sql::kLeaveCell, {room.cell, product, id}).status());
    return db.Execute(sql::kMoveRoom, {cell, node, product, id}).status();
  });
}

absl::StatusOr<std::vector<RoomId>> MysqlStore::ListRoomsThatLeft(const std::string& cell, const RoomId& after,
                                                                  int limit, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(
      const Rows rows, Read("list_rooms_that_left", deadline, sql::kListRoomsThatLeft,
                            {cell, after.product, after.product, ToValue(after.room_id), static_cast<int64_t>(limit)}));
  std::vector<RoomId> rooms;
  for (const Row& row : rows) rooms.push_back({row.Text(0), IdAt(row, 1)});
  return rooms;
}

absl::Status MysqlStore::ForgetRoomThatLeft(const std::string& cell, const RoomId& room, absl::Time deadline) {
  return Write("forget_room_that_left", deadline, [&](Connection& db) {
    return db.Execute(sql::kComeBack, {cell, room.product, ToValue(room.room_id)}).status();
  });
}

absl::Status MysqlStore::AddBan(const RoomId& room, const Ban& ban, absl::Time deadline) {
  return Write("add_ban", deadline, [&](Connection& db) {
    return db.Execute(sql::kAddBan, {room.product, ToValue(room.room_id), ban.user_id, ban.until}).status();
  });
}

absl::StatusOr<std::vector<Ban>> MysqlStore::ListBans(const RoomId& room, absl::Time now, int limit,
                                                      absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows,
                           Read("list_bans", deadline, sql::kListBans,
                                {room.product, ToValue(room.room_id), now, static_cast<int64_t>(limit)}));
  std::vector<Ban> bans;
  for (const Row& row : rows) bans.push_back({row.Text(0), row.Time(1)});
  return bans;
}

absl::StatusOr<DrainMark> MysqlStore::GetDrainMark(const std::string& cell, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("get_drain_mark", deadline, sql::kGetDrainMark, {cell}));
  if (rows.empty()) return DrainMark{};
  return DrainMark{rows[0].Int(0), rows[0].Int(1)};
}

absl::Status MysqlStore::ApplyChanges(const std::string& cell, int64_t after, std::span<const Change> changes,
                                      const DayOf& day_of, absl::Time deadline) {
  if (changes.empty()) return absl::OkStatus();
  return Write("apply_changes", deadline, [&](Connection& db) -> absl::Status {
    TRIVIUM_RETURN_IF_ERROR(db.Execute(sql::kMakeDrainMark, {cell}).status());
    TRIVIUM_ASSIGN_OR_RETURN(const Rows mark, db.Query(sql::kLockDrainMark, {cell}));
    if (mark[0].Int(0) != after) return DrainMarkMoved(mark[0].Int(0), after);
    std::map<std::tuple<std::string, Id, Id>, Stay> stays;
    std::map<std::pair<std::string, std::string>, DayCounts> days;
    std::vector<kafka::Event> events;
    for (const Change& change : changes) {
      const std::string& product = change.room.product;
      Stay& stay = stays[{product, change.room.room_id, change.place.join_id}];
      Apply(change, cell, &stay);
      const Id event_id = ids_.Next();
      events.push_back(EventFor(event_id, product, change.room.room_id, change.time,
                                encode_.stay(event_id, TypeOf(change), stay, change.time)));
      Count(change, &days[{product, day_of(product, change.time)}]);
    }
    std::vector<Values> rows;
    for (const auto& [key, stay] : stays) rows.push_back(RowOf(stay));
    TRIVIUM_RETURN_IF_ERROR(db.ExecuteMany(sql::kPutStays, rows).status());
    TRIVIUM_RETURN_IF_ERROR(kafka::WriteOutbox(db, events));
    TRIVIUM_RETURN_IF_ERROR(WriteCounts(db, days));
    return db.Execute(sql::kMoveDrainMark, {changes.back().sequence, cell}).status();
  });
}

absl::Status MysqlStore::SetAside(const std::string& cell, int64_t after, const Change& change, const absl::Status& why,
                                  absl::Time deadline) {
  return Write("set_aside", deadline, [&](Connection& db) -> absl::Status {
    TRIVIUM_RETURN_IF_ERROR(db.Execute(sql::kMakeDrainMark, {cell}).status());
    TRIVIUM_ASSIGN_OR_RETURN(const Rows mark, db.Query(sql::kLockDrainMark, {cell}));
    if (mark[0].Int(0) != after) return DrainMarkMoved(mark[0].Int(0), after);
    TRIVIUM_RETURN_IF_ERROR(
        db.Execute(sql::kSetAside, {cell, change.sequence, Blob{Describe(change).substr(0, kMaxAsideText)},
                                    Blob{why.ToString().substr(0, kMaxAsideText)}, change.time})
            .status());
    return db.Execute(sql::kMoveDrainMark, {change.sequence, cell}).status();
  });
}

absl::StatusOr<int64_t> MysqlStore::EndLost(Connection& db, const std::string& cell, int64_t before, absl::Time now,
                                            const DayOf& day_of, int limit) {
  TRIVIUM_RETURN_IF_ERROR(db.Execute(sql::kMakeDrainMark, {cell}).status());
  // Keeps the drainer off the same stays.
  TRIVIUM_RETURN_IF_ERROR(db.Query(sql::kLockDrainMark, {cell}).status());
  std::vector<Stay> lost;
  for (const StayState state : {StayState::kQueued, StayState::kJoined}) {
    const int64_t left = limit - static_cast<int64_t>(lost.size());
    if (left == 0) break;
    TRIVIUM_ASSIGN_OR_RETURN(const Rows rows,
                             db.Query(sql::kLockLostStays, {cell, static_cast<int64_t>(state), before, left}));
    std::ranges::transform(rows, std::back_inserter(lost), StayOf);
  }
  if (lost.empty()) {
    TRIVIUM_RETURN_IF_ERROR(db.Execute(sql::kSetLostBefore, {before, cell}).status());
    return 0;
  }
  const auto ended = static_cast<int64_t>(lost.size());
  TRIVIUM_RETURN_IF_ERROR(WriteLost(db, std::move(lost), now, day_of));
  return ended;
}

absl::Status MysqlStore::WriteLost(Connection& db, std::vector<Stay> lost, absl::Time now, const DayOf& day_of) {
  std::map<std::pair<std::string, std::string>, DayCounts> days;
  std::vector<kafka::Event> events;
  std::vector<Values> rows;
  for (Stay& stay : lost) {
    stay.state = StayState::kLeft;
    stay.reason = LeaveReason::kRedisLost;
    stay.leave_time = now;
    rows.push_back(RowOf(stay));
    const Id event_id = ids_.Next();
    events.push_back(
        EventFor(event_id, stay.product, stay.room_id, now, encode_.stay(event_id, EventType::kLeft, stay, now)));
    ++days[{stay.product, day_of(stay.product, now)}][{"leaves", std::string(ReasonName(stay.reason))}];
  }
  TRIVIUM_RETURN_IF_ERROR(db.ExecuteMany(sql::kPutStays, rows).status());
  TRIVIUM_RETURN_IF_ERROR(kafka::WriteOutbox(db, events));
  return WriteCounts(db, days);
}

absl::StatusOr<int64_t> MysqlStore::EndLostStays(const std::string& cell, int64_t before, absl::Time now,
                                                 const DayOf& day_of, int limit, absl::Time deadline) {
  int64_t ended = 0;
  TRIVIUM_RETURN_IF_ERROR(Write("end_lost_stays", deadline, [&](Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(ended, EndLost(db, cell, before, now, day_of, limit));
    return absl::OkStatus();
  }));
  return ended;
}

absl::StatusOr<int64_t> MysqlStore::EndStaysOfRoom(const std::string& cell, const RoomId& room, absl::Time now,
                                                   const DayOf& day_of, int limit, absl::Time deadline) {
  const Values of_room = {room.product, ToValue(room.room_id), cell, static_cast<int64_t>(limit)};
  // Nearly always there is none: then nothing is locked.
  TRIVIUM_ASSIGN_OR_RETURN(const Rows seen, Read("find_stays_of_room", deadline, sql::kFindStaysOfRoom, of_room));
  if (seen.empty()) return 0;
  int64_t ended = 0;
  TRIVIUM_RETURN_IF_ERROR(Write("end_stays_of_room", deadline, [&](Connection& db) -> absl::Status {
    TRIVIUM_RETURN_IF_ERROR(db.Query(sql::kLockDrainMark, {cell}).status());
    TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, db.Query(sql::kLockStaysOfRoom, of_room));
    ended = static_cast<int64_t>(rows.size());
    if (rows.empty()) return absl::OkStatus();
    std::vector<Stay> lost;
    std::ranges::transform(rows, std::back_inserter(lost), StayOf);
    return WriteLost(db, std::move(lost), now, day_of);
  }));
  return ended;
}

absl::StatusOr<std::vector<Stay>> MysqlStore::ListStays(const std::string& product, const Id& room_id, const Id& after,
                                                        int limit, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows,
                           Read("list_stays", deadline, sql::kListStays,
                                {product, ToValue(room_id), ToValue(after), static_cast<int64_t>(limit)}));
  std::vector<Stay> stays;
  std::ranges::transform(rows, std::back_inserter(stays), StayOf);
  return stays;
}

absl::Status MysqlStore::AddCounts(std::span<const DayAddition> items, absl::Time deadline) {
  std::map<std::pair<std::string, std::string>, DayCounts> days;
  for (const DayAddition& item : items) {
    for (const auto& [key, value] : item.counts) days[{item.product, item.day}][key] += value;
  }
  if (days.empty()) return absl::OkStatus();
  // Not run again when the commit's answer was lost: a count may be missing, none comes twice.
  return pool_.Transact("add_counts", deadline, [&](Connection& db) { return WriteCounts(db, days); });
}

absl::StatusOr<DayCounts> MysqlStore::SummarizeDay(const std::string& product, const std::string& day,
                                                   absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("summarize_day", deadline, sql::kGetDay, {product, day}));
  DayCounts counts;
  for (const Row& row : rows) counts[{row.Text(0), row.Text(1)}] = row.Int(2);
  return counts;
}

absl::StatusOr<std::vector<std::string>> MysqlStore::ListUnannounced(absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_unannounced", deadline, sql::kListUnannounced, {}));
  std::vector<std::string> products;
  for (const Row& row : rows) products.push_back(row.Text(0));
  return products;
}

absl::StatusOr<std::optional<int64_t>> MysqlStore::GetAnnounceMark(const std::string& product, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("get_announce_mark", deadline, sql::kGetAnnounceMark, {product}));
  if (rows.empty()) return std::nullopt;
  return rows[0].Int(0);
}

absl::Status MysqlStore::SetAnnounceMark(const std::string& product, int64_t seq, absl::Time deadline) {
  return pool_.Transact("set_announce_mark", deadline, [&](Connection& db) {
    return db.Execute(sql::kSetAnnounceMark, {product, seq}).status();
  });
}

absl::StatusOr<int64_t> MysqlStore::PurgeSome(const char* name, const char* statement, absl::Time before, int limit,
                                              absl::Time deadline) {
  int64_t gone = 0;
  TRIVIUM_RETURN_IF_ERROR(pool_.Use(name, deadline, [&](Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(const mysql::Changed changed,
                             db.Execute(statement, {before, static_cast<int64_t>(limit)}));
    gone = changed.rows;
    return absl::OkStatus();
  }));
  return gone;
}

absl::StatusOr<int64_t> MysqlStore::PurgeRooms(absl::Time before, int limit, absl::Time deadline) {
  return PurgeSome("purge_rooms", sql::kPurgeRooms, before, limit, deadline);
}

absl::StatusOr<int64_t> MysqlStore::PurgeStays(absl::Time before, int limit, absl::Time deadline) {
  return PurgeSome("purge_stays", sql::kPurgeStays, before, limit, deadline);
}

absl::StatusOr<int64_t> MysqlStore::PurgeRecords(absl::Time now, int limit, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const int64_t answers,
                           PurgeSome("purge_requests", sql::kPurgeRequests, now - kRequestRetention, limit, deadline));
  TRIVIUM_ASSIGN_OR_RETURN(const int64_t bans, PurgeSome("purge_bans", sql::kPurgeBans, now, limit, deadline));
  return answers + bans;
}

absl::StatusOr<std::vector<StoredEvent>> MysqlStore::ListEvents(const std::string& product, int64_t after, int limit,
                                                                absl::Time deadline) {
  return ListOutboxEvents(pool_, product, after, limit, deadline);
}

absl::StatusOr<EventRange> MysqlStore::RangeOfEvents(const std::string& product, absl::Time deadline) {
  return RangeOfOutboxEvents(pool_, product, deadline);
}

}  // namespace trivium::live
