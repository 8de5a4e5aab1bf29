#include "services/control/store/mysql_store.h"

#include <utility>

#include "libs/clock/clock.h"
#include "libs/id/id.h"
#include "libs/kafka/outbox.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "services/control/store/audit_event.h"
#include "services/control/store/mysql_rows.h"
#include "services/control/store/statements.h"

namespace trivium::control {
namespace {

using domain::ConfigItem;
using mysql::Blob;
using mysql::Rows;

constexpr int kResolveAttempts = 3;  // Of a change whose COMMIT's answer was lost.

std::string Text(std::string_view view) { return std::string(view); }

class MysqlTransaction : public Store::Transaction {
 public:
  MysqlTransaction(mysql::Connection& db, IdGenerator& ids) : db_(db), ids_(ids) {}

  absl::StatusOr<std::optional<ConfigItem>> NewestConfig(std::string_view kind, std::string_view name) override {
    return One(db_.Query(sql::kSelectNewest, {Text(kind), Text(name)}));
  }
  absl::StatusOr<std::optional<ConfigItem>> FindConfig(std::string_view kind, std::string_view name,
                                                       int64_t version) override {
    return One(db_.Query(sql::kSelectVersion, {Text(kind), Text(name), version}));
  }
  absl::StatusOr<std::vector<ConfigItem>> NewestOfKind(std::string_view kind) override {
    TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, db_.Query(sql::kSelectKind, {Text(kind)}));
    return ReadConfigs(rows);
  }

  absl::Status InsertConfig(ConfigItem* item) override {
    TRIVIUM_RETURN_IF_ERROR(db_.Execute(sql::kRaiseRevision, {item->create_time}).status());
    TRIVIUM_ASSIGN_OR_RETURN(const Rows revision, db_.Query(sql::kSelectRevision));
    item->revision = revision.at(0).Int(0);
    TRIVIUM_RETURN_IF_ERROR(
        db_.Execute(sql::kInsertVersion, {item->kind, item->name, item->version, item->revision, item->type_url,
                                          Blob{item->value}, static_cast<int64_t>(item->percentage),
                                          Blob{item->previous_value}, item->actor, item->reason, item->create_time})
            .status());
    return db_.Execute(sql::kSetNewest, {item->kind, item->name, item->version, item->revision}).status();
  }

  absl::StatusOr<domain::Plan> GetPlan() override {
    TRIVIUM_ASSIGN_OR_RETURN(const Rows counters, db_.Query(sql::kSelectCounters));
    TRIVIUM_ASSIGN_OR_RETURN(const Rows cells, db_.Query(sql::kSelectPlan));
    return ReadPlan(counters, cells);
  }

  absl::Status SaveRoute(const domain::Plan& after, std::string_view product, std::string_view service) override {
    TRIVIUM_RETURN_IF_ERROR(db_.Execute(sql::kSetPlanEpoch, {after.epoch, after.update_time}).status());
    TRIVIUM_RETURN_IF_ERROR(db_.Execute(sql::kDeleteRoute, {Text(product), Text(service)}).status());
    const domain::Route* route = domain::FindRoute(after, product, service);
    if (route == nullptr) return absl::OkStatus();
    std::vector<mysql::Values> rows;
    for (const domain::RouteCell& cell : route->cells) {
      rows.push_back({route->product, route->service, static_cast<int64_t>(rows.size()), cell.cell,
                      static_cast<int64_t>(cell.drained), route->epoch, cell.canary.version,
                      static_cast<int64_t>(cell.canary.percent)});
    }
    return db_.ExecuteMany(sql::kInsertCells, rows).status();
  }

  absl::Status AddAudit(AuditRecord* record) override {
    TRIVIUM_RETURN_IF_ERROR(db_.Execute(sql::kInsertAudit, {record->time, record->actor, record->caller, record->action,
                                                            record->object, record->product, record->reason,
                                                            record->before_json, record->after_json, record->trace_id})
                                .status());
    TRIVIUM_ASSIGN_OR_RETURN(const Rows id, db_.Query(sql::kSelectInsertId));
    record->audit_id = id.at(0).Int(0);
    const kafka::Event event = AuditEvent(*record, ids_.Next());
    return kafka::WriteOutbox(db_, {&event, 1});
  }

