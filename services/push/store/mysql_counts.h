// The transactions of LOSSY and ORDERED messages: written behind, and counted by gateways.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "services/push/store/mysql_ledger.h"

namespace trivium::push {

// Within one transaction. A status with the reason kRunAgain: roll back and run again.
class MysqlCounts {
 public:
  explicit MysqlCounts(const Writing& w) : w_(w) {}
  // Messages of one product, each id once.
  absl::Status Record(std::span<const Message> messages);
  // Whether the report is new.
  absl::StatusOr<bool> Add(const CountReport& report);

 private:
  // Counts that came before their message; absent: no row; null: the message is there already.
  using Found = std::map<Id, std::optional<Counts>>;
  absl::StatusOr<Found> LockRows(const std::string& product, const std::vector<Id>& ids);
  absl::Status CountDays(MysqlLedger& ledger, const std::string& product, const std::map<Id, Counts>& changes);

  const Writing& w_;
};

}  // namespace trivium::push
