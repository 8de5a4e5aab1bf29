// What writes rooms and bans, and the purge. Stays: mysql_stays.cc; reads: mysql_reads.cc.
#include "services/live/store/mysql_store.h"

#include <map>

#include "libs/kafka/outbox.h"
#include "libs/log/log.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/telemetry/metrics.h"
#include "services/live/store/errors.h"
#include "services/live/store/mysql_pieces.h"
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
// Reason of a status that means: roll back, and run the transaction again.
constexpr char kRunAgain[] = "RUN_AGAIN";

absl::Status RunAgain() { return Error(absl::StatusCode::kAborted, kRunAgain, "another writer was faster"); }

absl::Status DuplicateMeansAgain(const absl::Status& status) {
  return status.code() == absl::StatusCode::kAlreadyExists ? RunAgain() : status;
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

}  // namespace trivium::live
