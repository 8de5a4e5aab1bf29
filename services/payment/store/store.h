// Where payments, refunds, the ledger and events live. Two engines, MySQL and in-memory, under one conformance suite.
// Writes take batches and return an outcome for each item, in order: one bad item harms no other. Each write is atomic
// with its ledger entries, events, fence and idempotency row.
//
// Errors of every write: UNAVAILABLE FENCED (the product has moved to a writer with a newer epoch); ABORTED
// REQUEST_IN_PROGRESS (a row's lock was not to be had in time, or the commit's outcome is unknown and could not be
// resolved: repeat with the same key); UNAVAILABLE DATABASE_UNAVAILABLE; DEADLINE_EXCEEDED. A decline that depends on
// state is recorded under its request_id: a repeat gets it again. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/event_feed/event_source.h"
#include "services/payment/domain/payment_rules.h"

namespace trivium::payment {

enum class Method { kCreatePayment = 1, kCancelPayment = 2, kCreateRefund = 3 };

// A payment in its first state. epoch: the writer's, see fence.
struct NewPayment {
  Payment payment;
  int64_t epoch = 0;
};

struct PaymentUpdate {
  std::string product;
  Id payment_id;
  PaymentSignal signal;
  bool accept_late = false;
  int64_t epoch = 0;
  absl::Time now;
};
struct PaymentResult {
  Payment payment;
  Verdict verdict = Verdict::kAlready;
};

// CancelPayment. psp_closed: the PSP has confirmed that the trade cannot be paid any more.
struct Cancellation {
  std::string product;
  std::string request_id;
  std::string fingerprint;
  Id payment_id;
  bool psp_closed = false;
  int64_t epoch = 0;
  absl::Time now;
};

// draft: product, request_id, fingerprint, id, payment_id, amount, currency, reason, create_time; the rest comes from
// the payment.
struct NewRefund {
  Refund draft;
  int64_t epoch = 0;
};

struct RefundUpdate {
  std::string product;
  Id refund_id;
  RefundEvent event = RefundEvent::kPspProcessing;
  int64_t epoch = 0;
  absl::Time now;
};
struct RefundResult {
  Refund refund;
  Verdict verdict = Verdict::kAlready;
};

// What a request_id was answered. On an OK status, payment (CreatePayment, CancelPayment) or refund is set.
struct StoredResult {
  std::string fingerprint;
  absl::Status status;
  std::optional<Payment> payment;
  std::optional<Refund> refund;
};

// Newest first. before: only older ones; zero: from the newest.
struct PaymentFilter {
  std::string order_ref;  // Empty: any.
  std::optional<PaymentState> state;
  Id before;
  int limit = 50;
};
struct RefundFilter {
  Id payment_id;  // Zero: any.
  std::optional<RefundState> state;
  Id before;
  int limit = 50;
};

struct AccountSum {
  int64_t debits_minor = 0, credits_minor = 0;
};
struct CurrencyDay {
  int64_t payments_created = 0;
  std::map<PaymentState, int64_t> payments_by_state;
  int64_t paid_count = 0, paid_minor = 0, commission_minor = 0;
  int64_t refunded_count = 0, refunded_minor = 0;
  int64_t refunds_open_count = 0, refunds_open_minor = 0;
  int64_t ledger_debits_minor = 0, ledger_credits_minor = 0;
  bool balances_match_entries = true;
  std::map<std::string, AccountSum> accounts;  // By kind of account.
};
using Day = std::map<std::string, CurrencyDay>;  // By currency.

// What a worker takes for itself.
struct Claim {
  absl::Time now;
  absl::Duration claim_for;
  int limit = 0;
  bool silent = false;  // Only what a PSP is silent about, or only the rest.
};

// When to ask a PSP next, and how it has behaved.
struct NextCheck {
  absl::Time due;
  bool silent = false;
};

// For gauges.
struct OpenWork {
  int64_t unknown_payments = 0, unknown_refunds = 0, open_refunds = 0;
  absl::Time oldest_unknown = absl::InfiniteFuture();
};

// Events (EventSource): serialized trivium.payment.v1.Event without its cursor.
class Store : public EventSource {
 public:
  // OK: the payment as it was first recorded, also on a repeat. INVALID_ARGUMENT IDEMPOTENCY_KEY_REUSED; ALREADY_EXISTS
  // ORDER_HAS_PAYMENT (recorded).
  virtual std::vector<absl::StatusOr<Payment>> CreatePayments(std::span<const NewPayment> items,
                                                              absl::Time deadline) = 0;
  // Applies what was heard about payments; idempotent by the state machine. NOT_FOUND PAYMENT_NOT_FOUND.
  virtual std::vector<absl::StatusOr<PaymentResult>> UpdatePayments(std::span<const PaymentUpdate> items,
                                                                    absl::Time deadline) = 0;
  // OK: the payment, CANCELED. INVALID_ARGUMENT IDEMPOTENCY_KEY_REUSED; recorded: NOT_FOUND PAYMENT_NOT_FOUND,
  // FAILED_PRECONDITION PAYMENT_NOT_CANCELABLE. UNAVAILABLE PSP_UNAVAILABLE, not recorded, when it could be canceled
  // but psp_closed is false.
  virtual std::vector<absl::StatusOr<Payment>> CancelPayments(std::span<const Cancellation> items,
                                                              absl::Time deadline) = 0;
  // OK: the refund as it was first recorded. INVALID_ARGUMENT IDEMPOTENCY_KEY_REUSED or wrong currency; recorded:
  // NOT_FOUND PAYMENT_NOT_FOUND, FAILED_PRECONDITION PAYMENT_NOT_SUCCEEDED, REFUND_EXCEEDS_PAYMENT.
  virtual std::vector<absl::StatusOr<Refund>> CreateRefunds(std::span<const NewRefund> items, absl::Time deadline) = 0;
  // NOT_FOUND REFUND_NOT_FOUND.
  virtual std::vector<absl::StatusOr<RefundResult>> UpdateRefunds(std::span<const RefundUpdate> items,
                                                                  absl::Time deadline) = 0;

