#include "services/payment/store/mysql_writes.h"

#include <map>
#include <span>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/kafka/event.h"
#include "libs/kafka/outbox.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/telemetry/trace.h"
#include "services/payment/domain/request_fields.h"
#include "services/payment/store/errors.h"
#include "services/payment/store/event_of.h"
#include "services/payment/store/rows.h"
#include "services/payment/store/statements.h"

namespace trivium::payment {
namespace {

using mysql::Blob;
using mysql::Value;
using mysql::Values;

constexpr int kShards = 64;
constexpr char kTopic[] = "trivium.payment.events.v1";
constexpr char kEventType[] = "trivium.payment.v1.Event";

Value Int(Method method) { return static_cast<int64_t>(method); }

absl::Status RunAgain() { return Error(absl::StatusCode::kAborted, kRunAgain, "another writer was faster"); }

// A duplicate key means that another writer was faster; other errors stay.
absl::Status DuplicateMeansAgain(const absl::Status& status) {
  return mysql::DuplicateKeyOf(status).empty() ? status : RunAgain();
}

std::span<const char* const> FieldsOf(Method method) {
  switch (method) {
    case Method::kCreatePayment:
      return kCreatePaymentFields;
    case Method::kCancelPayment:
      return kCancelPaymentFields;
    case Method::kCreateRefund:
      return kCreateRefundFields;
  }
  return {};
}

template <typename Object>
absl::StatusOr<absl::StatusOr<Object>> Answer(Method method, const StoredResult& before, const std::string& fingerprint,
                                              const std::optional<Object>& object) {
  TRIVIUM_RETURN_IF_ERROR(CheckFingerprint(FieldsOf(method), before.fingerprint, fingerprint));
  if (!before.status.ok()) return absl::StatusOr<Object>(before.status);
  if (!object) return absl::InternalError("a recorded answer without its object");
  return absl::StatusOr<Object>(*object);
}

kafka::Event EventFor(const Id& event_id, const std::string& product, const std::string& key,
                      const std::string& subject, absl::Time time, std::string payload) {
  kafka::Event event;
  event.id = event_id;
  event.topic = kTopic;
  event.key = key;
  event.type = kEventType;
  event.product = product;
  event.subject = subject;
  event.time = time;
  event.payload = std::move(payload);
  if (const TraceContext* trace = ScopedTrace::Current()) event.traceparent = trace->ToHeader();
  return event;
}

}  // namespace

absl::Status MysqlWrites::TouchFence(const std::string& product, const Id& payment_id, int64_t epoch) {
  const int64_t shard = static_cast<int64_t>(payment_id.Hash() % kShards);
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Changed changed, db_.Execute(sql::kTouchFence, {product, shard, epoch}));
  return changed.rows == 1 ? absl::OkStatus() : Fenced(product, epoch);
}

absl::StatusOr<Payment> MysqlWrites::LockPayment(const std::string& product, const Id& id) {
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, db_.Query(sql::kLockPayment, {product, ToValue(id)}));
  if (rows.empty()) return PaymentNotFound();
  Payment payment = PaymentOf(rows[0]);
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows attempts, db_.Query(sql::kAttemptsOfPayment, {product, ToValue(id)}));
  for (const mysql::Row& row : attempts) payment.attempts.push_back(AttemptOf(row, 0));
  if (payment.attempts.empty()) return absl::InternalError("a payment without an attempt");
  return payment;
}

absl::Status MysqlWrites::RecordRequest(const std::string& product, Method method, const std::string& request_id,
                                        const std::string& fingerprint, const absl::Status& answer,
                                        const Payment* payment, absl::Time now) {
  const Values row = {product,
                      Int(method),
                      request_id,
                      Blob{fingerprint},
                      static_cast<int64_t>(answer.code()),
                      std::string(answer.message()),
                      Blob{SerializeDetails(answer)},
                      payment != nullptr ? ToValue(payment->id) : Value(),
                      payment != nullptr ? Value(payment->version) : Value(),
                      payment != nullptr ? ToValue(payment->update_time) : Value(),
                      now};
  return DuplicateMeansAgain(db_.ExecuteMany(sql::kInsertRequest, {&row, 1}).status());
}

