#include "services/payment/store/mysql_store.h"

#include <algorithm>
#include <iterator>

#include "libs/event_feed/outbox_source.h"
#include "libs/log/log.h"
#include "libs/status/error.h"
#include "libs/status/status.h"
#include "libs/telemetry/metrics.h"
#include "services/payment/store/errors.h"
#include "services/payment/store/mysql_writes.h"
#include "services/payment/store/rows.h"
#include "services/payment/store/statements.h"

namespace trivium::payment {
namespace {

using mysql::Blob;
using mysql::Connection;
using mysql::Rows;
using mysql::Value;
using mysql::Values;

constexpr Metric kRerun{"trivium_payment_store_reruns_total",
                        "Transactions that were run again, by why: a faster writer, or a commit whose answer was lost.",
                        {"transaction", "why"}};

constexpr int kMaxRuns = 5;
constexpr int kShards = 64;
constexpr size_t kMaxStoredBody = 4096;

Value Int(RefundState state) { return static_cast<int64_t>(state); }

Values ToValues(const Claim& claim) {
  return {static_cast<int64_t>(claim.silent), claim.now, static_cast<int64_t>(claim.limit)};
}

// All ids are below it.
Value BeforeOrEnd(const Id& before) { return before.IsZero() ? Blob{std::string(16, '\xff')} : Blob{before.ToBytes()}; }

// The rows of fence for a product that has none.
std::vector<Values> FenceRows(const std::string& product, int64_t epoch) {
  std::vector<Values> rows;
  for (int64_t shard = 0; shard < kShards; ++shard) rows.push_back({product, shard, epoch, int64_t{0}});
  return rows;
}

}  // namespace

absl::Status MysqlStore::Write(const char* name, absl::Time deadline,
                               const std::function<absl::Status(Connection&)>& body) {
  absl::Status status;
  bool unknown = false;  // Whether some run's COMMIT has no answer.
  for (int run = 0; run < kMaxRuns; ++run) {
    status = pool_.Transact(name, deadline, body);
    const bool lost = mysql::IsCommitUnknown(status);
    unknown |= lost;
    if (!lost && ReasonOf(status) != kRunAgain) break;
    metrics_.GetCounter(kRerun, {name, lost ? "commit_unknown" : "faster_writer"}).Add();
    if (lost) TRIVIUM_LOG(kWarning, "a commit's answer was lost: looking for its row", {"transaction", name});
  }
  // May be repeated in safety. After a lost answer no other error is told: it would say that nothing has happened.
  if (!status.ok() && (unknown || status.code() == absl::StatusCode::kAborted)) return RequestInProgress();
  if (status.ok() && on_commit_) on_commit_();
  return status;
}

absl::StatusOr<Rows> MysqlStore::Read(const char* name, absl::Time deadline, const char* statement,
                                      const Values& parameters) {
  Rows rows;
  TRIVIUM_RETURN_IF_ERROR(pool_.Use(name, deadline, [&](Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(rows, db.Query(statement, parameters));
    return absl::OkStatus();
  }));
  return rows;
}

std::vector<absl::StatusOr<Payment>> MysqlStore::CreatePayments(std::span<const NewPayment> items,
                                                                absl::Time deadline) {
  std::vector<absl::StatusOr<Payment>> outcomes;
  for (const NewPayment& item : items) {
    absl::StatusOr<Payment> outcome = absl::UnknownError("not run");
    const absl::Status status = Write("create_payment", deadline, [&](Connection& db) -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(outcome, MysqlWrites(db, ids_).Create(item));
      return absl::OkStatus();
    });
    outcomes.push_back(status.ok() ? std::move(outcome) : status);
  }
  return outcomes;
}

std::vector<absl::StatusOr<PaymentResult>> MysqlStore::UpdatePayments(std::span<const PaymentUpdate> items,
                                                                      absl::Time deadline) {
  std::vector<absl::StatusOr<PaymentResult>> outcomes;
  for (const PaymentUpdate& item : items) {
    PaymentResult result;
    const absl::Status status = Write("update_payment", deadline, [&](Connection& db) -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(result, MysqlWrites(db, ids_).Update(item));
      return absl::OkStatus();
    });
    outcomes.push_back(status.ok() ? absl::StatusOr<PaymentResult>(std::move(result)) : status);
  }
  return outcomes;
}

