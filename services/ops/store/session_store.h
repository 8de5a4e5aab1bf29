// Sessions by the digest of their token.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace trivium::mysql {
class Pool;
}

namespace trivium::ops {

struct SessionRecord {
  std::string token_hash;  // 32 bytes.
  std::string user_name;
  std::string credential;  // 32 bytes.
  absl::Time create_time, expire_time;
};

// Thread-safe. Errors: UNAVAILABLE, DEADLINE_EXCEEDED of the database.
class SessionStore {
 public:
  virtual ~SessionStore() = default;
  virtual absl::Status Insert(const SessionRecord& session, absl::Time deadline) = 0;
  // nullopt: there is none, or it has expired at `now`.
  virtual absl::StatusOr<std::optional<SessionRecord>> Find(const std::string& token_hash, absl::Time now,
                                                            absl::Time deadline) = 0;
  virtual absl::Status Delete(const std::string& token_hash, absl::Time deadline) = 0;
  // Takes away at most 1,000 that have expired.
  virtual absl::Status PurgeExpired(absl::Time now, absl::Time deadline) = 0;
};

// pool: not owned; outlives the store.
std::unique_ptr<SessionStore> NewMysqlSessionStore(mysql::Pool& pool);
std::unique_ptr<SessionStore> NewMemorySessionStore();

}  // namespace trivium::ops