 private:
  static absl::StatusOr<std::optional<ConfigItem>> One(const absl::StatusOr<Rows>& rows) {
    if (!rows.ok()) return rows.status();
    if (rows->empty()) return std::optional<ConfigItem>();
    return std::optional<ConfigItem>(ReadConfig(rows->front()));
  }

  mysql::Connection& db_;
  IdGenerator& ids_;
};

// The kept outcome of an earlier request with this key, if there is one.
absl::StatusOr<std::optional<Outcome>> FindOutcome(mysql::Connection& db, const RequestKey& key) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, db.Query(sql::kSelectRequest, {key.caller, key.request_id}));
  if (rows.empty()) return std::optional<Outcome>();
  const mysql::Row& row = rows.front();
  TRIVIUM_RETURN_IF_ERROR(key.same(row.Text(0), row.Text(1)));
  Outcome outcome{.response = row.Text(5)};
  if (row.Int(2) != 0)
    outcome.decline = StatusFromDetails(static_cast<absl::StatusCode>(row.Int(2)), row.Text(3), row.Text(4));
  return std::optional<Outcome>(std::move(outcome));
}

absl::Status KeepOutcome(mysql::Connection& db, const RequestKey& key, const Outcome& outcome, absl::Time now) {
  const std::string message(outcome.decline.message());
  return db
      .Execute(sql::kInsertRequest,
               {key.caller, key.request_id, key.method, Blob{key.request}, static_cast<int64_t>(outcome.decline.code()),
                message, Blob{SerializeDetails(outcome.decline)}, Blob{outcome.response}, now})
      .status();
}

class MysqlStore : public Store {
 public:
  MysqlStore(mysql::Pool& pool, IdGenerator& ids, Clock& clock) : pool_(pool), ids_(ids), clock_(clock) {}

  absl::StatusOr<Outcome> Change(const RequestKey& key, absl::Time deadline, const Body& body) override {
    Outcome outcome;
    const auto change = [&](mysql::Connection& db) -> absl::Status {
      TRIVIUM_RETURN_IF_ERROR(db.Query(sql::kLockChanges).status());
      TRIVIUM_ASSIGN_OR_RETURN(auto kept, FindOutcome(db, key));
      if (kept) {
        outcome = *std::move(kept);
        return absl::OkStatus();
      }
      MysqlTransaction transaction(db, ids_);
      TRIVIUM_ASSIGN_OR_RETURN(outcome, body(transaction));
      return KeepOutcome(db, key, outcome, clock_.Now());
    };
    absl::Status status = pool_.Transact("change", deadline, change);
    // The kept outcome says whether a COMMIT without an answer happened: asking again gives it, or makes the change.
    for (int i = 1; i < kResolveAttempts && mysql::IsCommitUnknown(status); ++i)
      status = pool_.Transact("change", deadline, change);
    if (!status.ok()) return status;
    return outcome;
  }

  absl::StatusOr<Outcome> Try(absl::Time deadline, const Body& body) override {
    std::optional<Outcome> outcome;
    const absl::Status status = pool_.Transact("try", deadline, [&](mysql::Connection& db) -> absl::Status {
      TRIVIUM_RETURN_IF_ERROR(db.Query(sql::kLockChanges).status());
      MysqlTransaction transaction(db, ids_);
      TRIVIUM_ASSIGN_OR_RETURN(outcome, body(transaction));
      return absl::CancelledError("tried: to be rolled back");
    });
    if (!outcome) return status;
    return *std::move(outcome);
  }

