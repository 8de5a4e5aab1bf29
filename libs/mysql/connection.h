// One connection over Connector/C++; its exceptions end here.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/clock/clock.h"
#include "libs/mysql/errors.h"
#include "libs/mysql/mysql.h"

namespace sql {
class Connection;
class Statement;
}  // namespace sql

namespace trivium::mysql {

// Not thread-safe.
class ServerConnection : public Connection {
 public:
  // Connects and sets the session up once: UTC, READ COMMITTED, strict, utf8mb4.
  static absl::StatusOr<std::unique_ptr<ServerConnection>> Open(const PoolOptions& options, Clock& clock);
  ~ServerConnection() override;

  absl::StatusOr<Rows> Query(std::string_view sql, const Values& parameters = {}) override;
  absl::StatusOr<Changed> Execute(std::string_view sql, const Values& parameters = {}) override;
  absl::StatusOr<Changed> ExecuteMany(std::string_view sql, std::span<const Values> rows) override;

  // A statement as it is: "?" means nothing.
  absl::StatusOr<Changed> ExecuteText(const std::string& sql);

  // Statements from here on end by then, or by statement_timeout.
  absl::Status SetDeadline(absl::Time deadline);
  absl::Status Begin();
  absl::Status Commit();
  // Ends the transaction that Begin began; a failure makes the connection unusable.
  void Rollback();
  // Asks the server for a sign of life.
  bool Alive();

  // Whether it may be used again after this transaction.
  bool usable() const { return !lost_; }
  // Why the transaction is over already (deadlock, lost connection), or OK.
  const absl::Status& transaction_error() const { return transaction_error_; }

  bool is_mariadb() const { return mariadb_; }
  absl::Duration idle_since = absl::ZeroDuration();  // The pool's.

 private:
  ServerConnection(const PoolOptions& options, Clock& clock, std::unique_ptr<sql::Connection> connection);

  absl::Status SetUpSession();
  absl::Status SetTimeLimit(absl::Duration limit);
  // Sends sql as it is and keeps what its error means for the transaction.
  absl::Status Send(const std::string& sql, const std::function<void(sql::Statement&)>& send);
  absl::Status Failed(int error_number, const char* text);
  absl::Status OutOfStep(const char* text);
  std::string Escape(const std::string& text);
  absl::StatusOr<std::string> WriteOut(std::string_view sql, const Values& parameters);

  Clock& clock_;
  const absl::Duration statement_timeout_;
  std::unique_ptr<sql::Connection> connection_;
  bool mariadb_ = true;
  bool lost_ = false;
  absl::Status transaction_error_;
  int last_error_number_ = 0;
  absl::Time deadline_ = absl::InfiniteFuture();
  absl::Duration time_limit_ = absl::ZeroDuration();  // What the server was told last.
};

}  // namespace trivium::mysql
