// The transactions that accept a message: its row, its place, its deliveries, and what it takes the place of.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "services/push/store/mysql_ledger.h"

namespace trivium::push {

// Within one transaction. A status with the reason kRunAgain: roll back and run again.
class MysqlAccept {
 public:
  explicit MysqlAccept(const Writing& w) : w_(w) {}
  absl::StatusOr<Message> Accept(const NewMessage& item);
  absl::StatusOr<Message> ReleaseScheduled(const Release& item);

 private:
  absl::StatusOr<std::optional<Message>> AnswerOf(const Message& draft);
  absl::StatusOr<std::optional<Message>> DedupeAnswerOf(const Message& draft);
  absl::StatusOr<std::optional<Message>> Find(const std::string& product, const Id& id);
  absl::Status ClaimDedupeKey(const Message& m);
  // Deliveries, ledger, place, and what it takes the place of.
  absl::Status Start(MysqlLedger& ledger, Message& m, const std::vector<std::string>& present, absl::Time now);
  absl::StatusOr<int64_t> InsertDeliveries(const Message& m, const std::vector<std::string>& present, absl::Time now);
  absl::Status TakePlace(Message& m);
  absl::Status Collapse(MysqlLedger& ledger, const Message& newer, absl::Time now);

  const Writing& w_;
};

}  // namespace trivium::push
