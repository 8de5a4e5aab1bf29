// Store in MySQL (8.0+ or MariaDB 10.11). Each item is a transaction of its own. A commit whose answer was lost is run
// again: every write finds its own row, so it happens once; when even that cannot be found out, the caller hears
// ABORTED REQUEST_IN_PROGRESS, never a guess.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "libs/id/id.h"
#include "libs/mysql/mysql.h"
#include "services/payment/store/store.h"

namespace trivium {
class Metrics;
}

namespace trivium::payment {

// Thread-safe.
class MysqlStore : public Store {
 public:
  // pool, ids and metrics outlive it. on_commit: called after each transaction that wrote events, to wake the outbox.
  MysqlStore(mysql::Pool& pool, IdGenerator& ids, Metrics& metrics, std::function<void()> on_commit = nullptr)
      : pool_(pool), ids_(ids), metrics_(metrics), on_commit_(std::move(on_commit)) {}

  std::vector<absl::StatusOr<Payment>> CreatePayments(std::span<const NewPayment> items, absl::Time deadline) override;
  std::vector<absl::StatusOr<PaymentResult>> UpdatePayments(std::span<const PaymentUpdate> items,
                                                            absl::Time deadline) override;
  std::vector<absl::StatusOr<Payment>> CancelPayments(std::span<const Cancellation> items,
                                                      absl::Time deadline) override;
  std::vector<absl::StatusOr<Refund>> CreateRefunds(std::span<const NewRefund> items, absl::Time deadline) override;
  std::vector<absl::StatusOr<RefundResult>> UpdateRefunds(std::span<const RefundUpdate> items,
                                                          absl::Time deadline) override;
  absl::StatusOr<std::optional<StoredResult>> FindResult(const std::string& product, Method method,
                                                         const std::string& request_id, absl::Time deadline) override;
  absl::StatusOr<Payment> GetPayment(const std::string& product, const Id& id, absl::Time deadline) override;
  absl::StatusOr<Payment> GetPaymentOfAttempt(const std::string& product, const Id& attempt_id,
                                              absl::Time deadline) override;
  absl::StatusOr<Refund> GetRefund(const std::string& product, const Id& id, absl::Time deadline) override;
  absl::StatusOr<std::vector<Payment>> ListPayments(const std::string& product, const PaymentFilter& filter,
                                                    absl::Time deadline) override;
  absl::StatusOr<std::vector<Refund>> ListRefunds(const std::string& product, const RefundFilter& filter,
                                                  absl::Time deadline) override;
  absl::StatusOr<std::vector<StoredEvent>> ListEvents(const std::string& product, int64_t after, int limit,
                                                      absl::Time deadline) override;
  absl::StatusOr<EventRange> RangeOfEvents(const std::string& product, absl::Time deadline) override;
  absl::StatusOr<Day> SummarizeDay(const std::string& product, absl::Time start, absl::Time end,
                                   absl::Time deadline) override;
  absl::StatusOr<std::vector<Payment>> ClaimDuePayments(const Claim& claim, absl::Time deadline) override;
  absl::StatusOr<std::vector<Refund>> ClaimDueRefunds(const Claim& claim, absl::Time deadline) override;
  absl::Status ReschedulePayment(const Payment& payment, const NextCheck& next, absl::Time deadline) override;
  absl::Status RescheduleRefund(const Refund& refund, const NextCheck& next, absl::Time deadline) override;
  absl::StatusOr<std::map<std::string, OpenWork>> CountOpenWork(absl::Time deadline) override;
  absl::StatusOr<bool> RecordCallback(const std::string& psp, const std::string& key, const std::string& outcome,
                                      const std::string& body, absl::Time now, absl::Time deadline) override;
  absl::StatusOr<int64_t> PurgeCallbacks(absl::Time before, int limit, absl::Time deadline) override;
  absl::Status TakeOver(const std::string& product, int64_t epoch, absl::Time deadline) override;
  absl::StatusOr<int64_t> CurrentEpoch(const std::string& product, absl::Time deadline) override;

 private:
  // Runs a write until its outcome is known.
  absl::Status Write(const char* name, absl::Time deadline,
                     const std::function<absl::Status(mysql::Connection&)>& body);
  absl::StatusOr<mysql::Rows> Read(const char* name, absl::Time deadline, const char* statement,
                                   const mysql::Values& parameters);

  mysql::Pool& pool_;
  IdGenerator& ids_;
  Metrics& metrics_;
  const std::function<void()> on_commit_;
};

}  // namespace trivium::payment
