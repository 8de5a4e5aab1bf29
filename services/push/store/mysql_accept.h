// The transactions that accept a message: its row, its place, its deliveries, and what it takes the place of.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "services/push/store/mysql_ledger.h"
#include "services/push/store/open_messages.h"

namespace trivium::push {

// Within one transaction. A status with the reason kRunAgain: roll back and run again.
class MysqlAccept {
 public:
  // open_messages outlives it.
  MysqlAccept(const Writing& w, OpenMessages& open_messages) : w_(w), open_messages_(open_messages) {}
  absl::StatusOr<Message> Accept(const NewMessage& item);
  absl::StatusOr<Message> ReleaseScheduled(const Release& item);

 private:
  absl::StatusOr<std::optional<Message>> AnswerOf(const Message& draft);
  absl::StatusOr<std::optional<Message>> DedupeAnswerOf(const Message& draft);
  absl::StatusOr<std::optional<Message>> Find(const std::string& product, const Id& id);
  absl::Status ClaimDedupeKey(const Message& m);
  // What a message starts with.
  struct Begin {
    const std::vector<std::string>& present;
    int64_t max_pending;
    absl::Time now;
  };
  // Deliveries, ledger, place, and what it takes the place of.
  absl::Status Start(MysqlLedger& ledger, Message& m, const Begin& begin);
  // The change of the message's counts.
  absl::StatusOr<Counts> InsertDeliveries(const Message& m, const Begin& begin);
  // Those of the users who have max_pending deliveries pending, apart from what m takes the place of.
  absl::StatusOr<std::set<std::string>> FullUsers(const Message& m, const std::vector<std::string>& users,
                                                  const Begin& begin);
  absl::Status LeaveOutReplaced(const Message& m, std::set<std::string>* full);
  absl::Status TakePlace(Message& m);
  absl::Status Collapse(MysqlLedger& ledger, const Message& newer, absl::Time now);

  const Writing& w_;
  OpenMessages& open_messages_;
};

}  // namespace trivium::push
