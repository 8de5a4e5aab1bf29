// Answers to request ids that made no row of their own.
#pragma once

#include <optional>
#include <string>

#include "libs/mysql/mysql.h"
#include "services/push/store/store.h"

namespace trivium::push {

struct StoredAnswer {
  absl::Status status;
  Id message_id;
  int64_t number = 0;
};

struct RequestKey {
  std::string product;
  Method method;
  std::string request_id;
  std::string fingerprint;
};

// nullopt: the key is new. INVALID_ARGUMENT IDEMPOTENCY_KEY_REUSED.
absl::StatusOr<std::optional<StoredAnswer>> FindAnswer(mysql::Connection& db, const RequestKey& key);
// RUN_AGAIN when another writer has used the key meanwhile.
absl::Status RecordAnswer(mysql::Connection& db, const RequestKey& key, const StoredAnswer& answer, absl::Time now);

}  // namespace trivium::push