absl::StatusOr<std::optional<StoredResult>> MysqlWrites::FindResult(const std::string& product, Method method,
                                                                    const std::string& request_id, bool lock_request) {
  if (method == Method::kCreatePayment) {
    TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, db_.Query(sql::kGetPaymentOfRequest, {product, request_id}));
    if (!rows.empty()) {
      const Payment payment = PaymentsOf(rows)[0];
      return StoredResult{.fingerprint = payment.fingerprint, .payment = AsCreated(payment)};
    }
  } else if (method == Method::kCreateRefund) {
    TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, db_.Query(sql::kGetRefundOfRequest, {product, request_id}));
    if (!rows.empty()) {
      const Refund refund = RefundOf(rows[0]);
      return StoredResult{.fingerprint = refund.fingerprint, .refund = AsCreated(refund)};
    }
  }
  const char* select = lock_request ? sql::kLockRequest : sql::kGetRequest;
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows rows, db_.Query(select, {product, Int(method), request_id}));
  if (rows.empty()) return std::nullopt;
  const mysql::Row& row = rows[0];
  StoredResult result{.fingerprint = row.Text(0)};
  if (row.Int(1) != 0) {
    result.status = StatusFromDetails(static_cast<absl::StatusCode>(row.Int(1)), row.Text(2), row.Text(3));
    return result;
  }
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows paid, db_.Query(sql::kGetPayment, {product, ToValue(IdAt(row, 4))}));
  if (paid.empty()) return absl::InternalError("a recorded answer without its payment");
  result.payment = AsCanceled(PaymentsOf(paid)[0], row.Int(5), row.Time(6));
  return result;
}

absl::StatusOr<absl::StatusOr<Payment>> MysqlWrites::Create(const NewPayment& item) {
  const Payment& payment = item.payment;
  const Values row = RowOf(payment);
  // The insert comes before the fence: a repeat is answered also after a switch. Its locks are its own row's alone.
  const absl::Status inserted = db_.ExecuteMany(sql::kInsertPayment, {&row, 1}).status();
  if (mysql::DuplicateKeyOf(inserted) == "order_open") return OrderIsTaken(item);
  if (!mysql::DuplicateKeyOf(inserted).empty()) {
    TRIVIUM_ASSIGN_OR_RETURN(const std::optional<StoredResult> before,
                             FindResult(payment.product, Method::kCreatePayment, payment.request_id));
    if (!before) return RunAgain();
    return Answer(Method::kCreatePayment, *before, payment.fingerprint, before->payment);
  }
  TRIVIUM_RETURN_IF_ERROR(inserted);
  // The same key may have been declined before: its answer stays. The lock waits for one that is just being declined.
  TRIVIUM_ASSIGN_OR_RETURN(
      const mysql::Rows declined,
      db_.Query(sql::kLockRequest, {payment.product, Int(Method::kCreatePayment), payment.request_id}));
  if (!declined.empty()) {
    const mysql::Row& d = declined[0];
    TRIVIUM_RETURN_IF_ERROR(CheckFingerprint(kCreatePaymentFields, d.Text(0), payment.fingerprint));
    return StatusFromDetails(static_cast<absl::StatusCode>(d.Int(1)), d.Text(2), d.Text(3));
  }
  TRIVIUM_RETURN_IF_ERROR(TouchFence(payment.product, payment.id, item.epoch));
  const Values attempt = RowOf(payment, payment.attempts[0]);
  TRIVIUM_RETURN_IF_ERROR(db_.ExecuteMany(sql::kInsertAttempt, {&attempt, 1}).status());
  TRIVIUM_RETURN_IF_ERROR(Publish(&payment, nullptr));
  return absl::StatusOr<Payment>(AsCreated(payment));
}

