// MySQL (8.0+ or MariaDB 10.11): a bounded pool, and transactions as functions. Connector/C++ and its exceptions end in
// this library.
//
//   absl::Status s = pool.Transact("create_payment", call.deadline, [&](mysql::Connection& db) -> absl::Status {
//     TRIVIUM_ASSIGN_OR_RETURN(mysql::Rows rows, db.Query(kSelectPaymentForUpdate, {product, id.ToBytes()}));
//     ...
//     return db.Execute(kInsertEntry, {...}).status();
//   });
//   if (mysql::IsCommitUnknown(s)) ...   // The row that the transaction would have written says what happened.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trivium {
class Clock;
class Metrics;
}  // namespace trivium

namespace trivium::mysql {

// A parameter: bound by value into the text of a statement, escaped. Times are absl::Time <-> DATETIME(6), UTC.
struct Blob {
  std::string bytes;  // BINARY and VARBINARY columns: written as X'..'.
};
using Value = std::variant<std::monostate, int64_t, std::string, Blob, absl::Time>;  // monostate: NULL.
using Values = std::vector<Value>;

// A result, held in memory.
class Row {
 public:
  bool IsNull(size_t column) const;
  int64_t Int(size_t column) const;              // 0 for NULL.
  const std::string& Text(size_t column) const;  // Bytes of BINARY columns too; "" for NULL.
  absl::Time Time(size_t column) const;          // InfinitePast for NULL.

 private:
  friend class Connection;
  std::vector<std::optional<std::string>> cells_;
};
using Rows = std::vector<Row>;

struct Changed {
  int64_t rows = 0;  // Affected; a row that an UPDATE matched but left as it was does not count.
};

// A borrowed connection; one thread at a time. Errors, by code and reason:
// - ALREADY_EXISTS DUPLICATE_KEY: DuplicateKeyOf names the key.
// - ABORTED DEADLOCK, ABORTED LOCK_TIMEOUT.
// - FAILED_PRECONDITION CONSTRAINT_VIOLATED.
// - INVALID_ARGUMENT VALUE_REFUSED: too long, out of range, not UTF-8.
// - UNAVAILABLE DATABASE_UNAVAILABLE: server gone, too many connections.
// - DEADLINE_EXCEEDED STATEMENT_TIMEOUT.
// - INTERNAL DATABASE_ERROR: a bad statement, no access; the text has the server's number and words.
// After a deadlock or a lost connection every further statement of the transaction returns the same error.
class Connection {
 public:
  virtual ~Connection() = default;
  // sql: a named constant with "?" for each parameter, never inside quotes or comments. One statement: a second one
  // after ";" is refused.
  virtual absl::StatusOr<Rows> Query(std::string_view sql, const Values& parameters = {}) = 0;
  virtual absl::StatusOr<Changed> Execute(std::string_view sql, const Values& parameters = {}) = 0;
  // INSERT of many rows: "??*" in sql ("... VALUES ??*", also before ON DUPLICATE KEY) becomes the tuples of rows,
  // "(..),(..)". Split into statements of at most 1 MiB. No rows: no statement.
  virtual absl::StatusOr<Changed> ExecuteMany(std::string_view sql, std::span<const Values> rows) = 0;

 protected:
  static Row MakeRow(std::vector<std::optional<std::string>> cells);
};

struct PoolOptions {
  std::string host = "127.0.0.1";  // Or unix_socket.
  int port = 3306;
  std::string unix_socket;  // Path; empty: TCP.
  std::string user, password;
  std::string schema;                                 // Default schema of the connections.
  int max_connections = 16;                           // 1-1000.
  absl::Duration acquire_timeout = absl::Seconds(2);  // To get a connection: RESOURCE_EXHAUSTED POOL_EXHAUSTED.
  absl::Duration connect_timeout = absl::Seconds(2);
  absl::Duration statement_timeout = absl::Seconds(5);  // A read time-out; at COMMIT it is UNKNOWN.
  int max_attempts = 5;  // Of a transaction that ends in a deadlock, with jittered back-off.
};

// Thread-safe.
class Pool {
 public:
  virtual ~Pool() = default;
  // Runs body in a transaction (READ COMMITTED) and commits when it returns OK; else rolls back and returns its error.
  // Runs it again when it ended in a deadlock or lock time-out, so body must have no effect outside the database. name:
  // for metrics. A lost connection before COMMIT: UNAVAILABLE DATABASE_UNAVAILABLE. Lost at COMMIT: IsCommitUnknown.
  virtual absl::Status Transact(std::string_view name, absl::Time deadline,
                                const std::function<absl::Status(Connection&)>& body) = 0;
  // One connection without a transaction: reads, and single statements (each commits by itself; the answer of a lost
  // one is UNAVAILABLE, so it must be fit to be repeated).
  virtual absl::Status Use(std::string_view name, absl::Time deadline,
                           const std::function<absl::Status(Connection&)>& body) = 0;
  // OK when a connection answers now. For readiness.
  virtual absl::Status Ping() = 0;
};
std::unique_ptr<Pool> NewPool(PoolOptions options, Clock& clock, Metrics& metrics);

// Whether a status means that the COMMIT's answer was lost: the transaction may or may not have happened. UNKNOWN,
// reason COMMIT_OUTCOME_UNKNOWN.
bool IsCommitUnknown(const absl::Status& status);
// Name of the violated key of an ALREADY_EXISTS status, without its table (MariaDB does not say it): "order_open",
// "PRIMARY"; "" otherwise.
std::string DuplicateKeyOf(const absl::Status& status);

// Numbered migrations "NNNN_what.sql" of a folder, from 0001 without gaps; each statement ends with ";" at a line's
// end, a line that starts with "--" is a comment. Takes a lock (GET_LOCK); keeps `schema_migration(version, name,
// checksum, statements_done, apply_time)`; the checksum is over the statements, so a comment may be corrected. A file
// that failed in the middle goes on at the failed statement. Creates the schema when it is missing. Errors:
// FAILED_PRECONDITION MIGRATION_CHANGED (a statement that was applied has changed), SCHEMA_NEWER (the database has a
// version that the folder lacks), MIGRATION_GAP; ABORTED MIGRATION_LOCKED (another migrator is at work); else the
// failed statement's error, with "file:line: ".
struct MigrationResult {
  std::vector<std::string> applied;  // Names of the files applied now.
  int version = 0;
};
absl::StatusOr<MigrationResult> Migrate(const PoolOptions& options, const std::string& folder, Clock& clock);
// For a service's start: OK when the schema's version is at least `wanted` ... and FAILED_PRECONDITION SCHEMA_NEWER /
// SCHEMA_OLDER in words otherwise. A newer schema is allowed up to `newest_known` only: a migration runs under the
// previous binary, so known = wanted + 1 is usual.
absl::Status CheckSchema(Pool& pool, int wanted, int newest_known);

}  // namespace trivium::mysql
