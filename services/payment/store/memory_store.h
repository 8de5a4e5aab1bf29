// Store in memory: for tests, simulations and as the model that the MySQL engine must equal. Forgets everything with
// the process.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "libs/id/id.h"
#include "libs/sync/mutex.h"
#include "services/payment/store/store.h"

namespace trivium::payment {

class MemoryStore : public Store {
 public:
  explicit MemoryStore(IdGenerator& ids) : ids_(ids) {}

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

  // For tests: forgets the product's events up to this one, as the purge of old ones does.
  void DropEvents(const std::string& product, int64_t up_to);
  // For tests: the ledger, oldest first.
  std::vector<LedgerTransaction> Ledger() const;

 private:
  // All of one product.
  struct Book {
    int64_t epoch = 1;
    std::map<Id, Payment> payments;
    std::map<Id, Refund> refunds;
    std::map<Id, Id> payment_of_attempt;
    std::map<std::string, Id> payment_of_order;  // The one that holds the order.
    std::map<std::pair<Method, std::string>, StoredResult> results;
    std::map<std::pair<std::string, std::string>, AccountSum> accounts;  // By currency and account.
    std::vector<StoredEvent> events;
    int64_t last_seq = 0;
  };

  absl::StatusOr<Payment> Create(const NewPayment& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<PaymentResult> Update(const PaymentUpdate& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<Payment> Cancel(const Cancellation& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<Refund> CreateRefund(const NewRefund& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::StatusOr<RefundResult> Update(const RefundUpdate& item) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Put(Book& book, const Payment& after) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Put(Book& book, const Refund& after) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Post(Book& book, const std::vector<LedgerTransaction>& ledger) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  const Book* Find(const std::string& product) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  IdGenerator& ids_;  // Not owned.
  mutable Mutex mu_;
  std::map<std::string, Book> books_ ABSL_GUARDED_BY(mu_);  // By product.
  std::vector<LedgerTransaction> ledger_ ABSL_GUARDED_BY(mu_);
  std::map<std::pair<std::string, std::string>, absl::Time> callbacks_ ABSL_GUARDED_BY(mu_);
};

}  // namespace trivium::payment