absl::StatusOr<absl::StatusOr<Payment>> MysqlWrites::OrderIsTaken(const NewPayment& item) {
  const Payment& payment = item.payment;
  TRIVIUM_ASSIGN_OR_RETURN(const std::optional<StoredResult> before,
                           FindResult(payment.product, Method::kCreatePayment, payment.request_id, true));
  if (before) return Answer(Method::kCreatePayment, *before, payment.fingerprint, before->payment);
  TRIVIUM_RETURN_IF_ERROR(TouchFence(payment.product, payment.id, item.epoch));
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows holder,
                           db_.Query(sql::kHolderOfOrder, {payment.product, payment.order_ref}));
  if (holder.empty()) return RunAgain();
  const absl::Status decline = OrderHasPayment(IdAt(holder[0], 0));
  TRIVIUM_RETURN_IF_ERROR(RecordRequest(payment.product, Method::kCreatePayment, payment.request_id,
                                        payment.fingerprint, decline, nullptr, payment.create_time));
  // The same request may have won meanwhile: the lock waits for its commit.
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows same,
                           db_.Query(sql::kLockPaymentOfRequest, {payment.product, payment.request_id}));
  if (!same.empty()) return RunAgain();
  return absl::StatusOr<Payment>(decline);
}

absl::Status MysqlWrites::Save(const Payment& before, const Payment& after) {
  const Values values = {after.holds_order ? Value(after.order_ref) : Value(),
                         after.refunded_minor,
                         after.commission_refunded_minor,
                         ToValue(after.state),
                         after.state_reason,
                         static_cast<int64_t>(after.late),
                         ToValue(after.update_time),
                         ToValue(after.paid_time),
                         after.version,
                         ToValue(after.due_time),
                         static_cast<int64_t>(after.checks),
                         static_cast<int64_t>(after.silent),
                         after.product,
                         ToValue(after.id),
                         before.version};
  const absl::StatusOr<mysql::Changed> changed = db_.Execute(sql::kUpdatePayment, values);
  // Accepted late money takes the order, unless another payment has just taken it.
  if (!changed.ok()) return DuplicateMeansAgain(changed.status());
  if (changed->rows != 1) return RunAgain();
  for (size_t i = 0; i < after.attempts.size(); ++i) {
    const Attempt& attempt = after.attempts[i];
    if (attempt == before.attempts[i]) continue;
    TRIVIUM_RETURN_IF_ERROR(
        db_.Execute(sql::kUpdateAttempt, {attempt.psp_trade_id, ToValue(attempt.state), attempt.paid_minor,
                                          attempt.paid_currency, after.product, ToValue(attempt.id)})
            .status());
  }
  return absl::OkStatus();
}

absl::Status MysqlWrites::Save(const Refund& before, const Refund& after) {
  TRIVIUM_ASSIGN_OR_RETURN(
      const mysql::Changed changed,
      db_.Execute(sql::kUpdateRefund,
                  {ToValue(after.state), after.state_reason, ToValue(after.update_time), after.version,
                   ToValue(after.due_time), static_cast<int64_t>(after.checks), static_cast<int64_t>(after.silent),
                   after.product, ToValue(after.id), before.version}));
  return changed.rows == 1 ? absl::OkStatus() : RunAgain();
}

absl::Status MysqlWrites::Insert(const Refund& refund) {
  const Values row = RowOf(refund);
  return DuplicateMeansAgain(db_.ExecuteMany(sql::kInsertRefund, {&row, 1}).status());
}

absl::Status MysqlWrites::Post(const std::vector<LedgerTransaction>& ledger) {
  if (ledger.empty()) return absl::OkStatus();
  std::vector<Values> transactions, entries, accounts;
  // Sorted by the key of `account`: every writer locks accounts in this order.
  std::map<std::pair<std::string, std::string>, AccountSum> sums;
  for (const LedgerTransaction& t : ledger) {
    const Id id = ids_.Next();
    transactions.push_back({t.product, ToValue(id), static_cast<int64_t>(t.posting), t.currency, ToValue(t.payment_id),
                            t.refund_id.IsZero() ? Value() : ToValue(t.refund_id), ToValue(t.time)});
    for (const Entry& e : t.entries) {
      entries.push_back({t.product, ToValue(id), e.account, t.currency, e.debit_minor, e.credit_minor});
      sums[{t.currency, e.account}].debits_minor += e.debit_minor;
      sums[{t.currency, e.account}].credits_minor += e.credit_minor;
    }
  }
  for (const auto& [key, sum] : sums) {
    accounts.push_back({ledger[0].product, key.first, key.second, sum.debits_minor, sum.credits_minor, int64_t{1}});
  }
  TRIVIUM_RETURN_IF_ERROR(db_.ExecuteMany(sql::kInsertLedgerTransaction, transactions).status());
  TRIVIUM_RETURN_IF_ERROR(db_.ExecuteMany(sql::kInsertEntry, entries).status());
  return db_.ExecuteMany(sql::kAddToAccounts, accounts).status();
}

