// The transactions of stays, by whom they are drained and ended, and the days that they count on.
#include <algorithm>
#include <iterator>
#include <map>
#include <tuple>

#include "absl/strings/str_cat.h"
#include "libs/kafka/outbox.h"
#include "libs/status/status.h"
#include "services/live/store/errors.h"
#include "services/live/store/mysql_pieces.h"
#include "services/live/store/mysql_store.h"
#include "services/live/store/rows.h"
#include "services/live/store/statements.h"

namespace trivium::live {
namespace {

using mysql::Blob;
using mysql::Connection;
using mysql::Row;
using mysql::Rows;
using mysql::Values;

constexpr size_t kMaxAsideText = 1024;

std::string Describe(const Change& change) {
  return absl::StrCat("kind ", static_cast<int>(change.kind), ", cause ", static_cast<int>(change.cause), ", product ",
                      change.room.product, ", ", FormatId(kRoomIdKind, change.room.room_id), ", user ", change.user_id,
                      ", ", FormatId(kJoinIdKind, change.place.join_id), ", epoch ", change.place.epoch, ", role ",
                      static_cast<int>(change.place.role), ", rung ", static_cast<int>(change.place.rung), ", seat ",
                      change.place.seat);
}

}  // namespace

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
  TRIVIUM_RETURN_IF_ERROR(WriteLost(db, std::move(lost), before, now, day_of));
  return ended;
}

absl::Status MysqlStore::WriteLost(Connection& db, std::vector<Stay> lost, int64_t before, absl::Time now,
                                   const DayOf& day_of) {
  std::map<std::pair<std::string, std::string>, DayCounts> days;
  std::vector<kafka::Event> events;
  std::vector<Values> rows;
  for (Stay& stay : lost) {
    EndAsLost(before, now, &stay);
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
    return WriteLost(db, std::move(lost), 0, now, day_of);
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

}  // namespace trivium::live
