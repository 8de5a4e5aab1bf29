// What MySQL's and MariaDB's error numbers mean to us.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace trivium::mysql {

// How a statement's error leaves the connection and its transaction.
enum class Aftermath {
  kNone,           // The statement failed, nothing else.
  kRolledBack,     // The server has rolled the transaction back (deadlock).
  kConnectionLost  // Nothing is known of the last statement but what COMMIT's absence implies.
};
Aftermath AftermathOf(int error_number);

// The status of a failed statement: see Connection in mysql.h.
absl::Status StatementError(int error_number, std::string_view server_text);
// The status of a failed COMMIT: ABORTED when the server says that it rolled back, else UNKNOWN COMMIT_OUTCOME_UNKNOWN.
absl::Status CommitError(int error_number, std::string_view server_text);
// The status of a failed connect or login.
absl::Status ConnectError(int error_number, std::string_view server_text);

// "order_open" of "Duplicate entry 'a-b' for key 'payment.order_open'". The entry is hostile text: the last " for key
// '" counts.
std::string KeyOfDuplicateText(std::string_view server_text);

}  // namespace trivium::mysql