absl::Status MysqlWrites::Publish(const Payment* payment, const Refund* refund) {
  std::vector<kafka::Event> events;
  if (payment != nullptr) {
    const Id id = ids_.Next();
    const std::string key = FormatId(kPaymentIdKind, payment->id);
    events.push_back(EventFor(id, payment->product, key, absl::StrCat("payment/", key), payment->update_time,
                              EventOf(id, *payment)));
  }
  if (refund != nullptr) {
    const Id id = ids_.Next();
    const std::string key = FormatId(kRefundIdKind, refund->id);
    events.push_back(
        EventFor(id, refund->product, key, absl::StrCat("refund/", key), refund->update_time, EventOf(id, *refund)));
  }
  return kafka::WriteOutbox(db_, events);
}

absl::StatusOr<PaymentResult> MysqlWrites::Update(const PaymentUpdate& item) {
  TRIVIUM_RETURN_IF_ERROR(TouchFence(item.product, item.payment_id, item.epoch));
  TRIVIUM_ASSIGN_OR_RETURN(const Payment before, LockPayment(item.product, item.payment_id));
  PaymentContext context{.accept_late = item.accept_late, .refund_id = ids_.Next(), .now = item.now};
  if (!IsOpen(before.state) && item.accept_late) {
    TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows holder,
                             db_.Query(sql::kHolderOfOrder, {item.product, before.order_ref}));
    context.order_is_free = holder.empty() || IdAt(holder[0], 0) == before.id;
  }
  const PaymentDecision decision = Decide(before, item.signal, context);
  if (decision.verdict == Verdict::kChanged) {
    TRIVIUM_RETURN_IF_ERROR(Save(before, decision.after));
    if (decision.refund) TRIVIUM_RETURN_IF_ERROR(Insert(*decision.refund));
    TRIVIUM_RETURN_IF_ERROR(Publish(&decision.after, decision.refund ? &*decision.refund : nullptr));
    TRIVIUM_RETURN_IF_ERROR(Post(decision.ledger));
  }
  return PaymentResult{decision.after, decision.verdict};
}

absl::StatusOr<absl::StatusOr<Payment>> MysqlWrites::Cancel(const Cancellation& item) {
  TRIVIUM_ASSIGN_OR_RETURN(const std::optional<StoredResult> answered,
                           FindResult(item.product, Method::kCancelPayment, item.request_id));
  if (answered) return Answer(Method::kCancelPayment, *answered, item.fingerprint, answered->payment);
  TRIVIUM_RETURN_IF_ERROR(TouchFence(item.product, item.payment_id, item.epoch));
  const absl::StatusOr<Payment> before = LockPayment(item.product, item.payment_id);
  if (!before.ok() && before.status().code() != absl::StatusCode::kNotFound) return before.status();
  absl::StatusOr<Payment> answer = before;
  if (before.ok() && IsOpen(before->state)) {
    if (!item.psp_closed) return PspUnavailable();
    const PaymentDecision decision = Decide(*before, {.event = PaymentEvent::kCancelConfirmed}, {.now = item.now});
    TRIVIUM_RETURN_IF_ERROR(Save(*before, decision.after));
    TRIVIUM_RETURN_IF_ERROR(Publish(&decision.after, nullptr));
    answer = decision.after;
  } else if (before.ok() && before->state != PaymentState::kCanceled) {
    answer = NotCancelable(*before);
  }
  TRIVIUM_RETURN_IF_ERROR(RecordRequest(item.product, Method::kCancelPayment, item.request_id, item.fingerprint,
                                        answer.status(), answer.ok() ? &*answer : nullptr, item.now));
  return answer;
}