std::vector<absl::StatusOr<Payment>> MysqlStore::CancelPayments(std::span<const Cancellation> items,
                                                                absl::Time deadline) {
  std::vector<absl::StatusOr<Payment>> outcomes;
  for (const Cancellation& item : items) {
    absl::StatusOr<Payment> outcome = absl::UnknownError("not run");
    const absl::Status status = Write("cancel_payment", deadline, [&](Connection& db) -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(outcome, MysqlWrites(db, ids_).Cancel(item));
      return absl::OkStatus();
    });
    outcomes.push_back(status.ok() ? std::move(outcome) : status);
  }
  return outcomes;
}

std::vector<absl::StatusOr<Refund>> MysqlStore::CreateRefunds(std::span<const NewRefund> items, absl::Time deadline) {
  std::vector<absl::StatusOr<Refund>> outcomes;
  for (const NewRefund& item : items) {
    absl::StatusOr<Refund> outcome = absl::UnknownError("not run");
    const absl::Status status = Write("create_refund", deadline, [&](Connection& db) -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(outcome, MysqlWrites(db, ids_).CreateRefund(item));
      return absl::OkStatus();
    });
    outcomes.push_back(status.ok() ? std::move(outcome) : status);
  }
  return outcomes;
}

std::vector<absl::StatusOr<RefundResult>> MysqlStore::UpdateRefunds(std::span<const RefundUpdate> items,
                                                                    absl::Time deadline) {
  std::vector<absl::StatusOr<RefundResult>> outcomes;
  for (const RefundUpdate& item : items) {
    RefundResult result;
    const absl::Status status = Write("update_refund", deadline, [&](Connection& db) -> absl::Status {
      TRIVIUM_ASSIGN_OR_RETURN(result, MysqlWrites(db, ids_).Update(item));
      return absl::OkStatus();
    });
    outcomes.push_back(status.ok() ? absl::StatusOr<RefundResult>(std::move(result)) : status);
  }
  return outcomes;
}

absl::StatusOr<std::optional<StoredResult>> MysqlStore::FindResult(const std::string& product, Method method,
                                                                   const std::string& request_id, absl::Time deadline) {
  std::optional<StoredResult> result;
  TRIVIUM_RETURN_IF_ERROR(pool_.Use("find_result", deadline, [&](Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(result, MysqlWrites(db, ids_).FindResult(product, method, request_id));
    return absl::OkStatus();
  }));
  return result;
}

absl::StatusOr<Payment> MysqlStore::GetPayment(const std::string& product, const Id& id, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("get_payment", deadline, sql::kGetPayment, {product, ToValue(id)}));
  if (rows.empty()) return PaymentNotFound();
  return PaymentsOf(rows)[0];
}

absl::StatusOr<Payment> MysqlStore::GetPaymentOfAttempt(const std::string& product, const Id& attempt_id,
                                                        absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(
      const Rows rows, Read("get_attempt", deadline, sql::kPaymentOfAttempt, {product, product, ToValue(attempt_id)}));
  if (rows.empty()) return PaymentNotFound();
  return PaymentsOf(rows)[0];
}

absl::StatusOr<Refund> MysqlStore::GetRefund(const std::string& product, const Id& id, absl::Time deadline) {
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("get_refund", deadline, sql::kGetRefund, {product, ToValue(id)}));
  if (rows.empty()) return RefundNotFound();
  return RefundOf(rows[0]);
}

absl::StatusOr<std::vector<Payment>> MysqlStore::ListPayments(const std::string& product, const PaymentFilter& filter,
                                                              absl::Time deadline) {
  const bool order = !filter.order_ref.empty(), state = filter.state.has_value();
  Values parameters = {product};
  if (order) parameters.push_back(filter.order_ref);
  if (state) parameters.push_back(ToValue(*filter.state));
  parameters.push_back(BeforeOrEnd(filter.before));
  parameters.push_back(static_cast<int64_t>(filter.limit));
  const char* statement = order ? (state ? sql::kListPaymentsOfOrderInState : sql::kListPaymentsOfOrder)
                                : (state ? sql::kListPaymentsInState : sql::kListPayments);
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_payments", deadline, statement, parameters));
  return PaymentsOf(rows);
}

