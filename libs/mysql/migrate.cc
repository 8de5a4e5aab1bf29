#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/clock/clock.h"
#include "libs/log/log.h"
#include "libs/mysql/connection.h"
#include "libs/mysql/migration_file.h"
#include "libs/mysql/mysql.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::mysql {
namespace {

constexpr std::string_view kCreateTable =
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    "version INT NOT NULL PRIMARY KEY, name VARCHAR(120) NOT NULL, checksum CHAR(64) NOT NULL, "
    "statements_done INT NOT NULL, apply_time DATETIME(6) NULL)";
constexpr std::string_view kSelectDone =
    "SELECT version, name, checksum, statements_done, apply_time FROM schema_migration ORDER BY version";
constexpr std::string_view kRecordProgress =
    "INSERT INTO schema_migration (version, name, checksum, statements_done, apply_time) VALUES (?, ?, ?, ?, ?) "
    "ON DUPLICATE KEY UPDATE name = VALUES(name), checksum = VALUES(checksum), "
    "statements_done = VALUES(statements_done), apply_time = VALUES(apply_time)";
constexpr std::string_view kSelectVersion =
    "SELECT COALESCE(MAX(version), 0) FROM schema_migration WHERE apply_time IS NOT NULL";

constexpr int kLockSeconds = 30;
// A statement that changes a big table takes its time.
constexpr absl::Duration kStatementTimeout = absl::Hours(12);
constexpr int kNoSuchTable = 1146;

struct Done {
  std::string checksum;
  int statements = 0;
  bool complete = false;
};

absl::Status CreateSchema(PoolOptions options, Clock& clock) {
  const std::string name = std::exchange(options.schema, "");
  if (name.empty() || name.find('`') != std::string::npos) {
    return absl::InvalidArgumentError("schema: \"" + name + "\", want the name of a schema");
  }
  TRIVIUM_ASSIGN_OR_RETURN(const auto db, ServerConnection::Open(options, clock));
  return db->Execute("CREATE DATABASE IF NOT EXISTS `" + name + "` CHARACTER SET utf8mb4 COLLATE utf8mb4_bin").status();
}

// Is released when the connection closes.
absl::Status TakeLock(Connection& db, const std::string& schema) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows,
                           db.Query("SELECT GET_LOCK(?, ?)", {"trivium_migrate_" + schema, int64_t{kLockSeconds}}));
  if (!rows.empty() && rows[0].Int(0) == 1) return absl::OkStatus();
  return Error(
      absl::StatusCode::kAborted, "MIGRATION_LOCKED",
      absl::StrCat("schema ", schema, ": another migrator has been at work for ", kLockSeconds, " s, try again"));
}

absl::StatusOr<std::map<int, Done>> ReadDone(Connection& db) {
  TRIVIUM_RETURN_IF_ERROR(db.Execute(kCreateTable).status());
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, db.Query(kSelectDone));
  std::map<int, Done> done;
  for (const Row& row : rows) {
    done[static_cast<int>(row.Int(0))] = {row.Text(2), static_cast<int>(row.Int(3)), !row.IsNull(4)};
  }
  return done;
}

absl::Status CheckUnchanged(const MigrationFile& file, const Done& done) {
  const bool same = MigrationChecksum(file, done.statements) == done.checksum &&
                    file.statements.size() >= static_cast<size_t>(done.statements) &&
                    (!done.complete || file.statements.size() == static_cast<size_t>(done.statements));
  if (same) return absl::OkStatus();
  return Error(absl::StatusCode::kFailedPrecondition, "MIGRATION_CHANGED",
               file.name + ": its statements are not the ones that were applied, want a new migration for the change");
}

absl::Status Apply(ServerConnection& db, const MigrationFile& file, size_t first, Clock& clock) {
  const auto record = [&](size_t count, Value apply_time) {
    return db
        .Execute(kRecordProgress, {int64_t{file.version}, file.name, MigrationChecksum(file, count),
                                   static_cast<int64_t>(count), std::move(apply_time)})
        .status();
  };
  for (size_t i = first; i < file.statements.size(); ++i) {
    const MigrationStatement& statement = file.statements[i];
    if (absl::Status s = db.ExecuteText(statement.text).status(); !s.ok()) {
      return absl::Status(s.code(), absl::StrCat(file.name, ":", statement.line, ": ", s.message()));
    }
    TRIVIUM_RETURN_IF_ERROR(record(i + 1, std::monostate()));
  }
  return record(file.statements.size(), clock.Now());
}

}  // namespace

absl::StatusOr<MigrationResult> Migrate(const PoolOptions& options, const std::string& folder, Clock& clock) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::vector<MigrationFile> files, ReadMigrations(folder));
  TRIVIUM_RETURN_IF_ERROR(CreateSchema(options, clock));
  PoolOptions patient = options;
  patient.statement_timeout = kStatementTimeout;
  TRIVIUM_ASSIGN_OR_RETURN(const auto db, ServerConnection::Open(patient, clock));
  TRIVIUM_RETURN_IF_ERROR(TakeLock(*db, options.schema));
  TRIVIUM_ASSIGN_OR_RETURN(const auto done, ReadDone(*db));
  if (!done.empty() && done.rbegin()->first > static_cast<int>(files.size())) {
    return Error(absl::StatusCode::kFailedPrecondition, "SCHEMA_NEWER",
                 absl::StrCat("schema ", options.schema, ": version ", done.rbegin()->first, ", want <= ", files.size(),
                              " (the newest of ", folder, "); use a newer release"));
  }
  // All are checked before any is applied.
  for (const MigrationFile& file : files) {
    if (const auto it = done.find(file.version); it != done.end())
      TRIVIUM_RETURN_IF_ERROR(CheckUnchanged(file, it->second));
  }
  MigrationResult result{.version = static_cast<int>(files.size())};
  for (const MigrationFile& file : files) {
    const auto it = done.find(file.version);
    if (it != done.end() && it->second.complete) continue;
    TRIVIUM_RETURN_IF_ERROR(Apply(*db, file, it == done.end() ? 0 : it->second.statements, clock));
    TRIVIUM_LOG(kInfo, "migration applied", {"schema", options.schema}, {"file", file.name});
    result.applied.push_back(file.name);
  }
  return result;
}

absl::Status CheckSchema(Pool& pool, int wanted, int newest_known) {
  int version = 0;
  const absl::Status status = pool.Use("check_schema", absl::InfiniteFuture(), [&](Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, db.Query(kSelectVersion));
    version = static_cast<int>(rows.at(0).Int(0));
    return absl::OkStatus();
  });
  if (!status.ok() && MetadataOf(status, "number") != absl::StrCat(kNoSuchTable)) return status;
  if (version < wanted) {
    return Error(absl::StatusCode::kFailedPrecondition, "SCHEMA_OLDER",
                 absl::StrCat("schema: version ", version, ", want >= ", wanted, "; apply the migrations first"));
  }
  if (version > newest_known) {
    return Error(absl::StatusCode::kFailedPrecondition, "SCHEMA_NEWER",
                 absl::StrCat("schema: version ", version, ", want <= ", newest_known, "; use a newer release"));
  }
  return absl::OkStatus();
}

}  // namespace trivium::mysql
