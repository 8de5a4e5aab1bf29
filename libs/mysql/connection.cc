#include "libs/mysql/connection.h"

#include <cppconn/driver.h>
#include <cppconn/exception.h>
#include <cppconn/resultset.h>
#include <cppconn/resultset_metadata.h>
#include <cppconn/statement.h>
#include <mysql_connection.h>
#include <mysql_driver.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "libs/mysql/expand.h"
#include "libs/status/error.h"
#include "libs/status/status.h"

namespace trivium::mysql {
namespace {

constexpr std::string_view kSetNames = "SET NAMES utf8mb4";
constexpr std::string_view kSetIsolation = "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED";
// Without NO_BACKSLASH_ESCAPES and ANSI_QUOTES: literals are escaped by backslashes and stand in single quotes.
constexpr std::string_view kSetModes =
    "SET SESSION time_zone = '+00:00', autocommit = 1, sql_mode = "
    "'STRICT_ALL_TABLES,STRICT_TRANS_TABLES,NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO,"
    "NO_ENGINE_SUBSTITUTION,ONLY_FULL_GROUP_BY'";

int WholeSeconds(absl::Duration d) { return std::max(1, static_cast<int>(std::ceil(absl::ToDoubleSeconds(d)))); }

sql::ConnectOptionsMap ConnectOptions(const PoolOptions& options) {
  sql::ConnectOptionsMap map;
  map["hostName"] = sql::SQLString(options.unix_socket.empty() ? absl::StrCat("tcp://", options.host, ":", options.port)
                                                               : "unix://" + options.unix_socket);
  map["userName"] = sql::SQLString(options.user);
  map["password"] = sql::SQLString(options.password);
  if (!options.schema.empty()) map["schema"] = sql::SQLString(options.schema);
  map["OPT_CHARSET_NAME"] = sql::SQLString("utf8mb4");
  map["OPT_RECONNECT"] = false;  // It would lose the session's settings and a transaction in silence.
  map["OPT_LOCAL_INFILE"] = 0;
  map["OPT_CONNECT_TIMEOUT"] = WholeSeconds(options.connect_timeout);
  // A second more than the server gives the statement: its own answer is better than silence.
  const int read_timeout = WholeSeconds(options.statement_timeout) + 1;
  map["OPT_READ_TIMEOUT"] = read_timeout;
  map["OPT_WRITE_TIMEOUT"] = read_timeout;
  return map;
}

sql::mysql::MySQL_Driver* Driver() {
  static sql::mysql::MySQL_Driver* const driver = sql::mysql::get_mysql_driver_instance();
  return driver;
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServerConnection>> ServerConnection::Open(const PoolOptions& options, Clock& clock) {
  std::unique_ptr<ServerConnection> connection;
  try {
    sql::ConnectOptionsMap map = ConnectOptions(options);
    connection.reset(new ServerConnection(options, clock, std::unique_ptr<sql::Connection>(Driver()->connect(map))));
  } catch (const sql::SQLException& e) {
    return ConnectError(e.getErrorCode(), e.what());
  } catch (const std::exception& e) {
    return ConnectError(0, e.what());
  }
  TRIVIUM_RETURN_IF_ERROR(connection->SetUpSession());
  return connection;
}

ServerConnection::ServerConnection(const PoolOptions& options, Clock& clock,
                                   std::unique_ptr<sql::Connection> connection)
    : clock_(clock), statement_timeout_(options.statement_timeout), connection_(std::move(connection)) {}

ServerConnection::~ServerConnection() {
  try {
    connection_.reset();
  } catch (const std::exception&) {
    // Closing a dead connection: nothing is left to be done.
  }
}

absl::Status ServerConnection::SetUpSession() {
  for (const std::string_view sql : {kSetNames, kSetIsolation, kSetModes}) {
    TRIVIUM_RETURN_IF_ERROR(Execute(sql).status());
  }
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Query("SELECT VERSION()"));
  mariadb_ = !rows.empty() && rows[0].Text(0).find("MariaDB") != std::string::npos;
  return SetTimeLimit(statement_timeout_);
}

absl::Status ServerConnection::SetTimeLimit(absl::Duration limit) {
  if (limit == time_limit_) return absl::OkStatus();
  // MySQL limits SELECT only; there the read time-out of the connection is the last resort.
  const std::string statement_time =
      mariadb_ ? absl::StrFormat("max_statement_time = %.3f", std::max(0.001, absl::ToDoubleSeconds(limit)))
               : absl::StrFormat("max_execution_time = %d", std::max<int64_t>(1, absl::ToInt64Milliseconds(limit)));
  TRIVIUM_RETURN_IF_ERROR(
      Execute(absl::StrCat("SET SESSION ", statement_time, ", innodb_lock_wait_timeout = ", WholeSeconds(limit)))
          .status());
  time_limit_ = limit;
  return absl::OkStatus();
}

absl::Status ServerConnection::SetDeadline(absl::Time deadline) {
  deadline_ = absl::InfiniteFuture();
  transaction_error_ = lost_ ? transaction_error_ : absl::OkStatus();
  const absl::Duration remaining = deadline - clock_.Now();
  if (remaining <= absl::ZeroDuration()) {
    return Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED", "database: no time left");
  }
  // In steps of two, so that most calls find the limit as it is and cost no round trip.
  absl::Duration limit = statement_timeout_;
  while (limit / 2 >= remaining && limit > absl::Milliseconds(10)) limit /= 2;
  TRIVIUM_RETURN_IF_ERROR(SetTimeLimit(limit));
  deadline_ = deadline;
  return absl::OkStatus();
}

absl::Status ServerConnection::Failed(int error_number, const char* text) {
  last_error_number_ = error_number;
  absl::Status status = StatementError(error_number, text);
  const Aftermath aftermath = AftermathOf(error_number);
  if (aftermath != Aftermath::kNone) transaction_error_ = status;
  if (aftermath == Aftermath::kConnectionLost) lost_ = true;
  return status;
}

absl::Status ServerConnection::Send(const std::string& sql, const std::function<void(sql::Statement&)>& send) {
  if (!transaction_error_.ok()) return transaction_error_;
  if (clock_.Now() >= deadline_) {
    return Error(absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED",
                 "database: no time left before: " + sql.substr(0, 60));
  }
  try {
    const std::unique_ptr<sql::Statement> statement(connection_->createStatement());
    send(*statement);
    return absl::OkStatus();
  } catch (const sql::SQLException& e) {
    // Without a number it is the connector's own complaint (a result where none was expected): the stream may be out of
    // step.
    return e.getErrorCode() == 0 ? OutOfStep(e.what()) : Failed(e.getErrorCode(), e.what());
  } catch (const std::exception& e) {
    return OutOfStep(e.what());
  }
}

absl::Status ServerConnection::OutOfStep(const char* text) {
  lost_ = true;
  return transaction_error_ = Failed(0, text);
}

std::string ServerConnection::Escape(const std::string& text) {
  return static_cast<sql::mysql::MySQL_Connection*>(connection_.get())->escapeString(text).asStdString();
}

absl::StatusOr<std::string> ServerConnection::WriteOut(std::string_view sql, const Values& parameters) {
  // A lost connection cannot escape.
  if (!transaction_error_.ok()) return transaction_error_;
  try {
    return Expand(sql, parameters, [this](const std::string& text) { return Escape(text); });
  } catch (const std::exception& e) {
    return Failed(2006, e.what());
  }
}

absl::StatusOr<Rows> ServerConnection::Query(std::string_view sql, const Values& parameters) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::string text, WriteOut(sql, parameters));
  Rows rows;
  TRIVIUM_RETURN_IF_ERROR(Send(text, [&](sql::Statement& statement) {
    const std::unique_ptr<sql::ResultSet> result(statement.executeQuery(text));
    const unsigned columns = result->getMetaData()->getColumnCount();
    while (result->next()) {
      std::vector<std::optional<std::string>> cells(columns);
      for (unsigned i = 0; i < columns; ++i) {
        if (!result->isNull(i + 1)) cells[i] = result->getString(i + 1).asStdString();
      }
      rows.push_back(MakeRow(std::move(cells)));
    }
  }));
  return rows;
}