absl::StatusOr<std::vector<Refund>> MysqlStore::ListRefunds(const std::string& product, const RefundFilter& filter,
                                                            absl::Time deadline) {
  const bool payment = !filter.payment_id.IsZero(), state = filter.state.has_value();
  Values parameters = {product};
  if (payment) parameters.push_back(ToValue(filter.payment_id));
  if (state) parameters.push_back(ToValue(*filter.state));
  parameters.push_back(BeforeOrEnd(filter.before));
  parameters.push_back(static_cast<int64_t>(filter.limit));
  const char* statement = payment ? (state ? sql::kListRefundsOfPaymentInState : sql::kListRefundsOfPayment)
                                  : (state ? sql::kListRefundsInState : sql::kListRefunds);
  TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, Read("list_refunds", deadline, statement, parameters));
  std::vector<Refund> refunds;
  std::ranges::transform(rows, std::back_inserter(refunds), RefundOf);
  return refunds;
}

absl::StatusOr<std::vector<StoredEvent>> MysqlStore::ListEvents(const std::string& product, int64_t after, int limit,
                                                                absl::Time deadline) {
  return ListOutboxEvents(pool_, product, after, limit, deadline);
}

absl::StatusOr<EventRange> MysqlStore::RangeOfEvents(const std::string& product, absl::Time deadline) {
  return RangeOfOutboxEvents(pool_, product, deadline);
}

absl::StatusOr<std::vector<Payment>> MysqlStore::ClaimDuePayments(const Claim& claim, absl::Time deadline) {
  std::vector<Payment> claimed;
  TRIVIUM_RETURN_IF_ERROR(pool_.Transact("claim_payments", deadline, [&](Connection& db) -> absl::Status {
    claimed.clear();
    TRIVIUM_ASSIGN_OR_RETURN(const Rows due, db.Query(sql::kLockDuePayments, ToValues(claim)));
    for (const mysql::Row& row : due) {
      const Values key = {row.Text(0), Blob{row.Text(1)}};
      TRIVIUM_ASSIGN_OR_RETURN(const Rows rows, db.Query(sql::kGetPayment, key));
      std::ranges::move(PaymentsOf(rows), std::back_inserter(claimed));
      TRIVIUM_RETURN_IF_ERROR(db.Execute(sql::kClaimPayment, {claim.now + claim.claim_for, key[0], key[1]}).status());
    }
    return absl::OkStatus();
  }));
  return claimed;
}

absl::StatusOr<std::vector<Refund>> MysqlStore::ClaimDueRefunds(const Claim& claim, absl::Time deadline) {
  std::vector<Refund> claimed;
  TRIVIUM_RETURN_IF_ERROR(pool_.Transact("claim_refunds", deadline, [&](Connection& db) -> absl::Status {
    claimed.clear();
    TRIVIUM_ASSIGN_OR_RETURN(const Rows due, db.Query(sql::kLockDueRefunds, ToValues(claim)));
    for (const mysql::Row& row : due) {
      claimed.push_back(RefundOf(row));
      TRIVIUM_RETURN_IF_ERROR(db.Execute(sql::kClaimRefund, {claim.now + claim.claim_for, claimed.back().product,
                                                             ToValue(claimed.back().id)})
                                  .status());
    }
    return absl::OkStatus();
  }));
  return claimed;
}

absl::Status MysqlStore::ReschedulePayment(const Payment& payment, const NextCheck& next, absl::Time deadline) {
  return pool_.Use("reschedule_payment", deadline, [&](Connection& db) {
    return db
        .Execute(sql::kReschedulePayment,
                 {next.due, static_cast<int64_t>(payment.checks + 1), static_cast<int64_t>(next.silent),
                  payment.product, ToValue(payment.id), payment.version})
        .status();
  });
}

