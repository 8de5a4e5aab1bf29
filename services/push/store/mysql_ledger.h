// The ledger's part of a transaction: deliveries have moved, now their messages, days and events follow.
#pragma once

#include <map>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "libs/id/id.h"
#include "libs/kafka/event.h"
#include "libs/mysql/mysql.h"
#include "services/push/store/mysql_full_users.h"
#include "services/push/store/store.h"

namespace trivium::push {

// What a transaction writes with.
struct Writing {
  mysql::Connection& db;
  IdGenerator& ids;
  const EncodeEvent& encode;
  Backlogs& backlogs;  // What it has found out and moved: for after the commit.
};

// Reason of a status that means: roll back, and run the transaction again.
inline constexpr char kRunAgain[] = "RUN_AGAIN";
absl::Status RunAgain();
// A duplicate key means that another writer was faster; other errors stay.
absl::Status DuplicateMeansAgain(const absl::Status& status);

// Of one product and one transaction; not thread-safe.
class MysqlLedger {
 public:
  MysqlLedger(const Writing& w, std::string product, absl::Time now) : w_(w), product_(std::move(product)), now_(now) {}

  // Locks messages, upwards; without data. Those that are not there are left out.
  absl::StatusOr<std::map<Id, Message>> Lock(const std::vector<Id>& message_ids);
  // Writes a locked message. change: of its counts, which `after` has already.
  absl::Status Save(const Message& after, const Counts& change);
  // For a message that begins to count.
  void AddToDay(const Message& m, const Counts& change, int64_t messages);
  void Tell(const std::vector<Message>& told);

  // Moves all pending deliveries of a message, at most limit; how many.
  absl::StatusOr<int64_t> MovePending(const Id& message_id, const DeliveryMove& move, int64_t limit);
  // A change that Finish applies to its message.
  void Add(const Id& message_id, const Counts& change) { changes_[message_id] += change; }
  // Locks the messages that were changed and writes them, then days and events.
  absl::Status Finish();

 private:
  struct DayKey {
    std::string day;
    int64_t message_class, shard;
    auto operator<=>(const DayKey&) const = default;
  };

  absl::Status ApplyChanges();
  absl::Status WriteDays();

  const Writing& w_;
  const std::string product_;
  const absl::Time now_;
  std::map<Id, Counts> changes_;
  std::map<DayKey, ClassDay> days_;  // In the order in which their rows are locked.
  std::vector<kafka::Event> events_;
};

}  // namespace trivium::push
