// The transactions that move deliveries, and what follows for their messages.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "services/push/store/mysql_ledger.h"

namespace trivium::push {

// Within one transaction. A status with the reason kRunAgain: roll back and run again.
class MysqlDeliveries {
 public:
  explicit MysqlDeliveries(const Writing& w) : w_(w) {}

  // keys: sorted, each once. The keys that moved, sorted.
  absl::StatusOr<std::vector<DeliveryKey>> MoveAll(const std::string& product, std::span<const DeliveryKey> keys,
                                                   const DeliveryMove& move);
  // Expires deliveries of messages, which must be sorted; at most limit; how many.
  absl::StatusOr<int64_t> Expire(const std::string& product, const std::vector<Id>& message_ids, absl::Time now,
                                 int64_t limit);
  // The outer status: roll back. The inner one is the answer, recorded.
  absl::StatusOr<absl::StatusOr<Message>> Cancel(const Cancellation& item);
  absl::StatusOr<std::vector<absl::StatusOr<bool>>> MarkSent(const std::string& product, std::span<const Id> ids,
                                                             absl::Time now);

  absl::StatusOr<std::vector<DueDelivery>> ClaimRepeatDue(const Products& of, absl::Time now, int limit);
  absl::StatusOr<std::vector<DueDelivery>> ClaimVendorDue(absl::Time now, absl::Time until, int limit);

 private:
  struct Timing {
    absl::Duration ack_timeout;
    absl::Time expire_time;
  };
  using DueByProduct = std::map<std::string, std::vector<Delivery>>;

  absl::StatusOr<DueByProduct> LockDue(const char* head, const char* end, const Products& of, absl::Time now,
                                       int limit);
  absl::StatusOr<std::map<Id, Timing>> TimingOf(const std::string& product, const std::vector<Delivery>& deliveries);
  absl::Status SetTime(const char* statement, const std::string& product, absl::Time time,
                       std::vector<DeliveryKey> keys);

  const Writing& w_;
};

}  // namespace trivium::push