absl::StatusOr<Changed> ServerConnection::Execute(std::string_view sql, const Values& parameters) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::string text, WriteOut(sql, parameters));
  return ExecuteText(text);
}

absl::StatusOr<Changed> ServerConnection::ExecuteText(const std::string& sql) {
  Changed changed;
  TRIVIUM_RETURN_IF_ERROR(Send(sql, [&](sql::Statement& statement) { changed.rows = statement.executeUpdate(sql); }));
  return changed;
}

absl::StatusOr<Changed> ServerConnection::ExecuteMany(std::string_view sql, std::span<const Values> rows) {
  if (!transaction_error_.ok()) return transaction_error_;
  absl::StatusOr<std::vector<std::string>> statements;
  try {
    statements = ExpandMany(sql, rows, [this](const std::string& text) { return Escape(text); });
  } catch (const std::exception& e) {
    return Failed(2006, e.what());
  }
  if (!statements.ok()) return statements.status();
  Changed all;
  for (const std::string& text : *statements) {
    TRIVIUM_RETURN_IF_ERROR(Send(text, [&](sql::Statement& statement) { all.rows += statement.executeUpdate(text); }));
  }
  return all;
}

absl::Status ServerConnection::Begin() { return Execute("START TRANSACTION").status(); }

absl::Status ServerConnection::Commit() {
  // A deadline that passed is found here, while the transaction is still certain to be rolled back.
  last_error_number_ = -1;
  absl::Status status = Execute("COMMIT").status();
  if (status.ok() || last_error_number_ == -1) return status;
  if (status.code() == absl::StatusCode::kAborted) return status;
  // Whatever else happened, this connection must not be asked about it.
  lost_ = true;
  return CommitError(last_error_number_, std::string(status.message()));
}

void ServerConnection::Rollback() {
  if (lost_) return;
  transaction_error_ = absl::OkStatus();
  deadline_ = absl::InfiniteFuture();
  if (!Execute("ROLLBACK").ok()) lost_ = true;
}

bool ServerConnection::Alive() {
  deadline_ = absl::InfiniteFuture();
  transaction_error_ = absl::OkStatus();
  return !lost_ && Query("SELECT 1").ok();
}

}  // namespace trivium::mysql