  // What a request_id was answered before; nullopt: it is new.
  virtual absl::StatusOr<std::optional<StoredResult>> FindResult(const std::string& product, Method method,
                                                                 const std::string& request_id,
                                                                 absl::Time deadline) = 0;
  // NOT_FOUND PAYMENT_NOT_FOUND, REFUND_NOT_FOUND; another product's object is not found.
  virtual absl::StatusOr<Payment> GetPayment(const std::string& product, const Id& id, absl::Time deadline) = 0;
  virtual absl::StatusOr<Payment> GetPaymentOfAttempt(const std::string& product, const Id& attempt_id,
                                                      absl::Time deadline) = 0;
  virtual absl::StatusOr<Refund> GetRefund(const std::string& product, const Id& id, absl::Time deadline) = 0;
  virtual absl::StatusOr<std::vector<Payment>> ListPayments(const std::string& product, const PaymentFilter& filter,
                                                            absl::Time deadline) = 0;
  virtual absl::StatusOr<std::vector<Refund>> ListRefunds(const std::string& product, const RefundFilter& filter,
                                                          absl::Time deadline) = 0;
  // One consistent snapshot. Bounds: of the business day.
  virtual absl::StatusOr<Day> SummarizeDay(const std::string& product, absl::Time start, absl::Time end,
                                           absl::Time deadline) = 0;

  // Takes what is due for itself until now + claim_for, that which has been due longest first: several workers never
  // get the same object at once. due_time is when it was due.
  virtual absl::StatusOr<std::vector<Payment>> ClaimDuePayments(const Claim& claim, absl::Time deadline) = 0;
  virtual absl::StatusOr<std::vector<Refund>> ClaimDueRefunds(const Claim& claim, absl::Time deadline) = 0;
  // Sets when to ask next, after a question that changed nothing, and whether the PSP is silent about it: only while
  // the version is still that one. No event.
  virtual absl::Status ReschedulePayment(const Payment& payment, const NextCheck& next, absl::Time deadline) = 0;
  virtual absl::Status RescheduleRefund(const Refund& refund, const NextCheck& next, absl::Time deadline) = 0;
  virtual absl::StatusOr<std::map<std::string, OpenWork>> CountOpenWork(absl::Time deadline) = 0;  // By product.

  // Whether this callback is new. key: unique for ever at the PSP (its nonce). Kept for at least 30 days.
  virtual absl::StatusOr<bool> RecordCallback(const std::string& psp, const std::string& key,
                                              const std::string& outcome, const std::string& body, absl::Time now,
                                              absl::Time deadline) = 0;
  // Deletes at most `limit` callbacks older than `before`; the number that went.
  virtual absl::StatusOr<int64_t> PurgeCallbacks(absl::Time before, int limit, absl::Time deadline) = 0;

  // Fence: raises the product's epoch, only upwards. Writers with a lower one fail from then on.
  virtual absl::Status TakeOver(const std::string& product, int64_t epoch, absl::Time deadline) = 0;
  // The product's epoch; 1 where nobody has ever taken over. Makes the fence of a new product: look it up before the
  // first write.
  virtual absl::StatusOr<int64_t> CurrentEpoch(const std::string& product, absl::Time deadline) = 0;
};

}  // namespace trivium::payment
