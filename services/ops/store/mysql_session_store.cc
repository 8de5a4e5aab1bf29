#include "libs/mysql/mysql.h"
#include "libs/status/status.h"
#include "services/ops/store/session_store.h"

namespace trivium::ops {
namespace {

constexpr std::string_view kInsert =
    "INSERT INTO session (token_hash, user_name, credential, create_time, expire_time) VALUES (?, ?, ?, ?, ?)";
constexpr std::string_view kSelect =
    "SELECT user_name, credential, create_time, expire_time FROM session WHERE token_hash = ? AND expire_time > ?";
constexpr std::string_view kDelete = "DELETE FROM session WHERE token_hash = ?";
// By index by_expiry.
constexpr std::string_view kPurge = "DELETE FROM session WHERE expire_time <= ? ORDER BY expire_time LIMIT 1000";

using mysql::Blob;
using mysql::Connection;

class MysqlSessionStore : public SessionStore {
 public:
  explicit MysqlSessionStore(mysql::Pool& pool) : pool_(pool) {}

  absl::Status Insert(const SessionRecord& s, absl::Time deadline) override {
    return pool_.Use("insert_session", deadline, [&](Connection& db) {
      return db.Execute(kInsert, {Blob{s.token_hash}, s.user_name, Blob{s.credential}, s.create_time, s.expire_time})
          .status();
    });
  }

  absl::StatusOr<std::optional<SessionRecord>> Find(const std::string& token_hash, absl::Time now,
                                                    absl::Time deadline) override {
    std::optional<SessionRecord> found;
    TRIVIUM_RETURN_IF_ERROR(pool_.Use("find_session", deadline, [&](Connection& db) -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, db.Query(kSelect, {Blob{token_hash}, now}));
      if (rows.empty()) return absl::OkStatus();
      found = SessionRecord{token_hash, rows[0].Text(0), rows[0].Text(1), rows[0].Time(2), rows[0].Time(3)};
      return absl::OkStatus();
    }));
    return found;
  }

  absl::Status Delete(const std::string& token_hash, absl::Time deadline) override {
    return pool_.Use("delete_session", deadline,
                     [&](Connection& db) { return db.Execute(kDelete, {Blob{token_hash}}).status(); });
  }

  absl::Status PurgeExpired(absl::Time now, absl::Time deadline) override {
    return pool_.Use("purge_sessions", deadline, [&](Connection& db) { return db.Execute(kPurge, {now}).status(); });
  }

 private:
  mysql::Pool& pool_;  // Not owned; outlives this.
};

}  // namespace

std::unique_ptr<SessionStore> NewMysqlSessionStore(mysql::Pool& pool) {
  return std::make_unique<MysqlSessionStore>(pool);
}

}  // namespace trivium::ops