  absl::StatusOr<Progress> GetProgress(absl::Time deadline) override {
    TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("progress", deadline, sql::kSelectCounters, {}));
    return ReadProgress(rows);
  }

  absl::StatusOr<std::optional<ConfigItem>> GetConfig(std::string_view kind, std::string_view name, int64_t version,
                                                      absl::Time deadline) override {
    absl::StatusOr<Rows> rows =
        version == 0 ? Read("get_config", deadline, sql::kSelectNewest, {Text(kind), Text(name)})
                     : Read("get_config", deadline, sql::kSelectVersion, {Text(kind), Text(name), version});
    if (!rows.ok()) return rows.status();
    if (rows->empty()) return std::optional<ConfigItem>();
    return std::optional<ConfigItem>(ReadConfig(rows->front()));
  }

  absl::StatusOr<std::vector<ConfigItem>> ListConfigs(std::string_view kind, std::string_view after_kind,
                                                      std::string_view after_name, int limit,
                                                      absl::Time deadline) override {
    const mysql::Values values = {Text(after_kind), Text(after_kind), Text(after_name),
                                  Text(kind),       Text(kind),       static_cast<int64_t>(limit)};
    TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_configs", deadline, sql::kListNewest, values));
    return ReadConfigs(rows);
  }

  absl::StatusOr<std::vector<ConfigItem>> ListConfigVersions(std::string_view kind, std::string_view name,
                                                             int64_t before_version, int limit,
                                                             absl::Time deadline) override {
    const mysql::Values values = {Text(kind), Text(name), before_version, before_version, static_cast<int64_t>(limit)};
    TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_versions", deadline, sql::kListVersions, values));
    return ReadConfigs(rows);
  }

  absl::StatusOr<std::vector<ConfigItem>> ConfigsSince(int64_t revision, absl::Time deadline) override {
    TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("configs_since", deadline, sql::kSelectSince, {revision}));
    return ReadConfigs(rows);
  }

  absl::StatusOr<domain::Plan> GetPlan(absl::Time deadline) override {
    domain::Plan plan;
    // In one transaction with the lock: epoch and rows must be of the same moment.
    const absl::Status status = pool_.Transact("get_plan", deadline, [&](mysql::Connection& db) -> absl::Status {
      TRIVIUM_RETURN_IF_ERROR(db.Query(sql::kLockChanges).status());
      TRIVIUM_ASSIGN_OR_RETURN(plan, MysqlTransaction(db, ids_).GetPlan());
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return plan;
  }

  absl::StatusOr<std::vector<AuditRecord>> ListAudit(std::string_view object, int64_t before_id, int limit,
                                                     absl::Time deadline) override {
    mysql::Values values = {before_id, before_id, static_cast<int64_t>(limit)};
    if (!object.empty()) values.insert(values.begin(), Text(object));
    TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_audit", deadline,
                                                   object.empty() ? sql::kListAudit : sql::kListAuditOfObject, values));
    std::vector<AuditRecord> records;
    for (const mysql::Row& row : rows) records.push_back(ReadAudit(row));
    return records;
  }

  absl::StatusOr<std::vector<InstanceRow>> LoadInstances(absl::Time deadline) override {
    TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("load_instances", deadline, sql::kSelectInstances, {}));
    std::vector<InstanceRow> instances;
    for (const mysql::Row& row : rows) instances.push_back(ReadInstance(row));
    return instances;
  }

  absl::Status SaveInstance(const InstanceRow& row, bool take_over, absl::Time deadline) override {
    const std::string_view statement = take_over ? sql::kTakeInstance : sql::kUpdateInstance;
    return pool_.Transact("save_instance", deadline,
                          [&](mysql::Connection& db) { return db.Execute(statement, InstanceValues(row)).status(); });
  }

  absl::StatusOr<int64_t> Purge(absl::Time requests_before, absl::Time instances_before, absl::Time deadline) override {
    int64_t purged = 0;
    const absl::Status status = pool_.Transact("purge", deadline, [&](mysql::Connection& db) -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(const mysql::Changed requests, db.Execute(sql::kPurgeRequests, {requests_before}));
      TRIVIUM_ASSIGN_OR_RETURN(const mysql::Changed instances, db.Execute(sql::kPurgeInstances, {instances_before}));
      purged = requests.rows + instances.rows;
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return purged;
  }

 private:
  absl::StatusOr<Rows> Read(std::string_view name, absl::Time deadline, std::string_view statement,
                            const mysql::Values& values) {
    Rows rows;
    const absl::Status status = pool_.Use(name, deadline, [&](mysql::Connection& db) -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(rows, db.Query(statement, values));
      return absl::OkStatus();
    });
    if (!status.ok()) return status;
    return rows;
  }

  mysql::Pool& pool_;
  IdGenerator& ids_;
  Clock& clock_;
};

}  // namespace

std::unique_ptr<Store> NewMysqlStore(mysql::Pool& pool, IdGenerator& ids, Clock& clock) {
  return std::make_unique<MysqlStore>(pool, ids, clock);
}

}  // namespace trivium::control
