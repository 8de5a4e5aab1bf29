// One write each, inside the caller's transaction. An outcome that is to be recorded (a decline of state) is in the
// result while the status is OK: the transaction commits. A status that is not OK rolls it back.
#pragma once

#include "absl/status/statusor.h"
#include "libs/id/id.h"
#include "libs/mysql/mysql.h"
#include "services/payment/store/store.h"

namespace trivium::payment {

// The transaction met a writer that was faster: run it again, and it will find what the other one wrote.
inline constexpr char kRunAgain[] = "RUN_AGAIN";

// Writes of one transaction. Not thread-safe; ids outlives it.
class MysqlWrites {
 public:
  MysqlWrites(mysql::Connection& db, IdGenerator& ids) : db_(db), ids_(ids) {}

  absl::StatusOr<absl::StatusOr<Payment>> Create(const NewPayment& item);
  absl::StatusOr<PaymentResult> Update(const PaymentUpdate& item);
  absl::StatusOr<absl::StatusOr<Payment>> Cancel(const Cancellation& item);
  absl::StatusOr<absl::StatusOr<Refund>> CreateRefund(const NewRefund& item);
  absl::StatusOr<RefundResult> Update(const RefundUpdate& item);

  // What a key was answered, from its business row or its request row.
  absl::StatusOr<std::optional<StoredResult>> FindResult(const std::string& product, Method method,
                                                         const std::string& request_id, bool lock_request = false);

 private:
  absl::Status TouchFence(const std::string& product, const Id& payment_id, int64_t epoch);
  absl::StatusOr<Payment> LockPayment(const std::string& product, const Id& id);
  absl::StatusOr<absl::StatusOr<Payment>> OrderIsTaken(const NewPayment& item);
  absl::Status RecordRequest(const std::string& product, Method method, const std::string& request_id,
                             const std::string& fingerprint, const absl::Status& answer, const Payment* payment,
                             absl::Time now);
  absl::Status Save(const Payment& before, const Payment& after);
  absl::Status Save(const Refund& before, const Refund& after);
  absl::Status Insert(const Refund& refund);
  // Last in its transaction: all of a product's payments want the rows of its accounts, so they are locked for the
  // COMMIT alone.
  absl::Status Post(const std::vector<LedgerTransaction>& ledger);
  absl::Status Publish(const Payment* payment, const Refund* refund);

  mysql::Connection& db_;
  IdGenerator& ids_;
};

}  // namespace trivium::payment
