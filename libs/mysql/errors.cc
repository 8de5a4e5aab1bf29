#include "libs/mysql/errors.h"

#include "absl/strings/str_cat.h"
#include "libs/mysql/mysql.h"
#include "libs/status/error.h"

namespace trivium::mysql {
namespace {

constexpr std::string_view kUnavailable = "DATABASE_UNAVAILABLE";

// From mysqld_error.h (server), mariadb/errmsg.h (client, 2000 and up).
enum : int {
  kDuplicateKey = 1062,
  kDuplicateKeyWithName = 1586,
  kDeadlock = 1213,
  kLockWaitTimeout = 1205,
  kTooManyConnections = 1040,
  kUserConnectionLimit = 1203,
  kUserResourceLimit = 1226,
  kServerShutdown = 1053,
  kConnectionKilled = 1927,
  kConnectionAborted = 1152,
  kNetworkReadError = 1158,
  kNetworkReadInterrupted = 1159,
  kNetworkWriteError = 1160,
  kNetworkWriteInterrupted = 1161,
  kReadOnly = 1290,
  kReadOnlyTransaction = 1836,
  kUnknownCommand = 1047,  // Galera: not prepared for application use.
  kQueryInterrupted = 1317,
  kStatementTimeoutMySql = 3024,
  kStatementTimeoutMariaDb = 1969,
  kUnknownDatabase = 1049,
};

bool IsClientSide(int number) { return number >= 2000 && number < 2100; }

absl::Status Unavailable(int number, std::string_view text) {
  return Error(absl::StatusCode::kUnavailable, kUnavailable,
               absl::StrCat("database: ", std::string(text), " (", number, ")"))
      .RetryAfter(absl::Milliseconds(200));
}

}  // namespace

Aftermath AftermathOf(int number) {
  switch (number) {
    case kDeadlock:
      return Aftermath::kRolledBack;
    case kServerShutdown:
    case kConnectionKilled:
    case kConnectionAborted:
    case kNetworkReadError:
    case kNetworkReadInterrupted:
    case kNetworkWriteError:
    case kNetworkWriteInterrupted:
    case kUnknownCommand:
      return Aftermath::kConnectionLost;
    default:
      return IsClientSide(number) ? Aftermath::kConnectionLost : Aftermath::kNone;
  }
}

std::string KeyOfDuplicateText(std::string_view text) {
  constexpr std::string_view kMarker = " for key '";
  const size_t at = text.rfind(kMarker);
  if (at == std::string_view::npos) return "";
  std::string_view key = text.substr(at + kMarker.size());
  key = key.substr(0, key.find('\''));
  // MySQL 8 puts the table before it; MariaDB does not.
  if (const size_t dot = key.rfind('.'); dot != std::string_view::npos) key.remove_prefix(dot + 1);
  return std::string(key);
}

absl::Status StatementError(int number, std::string_view server_text) {
  const std::string text(server_text);
  if (AftermathOf(number) == Aftermath::kConnectionLost) return Unavailable(number, text);
  switch (number) {
    case kDuplicateKey:
    case kDuplicateKeyWithName: {
      // Without the entry: it may be personal data.
      const std::string key = KeyOfDuplicateText(text);
      return Error(absl::StatusCode::kAlreadyExists, "DUPLICATE_KEY", "duplicate entry for key " + key)
          .With("key", key);
    }
    case kDeadlock:
      return Error(absl::StatusCode::kAborted, "DEADLOCK", "database: transaction rolled back by a deadlock, try again")
          .RetryAfter(absl::Milliseconds(20));
    case kLockWaitTimeout:
      return Error(absl::StatusCode::kAborted, "LOCK_TIMEOUT",
                   "database: a row is locked by another transaction, try again")
          .RetryAfter(absl::Milliseconds(100));
    case kStatementTimeoutMySql:
    case kStatementTimeoutMariaDb:
    case kQueryInterrupted:
      return Error(absl::StatusCode::kDeadlineExceeded, "STATEMENT_TIMEOUT", "database: statement ran out of time");
    case kTooManyConnections:
    case kUserConnectionLimit:
    case kUserResourceLimit:
    case kReadOnly:
    case kReadOnlyTransaction:
      return Unavailable(number, text);
    case 1048:  // Column cannot be null.
    case 1216:  // Foreign keys.
    case 1217:
    case 1451:
    case 1452:
    case 3819:  // CHECK, MySQL.
    case 4025:  // CHECK, MariaDB.
      return Error(absl::StatusCode::kFailedPrecondition, "CONSTRAINT_VIOLATED",
                   absl::StrCat("database: constraint violated (", number, "): ", text));
    case 1153:  // Packet larger than max_allowed_packet.
    case 1264:  // Out of range.
    case 1265:  // Truncated.
    case 1292:  // Wrong value.
    case 1300:  // Not a valid string of the character set.
    case 1366:
    case 1406:  // Too long.
    case 1690:  // BIGINT out of range.
      return Error(absl::StatusCode::kInvalidArgument, "VALUE_REFUSED",
                   absl::StrCat("database: value refused (", number, "): ", text));
    default:
      return Error(absl::StatusCode::kInternal, "DATABASE_ERROR", absl::StrCat("database error ", number, ": ", text))
          .With("number", number);
  }
}

absl::Status CommitError(int number, std::string_view text) {
  if (number == kDeadlock || number == kLockWaitTimeout) return StatementError(number, text);
  return Error(absl::StatusCode::kUnknown, "COMMIT_OUTCOME_UNKNOWN",
               absl::StrCat("database: the answer to COMMIT was lost (", number, "): ", std::string(text)));
}

absl::Status ConnectError(int number, std::string_view text) {
  if (number == kUnknownDatabase) {
    return Error(absl::StatusCode::kFailedPrecondition, "SCHEMA_MISSING",
                 absl::StrCat("database: ", std::string(text), ", want the migrations applied first"));
  }
  if (number == 1044 || number == 1045 || number == 1698) {
    return Error(absl::StatusCode::kInternal, "DATABASE_ACCESS_DENIED",
                 absl::StrCat("database: ", std::string(text), " (", number, ")"));
  }
  // Also what the connector itself throws without a number.
  if (IsClientSide(number) || number == 0) return Unavailable(number, text);
  return StatementError(number, text);
}

bool IsCommitUnknown(const absl::Status& status) {
  return status.code() == absl::StatusCode::kUnknown && ReasonOf(status) == "COMMIT_OUTCOME_UNKNOWN";
}

std::string DuplicateKeyOf(const absl::Status& status) {
  return status.code() == absl::StatusCode::kAlreadyExists ? MetadataOf(status, "key") : "";
}

}  // namespace trivium::mysql