absl::StatusOr<absl::StatusOr<Refund>> MysqlWrites::CreateRefund(const NewRefund& item) {
  const Refund& draft = item.draft;
  TRIVIUM_ASSIGN_OR_RETURN(const std::optional<StoredResult> answered,
                           FindResult(draft.product, Method::kCreateRefund, draft.request_id));
  if (answered) return Answer(Method::kCreateRefund, *answered, draft.fingerprint, answered->refund);
  TRIVIUM_RETURN_IF_ERROR(TouchFence(draft.product, draft.payment_id, item.epoch));
  const absl::StatusOr<Payment> payment = LockPayment(draft.product, draft.payment_id);
  if (!payment.ok() && payment.status().code() != absl::StatusCode::kNotFound) return payment.status();
  // Under the payment's lock: a faster twin of this request has committed by now. One that names another payment does
  // not wait here: each writes its row first and then looks, with a lock, for the other's.
  TRIVIUM_ASSIGN_OR_RETURN(const std::optional<StoredResult> twin,
                           FindResult(draft.product, Method::kCreateRefund, draft.request_id, true));
  if (twin) return Answer(Method::kCreateRefund, *twin, draft.fingerprint, twin->refund);
  const absl::Status decline =
      payment.ok() ? RefundDecline(*payment, draft.amount_minor, draft.currency) : payment.status();
  if (!decline.ok()) {
    if (!IsRecorded(decline)) return decline;
    TRIVIUM_RETURN_IF_ERROR(RecordRequest(draft.product, Method::kCreateRefund, draft.request_id, draft.fingerprint,
                                          decline, nullptr, draft.create_time));
    TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows won,
                             db_.Query(sql::kLockRefundOfRequest, {draft.product, draft.request_id}));
    if (!won.empty()) return RunAgain();
    return absl::StatusOr<Refund>(decline);
  }
  const RefundDecision decision = Reserve(*payment, draft);
  TRIVIUM_RETURN_IF_ERROR(Save(*payment, decision.payment_after));
  TRIVIUM_RETURN_IF_ERROR(Insert(decision.after));
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows declined,
                           db_.Query(sql::kLockRequest, {draft.product, Int(Method::kCreateRefund), draft.request_id}));
  if (!declined.empty()) return RunAgain();
  TRIVIUM_RETURN_IF_ERROR(Publish(&decision.payment_after, &decision.after));
  TRIVIUM_RETURN_IF_ERROR(Post(decision.ledger));
  return absl::StatusOr<Refund>(AsCreated(decision.after));
}

absl::StatusOr<RefundResult> MysqlWrites::Update(const RefundUpdate& item) {
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows found,
                           db_.Query(sql::kGetRefund, {item.product, ToValue(item.refund_id)}));
  if (found.empty()) return RefundNotFound();
  // A refund's payment never changes: it may be read without a lock, and then be locked first.
  const Id payment_id = RefundOf(found[0]).payment_id;
  TRIVIUM_RETURN_IF_ERROR(TouchFence(item.product, payment_id, item.epoch));
  TRIVIUM_ASSIGN_OR_RETURN(const Payment payment, LockPayment(item.product, payment_id));
  TRIVIUM_ASSIGN_OR_RETURN(const mysql::Rows locked,
                           db_.Query(sql::kLockRefund, {item.product, ToValue(item.refund_id)}));
  if (locked.empty()) return RefundNotFound();
  const Refund before = RefundOf(locked[0]);
  const RefundDecision decision = Decide(payment, before, item.event, item.now);
  if (decision.verdict == Verdict::kChanged) {
    if (decision.payment_changed) TRIVIUM_RETURN_IF_ERROR(Save(payment, decision.payment_after));
    TRIVIUM_RETURN_IF_ERROR(Save(before, decision.after));
    TRIVIUM_RETURN_IF_ERROR(Publish(decision.payment_changed ? &decision.payment_after : nullptr, &decision.after));
    TRIVIUM_RETURN_IF_ERROR(Post(decision.ledger));
  }
  return RefundResult{decision.after, decision.verdict};
}

}  // namespace trivium::payment
