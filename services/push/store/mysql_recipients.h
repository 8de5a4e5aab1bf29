// Users of the database, in order and in pages: whom a message is for.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "libs/mysql/mysql.h"
#include "services/push/domain/audience_plan.h"
#include "services/push/domain/message.h"

namespace trivium::push {

// Leaves of an audience as ranges of indexes. db outlives it.
class MysqlAudienceReader : public AudienceReader {
 public:
  MysqlAudienceReader(mysql::Connection& db, std::string product) : db_(db), product_(std::move(product)) {}
  absl::StatusOr<std::vector<std::string>> ReadUsers(const AudienceLeaf& leaf, const std::string& from,
                                                     size_t limit) override;

 private:
  mysql::Connection& db_;
  const std::string product_;
};

// Members of a room >= from.
absl::StatusOr<std::vector<std::string>> ReadMembers(mysql::Connection& db, const std::string& product,
                                                     const std::string& room_id, const std::string& from, size_t limit);

// Whom a message is for. present: users who are in the room now, in any order. All arguments outlive the stream.
// INVALID_ARGUMENT AUDIENCE_INVALID.
absl::StatusOr<std::unique_ptr<UserStream>> OpenRecipients(mysql::Connection& db, AudienceReader& reader,
                                                           const Message& m, const std::vector<std::string>& present);

}  // namespace trivium::push