absl::Status MysqlStore::RescheduleRefund(const Refund& refund, const NextCheck& next, absl::Time deadline) {
  return pool_.Use("reschedule_refund", deadline, [&](Connection& db) {
    return db
        .Execute(sql::kRescheduleRefund,
                 {next.due, static_cast<int64_t>(refund.checks + 1), static_cast<int64_t>(next.silent), refund.product,
                  ToValue(refund.id), refund.version})
        .status();
  });
}

absl::StatusOr<std::map<std::string, OpenWork>> MysqlStore::CountOpenWork(absl::Time deadline) {
  std::map<std::string, OpenWork> work;
  TRIVIUM_RETURN_IF_ERROR(pool_.Use("count_open_work", deadline, [&](Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(const Rows payments,
                             db.Query(sql::kCountUnknownPayments, {ToValue(PaymentState::kUnknown)}));
    for (const mysql::Row& row : payments) {
      OpenWork& w = work[row.Text(0)];
      w.unknown_payments = row.Int(1);
      w.oldest_unknown = row.Time(2);
    }
    TRIVIUM_ASSIGN_OR_RETURN(
        const Rows refunds, db.Query(sql::kCountOpenRefunds, {Int(RefundState::kUnknown), Int(RefundState::kUnknown)}));
    for (const mysql::Row& row : refunds) {
      OpenWork& w = work[row.Text(0)];
      w.open_refunds = row.Int(1);
      w.unknown_refunds = row.Int(2);
      if (!row.IsNull(3)) w.oldest_unknown = std::min(w.oldest_unknown, row.Time(3));
    }
    return absl::OkStatus();
  }));
  return work;
}

absl::StatusOr<bool> MysqlStore::RecordCallback(const std::string& psp, const std::string& key,
                                                const std::string& outcome, const std::string& body, absl::Time now,
                                                absl::Time deadline) {
  const Values row = {psp, key, outcome, Blob{body.substr(0, kMaxStoredBody)}, now};
  bool is_new = false;
  TRIVIUM_RETURN_IF_ERROR(pool_.Use("record_callback", deadline, [&](Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(const mysql::Changed changed, db.ExecuteMany(sql::kInsertCallback, {&row, 1}));
    is_new = changed.rows == 1;
    return absl::OkStatus();
  }));
  return is_new;
}

absl::StatusOr<int64_t> MysqlStore::PurgeCallbacks(absl::Time before, int limit, absl::Time deadline) {
  int64_t purged = 0;
  TRIVIUM_RETURN_IF_ERROR(pool_.Use("purge_callbacks", deadline, [&](Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(const mysql::Changed changed,
                             db.Execute(sql::kPurgeCallbacks, {before, static_cast<int64_t>(limit)}));
    purged = changed.rows;
    return absl::OkStatus();
  }));
  return purged;
}

absl::Status MysqlStore::TakeOver(const std::string& product, int64_t epoch, absl::Time deadline) {
  return Write("take_over", deadline, [&](Connection& db) -> absl::Status {
    TRIVIUM_RETURN_IF_ERROR(db.ExecuteMany(sql::kMakeFence, FenceRows(product, epoch)).status());
    // Waits for the transactions that hold a shard: after it, no writer of an older epoch can commit.
    return db.Execute(sql::kRaiseFence, {epoch, product, epoch}).status();
  });
}

absl::StatusOr<int64_t> MysqlStore::CurrentEpoch(const std::string& product, absl::Time deadline) {
  int64_t epoch = 0;
  TRIVIUM_RETURN_IF_ERROR(Write("current_epoch", deadline, [&](Connection& db) -> absl::Status {
    TRIVIUM_ASSIGN_OR_RETURN(Rows rows, db.Query(sql::kReadFence, {product}));
    if (rows[0].Int(0) < kShards) {
      TRIVIUM_RETURN_IF_ERROR(db.ExecuteMany(sql::kMakeFence, FenceRows(product, 1)).status());
      TRIVIUM_ASSIGN_OR_RETURN(rows, db.Query(sql::kReadFence, {product}));
    }
    epoch = rows[0].Int(1);
    return absl::OkStatus();
  }));
  return epoch;
}

}  // namespace trivium::payment
